/** The container runtime: pod sandboxes, containers, processes in them. It knows nothing about the API. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container, ContainerRequest, Sandbox, SandboxRequest } from './container.js';
import { containerSteps, execSteps } from './container-steps.js';
import { podSysctls, type Network } from './network.js';
import type { Launcher, RunningProcess } from './process.js';
import { mountNamespaceOf, processesIn, type ContainerProcess } from './process-table.js';
import type { Layers } from './rootfs.js';
import type { IdMap } from './sandbox.js';
import { enter, unshare, type Step } from './steps.js';

/** 64 hexadecimal digits, as containerd names containers and execs. */
export function runtimeId(): string {
  return randomBytes(32).toString('hex');
}

export interface RuntimeOptions {
  readonly launcher: Launcher;
  readonly layers: Layers;
  readonly network: Network;
  readonly ids: IdMap;
  /** On a file system that dies with the cluster. */
  readonly dir: string;
}

/** Sandboxes and containers of all nodes. */
export class Runtime {
  readonly #launcher: Launcher;
  readonly #layers: Layers;
  readonly #network: Network;
  readonly #ids: IdMap;
  readonly #dir: string;

  constructor(options: RuntimeOptions) {
    this.#launcher = options.launcher;
    this.#layers = options.layers;
    this.#network = options.network;
    this.#ids = options.ids;
    this.#dir = options.dir;
  }

  async createSandbox(request: SandboxRequest): Promise<Sandbox> {
    const { node, hostNetwork } = request;
    const steps: Step[] = hostNetwork
      ? [...enter(node.pid, 'net', 'uts'), unshare('newipc')]
      : [unshare('newnet', 'newuts', 'newipc'), ['hostname', request.hostname]];
    if (!hostNetwork) {
      steps.push(...podSysctls(this.#ids.kind === 'single' ? this.#ids.gid : undefined));
    }
    if (request.sharedProcesses) {
      steps.push(unshare('newpid'), ['fork']);
    }
    const { pid } = await this.#launcher.hold(steps);
    const addresses = hostNetwork
      ? { ip: node.address, ip6: undefined }
      : await this.#network.attach(node, pid);
    const dir = join(this.#dir, request.uid);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'hosts'), request.hosts(addresses.ip));
    writeFileSync(join(dir, 'resolv.conf'), request.resolvConf);
    writeFileSync(join(dir, 'hostname'), `${request.hostname}\n`);
    return { pid, node, addresses, hostNetwork, sharedProcesses: request.sharedProcesses, dir };
  }

  /** Ends the namespaces of a pod; its containers must have ended. Logs stay. */
  endSandbox(sandbox: Sandbox): void {
    signal(sandbox.pid, 'SIGKILL');
  }

  /** Removes what is left of a pod. */
  removeSandbox(sandbox: Sandbox): void {
    rmSync(sandbox.dir, { recursive: true, force: true });
  }

  /** SIGKILL to every process of a container. */
  kill(container: Container): void {
    signal(container.process.pid, 'SIGKILL');
    if (!container.ownsProcesses) {
      for (const { pid } of this.processes(new Map([['', container]]))) {
        signal(pid, 'SIGKILL');
      }
    }
  }

  /** The processes of these containers, by name. */
  processes(containers: ReadonlyMap<string, Container>): ContainerProcess[] {
    return processesIn(
      new Map(
        [...containers].flatMap(([name, { mountNamespace }]): [string, string][] =>
          mountNamespace === undefined ? [] : [[mountNamespace, name]],
        ),
      ),
    );
  }

  /** Creates a container and starts its process. Rejects with a StepError when that cannot be. */
  async start(sandbox: Sandbox, id: string, request: ContainerRequest): Promise<Container> {
    const home = join(sandbox.dir, id);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'termination-log'), '', { mode: 0o666 });
    const launch = {
      steps: containerSteps(sandbox, home, request, this.#layers.mountSteps(request.image, home), this.#ids),
      argv: request.argv,
      stdin: request.stdin,
      tty: request.tty,
    };
    const process = await this.#launcher.run(launch);
    return {
      id,
      process,
      config: request,
      home,
      ownsProcesses: request.processes === 'own',
      mountNamespace: mountNamespaceOf(process.supervisor),
    };
  }

  /** Starts another process in a container, with the container's user, capabilities and environment. */
  exec(
    container: Container,
    argv: readonly string[],
    options: { stdin: boolean; tty: boolean },
  ): Promise<RunningProcess> {
    const steps = execSteps(container.process.pid, container.config, options.tty, this.#ids);
    return this.#launcher.run({ steps, argv, ...options });
  }

  /** A stream to a port in the network namespace of a pod: argv of a program that joins it with its standard streams. */
  dialArguments(sandbox: Sandbox, port: number): string[] {
    return this.#launcher.arguments([...enter(sandbox.pid, 'net'), ['dial', String(port)]]);
  }
}

/** Sends a signal; a process that is gone is no fault. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // ESRCH: it has ended.
  }
}

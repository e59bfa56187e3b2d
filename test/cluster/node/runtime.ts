/** The container runtime: pod sandboxes, containers, processes in them. It knows nothing about the API. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Image } from './imageTable.js';
import type { Network, NodeNetwork, PodAddresses } from './network.js';
import { podSysctls } from './network.js';
import { privilegeSteps, type Privileges } from './privileges.js';
import type { Launcher, RunningProcess } from './process.js';
import type { Layers } from './rootfs.js';
import type { IdMap } from './sandbox.js';
import { enter, mount, MS, remountReadOnly, unshare, type Step } from './steps.js';

/** The namespaces of a pod. */
export interface Sandbox {
  readonly pid: number;
  readonly node: NodeNetwork;
  readonly addresses: PodAddresses;
  readonly hostNetwork: boolean;
  readonly sharedProcesses: boolean;
  /** Where the pod keeps files: hosts, resolv.conf, volumes, containers. */
  readonly dir: string;
}

export interface SandboxRequest {
  readonly node: NodeNetwork;
  readonly uid: string;
  readonly hostname: string;
  readonly hostNetwork: boolean;
  readonly sharedProcesses: boolean;
  readonly resolvConf: string;
  readonly hosts: (ip: string) => string;
}

export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** What a process needs besides its argv. */
export interface ProcessConfig extends Privileges {
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
}

export interface ContainerRequest extends ProcessConfig {
  readonly image: Image;
  readonly argv: readonly string[];
  readonly mounts: readonly Mount[];
  readonly stdin: boolean;
  readonly tty: boolean;
  readonly privileged: boolean;
  readonly readOnlyRoot: boolean;
  /** `own`, `host`, or the process whose process namespace it joins. */
  readonly processes: 'own' | 'host' | number;
}

export interface Container {
  readonly id: string;
  readonly process: RunningProcess;
  readonly config: ProcessConfig;
  readonly home: string;
  readonly ownsProcesses: boolean;
  /** Identity of its mount namespace: which processes are its own. */
  readonly mountNamespace: string;
}

/** A process of a container; `pid` as the cluster's process namespace counts. */
export interface ContainerProcess {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly container: string;
}

/** 64 hexadecimal digits, as containerd names containers and execs. */
export function runtimeId(): string {
  return randomBytes(32).toString('hex');
}

/** Devices that every container has (OCI runtime specification, Linux, default devices). */
const devices = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

function deviceSteps(root: string, home: string): Step[] {
  const dev = join(root, 'dev');
  return [
    mount('tmpfs', dev, 'tmpfs', MS.nosuid + MS.noexec, 'mode=755,size=64k'),
    ...devices.map((name): Step => ['bind', `/dev/${name}`, join(dev, name)]),
    ['mkdir', join(dev, 'pts')],
    mount('devpts', join(dev, 'pts'), 'devpts', MS.nosuid + MS.noexec, 'newinstance,ptmxmode=0666,mode=0620'),
    ['symlink', 'pts/ptmx', join(dev, 'ptmx')],
    ['symlink', '/proc/self/fd', join(dev, 'fd')],
    ...['stdin', 'stdout', 'stderr'].map((name, fd): Step => [
      'symlink',
      `/proc/self/fd/${fd}`,
      join(dev, name),
    ]),
    ['mkdir', join(dev, 'shm')],
    mount('shm', join(dev, 'shm'), 'tmpfs', MS.nosuid + MS.noexec + MS.nodev, 'mode=1777,size=64m'),
    ['bind', join(home, 'termination-log'), join(dev, 'termination-log')],
  ];
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
  readonly #supervisors = new Set<number>();

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
      for (const { pid } of this.#processesIn(new Map([[container.mountNamespace, '']]))) {
        signal(pid, 'SIGKILL');
      }
    }
  }

  /** The processes of these containers, by name. */
  processes(containers: ReadonlyMap<string, Container>): ContainerProcess[] {
    return this.#processesIn(
      new Map([...containers].map(([name, { mountNamespace }]) => [mountNamespace, name])),
    );
  }

  /** Whose mount namespace is one of these. Zombies are not listed. */
  #processesIn(namespaces: ReadonlyMap<string, string>): ContainerProcess[] {
    const pids = readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && !this.#supervisors.has(pid));
    return pids.flatMap((pid): ContainerProcess[] => {
      const container = namespaces.get(namespaceOf(pid));
      const argv = container === undefined ? [] : argvOf(pid);
      return container === undefined || argv.length === 0 ? [] : [{ pid, argv, container }];
    });
  }

  /** Creates a container and starts its process. Rejects with a StepError when that cannot be. */
  async start(sandbox: Sandbox, id: string, request: ContainerRequest): Promise<Container> {
    const home = join(sandbox.dir, id);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'termination-log'), '', { mode: 0o666 });
    const launch = {
      steps: this.#containerSteps(sandbox, home, request),
      argv: request.argv,
      stdin: request.stdin,
      tty: request.tty,
    };
    const process = await this.#launch(launch);
    return {
      id,
      process,
      config: request,
      home,
      ownsProcesses: request.processes === 'own',
      mountNamespace: namespaceOf(process.supervisor),
    };
  }

  #containerSteps(sandbox: Sandbox, home: string, request: ContainerRequest): Step[] {
    const root = join(home, 'root');
    const { processes } = request;
    const guarded = request.privileged ? [] : ['sys', 'sysrq-trigger', 'irq', 'bus'];
    return [
      ...enter(sandbox.pid, 'net', 'uts', 'ipc'),
      ...(typeof processes === 'number' ? enter(processes, 'pid') : []),
      ...(processes === 'own' ? [unshare('newns', 'newpid')] : [unshare('newns')]),
      mount('none', '/', '', MS.rec + MS.private),
      ...this.#layers.mountSteps(request.image, home),
      ...deviceSteps(root, home),
      [
        'trymount',
        'sysfs',
        join(root, 'sys'),
        'sysfs',
        String(MS.rdonly + MS.nosuid + MS.nodev + MS.noexec),
        '',
      ],
      ...['hosts', 'resolv.conf', 'hostname'].map((file): Step => [
        'bind',
        join(sandbox.dir, file),
        join(root, 'etc', file),
      ]),
      ...request.mounts.flatMap((volume): Step[] => [
        ['bind', volume.source, join(root, volume.target)],
        ...(volume.readOnly ? [remountReadOnly(join(root, volume.target))] : []),
      ]),
      ...(request.readOnlyRoot ? [remountReadOnly(root)] : []),
      ...(request.readOnlyRoot && request.image.root === 'toolbox'
        ? [remountReadOnly(join(root, 'usr'))]
        : []),
      ...this.#terminalSteps(root, request, request.tty),
      ['fork'],
      // In a user namespace the kernel mounts /proc only as long as another one is in sight: so before the pivot.
      mount('proc', join(root, 'proc'), 'proc', MS.nosuid + MS.nodev + MS.noexec),
      ...guarded.flatMap((name): Step[] => {
        const path = join(root, 'proc', name);
        return [
          ['trymount', path, path, '', String(MS.bind + MS.rec), ''],
          ['trymount', 'none', path, '', String(MS.remount + MS.bind + MS.rdonly), ''],
        ];
      }),
      ['pivot', root],
      ...environment(request),
      ...privilegeSteps(request, this.#ids, false),
    ];
  }

  #terminalSteps(root: string, config: ProcessConfig, tty: boolean): Step[] {
    return tty ? [['terminal', root, this.#ids.kind === 'full' ? String(config.uid) : '-1']] : [];
  }

  /** Starts another process in a container, with the container's user, capabilities and environment. */
  exec(
    container: Container,
    argv: readonly string[],
    options: { stdin: boolean; tty: boolean },
  ): Promise<RunningProcess> {
    const { pid } = container.process;
    const joinsUser = this.#ids.kind === 'single' && container.config.uid !== 0;
    const steps: Step[] = [
      ...enter(pid, 'pid', 'net', 'uts', 'ipc'),
      ...(joinsUser ? [['hold', 'user', `/proc/${pid}/ns/user`]] : []),
      ...enter(pid, 'mnt'),
      ...this.#terminalSteps('', container.config, options.tty),
      ['fork'],
      ...environment(container.config),
      ...(options.tty ? [['env', 'TERM', 'xterm']] : []),
      ...privilegeSteps(container.config, this.#ids, joinsUser),
    ];
    return this.#launch({ steps, argv, ...options });
  }

  async #launch(launch: Parameters<Launcher['run']>[0]): Promise<RunningProcess> {
    const process = await this.#launcher.run(launch);
    this.#supervisors.add(process.supervisor);
    void process.exited.then(() => this.#supervisors.delete(process.supervisor));
    return process;
  }

  /** A stream to a port in the network namespace of a pod: argv of a program that joins it with its standard streams. */
  dialArguments(sandbox: Sandbox, port: number): string[] {
    return this.#launcher.arguments([...enter(sandbox.pid, 'net'), ['dial', String(port)]]);
  }
}

function environment(config: ProcessConfig): Step[] {
  return [
    ...Object.entries(config.env).map(([name, value]): Step => ['env', name, value]),
    ['chdir', config.workingDir],
  ];
}

function namespaceOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    // It has ended already, and with it all that ran in it.
    return '';
  }
}

function argvOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
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

/** Starts the sandbox and the containers of one pod, with the kubelet's events and the runtime's words for failures. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { clusterDns } from '../network/dns/addon.js';
import { containerRequest } from './container-config.js';
import { WaitingError } from './image-puller.js';
import type { NodeDeps } from './node-deps.js';
import { LiveContainer } from './live-container.js';
import type { ContainerKind, ContainerSpec, Pod } from './pod.js';
import type { Attempts, PodContext } from './pod-context.js';
import { StepError } from './process.js';
import type { Sandbox } from './container.js';
import { runtimeId } from './runtime.js';
import { startFailure } from './runtime-words.js';
import { mountsOf } from './volumes.js';

/** The pod's resolv.conf, by dnsPolicy and dnsConfig. */
function resolvConf(pod: Pod): string {
  // A pod in the network of its node has the node's, without cluster names (node-pod.json).
  const policy =
    pod.spec.hostNetwork === true &&
    pod.spec.dnsPolicy !== 'ClusterFirstWithHostNet' &&
    pod.spec.dnsPolicy !== 'None'
      ? 'Default'
      : pod.spec.dnsPolicy;
  const { namespace } = pod.metadata;
  const base =
    policy === 'None'
      ? { servers: [], searches: [], options: [] }
      : policy === 'Default'
        ? { servers: ['172.30.0.1'], searches: [], options: [] }
        : {
            servers: [clusterDns],
            searches: [`${namespace}.svc.cluster.local`, 'svc.cluster.local', 'cluster.local'],
            options: ['ndots:5'],
          };
  const { nameservers = [], searches = [], options = [] } = pod.spec.dnsConfig ?? {};
  const given = options.map(({ name = '', value }) => (value === undefined ? name : `${name}:${value}`));
  const names = new Set(options.map(({ name }) => name));
  const merged = [...base.options.filter((option) => !names.has(option.split(':')[0])), ...given];
  const search = [...new Set([...base.searches, ...searches])];
  return [
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...[...new Set([...base.servers, ...nameservers])].map((server) => `nameserver ${server}`),
    ...(merged.length > 0 ? [`options ${merged.join(' ')}`] : []),
    '',
  ].join('\n');
}

function hostsFile(pod: Pod, hostname: string, ip: string): string {
  const { subdomain } = pod.spec;
  const qualified =
    subdomain === undefined ? '' : `${hostname}.${subdomain}.${pod.metadata.namespace}.svc.cluster.local\t`;
  return [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::\tip6-localnet',
    'fe00::\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    `${ip}\t${qualified}${hostname}\n`,
  ].join('\n');
}

export class ContainerStarter {
  readonly #deps: NodeDeps;
  readonly #context: PodContext;
  readonly #attempts: Map<string, Attempts>;

  /** `attempts` is written here, when a container was started or could not be. */
  constructor(deps: NodeDeps, context: PodContext, attempts: Map<string, Attempts>) {
    this.#deps = deps;
    this.#context = context;
    this.#attempts = attempts;
  }

  #hostname(pod: Pod): string {
    return pod.spec.hostNetwork === true ? this.#deps.node.name : (pod.spec.hostname ?? pod.metadata.name);
  }

  async createSandbox(pod: Pod): Promise<Sandbox> {
    const hostname = this.#hostname(pod);
    return this.#deps.runtime.createSandbox({
      node: this.#deps.node,
      uid: pod.metadata.uid,
      hostname,
      hostNetwork: pod.spec.hostNetwork ?? false,
      sharedProcesses: pod.spec.shareProcessNamespace ?? false,
      resolvConf: resolvConf(pod),
      hosts: (ip) => hostsFile(pod, hostname, ip),
    });
  }

  /** Throws a WaitingError, after its events, when the container cannot run. */
  async start(sandbox: Sandbox, kind: ContainerKind, spec: ContainerSpec): Promise<LiveContainer> {
    const { pod } = this.#context;
    const { events, images, runtime, store, now } = this.#deps;
    const about = { kind, name: spec.name };
    const image = await images.ensure(pod, kind, spec);
    const id = runtimeId();
    const fail = (reason: string, message: string): never => {
      events.say(pod, about, 'Warning', 'Failed', `Error: ${message}`);
      throw new WaitingError(reason, message);
    };
    const request = (() => {
      try {
        const around = {
          podIP: sandbox.addresses.ip,
          hostIP: this.#deps.node.address,
          hostname: this.#hostname(pod),
        };
        const mounts = mountsOf(store, pod, spec, sandbox.dir, this.#deps.hostDir);
        return containerRequest(store, pod, spec, image, around, mounts);
      } catch (error) {
        if (!(error instanceof WaitingError)) {
          throw error;
        }
        return fail(error.reason, error.message);
      }
    })();
    const processes = this.#processes(sandbox, spec, id, fail);
    const before = this.#attempts.get(spec.name)?.current;
    const attempt = before ? before.attempt.attempt + 1 : 0;
    const logDir = join(sandbox.dir, 'logs');
    mkdirSync(logDir, { recursive: true });
    const live = new LiveContainer({
      id,
      kind,
      spec,
      image,
      attempt,
      user: { uid: request.uid, gid: request.gid, supplementalGroups: request.supplementalGroups },
      logPath: join(logDir, `${spec.name}.${attempt}.log`),
      now,
    });
    events.say(pod, about, 'Normal', 'Created', 'Container created');
    try {
      live.run(await runtime.start(sandbox, id, { ...request, processes }));
    } catch (error) {
      if (!(error instanceof StepError)) {
        throw error;
      }
      const message = startFailure(error, request.argv);
      live.fail(message);
      this.#remember(spec.name, live, before);
      return fail('RunContainerError', message);
    }
    this.#remember(spec.name, live, before);
    events.say(pod, about, 'Normal', 'Started', 'Container started');
    return live;
  }

  #remember(name: string, live: LiveContainer, previous: LiveContainer | undefined): void {
    this.#attempts.set(name, previous ? { current: live, previous } : { current: live });
  }

  /** Whose process namespace the container gets. */
  #processes(
    sandbox: Sandbox,
    spec: ContainerSpec,
    id: string,
    fail: (reason: string, message: string) => never,
  ): 'own' | 'host' | number {
    if (spec.targetContainerName !== undefined && spec.targetContainerName !== '') {
      const target = this.#attempts.get(spec.targetContainerName)?.current;
      const pid = target?.running === true ? target.container?.process.pid : undefined;
      const why = target
        ? `invalid target container: container "${target.attempt.id}" is not running - in state CONTAINER_EXITED`
        : `invalid target container: container "${spec.targetContainerName}" not found`;
      return (
        pid ??
        fail(
          'CreateContainerError',
          `failed to generate container "${id}" spec: failed to generate spec opts: ${why}`,
        )
      );
    }
    if (this.#context.pod.spec.hostPID === true) {
      return 'host';
    }
    return sandbox.sharedProcesses ? sandbox.pid : 'own';
  }
}

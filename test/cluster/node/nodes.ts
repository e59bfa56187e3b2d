/** The nodes of the cluster: network, runtime, a kubelet for each, and the scheduler, on one store. */
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { recordEvent } from '../api/events.js';
import type { ApiStore } from '../api/types.js';
import type { Kubelet, StoreEvent } from '../types.js';
import { ImagePuller } from './image-puller.js';
import { NodeKubelet } from './kubelet.js';
import type { NodeDeps } from './node-deps.js';
import { Network, type NodeNetwork } from './network.js';
import { nodeObject } from './node-objects.js';
import { asPod, pods } from './pod.js';
import { PodEvents } from './pod-events.js';
import { Launcher } from './process.js';
import { Layers, overlayTrial } from './rootfs.js';
import type { ContainerProcess } from './process-table.js';
import type { Container } from './container.js';
import { Runtime, signal } from './runtime.js';
import { readIdMap } from './sandbox.js';
import { schedule } from './scheduler.js';
import { unshare } from './steps.js';
import { realTiming, type Timing } from './timing.js';

/** How the nodes are started. Times that are absent are the real ones. */
export interface NodesOptions extends Partial<Timing> {
  readonly store: ApiStore;
  readonly nodeCount: number;
  /** A directory of this cluster alone; a tmpfs is mounted below it. */
  readonly dir: string;
  /** The network is routed, for Services and policies: see network.ts. */
  readonly routed?: boolean;
  /** Statuses show the pods' IPv6 addresses as well. Default false: pods have them all the same. */
  readonly dualStack?: boolean;
  readonly random?: () => number;
  readonly onBug?: (error: unknown) => void;
}

export interface Nodes {
  /** The kubelet of a node. */
  kubelet(nodeName: string): Kubelet | undefined;
  /** The processes of the containers of a pod, its pause process first (container ''). */
  processes(podUid: string): ContainerProcess[];
  /** A process in the pod's network namespace, for nsenter. */
  networkOf(podUid: string): number | undefined;
  readonly network: Network;
  /** Stops a kubelet, or lets it go on; its pods stay as they are. */
  haltKubelet(nodeName: string, halted: boolean): void;
  /** Where a node keeps what hostPath volumes show. */
  hostDir(nodeName: string): string;
  /** A process in the node's network namespace. */
  nodeNetworkOf(nodeName: string): number | undefined;
  stop(): Promise<void>;
}

const nodeKey = { group: '', resource: 'nodes' } as const;

/** Whether a change of a pod is one for its kubelet: its own writes of the status are not. */
function concernsKubelet({ type, object, previous }: StoreEvent): boolean {
  return (
    type === 'ADDED' ||
    !previous ||
    object.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
    object.metadata.deletionGracePeriodSeconds !== previous.metadata.deletionGracePeriodSeconds ||
    !isDeepStrictEqual(object.spec, previous.spec)
  );
}

async function hasOverlay(launcher: Launcher, dir: string, userNamespace: boolean): Promise<boolean> {
  mkdirSync(dir);
  try {
    const { pid } = await launcher.hold([unshare('newns'), ...overlayTrial(dir, userNamespace)]);
    signal(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

async function createRuntime(
  options: NodesOptions,
): Promise<{ runtime: Runtime; network: Network; dir: string }> {
  // Container layers are on a tmpfs: quick, and gone with the cluster's mount namespace.
  const dir = join(options.dir, 'node');
  mkdirSync(dir, { recursive: true });
  await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'netdebug-cluster', dir]);
  const launcher = new Launcher(dir);
  const ids = readIdMap();
  const userNamespace = ids.kind === 'single' || ids.nested;
  const [overlay, network] = await Promise.all([
    hasOverlay(launcher, join(dir, 'trial'), userNamespace),
    Network.create(launcher, options.nodeCount, options.routed),
  ]);
  const layers = new Layers(join(dir, 'layers'), { overlay, userNamespace });
  return { runtime: new Runtime({ launcher, layers, network, ids, dir: join(dir, 'pods') }), network, dir };
}

function liveContainers(kubelet: NodeKubelet, uid: string): Map<string, Container> {
  const attempts = kubelet.workers.get(uid)?.containers.attempts ?? new Map<string, never>();
  return new Map(
    [...attempts].flatMap(([name, { current }]): [string, Container][] =>
      current.container ? [[name, current.container]] : [],
    ),
  );
}

/**
 * Starts nodes node-1 … node-N. Must run as root, or with all capabilities in a user namespace, inside the namespaces of
 * sandbox.ts: it changes mounts and network of this process's namespaces.
 */
export async function startNodes(options: NodesOptions): Promise<Nodes> {
  const { store } = options;
  const timing: Timing = { ...realTiming, ...withoutUndefined(options) };
  const onBug = options.onBug ?? ((error: unknown) => console.error('kubelet:', error));
  const now = (): number => store.now();
  const timestamp = (): string => `${new Date(store.now()).toISOString().slice(0, 19)}Z`;
  const { runtime, network, dir } = await createRuntime(options);
  const kubelets = new Map(
    network.nodes.map((node): [string, NodeKubelet] => {
      const events = new PodEvents((input) => recordEvent(store, input), node.name, now);
      const deps: NodeDeps = {
        node,
        store,
        runtime,
        events,
        images: new ImagePuller(events, timing, now),
        timing,
        now,
        timestamp,
        random: options.random ?? Math.random,
        hostDir: hostDirOf(dir, node.name),
        dualStack: options.dualStack ?? false,
        kubelet: { halted: false },
        onBug,
      };
      return [node.name, new NodeKubelet(deps)];
    }),
  );
  network.nodes.forEach((node) => store.create(nodeKey, nodeObject(node, timestamp())));
  const unsubscribe = watchPods(store, kubelets, onBug);
  return nodesOf({ runtime, network, kubelets, unsubscribe, dir });
}

function hostDirOf(dir: string, node: string): string {
  return join(dir, 'hosts', node);
}

function withoutUndefined(options: Partial<Timing>): Partial<Timing> {
  const given = Object.keys(realTiming).flatMap((name) => {
    const value = options[name as keyof Timing];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(given) as Partial<Timing>;
}

function watchPods(
  store: ApiStore,
  kubelets: ReadonlyMap<string, NodeKubelet>,
  onBug: (error: unknown) => void,
): () => void {
  const see = (event: StoreEvent): void => {
    const pod = asPod(event.object);
    const kubelet = kubelets.get(pod.spec.nodeName ?? '');
    if (event.type === 'DELETED') {
      kubelet?.drop(pod.metadata.uid);
    } else if (pod.spec.nodeName === undefined || pod.spec.nodeName === '') {
      const current = store.get(pods, pod.metadata.namespace, pod.metadata.name);
      if (current?.metadata.uid === pod.metadata.uid && !asPod(current).spec.nodeName) {
        schedule({ store, now: () => store.now() }, current);
      }
    } else if (concernsKubelet(event)) {
      kubelet?.take(pod);
    }
  };
  // Behind the change: a listener must not change the store while it is being changed.
  const later = (event: StoreEvent): void => {
    setImmediate(() => {
      try {
        see(event);
      } catch (error) {
        onBug(error);
      }
    });
  };
  for (const object of store.list(pods)) {
    later({ type: 'ADDED', key: pods, object });
  }
  return store.subscribe((event) => {
    if (event.key.resource === 'pods' && event.key.group === '') {
      later(event);
    }
  });
}

interface Parts {
  readonly runtime: Runtime;
  readonly network: Network;
  readonly kubelets: ReadonlyMap<string, NodeKubelet>;
  readonly unsubscribe: () => void;
  readonly dir: string;
}

function nodesOf({ runtime, network, kubelets, unsubscribe, dir }: Parts): Nodes {
  const kubeletOf = (uid: string): NodeKubelet | undefined =>
    [...kubelets.values()].find(({ workers }) => workers.has(uid));
  const sandboxOf = (uid: string): number | undefined => kubeletOf(uid)?.workers.get(uid)?.sandbox?.pid;
  const node = (name: string): NodeNetwork | undefined => network.node(name);
  return {
    kubelet: (name) => kubelets.get(name),
    processes: (uid) => {
      const kubelet = kubeletOf(uid);
      const pause = sandboxOf(uid);
      return [
        ...(pause === undefined ? [] : [{ pid: pause, argv: ['/pause'], container: '' }]),
        ...(kubelet ? runtime.processes(liveContainers(kubelet, uid)) : []),
      ];
    },
    network,
    haltKubelet: (name, halted) => kubelets.get(name)?.halt(halted),
    hostDir: (name) => hostDirOf(dir, name),
    networkOf: sandboxOf,
    nodeNetworkOf: (name) => node(name)?.pid,
    stop: async () => {
      unsubscribe();
      await Promise.all([...kubelets.values()].map((kubelet) => kubelet.stop()));
    },
  };
}

import type { KubeApi } from '../kube/api.js';
import { podsPath } from '../kube/paths.js';
import type { EphemeralContainer, Pod } from '../kube/types.js';
import { inspectLease, type RunningTool } from './inspect.js';
import { isNodePod } from './node-pod.js';
import { imageOf, isOurs, profileOf } from './spec.js';
import { statusOf } from './status.js';
import type { Clock, ContainerAddress, ProfileName } from './types.js';

/** A debug container as `list` shows it. */
export interface ListedContainer extends ContainerAddress {
  readonly image: string;
  readonly profile: ProfileName | 'custom';
  readonly node: string | undefined;
  /** True for a debug pod of its own in the network of the node; else absent: it is in somebody's pod. */
  readonly nodePod?: true | undefined;
  readonly target: string | undefined;
  /** Its processes are in a namespace with others': --target, or the pod's shareProcessNamespace. */
  readonly sharedProcesses: boolean;
  /** `waiting` has not started, or cannot; `terminated` only where ended ones are asked for. */
  readonly state: 'running' | 'waiting' | 'terminated';
  /** Why the kubelet has it wait, in its word (`ErrImagePull`); undefined when it does not, or has not said. */
  readonly waitingReason: string | undefined;
  /** Seconds since it was started, or undefined while it waits. */
  readonly ageSeconds: number | undefined;
  /** Seconds until it ends by itself unless it is used; undefined when it could not be asked. */
  readonly leftSeconds: number | undefined;
  /** undefined when it could not be asked. */
  readonly tools: readonly RunningTool[] | undefined;
}

export interface ListRequest {
  /** undefined = all namespaces. */
  readonly namespace: string | undefined;
  readonly labelSelector?: string | undefined;
  /** Also those that have ended; they stay in the pod for ever. */
  readonly ended?: boolean | undefined;
  readonly clock: Pick<Clock, 'now'>;
  readonly signal?: AbortSignal | undefined;
}

/** How many containers are asked at once, and how long each may take. */
const parallel = 8;
const inspectTimeoutMs = 5_000;

/**
 * The debug containers of this program, ordered by namespace, pod and start. One list of pods, then one short exec for each
 * that runs; those that may not be asked are listed without time left and tools. Throws what listing pods throws.
 */
export async function listDebugContainers(
  api: Pick<KubeApi, 'list' | 'exec'>,
  request: ListRequest,
): Promise<readonly ListedContainer[]> {
  const { items } = await api.list<Pod>(podsPath(request.namespace), {
    labelSelector: request.labelSelector,
    signal: request.signal,
  });
  const found = items
    .flatMap((pod) => debugContainersOf(pod, request.clock.now()))
    // An ephemeral container that ended can only be looked at; a pod can be removed.
    .filter(({ state, nodePod }) => request.ended === true || state !== 'terminated' || nodePod === true)
    .sort(inOrder);
  const waiting = [...found.entries()];
  const listed = [...found];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, container] = next;
      if (container.state !== 'running') continue;
      const lease = await inspectLease(api, container, inspectTimeoutMs);
      listed[index] = { ...container, leftSeconds: lease?.leftSeconds, tools: lease?.tools };
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return listed;
}

/** The debug containers of a pod, as far as the pod itself tells. */
export function debugContainersOf(pod: Pod, nowMs: number): readonly ListedContainer[] {
  const own = isNodePod(pod) ? pod.spec.containers.filter(isOurs) : [];
  return [
    ...own.map((spec) => ({ ...describe(pod, spec, nowMs), nodePod: true as const })),
    ...(pod.spec.ephemeralContainers ?? []).filter(isOurs).map((spec) => describe(pod, spec, nowMs)),
  ];
}

function describe(pod: Pod, spec: EphemeralContainer, nowMs: number): ListedContainer {
  const state = statusOf(pod, spec.name)?.state;
  const started = Date.parse(state?.running?.startedAt ?? state?.terminated?.startedAt ?? '');
  return {
    namespace: pod.metadata.namespace ?? '',
    pod: pod.metadata.name,
    container: spec.name,
    image: imageOf(spec),
    profile: profileOf(spec),
    node: pod.spec.nodeName,
    target: spec.targetContainerName,
    sharedProcesses: spec.targetContainerName !== undefined || pod.spec.shareProcessNamespace === true,
    state: state?.running ? 'running' : state?.terminated ? 'terminated' : 'waiting',
    waitingReason: state?.waiting?.reason,
    ageSeconds: Number.isNaN(started) ? undefined : Math.max(0, Math.round((nowMs - started) / 1000)),
    leftSeconds: undefined,
    tools: undefined,
  };
}

function inOrder(a: ListedContainer, b: ListedContainer): number {
  return (
    a.namespace.localeCompare(b.namespace) ||
    a.pod.localeCompare(b.pod) ||
    (b.ageSeconds ?? 0) - (a.ageSeconds ?? 0) ||
    a.container.localeCompare(b.container)
  );
}

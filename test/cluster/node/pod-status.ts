/** The status of a pod, from what runs: the kubelet's generateAPIPodStatus. Pure. */
import type { LiveContainer } from './live-container.js';
import type { NodeNetwork, PodAddresses } from './network.js';
import type { Condition, ContainerKind, ContainerSpec, ContainerState, Pod, PodStatus } from './pod.js';

export interface Observed {
  readonly pod: Pod;
  readonly node: NodeNetwork;
  readonly addresses: PodAddresses | undefined;
  readonly sandboxUp: boolean;
  readonly startTime: string;
  readonly now: string;
  /** Container name → its newest attempt, and the one before. */
  readonly containers: ReadonlyMap<
    string,
    { readonly current: LiveContainer; readonly previous?: LiveContainer }
  >;
  /** Container name → why it waits. */
  readonly waiting: ReadonlyMap<string, { readonly reason: string; readonly message?: string }>;
  /** The pod is being ended, or has been: containers that do not run will not start. */
  readonly ending: boolean;
  /** Ended by the kubelet itself. */
  readonly verdict: { readonly reason: string; readonly message: string } | undefined;
  readonly dualStack: boolean;
}

interface Status {
  readonly name: string;
  readonly state: ContainerState;
  readonly lastState: ContainerState;
  readonly ready: boolean;
  readonly [field: string]: unknown;
}

function volumeMountStatuses(spec: ContainerSpec): object[] {
  return (spec.volumeMounts ?? []).map(({ name, mountPath, readOnly }) => ({
    name,
    mountPath,
    ...(readOnly === true ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
  }));
}

/** The reasons that are shown in the place of the end of an attempt. */
const waitingAgain = new Set(['CrashLoopBackOff', 'RunContainerError', 'CreateContainerError']);

function statesOf(
  seen: Observed,
  spec: ContainerSpec,
  idle: string,
): { state: ContainerState; lastState: ContainerState } {
  const found = seen.containers.get(spec.name);
  const waiting = seen.waiting.get(spec.name);
  if (!found) {
    return { state: { waiting: waiting ?? { reason: idle } }, lastState: {} };
  }
  const { state } = found.current;
  const shown = waiting && (waitingAgain.has(waiting.reason) || waiting.reason.includes('Image'));
  if (state.terminated && shown && !seen.ending) {
    return { state: { waiting }, lastState: state };
  }
  return { state, lastState: found.previous ? found.previous.state : {} };
}

function statusOf(seen: Observed, kind: ContainerKind, spec: ContainerSpec, idle: string): Status {
  const live = seen.containers.get(spec.name)?.current;
  const states = statesOf(seen, spec, idle);
  const running = states.state.running !== undefined;
  const done = kind === 'initContainers' && states.state.terminated?.exitCode === 0;
  // An ephemeral container is never ready (inject-success.json); of the init containers only sidecars are, while they run.
  const mayBeReady = kind === 'containers' || (kind === 'initContainers' && spec.restartPolicy === 'Always');
  const mounts = volumeMountStatuses(spec);
  const requests = spec.resources?.requests;
  return {
    name: spec.name,
    ...states,
    ready: done || (mayBeReady && running && (live?.ready ?? false)),
    restartCount: live?.attempt.attempt ?? 0,
    image: live?.attempt.image.name ?? spec.image,
    imageID: live?.attempt.image.id ?? '',
    ...(live ? { containerID: `containerd://${live.attempt.id}` } : {}),
    ...(kind === 'ephemeralContainers' ? {} : { started: running && (live?.started ?? false) }),
    ...(live && requests ? { allocatedResources: requests } : {}),
    ...(live ? { resources: spec.resources ?? {} } : {}),
    ...(mounts.length > 0 ? { volumeMounts: mounts } : {}),
    ...(live ? { user: { linux: live.attempt.user } } : {}),
  };
}

function isInitialized(statuses: readonly Status[]): boolean {
  return statuses.every(({ state, ready }) => state.terminated?.exitCode === 0 || (ready && state.running));
}

/** The kubelet's getPhase. */
function phaseOf(seen: Observed, init: readonly Status[], ordinary: readonly Status[]): string {
  const policy = seen.pod.spec.restartPolicy ?? 'Always';
  if (seen.verdict && ordinary.every(({ state }) => !state.running)) {
    return 'Failed';
  }
  const initFailed = init.some(
    ({ state }) => state.terminated !== undefined && state.terminated.exitCode !== 0,
  );
  if (initFailed && policy === 'Never') {
    return 'Failed';
  }
  if (!isInitialized(init) && !seen.ending) {
    return 'Pending';
  }
  const codes = ordinary.map(({ state }) => state.terminated?.exitCode);
  if (seen.ending && ordinary.every(({ state }) => !state.running)) {
    return codes.every((code) => code === 0) ? 'Succeeded' : 'Failed';
  }
  if (ordinary.some(({ state, lastState }) => state.waiting && !lastState.terminated)) {
    return 'Pending';
  }
  if (ordinary.some(({ state }) => state.running) || policy === 'Always') {
    return 'Running';
  }
  if (ordinary.some(({ state }) => state.waiting)) {
    return 'Running';
  }
  if (codes.every((code) => code === 0)) {
    return 'Succeeded';
  }
  return policy === 'Never' ? 'Failed' : 'Running';
}

function names(statuses: readonly Status[]): string {
  return `[${statuses.map(({ name }) => name).join(' ')}]`;
}

type Wanted = Pick<Condition, 'type' | 'reason' | 'message'> & { readonly holds: boolean };

function wantedConditions(
  seen: Observed,
  phase: string,
  init: readonly Status[],
  ordinary: readonly Status[],
): Wanted[] {
  const initialized = isInitialized(init);
  const unready = ordinary.filter(({ ready }) => !ready);
  const completed = phase === 'Succeeded' ? { reason: 'PodCompleted' } : {};
  const failed = phase === 'Failed' || seen.verdict !== undefined;
  const ready: Omit<Wanted, 'type'> =
    phase === 'Succeeded'
      ? { holds: false, ...completed }
      : failed
        ? { holds: false, reason: 'PodFailed' }
        : unready.length > 0
          ? {
              holds: false,
              reason: 'ContainersNotReady',
              message: `containers with unready status: ${names(unready)}`,
            }
          : { holds: true };
  const gates = (seen.pod.spec.readinessGates ?? []).filter(
    ({ conditionType }) =>
      seen.pod.status.conditions?.find(({ type }) => type === conditionType)?.status !== 'True',
  );
  const gated: Omit<Wanted, 'type'> =
    ready.holds && gates.length > 0
      ? {
          holds: false,
          reason: 'ReadinessGatesNotReady',
          message: gates
            .map(
              ({ conditionType: type }) =>
                `corresponding condition of pod readiness gate "${type}" does not exist.`,
            )
            .join(', '),
        }
      : ready;
  const incomplete = init.filter(({ ready: done }) => !done);
  return [
    { type: 'PodReadyToStartContainers', holds: seen.sandboxUp },
    initialized || phase === 'Succeeded'
      ? { type: 'Initialized', holds: true, ...completed }
      : {
          type: 'Initialized',
          holds: false,
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: ${names(incomplete)}`,
        },
    { type: 'Ready', ...gated },
    { type: 'ContainersReady', ...ready },
    { type: 'PodScheduled', holds: true },
  ];
}

/** Conditions with the times of their last change; those of others (readiness gates, disruption) are kept. */
function conditionsOf(seen: Observed, wanted: readonly Wanted[]): Condition[] {
  const before = seen.pod.status.conditions ?? [];
  const { generation } = seen.pod.metadata;
  const ours = wanted.map(({ holds, ...rest }): Condition => {
    const status = holds ? 'True' : 'False';
    const old = before.find(({ type }) => type === rest.type);
    return {
      type: rest.type,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      status,
      lastProbeTime: null,
      lastTransitionTime: old?.status === status ? (old.lastTransitionTime ?? seen.now) : seen.now,
      ...(rest.reason === undefined ? {} : { reason: rest.reason }),
      ...(rest.message === undefined ? {} : { message: rest.message }),
    };
  });
  return [...ours, ...before.filter(({ type }) => !wanted.some((own) => own.type === type))];
}

/** The whole status. Fields that other components own (qosClass) are kept as they are. */
export function podStatus(seen: Observed): PodStatus {
  const { pod, node, addresses, verdict } = seen;
  const { spec } = pod;
  const initSpecs = spec.initContainers ?? [];
  const early = (kind: ContainerKind) => (container: ContainerSpec) =>
    statusOf(seen, kind, container, 'PodInitializing');
  const init = initSpecs.map(early('initContainers'));
  const idle = isInitialized(init) ? 'ContainerCreating' : 'PodInitializing';
  const of = (kind: ContainerKind) => (container: ContainerSpec) => statusOf(seen, kind, container, idle);
  const ordinary = spec.containers.map(of('containers'));
  const ephemeral = (spec.ephemeralContainers ?? []).map(of('ephemeralContainers'));
  const byName = (list: readonly Status[]): Status[] => [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
  const phase = phaseOf(seen, init, ordinary);
  const ips = addresses
    ? [{ ip: addresses.ip }, ...(seen.dualStack && addresses.ip6 ? [{ ip: addresses.ip6 }] : [])]
    : [];
  const { generation } = pod.metadata;
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    phase,
    conditions: conditionsOf(seen, wantedConditions(seen, phase, init, ordinary)),
    ...(verdict && phase === 'Failed' ? verdict : {}),
    hostIP: node.address,
    hostIPs: [{ ip: node.address }],
    ...(addresses ? { podIP: addresses.ip, podIPs: ips } : {}),
    startTime: seen.startTime,
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: byName(ordinary),
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: byName(ephemeral) } : {}),
    ...(pod.status.qosClass === undefined ? {} : { qosClass: pod.status.qosClass }),
    resources: {},
  };
}

import type { ContainerStatus } from '../../kube/types.js';
import type { SnapshotPod } from '../snapshot/types.js';

/** Where network plugins and DNS live. */
export const systemNamespace = 'kube-system';

/** Whether a pod is Ready. Terminating pods can be. */
export function readyCondition(pod: SnapshotPod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

/** A manifest: a pod that no kubelet has said anything about. */
export function isManifest(pod: SnapshotPod): boolean {
  return pod.status?.phase === undefined;
}

/** The addresses of a pod. */
export function addressesOf({ status }: SnapshotPod): readonly string[] {
  const all = [...(status?.podIPs ?? []).map(({ ip }) => ip), status?.podIP ?? ''];
  return [...new Set(all)].filter((ip) => ip !== '');
}

/** Containers that keep running: the ordinary ones and native sidecars. */
export function runningContainers({ spec }: SnapshotPod): SnapshotPod['spec']['containers'] {
  return [
    ...spec.containers,
    ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
  ];
}

/** The states of {@link runningContainers}. */
export function statusesOf(pod: SnapshotPod): readonly ContainerStatus[] {
  const names = new Set(runningContainers(pod).map(({ name }) => name));
  const all = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return all.filter(({ name }) => names.has(name));
}

/** Why a container does not run, in a few words; undefined when it does, or when it is only being started. */
export function crashOf({ state, lastState, restartCount = 0 }: ContainerStatus): string | undefined {
  const ended = state?.terminated ?? lastState?.terminated;
  const code = ended === undefined ? '' : `, last exit code ${ended.exitCode}`;
  if (state?.waiting?.reason === 'CrashLoopBackOff')
    return `CrashLoopBackOff after ${restartCount} restarts${code}`;
  const waiting = state?.waiting?.reason ?? '';
  if (
    /^(ImagePullBackOff|ErrImagePull|InvalidImageName|CreateContainer(Config)?Error|RunContainerError)$/.test(
      waiting,
    )
  )
    return waiting;
  return state?.terminated !== undefined && state.terminated.exitCode !== 0
    ? `${state.terminated.reason ?? 'ended'} with exit code ${state.terminated.exitCode}`
    : undefined;
}

/** What made a pod, with the hash of a rollout taken off: a Deployment's pods of two rollouts have one maker. */
export function makerOf({ metadata }: SnapshotPod): string | undefined {
  const owner =
    metadata.ownerReferences?.find(({ controller }) => controller === true) ?? metadata.ownerReferences?.[0];
  // Manifests may hold owners without a kind or a name.
  if (!owner?.kind || !owner.name) return undefined;
  const hash = metadata.labels?.['pod-template-hash'];
  return owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)
    ? `Deployment ${owner.name.slice(0, -hash.length - 1)}`
    : `${owner.kind} ${owner.name}`;
}

/** `3 s`, `5 min`, `2 h`, `4 d`: how long ago a moment was; undefined where it is not known. */
export function ageText(timestamp: string | null | undefined, now: number): string | undefined {
  const at = Date.parse(timestamp ?? '');
  if (Number.isNaN(at)) return undefined;
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

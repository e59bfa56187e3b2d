import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from '../kube/text.js';
import type { Pod } from '../kube/types.js';

/** Whether a pod is Ready, and stays: not being deleted. */
export function isReady(pod: Pod): boolean {
  const ready =
    pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  return ready && pod.metadata.deletionTimestamp === undefined;
}

/** Whether its containers have ended for good. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Ready pods first, finished ones last, then by namespace and name: the same choice every time. */
export function inOrderOfChoice(pods: readonly Pod[]): readonly Pod[] {
  const rank = (pod: Pod) => (isReady(pod) ? 0 : isFinished(pod) ? 2 : 1);
  return [...pods].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      (a.metadata.namespace ?? '').localeCompare(b.metadata.namespace ?? '') ||
      a.metadata.name.localeCompare(b.metadata.name),
  );
}

/**
 * The container meant: the one named, else the one that the annotation kubectl.kubernetes.io/default-container names, else the first.
 * Throws a NetdebugError, exit 6, when the one named is not in the pod.
 */
export function chooseContainer(pod: Pod, named?: string): string {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(({ name }) => name);
  if (named !== undefined) {
    if (all.includes(named)) return named;
    throw new NetdebugError(`Pod ${podName(pod)} has no container ${cleanText(named, 63)}.`, {
      exitCode: ExitCode.target,
      hint: `It has ${all.join(', ')}.`,
    });
  }
  const annotated = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  return annotated !== undefined && all.includes(annotated) ? annotated : (all[0] ?? '');
}

/** `namespace/name` */
export function podName(pod: Pod): string {
  return `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
}

import { cleanText } from '../kube/text.js';
import type { ContainerStateTerminated, ContainerStatus, Pod } from '../kube/types.js';

/**
 * The status of a debug container, found by name: spec and status are in different orders. It is an ephemeral container, or the
 * one container of a pod on a node; the API gives a name to one container of a pod only.
 */
export function statusOf(pod: Pod, container: string): ContainerStatus | undefined {
  const { ephemeralContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return [...ephemeralContainerStatuses, ...containerStatuses].find(({ name }) => name === container);
}

/** What became of a container, as a clause: `it ended with exit code 3 (Error): oops`. */
export function describeTerminated(terminated: ContainerStateTerminated): string {
  const reason = terminated.reason === undefined ? '' : ` (${cleanText(terminated.reason, 60)})`;
  const message = cleanText(terminated.message ?? '', 400);
  return `it ended with exit code ${terminated.exitCode}${reason}${message && `: ${message}`}`;
}

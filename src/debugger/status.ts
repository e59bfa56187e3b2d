import { cleanText } from '../kube/text.js';
import type { ContainerStateTerminated, ContainerStatus, Pod } from '../kube/types.js';

/** The status of an ephemeral container, found by name: spec and status are in different orders. */
export function ephemeralStatus(pod: Pod, container: string): ContainerStatus | undefined {
  return pod.status?.ephemeralContainerStatuses?.find(({ name }) => name === container);
}

/** What became of a container, as a clause: `it ended with exit code 3 (Error): oops`. */
export function describeTerminated(terminated: ContainerStateTerminated): string {
  const reason = terminated.reason === undefined ? '' : ` (${cleanText(terminated.reason, 60)})`;
  const message = cleanText(terminated.message ?? '', 400);
  return `it ended with exit code ${terminated.exitCode}${reason}${message && `: ${message}`}`;
}

import type { KubeEvent } from '../../kube/types.js';
import type { Evidence } from '../finding.js';
import { itemsOf } from '../reading.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Facts } from './facts.js';

/** The warnings about a pod, the latest first. Events go after an hour: none is no sign that all is well. */
export function eventsOf({ read }: Pick<Facts, 'read'>, { metadata }: SnapshotPod): readonly KubeEvent[] {
  return itemsOf(read('events', metadata.namespace ?? ''))
    .filter(
      ({ involvedObject }) =>
        involvedObject?.kind === 'Pod' &&
        involvedObject.name === metadata.name &&
        (involvedObject.namespace ?? metadata.namespace) === metadata.namespace,
    )
    .toSorted((a, b) => timeOf(b) - timeOf(a));
}

/** When it was last seen, milliseconds since the epoch; 0 where nothing says. */
export function timeOf({ lastTimestamp, eventTime, metadata }: KubeEvent): number {
  const at = Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '');
  return Number.isNaN(at) ? 0 : at;
}

/** An event as what a finding rests on. */
export function eventEvidence(event: KubeEvent): Evidence {
  const { involvedObject, reason, message, count } = event;
  return {
    source: 'event',
    about: `${(involvedObject?.kind ?? 'object').toLowerCase()} ${involvedObject?.namespace ?? ''}/${involvedObject?.name ?? ''}`,
    excerpt: `${reason ?? ''}${(count ?? 1) > 1 ? ` (${count ?? 1} times)` : ''}: ${message ?? ''}`,
  };
}

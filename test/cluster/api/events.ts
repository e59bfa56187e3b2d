import type { Stored } from '../types.js';
import { timestamp } from './store.js';
import type { ApiStore } from './types.js';

const events = { group: '', resource: 'events' };

export interface EventInput {
  /** What happened to: a pod, mostly. */
  readonly object: Pick<Stored, 'apiVersion' | 'kind' | 'metadata'>;
  /** `spec.containers{web}` */
  readonly fieldPath?: string | undefined;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** `kubelet`, `default-scheduler` */
  readonly component: string;
  /** The node, for a kubelet. */
  readonly host?: string | undefined;
}

function isSame(event: Stored, input: EventInput): boolean {
  const involved = event.involvedObject as { uid?: string; fieldPath?: string };
  const source = event.source as { component?: string; host?: string };
  return (
    involved.uid === input.object.metadata.uid &&
    involved.fieldPath === input.fieldPath &&
    event.reason === input.reason &&
    event.message === input.message &&
    event.type === input.type &&
    source.component === input.component &&
    source.host === input.host
  );
}

/** Nanoseconds in the last event's name. Names only ever go up, so that a list by name is a list in order of time. */
let latest = 0n;

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/**
 * Writes a core/v1 Event as client-go's recorder does: the same thing again raises count and lastTimestamp.
 * The spam filter of the kubelet (25 in a burst) is not here: see the kubelet.
 */
export function recordEvent(store: ApiStore, input: EventInput): Stored | undefined {
  const { metadata, kind, apiVersion } = input.object;
  const namespace = metadata.namespace ?? 'default';
  const now = timestamp(store.now());
  const earlier = store.list(events, namespace).find((event) => isSame(event, input));
  if (earlier !== undefined) {
    return store.update(events, namespace, earlier.metadata.name, (event) => {
      event.count = (typeof event.count === 'number' ? event.count : 1) + 1;
      event.lastTimestamp = now;
    });
  }
  latest = max(BigInt(Math.floor(store.now())) * 1_000_000n, latest + 1n);
  return store.create(events, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${metadata.name}.${latest.toString(16)}`, namespace },
    involvedObject: {
      kind,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      name: metadata.name,
      uid: metadata.uid,
      apiVersion,
      resourceVersion: metadata.resourceVersion,
      ...(input.fieldPath === undefined ? {} : { fieldPath: input.fieldPath }),
    },
    reason: input.reason,
    message: input.message,
    source: { component: input.component, ...(input.host === undefined ? {} : { host: input.host }) },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    type: input.type,
    eventTime: null,
    reportingComponent: input.component,
    reportingInstance: input.host ?? '',
  });
}

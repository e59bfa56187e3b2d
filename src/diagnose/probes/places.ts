import type { Facts } from '../model/facts.js';
import { itemsOf } from '../reading.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { ProbePlace, Unprobed } from './task.js';

/** Pods of FROM that are probed from: two on different nodes tell a fault of a node from one of the flow. */
const mostSources = 2;

/** Places to probe from, and why there are not more. */
export function sourcePlaces(facts: Facts): {
  readonly places: readonly ProbePlace[];
  readonly unprobed: readonly Unprobed[];
} {
  const able: { readonly place: ProbePlace; readonly node: string | undefined }[] = [];
  const unprobed: Unprobed[] = [];
  for (const { key, pod, end, text } of facts.sources) {
    if (pod === undefined) {
      if (end.kind === 'address' && end.node !== undefined)
        able.push({ place: { kind: 'node', key, name: end.node.name }, node: end.node.name });
      continue;
    }
    const why = unable(facts, pod);
    if (why === undefined) able.push({ place: placeOf(key, pod), node: pod.spec.nodeName });
    else unprobed.push({ what: `probes from ${text}`, why });
  }
  const [first, ...rest] = able;
  const other = rest.find(({ node }) => node !== first?.node);
  const places = [first, other]
    .slice(0, mostSources)
    .flatMap((one) => (one === undefined ? [] : [one.place]));
  // Of many pods that are alike some are enough; those that cannot be probed matter only when none can.
  return { places, unprobed: places.length > 0 ? [] : unprobed };
}

/** The place of a pod; undefined where no debug container can run in it. */
export function podPlace(facts: Facts, key: string, pod: SnapshotPod): ProbePlace | undefined {
  return unable(facts, pod) === undefined ? placeOf(key, pod) : undefined;
}

function placeOf(key: string, { metadata }: SnapshotPod): ProbePlace {
  return { kind: 'pod', key, namespace: metadata.namespace ?? 'default', name: metadata.name };
}

/** Why nothing can be run in a pod, by its object alone. */
function unable(facts: Facts, { status, spec, metadata }: SnapshotPod): string | undefined {
  if (status?.phase !== 'Running') return `the pod is ${status?.phase ?? 'not running'}`;
  if (metadata.deletionTimestamp !== undefined) return 'the pod is being deleted';
  const node = itemsOf(facts.read('nodes')).find(({ metadata: { name } }) => name === spec.nodeName);
  const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'True';
  if (ready !== 'True') return `its node ${spec.nodeName ?? ''} is not Ready`;
  const system = node?.metadata.labels?.['kubernetes.io/os'];
  return system === 'windows' ? 'the pod runs on Windows, where there are no such tools' : undefined;
}

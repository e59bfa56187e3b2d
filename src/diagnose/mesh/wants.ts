import { itemsOf } from '../reading.js';
import type { Want } from '../snapshot/cluster.js';
import type { Snapshot, SnapshotKind } from '../snapshot/types.js';
import { istioNamespace } from './config.js';
import { memberOf } from './membership.js';

const kinds: readonly SnapshotKind[] = [
  'peerauthentications',
  'authorizationpolicies',
  'destinationrules',
  'virtualservices',
  'sidecars',
  'serviceentries',
];

/** What is needed besides, once it is known that pods of these namespaces are in a mesh of Istio, or should be. Nothing where none is. */
export function wantsOfMesh(snapshot: Snapshot): readonly Want[] {
  const labels = new Map(
    itemsOf(snapshot.read('namespaces')).map(({ metadata }) => [metadata.name, metadata.labels ?? {}]),
  );
  const pods = itemsOf(snapshot.read('pods')).map((pod) => ({
    namespace: pod.metadata.namespace ?? '',
    member: memberOf(pod, labels.get(pod.metadata.namespace ?? '')),
  }));
  const found = pods.filter(
    ({ member: { kind, expected } }) => kind === 'sidecar' || kind === 'ambient' || expected !== undefined,
  );
  if (found.length === 0) return [];
  // Clients outside the mesh meet its servers, too: the namespaces of both ends count.
  const namespaces = new Set([...pods.map(({ namespace }) => namespace), istioNamespace]);
  const asked = [...namespaces].filter(
    (namespace) =>
      namespace !== '' &&
      (labels.has(namespace) ||
        namespace === istioNamespace ||
        found.some((one) => one.namespace === namespace)),
  );
  const absent = found.some(({ member: { kind, expected } }) => kind === 'none' && expected !== undefined);
  return [
    ...asked.flatMap((namespace) => kinds.map((kind) => ({ kind, namespace }))),
    { kind: 'pods', namespace: istioNamespace },
    { kind: 'configmaps', namespace: istioNamespace, name: 'istio' },
    ...(absent ? [{ kind: 'mutatingwebhookconfigurations' as const }] : []),
  ];
}

import type { Reference } from '../../target/reference.js';
import { parseAddress } from '../policy/address.js';
import { itemsOf } from '../reading.js';
import type { Want } from '../snapshot/cluster.js';
import { nativePolicyKinds, workloadKinds } from '../snapshot/kinds.js';
import type { Snapshot, SnapshotKind } from '../snapshot/types.js';
import { pluginNamespaces } from './objects.js';
import { serviceName } from './service-name.js';

const clusterScoped: readonly SnapshotKind[] = [
  'adminnetworkpolicies',
  'baselineadminnetworkpolicies',
  'clusternetworkpolicies',
  ...nativePolicyKinds,
];

/** What is needed of the cluster to judge what these references name; references without a namespace are in `namespace`. */
export function wantsOfFlow(references: readonly Reference[], namespace: string): Want[] {
  const places = references.map((reference) => placeOf(reference, namespace));
  // Whose address it is can only be told among the pods and Services of all namespaces.
  const everywhere = places.includes('everywhere');
  const namespaces = [...new Set(places.filter((place) => place !== undefined))];
  const kinds: readonly SnapshotKind[] = ['pods', 'networkpolicies', ...kindsOf(references)];
  return [
    ...(everywhere
      ? [...kinds, 'namespaces' as const].map((kind) => ({ kind }))
      : [
          { kind: 'namespaces' as const, names: namespaces },
          ...namespaces.flatMap((each) => kinds.map((kind) => ({ kind, namespace: each }))),
        ]),
    ...commonWants(),
    ...(places.some((place) => place === 'everywhere' || place === undefined)
      ? [{ kind: 'nodes' as const }]
      : []),
  ];
}

/** What is needed of the cluster to judge all pairs of one namespace, or of all. */
export function wantsOfMatrix(namespace: string | undefined): Want[] {
  const kinds: readonly SnapshotKind[] = ['pods', 'networkpolicies'];
  return [
    ...(namespace === undefined
      ? [...kinds, 'namespaces' as const].map((kind) => ({ kind }))
      : [{ kind: 'namespaces' as const, names: [namespace] }, ...kinds.map((kind) => ({ kind, namespace }))]),
    ...commonWants(),
  ];
}

/** Nodes matter where a host-network pod is among the pods; in most namespaces none is, and large clusters have many nodes. */
export function wantsOfHostNetwork(snapshot: Snapshot): Want[] {
  const wanted =
    snapshot.read('nodes').state === 'unknown' &&
    itemsOf(snapshot.read('pods')).some(({ spec }) => spec.hostNetwork === true);
  return wanted ? [{ kind: 'nodes' }] : [];
}

function commonWants(): Want[] {
  return [
    ...clusterScoped.map((kind) => ({ kind })),
    ...pluginNamespaces.map((namespace) => ({ kind: 'daemonsets' as const, namespace })),
  ];
}

/** The namespace of a reference; undefined when it is in none. */
function placeOf(reference: Reference, namespace: string): string | undefined {
  switch (reference.type) {
    case 'object':
      return reference.kind === 'node' ? undefined : (reference.namespace ?? namespace);
    case 'ip':
      return 'everywhere';
    case 'host':
    case 'url':
      if (parseAddress(reference.host) !== undefined) return 'everywhere';
      return serviceName(reference.host)?.namespace;
    case 'external':
      return undefined;
  }
}

function kindsOf(references: readonly Reference[]): SnapshotKind[] {
  const kinds = new Set<SnapshotKind>();
  for (const reference of references) {
    const service =
      reference.type === 'object' ? reference.kind === 'service' : reference.type !== 'external';
    if (service) for (const kind of ['services', 'endpointslices'] as const) kinds.add(kind);
    if (reference.type !== 'object') continue;
    const workload = workloadKinds.find((kind) => kind === `${reference.kind}s`);
    if (workload !== undefined) kinds.add(workload);
  }
  return [...kinds];
}

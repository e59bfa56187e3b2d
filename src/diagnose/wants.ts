import type { Reference } from '../target/reference.js';
import { pluginNamespaces } from './flows/objects.js';
import { podAt } from './flows/party.js';
import { serviceName } from './flows/service-name.js';
import { wantsOfFlow, wantsOfHostNetwork } from './flows/wants.js';
import type { Question } from './model/build.js';
import { wantsOfMesh } from './mesh/wants.js';
import { systemNamespace } from './model/pods.js';
import { serviceByAddress } from './model/service.js';
import { wantsBehind, wantsOfOutside } from './outside/wants.js';
import type { Want } from './snapshot/cluster.js';
import { configMapNames } from './snapshot/reduce.js';
import type { Snapshot, SnapshotKind } from './snapshot/types.js';

const behind: readonly SnapshotKind[] = ['pods', 'services', 'endpointslices', 'networkpolicies'];
const workloads: readonly SnapshotKind[] = ['deployments', 'statefulsets'];

/** What is needed of the cluster to diagnose a flow, or one object; references without a namespace are in `namespace`. */
export function wantsOfDiagnosis(references: readonly Reference[], namespace: string): readonly Want[] {
  const namespaces = new Set(references.flatMap((reference) => placesOf(reference, namespace)));
  const named = references.some(
    (reference) =>
      reference.type === 'host' ||
      reference.type === 'url' ||
      (reference.type === 'object' && reference.kind === 'service'),
  );
  const served = named || references.some(({ type }) => type === 'ip');
  return [
    ...wantsOfFlow(references, namespace),
    ...[...namespaces].flatMap((each) =>
      [...behind, ...workloads, 'events' as const].map((kind) => ({ kind, namespace: each })),
    ),
    ...behind.map((kind) => ({ kind, namespace: systemNamespace })),
    ...pluginNamespaces.map((each) => ({ kind: 'daemonsets' as const, namespace: each })),
    { kind: 'nodes' as const },
    // Each by its name: nobody is given all ConfigMaps of kube-system to read.
    ...(served
      ? configMapNames.map((name) => ({ kind: 'configmaps' as const, namespace: systemNamespace, name }))
      : []),
    ...wantsOfOutside(references, namespace),
    // A name that is not here may be in another namespace.
    ...(named ? [{ kind: 'services' as const }] : []),
  ];
}

/** What is needed besides, once the first round was read. */
export function wantsAfter(snapshot: Snapshot, question: Question): readonly Want[] {
  return [
    ...wantsOfHostNetwork(snapshot),
    ...wantsOfAddress(snapshot, question),
    ...wantsBehind(snapshot, question),
    ...wantsOfMesh(snapshot),
  ];
}

/** Whose address it is tells only what was read, and with it the namespace in which there is more to see. */
function wantsOfAddress(snapshot: Snapshot, { to }: Question): readonly Want[] {
  if (to.type !== 'ip') return [];
  const found = serviceByAddress({ snapshot }, to.ip) ?? podAt({ snapshot }, to.ip);
  const namespace = found?.metadata.namespace;
  if (namespace === undefined) return [];
  return [...workloads, 'events' as const].map((kind) => ({ kind, namespace }));
}

function placesOf(reference: Reference, namespace: string): string[] {
  switch (reference.type) {
    case 'object':
      return reference.kind === 'node' ? [] : [reference.namespace ?? namespace];
    case 'host':
    case 'url': {
      const [, second, third] = reference.host.split('.');
      const own = serviceName(reference.host)?.namespace;
      // `api.shop` may be the Service api of namespace shop.
      const short =
        own === undefined && third === undefined && /^[a-z0-9-]+$/.test(second ?? '') ? second : undefined;
      return [namespace, ...(own === undefined ? [] : [own]), ...(short === undefined ? [] : [short])];
    }
    case 'ip':
    case 'external':
      return [];
  }
}

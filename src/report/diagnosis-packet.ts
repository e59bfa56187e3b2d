import { stringify } from 'yaml';
import type { Diagnosis } from '../diagnose/diagnose.js';
import { objectKey } from '../diagnose/finding.js';
import { allSnapshotKinds, snapshotKinds } from '../diagnose/snapshot/kinds.js';
import { savedObject } from '../diagnose/snapshot/save.js';
import type { Snapshot, SnapshotKind } from '../diagnose/snapshot/types.js';
import { itemsOf } from '../diagnose/reading.js';

/** An object behind a diagnosis, fit to be shown. */
export interface PacketObject {
  /** `NetworkPolicy shop/allow-web`. */
  readonly name: string;
  readonly yaml: string;
  /** A finding is about it. */
  readonly named: boolean;
}

/** What every object of a snapshot has. */
interface KubeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** What a page can hold, and a person look through. */
const most = { objects: 60, characters: 60_000 };
const policyKinds: readonly SnapshotKind[] = [
  'networkpolicies',
  'adminnetworkpolicies',
  'baselineadminnetworkpolicies',
  'clusternetworkpolicies',
];

/**
 * The objects that a diagnosis is about, redacted as `--save` does: those of its findings first, then both ends, the Service with its
 * slices, nodes, and the policies of both namespaces.
 */
export function packetOf(
  { facts, findings }: Diagnosis,
  snapshot: Snapshot,
): { readonly objects: readonly PacketObject[]; readonly left: number } {
  const { sources, destination, sourceNamespace } = facts;
  const { service, endpoints } = destination;
  const keys = new Set(
    findings.flatMap(({ object, touches }) => [objectKey(object.kind, object), ...touches]),
  );
  const named = new Set(findings.map(({ object }) => objectKey(object.kind, object)));
  for (const { key } of [...sources, ...endpoints]) keys.add(key);
  for (const name of [...endpoints.map(({ node }) => node), ...sources.map(({ pod }) => pod?.spec.nodeName)])
    if (name !== undefined) keys.add(objectKey('node', { name }));
  if (service !== undefined) keys.add(objectKey('service', service));
  const spaces = new Set([sourceNamespace, destination.namespace].filter((space) => space !== undefined));
  for (const name of spaces) keys.add(objectKey('namespace', { name }));
  const wanted = (kind: SnapshotKind, { metadata }: KubeObject): boolean => {
    const { namespace, labels } = metadata;
    if (keys.has(objectKey(snapshotKinds[kind].kind, metadata))) return true;
    if (policyKinds.includes(kind)) return namespace === undefined || spaces.has(namespace);
    return (
      kind === 'endpointslices' &&
      service !== undefined &&
      namespace === service.namespace &&
      labels?.['kubernetes.io/service-name'] === service.name
    );
  };
  const found = allSnapshotKinds.flatMap((kind) =>
    (itemsOf(snapshot.read(kind)) as readonly KubeObject[])
      .filter((item) => wanted(kind, item))
      .map((item) => {
        const key = objectKey(snapshotKinds[kind].kind, item.metadata);
        return { kind, item, named: named.has(key) };
      }),
  );
  const ordered = found.toSorted((a, b) => Number(b.named) - Number(a.named));
  return {
    objects: ordered.slice(0, most.objects).map(({ kind, item, named: isNamed }) => ({
      name: `${snapshotKinds[kind].kind} ${item.metadata.namespace === undefined ? '' : `${item.metadata.namespace}/`}${item.metadata.name}`,
      yaml: cut(
        stringify(withoutNoise(savedObject(kind, item)), { aliasDuplicateObjects: false, lineWidth: 0 }),
      ),
      named: isNamed,
    })),
    left: Math.max(ordered.length - most.objects, 0),
  };
}

/** A node lists every image that it holds, which is long and tells nothing here. */
function withoutNoise(object: unknown): unknown {
  const { status, ...rest } = object as { readonly status?: unknown };
  if (typeof status !== 'object' || status === null || !('images' in status)) return object;
  return { ...rest, status: { ...status, images: undefined } };
}

function cut(text: string): string {
  const left = text.length - most.characters;
  return left <= 0 ? text : `${text.slice(0, most.characters)}\n# and ${left} characters more\n`;
}

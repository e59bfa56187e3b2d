import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ExitCode, NetdebugError } from '../../errors.js';
import { objectKey } from '../finding.js';
import type { ClusterPolicy, NetworkPolicy } from '../policy/objects.js';
import type { Invalid } from '../policy/validate.js';
import { validateClusterPolicy, validateNetworkPolicy } from '../policy/validate.js';
import type { Reading } from '../reading.js';
import type { RawObject } from './documents.js';
import { parseObjects } from './documents.js';
import { allSnapshotKinds, snapshotKindOf, snapshotKinds } from './kinds.js';
import { reduced, reducedList } from './reduce.js';
import { savedParts, type SavedPart } from './save.js';
import { shapeProblem } from './schema.js';
import { createSnapshot } from './snapshot.js';
import type { Origin, Part, Snapshot, SnapshotKind } from './types.js';
import { podsOfTemplates } from './templates.js';

/** The largest file that is read. A dump of 5,000 pods takes about 60 MB. */
const largestFileBytes = 512 * 2 ** 20;
const deepestFolder = 16;

interface Found {
  readonly path: string;
  readonly kind: SnapshotKind;
  readonly object: RawObject & { readonly metadata: { readonly name: string; readonly namespace?: string } };
}

/**
 * Reads files and folders of YAML and JSON: manifests, what `kubectl get -o yaml` prints, and folders of `kubectl cluster-info
 * dump`. What the files hold is taken for all there is, except for kinds that a dump never holds. Workloads without pods in the files
 * stand for the pod of their template. Rejects with a NetdebugError, exit 2: a file that is not there, that cannot be read, or with an
 * object that the API server would refuse. `namespace` is that of objects which carry none.
 */
export async function readFiles(paths: readonly string[], namespace: string): Promise<Snapshot> {
  const files = (await Promise.all(paths.map((path) => listFiles(path, 0)))).flat();
  const objects = new Map<string, Found>();
  const origins = new Map<string, Origin>();
  let dump = false;
  for (const path of files) {
    const parsed = parseObjects(await readFile(path, 'utf8'), path);
    const saved = parsed.map((document) => savedParts(document)).find((parts) => parts !== undefined);
    if (saved !== undefined) {
      // It holds what could not be read as well, which other files would blur.
      if (files.length > 1) {
        throw new NetdebugError(`${path} is a saved snapshot, which is read alone`, {
          exitCode: ExitCode.usage,
        });
      }
      return createSnapshot(saved.map((part) => restored(part, path, namespace)));
    }
    dump ||= isDump(path, files);
    for (const [index, raw] of parsed.entries()) {
      const found = accept(raw, path, namespace);
      if (found === undefined) continue;
      const { metadata } = found.object;
      origins.set(objectKey(raw.kind, metadata), { file: path, index });
      // The same object twice: the later one stands, as with kubectl apply.
      objects.set(JSON.stringify([found.kind, metadata.namespace, metadata.name]), found);
    }
  }
  if (objects.size === 0) {
    throw new NetdebugError(
      `${paths.join(', ')}: no Kubernetes objects in ${files.length === 1 ? 'it' : `${files.length} files`}`,
      {
        exitCode: ExitCode.usage,
        hint: 'files end in .yaml, .yml or .json and hold objects with apiVersion and kind',
      },
    );
  }
  const parts = allSnapshotKinds.map((kind): Part => {
    const items = [...objects.values()].filter((found) => found.kind === kind).map(({ object }) => object);
    return { kind, reading: readingOf(kind, reducedList(kind, items), dump) as Reading<never> };
  });
  const made = podsOfTemplates(createSnapshot(parts));
  const isPods = (part: Part): part is Part<'pods'> => part.kind === 'pods';
  return createSnapshot(
    parts.map((part) =>
      isPods(part) && part.reading.state === 'there'
        ? { ...part, reading: { state: 'there', items: [...part.reading.items, ...made] } }
        : part,
    ),
    origins,
  );
}

function restored({ kind, namespace, name, reading }: SavedPart, path: string, fallback: string): Part {
  const place = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
  if (reading.state !== 'there') return { kind, ...place, reading };
  const items = reading.items.flatMap((item) => {
    const whole = typeof item === 'object' && item !== null && 'kind' in item && 'apiVersion' in item;
    const found = whole ? accept(item as RawObject, path, fallback) : undefined;
    if (found?.kind !== kind)
      throw new NetdebugError(`${path}: an object among ${kind} is of another kind`, {
        exitCode: ExitCode.usage,
      });
    return reduced(kind, found.object) ?? [];
  });
  return { kind, ...place, reading: { state: 'there', items } as Reading<unknown> as Reading<never> };
}

async function listFiles(path: string, depth: number): Promise<string[]> {
  let found: Awaited<ReturnType<typeof stat>>;
  try {
    found = await stat(path);
  } catch (cause) {
    throw new NetdebugError(
      `cannot read ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        exitCode: ExitCode.usage,
        cause,
      },
    );
  }
  if (found.isFile()) {
    if (depth > 0 && !/\.(ya?ml|json)$/i.test(path)) return [];
    if (found.size <= largestFileBytes) return [path];
    throw new NetdebugError(
      `${path} has ${found.size} bytes; at most ${largestFileBytes} are read of one file`,
      {
        exitCode: ExitCode.usage,
      },
    );
  }
  if (!found.isDirectory() || depth > deepestFolder) return [];
  const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
  return (await Promise.all(names.map((name) => listFiles(join(path, name), depth + 1)))).flat();
}

/** `kubectl cluster-info dump --output-directory` writes NAMESPACE/pods.json next to NAMESPACE/events.json. */
function isDump(path: string, files: readonly string[]): boolean {
  return basename(path) === 'pods.json' && files.includes(join(dirname(path), 'events.json'));
}

/** Kinds that `kubectl cluster-info dump` writes. */
const dumped: readonly SnapshotKind[] = [
  ...[
    'nodes',
    'pods',
    'services',
    'daemonsets',
    'deployments',
    'replicasets',
    'replicationcontrollers',
    'events',
  ],
] as SnapshotKind[];

function readingOf(kind: SnapshotKind, items: readonly unknown[], dump: boolean): Reading<unknown> {
  // A dump may have been completed by hand; where it was not, nobody knows what the cluster has of this kind.
  if (dump && items.length === 0 && !dumped.includes(kind)) {
    const { kind: name } = snapshotKinds[kind];
    return { state: 'unknown', why: `cluster-info dump writes no ${name} objects` };
  }
  return { state: 'there', items };
}

function accept(raw: RawObject, path: string, namespace: string): Found | undefined {
  const kind = snapshotKindOf(raw.apiVersion, raw.kind);
  if (kind === undefined) return undefined;
  const problem = shapeProblem(kind, raw);
  if (problem !== undefined) {
    throw new NetdebugError(`${path}: ${nameOf(raw)} is no valid object: ${problem}`, {
      exitCode: ExitCode.usage,
    });
  }
  const invalid = problemsOf(kind, raw);
  if (invalid.length > 0) {
    throw new NetdebugError(`${path}: ${nameOf(raw)} would be refused by the API server`, {
      exitCode: ExitCode.usage,
      details: invalid.map(({ field, message }) => `${field} ${message}`),
    });
  }
  const object = raw as Found['object'];
  const { metadata } = object;
  const place = snapshotKinds[kind].namespaced ? { namespace: metadata.namespace ?? namespace } : {};
  return { path, kind, object: { ...object, metadata: { ...metadata, ...place } } };
}

function problemsOf(kind: SnapshotKind, raw: RawObject): Invalid[] {
  if (kind === 'networkpolicies') return validateNetworkPolicy(raw as unknown as NetworkPolicy);
  const clusterScoped = clusterPolicyKinds.find((name) => name === snapshotKinds[kind].kind);
  const known = snapshotKinds[kind].group === 'policy.networking.k8s.io' ? clusterScoped : undefined;
  return known === undefined ? [] : validateClusterPolicy(known, raw as unknown as ClusterPolicy);
}

const clusterPolicyKinds = [
  'AdminNetworkPolicy',
  'BaselineAdminNetworkPolicy',
  'ClusterNetworkPolicy',
] as const;

function nameOf({ kind, metadata }: RawObject): string {
  const { name, namespace } = (metadata ?? {}) as { readonly name?: unknown; readonly namespace?: unknown };
  const where = typeof namespace === 'string' ? `${namespace}/` : '';
  return `${kind} ${where}${typeof name === 'string' ? name : 'without a name'}`;
}

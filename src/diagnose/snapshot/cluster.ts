import { ExitCode, NetdebugError } from '../../errors.js';
import type { KubeApi, ListOptions } from '../../kube/api.js';
import { namespacePath, resourcePath } from '../../kube/paths.js';
import { isApiError } from '../../kube/status.js';
import type { KubeObject } from '../../kube/types.js';
import type { Reading } from '../reading.js';
import { snapshotKinds } from './kinds.js';
import { reducedList } from './reduce.js';
import { createSnapshot } from './snapshot.js';
import type { Part, Snapshot, SnapshotKind } from './types.js';

/** Something to read: a kind in one namespace, or everywhere; or single objects by name. */
export interface Want {
  readonly kind: SnapshotKind;
  readonly namespace?: string;
  /** Only for namespaces: many people may get one whom nobody lets list them. */
  readonly names?: readonly string[];
  /** One object, in `namespace`: it is got by its name, and where there is none of this name, nothing is there. */
  readonly name?: string;
}

type Api = Pick<KubeApi, 'get' | 'list'>;

interface ApiGroupList {
  readonly groups?: readonly {
    readonly name: string;
    readonly versions?: readonly { readonly version: string }[];
  }[];
}

/**
 * Reads what is wanted, all at once, page by page. Optional kinds are looked up in the API groups first: a list of a kind that does
 * not exist is answered with 403 to those who may not list it, and would read as "forbidden" instead of "absent".
 * `more` says, after the first round, what is needed besides. Rejects when the cluster cannot be reached or refuses who you are.
 */
export async function readCluster(
  api: Api,
  wants: readonly Want[],
  more: (snapshot: Snapshot) => readonly Want[] = () => [],
): Promise<Snapshot> {
  const groups = wants.some(({ kind }) => snapshotKinds[kind].optional) ? readGroups(api) : undefined;
  const first = await readParts(api, wants, groups);
  // What was read is not read again: joined, its objects would be there twice.
  const known = new Set(wants.map(keyOf));
  const rest = more(createSnapshot(first)).filter((want) => !known.has(keyOf(want)));
  const second = await readParts(api, rest, groups);
  return createSnapshot([...first, ...second]);
}

function keyOf({ kind, namespace = '', name = '' }: Want): string {
  return `${kind}/${namespace}/${name}`;
}

async function readParts(
  api: Api,
  wants: readonly Want[],
  groups: Promise<Groups> | undefined,
): Promise<Part[]> {
  const distinct = new Map(wants.map((want) => [keyOf(want), want]));
  const parts = await Promise.all(
    [...distinct.values()].map(async (want): Promise<Part> => {
      const { kind, namespace, name } = want;
      const reading = await readOne(api, want, groups);
      return {
        kind,
        ...(namespace === undefined ? {} : { namespace }),
        ...(name === undefined ? {} : { name }),
        reading: reading as Reading<never>,
      };
    }),
  );
  const failures = parts.flatMap(({ reading }) => (reading.state === 'unknown' ? [reading.cause] : []));
  const refused = failures.find((error) => isApiError(error, 401));
  if (refused !== undefined) throw refused as Error;
  // One list that takes too long is a gap; when nothing answers there is no cluster to speak of.
  const unreachable = failures.find(isUnreachable);
  if (unreachable !== undefined && parts.every(({ reading }) => reading.state !== 'there'))
    throw unreachable as Error;
  return parts;
}

type Groups = { readonly names: ReadonlySet<string> } | { readonly error: unknown };

async function readGroups(api: Api): Promise<Groups> {
  try {
    const { groups = [] } = await api.get<ApiGroupList>('/apis');
    return {
      names: new Set(
        groups.flatMap(({ name, versions = [] }) => versions.map(({ version }) => `${name}/${version}`)),
      ),
    };
  } catch (error) {
    return { error };
  }
}

/** Values of Secrets are never asked for, so that they never arrive. */
const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

function listOptions(kind: SnapshotKind): ListOptions {
  if (kind === 'secrets') return { accept: metadataOnly.replace('Metadata;', 'MetadataList;') };
  return kind === 'events' ? { fieldSelector: 'type!=Normal' } : {};
}

async function readOne(
  api: Api,
  { kind, namespace, names, name }: Want,
  groups: Promise<Groups> | undefined,
): Promise<Reading<KubeObject>> {
  const { group, version: newest, older = [], resource, optional } = snapshotKinds[kind];
  let versions = [newest];
  const what = `${name === undefined ? 'list' : 'get'} ${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` ${name}`}${namespace === undefined ? '' : ` in namespace ${namespace}`}`;
  if (optional && groups !== undefined) {
    const known = await groups;
    if ('error' in known) return unread(known.error, 'get /apis');
    versions = [newest, ...older].filter((one) => known.names.has(`${group}/${one}`));
  }
  if (names !== undefined) {
    return readNamespaces(api, names).then(
      (items) => ({ state: 'there', items }),
      (error: unknown) => unread(error, `get namespaces ${names.join(', ')}`),
    );
  }
  // A group may serve a version, and this kind only in an older one.
  for (const version of versions) {
    const path = resourcePath({ group, version, resource, namespace, name });
    try {
      const items =
        name === undefined
          ? // Events of healthy pods are many, and nobody reads them.
            (await api.list<KubeObject>(path, listOptions(kind))).items
          : [await api.get<KubeObject>(path, kind === 'secrets' ? { accept: metadataOnly } : {})];
      return { state: 'there', items: reducedList(kind, items) };
    } catch (error) {
      if (name !== undefined && isApiError(error, 404)) return { state: 'there', items: [] };
      if (!isApiError(error, 404) || !optional) return unread(error, what);
    }
  }
  return { state: 'absent' };
}

/** Namespaces that can be read; the labels of the others stay unknown to whoever looks for them. Rejects where no cluster answers. */
async function readNamespaces(api: Api, names: readonly string[]): Promise<KubeObject[]> {
  const found = await Promise.all(
    names.map((name) =>
      api.get<KubeObject>(namespacePath(name)).catch((error: unknown) => {
        if (isUnreachable(error)) throw error;
        return undefined;
      }),
    ),
  );
  return found.filter((namespace) => namespace !== undefined);
}

function isUnreachable(error: unknown): boolean {
  return error instanceof NetdebugError && error.exitCode === ExitCode.unreachable;
}

function unread(error: unknown, what: string): Reading<never> {
  const why = isApiError(error, 403)
    ? `forbidden: ${what}`
    : `${what}: ${error instanceof Error ? error.message.replace(/\.$/, '') : String(error)}`;
  return { state: 'unknown', why, cause: error };
}

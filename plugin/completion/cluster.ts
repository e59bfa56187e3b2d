import { stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { KubeApi } from '../../src/kube/api.js';
import type { Environment } from '../environment.js';
import type { Candidate } from '../options/completes.js';
import { type KubeRequest, parseKube } from '../options/kube.js';
import type { Words } from '../options/words.js';
import type { Cache } from './cache.js';
import { containersOf, isName, portsOf, type WithSpec } from './objects.js';
import type { ListedKind, NamedObject, Sources } from './sources.js';

/** How long things may take and are held, milliseconds. */
interface CompletionTimes {
  /** So young an answer is given again without asking. */
  readonly freshMs: number;
  /** How long the API server has where there is an older answer to fall back on. */
  readonly withOldMs: number;
  /** How long it has where there is none. */
  readonly withoutMs: number;
}

const completionTimes: CompletionTimes = { freshMs: 20_000, withOldMs: 100, withoutMs: 2_000 };

/** A list larger than this is left where it is; by then nobody chooses from it by Tab. */
const mostNames = 5_000;
/** Rows with the columns of `kubectl get`, without the objects: of a pod some hundred bytes instead of some thousand. */
const asTable = 'application/json;as=Table;g=meta.k8s.io;v=v1';

/**
 * The kubeconfig and the cluster that a command line names. Modules and the kubeconfig are loaded when a question needs them; answers of the
 * cluster are kept for some seconds. What fails gives nothing, also for some seconds, so that an unreachable cluster does not hold up every Tab.
 */
export function clusterSources(
  words: Words,
  environment: Environment,
  cache: Cache,
  times: CompletionTimes = completionTimes,
): Sources {
  const kept = async (
    what: readonly unknown[],
    ask: (api: KubeApi, signal: AbortSignal) => Promise<readonly Candidate[]>,
  ): Promise<readonly Candidate[]> => {
    const request = parseKube(words);
    const key = [what, await identity(request, environment)];
    const old = await cache.get(key);
    if (old !== undefined && old.ageMs < times.freshMs) return old.candidates;
    const limitMs = old === undefined ? times.withoutMs : times.withOldMs;
    const signal = AbortSignal.any([environment.signal, AbortSignal.timeout(limitMs)]);
    try {
      const candidates = await unlessAborted(signal, asked(request, environment, signal, ask));
      await cache.put(key, candidates);
      return candidates;
    } catch {
      if (old !== undefined) return old.candidates;
      if (!environment.signal.aborted) await cache.put(key, []);
      return [];
    }
  };
  return {
    async ofKubeconfig(what) {
      const { readKubeconfig } = await import('../../src/kube/kubeconfig.js');
      const { env, homeDir } = environment;
      const config = await readKubeconfig({ explicit: parseKube(words).kubeconfig, env, homeDir });
      if (what === 'namespaces') {
        const found = [...(config?.contexts.values() ?? [])].map(({ namespace }) => namespace);
        return [...new Set(found.filter(isName))].map((word) => ({ word }));
      }
      return [...(config?.[what].keys() ?? [])].map((word) => ({
        word,
        ...(what === 'contexts' && word === config?.currentContext ? { about: 'current' } : {}),
      }));
    },
    names: (kind, namespace) =>
      kept(['names', kind.group, kind.plural, namespace], (api, signal) =>
        listNames(api, kind, namespace, signal),
      ),
    containers: (object) => kept(['containers', ...keyOf(object)], readOne(object, containersOf)),
    ports: (object) => kept(['ports', ...keyOf(object)], readOne(object, portsOf)),
  };
}

function keyOf({ kind, namespace, name }: NamedObject): readonly unknown[] {
  return [kind.plural, namespace, name];
}

/**
 * Stands for the server, the person and the context's namespace: the flags, and the kubeconfigs as they are now. To read what is in them would
 * take longer than everything else.
 */
async function identity(request: KubeRequest, { env, homeDir }: Environment): Promise<unknown> {
  const listed = request.kubeconfig || env.KUBECONFIG || join(homeDir, '.kube', 'config');
  const files = await Promise.all(
    listed.split(delimiter).map((file) =>
      stat(file).then(
        ({ mtimeMs, size, ino }) => [file, mtimeMs, size, ino],
        () => [file],
      ),
    ),
  );
  return [request, files, env.KUBERNETES_SERVICE_HOST];
}

async function asked(
  request: KubeRequest,
  environment: Environment,
  signal: AbortSignal,
  ask: (api: KubeApi, signal: AbortSignal) => Promise<readonly Candidate[]>,
): Promise<readonly Candidate[]> {
  const { connect } = await import('../../src/kube/connect.js');
  const { env, homeDir } = environment;
  // Nobody may be asked for a password between two keys, so no plugin has the terminal.
  const api = await connect({ ...request, env, homeDir, stdinIsTerminal: false });
  try {
    return await ask(api, signal);
  } finally {
    api.close();
  }
}

interface Table {
  readonly columnDefinitions?: readonly { readonly name?: string; readonly format?: string }[];
  readonly rows?: readonly { readonly cells?: readonly unknown[] }[];
}

async function listNames(
  api: KubeApi,
  { group, version, plural, namespaced }: ListedKind,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  const { resourcePath } = await import('../../src/kube/paths.js');
  const where = namespaced ? { namespace: namespace ?? api.namespace } : {};
  // From the server's cache, which costs etcd nothing; a name that is a second old will do.
  const query = { limit: mostNames, resourceVersion: '0', includeObject: 'None' };
  const path = resourcePath({ group, version, resource: plural, ...where });
  const { columnDefinitions = [], rows = [] } = await api.get<Table>(path, {
    accept: asTable,
    query,
    signal,
  });
  const name = Math.max(
    0,
    columnDefinitions.findIndex(({ format }) => format === 'name'),
  );
  const about = columnDefinitions.findIndex((column) =>
    ['Status', 'Ready', 'Type'].includes(column.name ?? ''),
  );
  const state = columnDefinitions.findIndex((column) => column.name === 'Status');
  const told = state >= 0 ? state : about;
  return rows.slice(0, mostNames).flatMap(({ cells = [] }) => {
    const [word, said] = [cells[name], told < 0 ? undefined : cells[told]];
    return isName(word) ? [{ word, ...(typeof said === 'string' ? { about: said } : {}) }] : [];
  });
}

/** Reads an object, and finds in it what is asked for. */
function readOne(
  { kind: { group, version, plural, namespaced }, namespace, name }: NamedObject,
  find: (object: WithSpec) => readonly Candidate[],
) {
  return async (api: KubeApi, signal: AbortSignal): Promise<readonly Candidate[]> => {
    if (!namespaced) return [];
    const { resourcePath } = await import('../../src/kube/paths.js');
    const address = { group, version, resource: plural, namespace: namespace ?? api.namespace, name };
    return find(await api.get<WithSpec>(resourcePath(address), { signal }));
  };
}

function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject);
  });
}

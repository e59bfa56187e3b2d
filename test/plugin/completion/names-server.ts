import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubeconfig } from '../../cluster/kubeconfig.js';
import { type FakeServer, json, type Seen, startFakeServer, testPki } from '../../kube/fake-server.js';

/** An API server that knows only names, as completion asks for them, with a kubeconfig and a home directory. */
export interface NamesServer {
  readonly server: FakeServer;
  /** Has nothing in it but the kubeconfig. */
  readonly home: string;
  readonly kubeconfig: string;
  readonly remove: () => Promise<void>;
}

export interface NamesOptions {
  /** Names by `NAMESPACE/RESOURCE`, `RESOURCE` for what is in none. */
  readonly names?: Readonly<Record<string, readonly unknown[]>>;
  /** Objects by their path. */
  readonly objects?: Readonly<Record<string, unknown>>;
  /** Answers everything instead. */
  readonly respond?: (seen: Seen, response: ServerResponse) => void;
}

export async function startNamesServer(options: NamesOptions): Promise<NamesServer> {
  const pki = await testPki();
  const tables = new Map(
    Object.entries(options.names ?? {}).map(([key, names]) => [key, JSON.stringify(tableOf(names))]),
  );
  const server = await startFakeServer({
    tls: await pki.server(),
    respond: options.respond ?? ((seen, response) => answer(seen, response, tables, options.objects ?? {})),
  });
  const home = await mkdtemp(join(tmpdir(), 'netdebug-completion-'));
  const path = join(home, 'kubeconfig');
  const user = { name: 'ada', namespace: 'shop', token: 'x' };
  await writeFile(path, kubeconfig({ server: server.url, ca: pki.ca }, user));
  return {
    server,
    home,
    kubeconfig: path,
    async remove() {
      await server.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function answer(
  seen: Seen,
  response: ServerResponse,
  tables: ReadonlyMap<string, string>,
  objects: Readonly<Record<string, unknown>>,
): void {
  const object = objects[seen.path];
  if (object !== undefined) {
    json(response, 200, object);
    return;
  }
  const [, namespace, resource = ''] =
    /^\/apis?\/(?:[a-z0-9.]+\/)?v1\/(?:namespaces\/([^/]+)\/)?([a-z]+)$/.exec(seen.path) ?? [];
  const table = tables.get(namespace === undefined ? resource : `${namespace}/${resource}`);
  if (table === undefined) {
    json(response, 403, { kind: 'Status', status: 'Failure', code: 403, reason: 'Forbidden' });
    return;
  }
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(table);
}

/** As the API server prints pods with `includeObject=None`. */
function tableOf(names: readonly unknown[]): unknown {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: '1' },
    columnDefinitions: [
      { name: 'Name', type: 'string', format: 'name', description: 'Name', priority: 0 },
      { name: 'Ready', type: 'string', format: '', description: 'Ready', priority: 0 },
      { name: 'Status', type: 'string', format: '', description: 'Status', priority: 0 },
      { name: 'Restarts', type: 'string', format: '', description: 'Restarts', priority: 0 },
      { name: 'Age', type: 'string', format: '', description: 'Age', priority: 0 },
    ],
    rows: names.map((name) => ({ cells: [name, '1/1', 'Running', '0', '3d4h'] })),
  };
}

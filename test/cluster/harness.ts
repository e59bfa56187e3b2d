/**
 * Starts local clusters for tests and the demo. The cluster is a process of its own in its own namespaces; only its
 * listening socket was bound here, on the host's loopback, and handed over. It ends when this process does, however that ends.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { clusterBundle } from './bundle.js';
import {
  createApiClient,
  expectOk,
  pathOf,
  pathOfManifest,
  plural,
  type ApiClient,
  type ApiObject,
} from './client.js';
import { makeClusterDir, removeClusterDir, sweepClusterDirs } from './dirs.js';
import { callsTo, type Call } from './ipc.js';
import { kubeconfig } from './kubeconfig.js';
import type { Manifest } from './manifests.js';
import { addons, untilAddons } from './network/addons.js';
import type { NetworkOptions } from './network/options.js';
import { sandboxArgv, sandboxProblem } from './node/sandbox.js';
import type { ClusterOptions, Rule, TestCluster, UserOptions } from './test-cluster.js';

export type { ClusterOptions, TestCluster } from './test-cluster.js';

function asManifest(object: unknown): Manifest {
  return object as Manifest;
}

/** Binds the host's loopback; port 0 means any. */
async function bind(port: number): Promise<net.Server> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return server;
}

async function handOver(call: Call, server: net.Server): Promise<void> {
  await call('listen', [], server);
  await new Promise((resolve) => server.close(resolve));
}

/** The end of the cluster's log; empty when the directory is gone already. */
function lastWords(logFile: string): string {
  return existsSync(logFile) ? readFileSync(logFile, 'utf8').slice(-4000) : '';
}

interface Cluster {
  readonly child: ChildProcess;
  readonly call: Call;
  readonly dir: string;
  readonly port: number;
}

function networkOf({ network }: ClusterOptions): NetworkOptions | undefined {
  return network === true ? {} : network === false ? undefined : network;
}

async function launch(options: ClusterOptions): Promise<Cluster> {
  const bundle = clusterBundle();
  const network = networkOf(options);
  sweepClusterDirs();
  const dir = makeClusterDir();
  const logFile = path.join(dir, 'cluster.log');
  const log = openSync(logFile, 'a');
  const [program = '', ...args] = sandboxArgv([process.execPath, '--enable-source-maps', bundle]);
  const child = spawn(program, args, { stdio: ['ignore', log, log, 'ipc'], cwd: '/' });
  closeSync(log);
  const call = callsTo(child, () => lastWords(logFile));
  let server: net.Server | undefined;
  try {
    server = await bind(0);
    const { port } = server.address() as AddressInfo;
    const url = `https://127.0.0.1:${port}`;
    await call('start', [
      {
        nodes: options.nodes ?? 2,
        server: url,
        dir,
        ...(network ? { network } : {}),
        ...(options.custom ? { custom: options.custom } : {}),
        ...(options.timing ? { timing: options.timing } : {}),
      },
    ]);
    await handOver(call, server);
    return { child, call, dir, port };
  } catch (error) {
    // A socket that listens would keep this process, whose tests or demo are over.
    server?.close();
    child.kill('SIGKILL');
    removeClusterDir(dir);
    const problem = sandboxProblem();
    throw problem === undefined ? error : new Error(problem, { cause: error });
  }
}

function isReady(object: ApiObject | undefined): boolean {
  const conditions = (object?.status as ApiObject | undefined)?.conditions as ApiObject[] | undefined;
  return conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

async function stop({ child, dir }: Cluster, api: ApiClient): Promise<void> {
  api.close();
  if (child.exitCode === null && child.signalCode === null) {
    const exited = new Promise((resolve) => child.once('exit', resolve));
    if (child.connected) {
      child.disconnect();
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await exited;
    clearTimeout(timer);
  }
  removeClusterDir(dir);
}

async function applyOne(api: ApiClient, object: unknown): Promise<ApiObject> {
  const manifest = asManifest(object);
  const { collection, object: own } = pathOfManifest(manifest);
  const what = `apply ${own}`;
  const created = await api.request('POST', collection, manifest);
  if (created.status !== 409) {
    return expectOk(created, what).body as ApiObject;
  }
  return expectOk(await api.request('PATCH', own, manifest, 'application/merge-patch+json'), what)
    .body as ApiObject;
}

function grants(name: string, options: UserOptions): Manifest[] {
  const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name }];
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const namespace = options.namespace ?? 'default';
  const bound = (kind: string, scope: object, rules: readonly Rule[] | undefined): Manifest[] => {
    const metadata = { name: `user-${name}`, ...scope };
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name };
    return rules
      ? [
          { apiVersion, kind, metadata, rules },
          { apiVersion, kind: `${kind}Binding`, metadata, subjects, roleRef },
        ]
      : [];
  };
  return [...bound('Role', { namespace }, options.rules), ...bound('ClusterRole', {}, options.clusterRules)];
}

async function waitUntilReady(
  api: ApiClient,
  namespace: string,
  pod: string,
  timeoutMs: number,
): Promise<ApiObject> {
  const path = `${pathOf('v1', 'Pod', namespace)}?fieldSelector=metadata.name%3D${pod}`;
  return api.until(path, (object) => isReady(object), timeoutMs, `pod ${namespace}/${pod} ready`);
}

/** Makes the namespaces that objects name and the cluster does not have. */
async function applyAll(api: ApiClient, objects: readonly unknown[]): Promise<void> {
  const manifests = objects.map(asManifest);
  const given = new Set(
    manifests.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name),
  );
  const named = new Set(manifests.map(({ metadata }) => metadata.namespace ?? 'default'));
  for (const name of named) {
    if (!given.has(name) && name !== 'default' && name !== 'kube-system') {
      await applyOne(api, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
  }
  for (const manifest of manifests) {
    await applyOne(api, manifest);
  }
  const pods = manifests.filter(({ kind }) => kind === 'Pod');
  await Promise.all(
    pods.map(({ metadata }) => waitUntilReady(api, metadata.namespace ?? 'default', metadata.name, 20_000)),
  );
}

/**
 * Starts a cluster and waits for its objects. When it cannot start, rejects with one sentence if the kernel refuses the
 * namespaces (sandboxProblem()), otherwise with the last lines of the cluster's log.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  const began = performance.now();
  const cluster = await launch(options);
  const { call, dir, port } = cluster;
  const server = `https://127.0.0.1:${port}`;
  const file = (name: string): string => path.join(dir, name);
  const [ca, cert, key] = ['ca.crt', 'admin.crt', 'admin.key'].map((name) =>
    readFileSync(file(name), 'utf8'),
  );
  const address = { server, ca: ca ?? '' };
  const admin = { cert: cert ?? '', key: key ?? '' };
  writeFileSync(file('kubeconfig'), kubeconfig(address, { name: 'admin', ...admin }), { mode: 0o600 });
  const outside = kubeconfig({ ...address, server: 'https://203.0.113.1:6443' }, { name: 'admin', ...admin });
  writeFileSync(file('outside.kubeconfig'), outside, { mode: 0o600 });
  const api = createApiClient({ ...address, ...admin });
  try {
    const own = addons(networkOf(options) ?? {});
    await applyAll(api, own);
    await applyAll(api, options.objects ?? []);
    await untilAddons(api, own);
    await call('settleNetwork', []);
  } catch (error) {
    const log = lastWords(file('cluster.log'));
    await stop(cluster, api);
    throw new Error(`${String(error)}\n${log}`, { cause: error });
  }
  const settle = async (): Promise<void> => {
    if (networkOf(options)) {
      await call('settleNetwork', []);
    }
  };
  const settled = async (object: Promise<ApiObject>): Promise<ApiObject> => {
    const seen = await object;
    await settle();
    return seen;
  };
  return {
    server,
    dir,
    caFile: file('ca.crt'),
    kubeconfig: file('kubeconfig'),
    outsideKubeconfig: file('outside.kubeconfig'),
    startedInMs: performance.now() - began,
    user: async (name, user = {}) => {
      for (const object of grants(name, user)) {
        await applyOne(api, object);
      }
      const token = randomBytes(16).toString('hex');
      await call('addToken', [token, name, user.groups ?? []]);
      const namespace = user.namespace ?? 'default';
      writeFileSync(file(`${name}.kubeconfig`), kubeconfig(address, { name, namespace, token }), {
        mode: 0o600,
      });
      return file(`${name}.kubeconfig`);
    },
    apply: async (...objects) => {
      const applied = [];
      for (const object of objects) {
        applied.push(await applyOne(api, object));
      }
      await settle();
      return applied;
    },
    remove: async (...objects) => {
      for (const { object } of objects.map((manifest) => pathOfManifest(asManifest(manifest)))) {
        expectOk(await api.request('DELETE', object), `delete ${object}`);
      }
      await settle();
    },
    request: api.request,
    get: async (apiVersion, kind, namespace, name) => {
      const own = pathOf(apiVersion, kind, namespace, name);
      return expectOk(await api.request('GET', own), own).body as ApiObject;
    },
    list: async (apiVersion, kind, namespace, labelSelector) => {
      const query = labelSelector === undefined ? '' : `?labelSelector=${encodeURIComponent(labelSelector)}`;
      const collection = pathOf(apiVersion, kind, namespace) + query;
      const list = expectOk(await api.request('GET', collection), collection).body as ApiObject;
      return list.items as ApiObject[];
    },
    waitFor: ({ apiVersion = 'v1', kind = 'Pod', namespace, name }, predicate, timeoutMs = 20_000) => {
      const collection = `${pathOf(apiVersion, kind, namespace)}?fieldSelector=metadata.name%3D${name}`;
      const seen = (object: ApiObject, deleted: boolean): boolean => predicate(deleted ? undefined : object);
      return settled(api.until(collection, seen, timeoutMs, `${plural(kind)}/${name}`));
    },
    ready: (namespace, pod, timeoutMs = 20_000) => settled(waitUntilReady(api, namespace, pod, timeoutMs)),
    breakNetwork: (breakage) => call('breakNetwork', [breakage]),
    mendNetwork: (id) => call('mendNetwork', id === undefined ? [] : [id]),
    setPolicy: (mode) => call('setPolicy', [mode]),
    setOutsideDns: (names) => call('setOutsideDns', [names]),
    settleNetwork: settle,
    fault: (fault) => call('fault', [fault]),
    faultHits: (id) => call('faultHits', [id]),
    clearFaults: () => call('clearFaults', []),
    processes: (namespace, pod) => call('processes', [namespace, pod]),
    run: (argv, { in: place = 'host', timeoutMs = 20_000 } = {}) => call('run', [argv, place, timeoutMs]),
    restartApiServer: async ({ downMs = 500, graceMs = 0 } = {}) => {
      await call('stopListening', [graceMs]);
      await new Promise((resolve) => setTimeout(resolve, downMs));
      await handOver(call, await bind(port));
    },
    compact: () => call('compact', []),
    stop: () => stop(cluster, api),
    [Symbol.asyncDispose]: () => stop(cluster, api),
  };
}

/** An API server with the objects the transcripts speak of, for tests that replay them. */
import { bootstrap } from '../../cluster/api/bootstrap.js';
import { createPki, type KeyPair, type Pki } from '../../cluster/api/pki.js';
import { startApiServer } from '../../cluster/api/server.js';
import { createStore, type StoreOptions } from '../../cluster/api/store.js';
import type { ApiServer, ApiServerOptions, ApiStore } from '../../cluster/api/types.js';
import { KubeletError, type Kubelet, type ResourceKey } from '../../cluster/types.js';
import { createClient, readTranscript, type Client } from '../replay.js';

export const pods = { group: '', resource: 'pods' };

export interface TestServer {
  readonly store: ApiStore;
  readonly server: ApiServer;
  readonly pki: Pki;
  readonly client: Client;
  stop(): Promise<void>;
}

export type TestServerOptions = Partial<Omit<ApiServerOptions, 'store' | 'tls'>> & StoreOptions;

/** Namespaces as the recorded cluster had them. */
const namespaces: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  rec: {},
  rec2: {},
  'rec2-b': {},
  demo: {},
  restricted: { 'pod-security.kubernetes.io/enforce': 'restricted' },
  baseline: { 'pod-security.kubernetes.io/enforce': 'baseline' },
  'rec2-quota': {
    'pod-security.kubernetes.io/warn': 'baseline',
    'pod-security.kubernetes.io/audit': 'baseline',
  },
};

/** Starts one; users are admin (system:masters), rec-none, rec-min and rec2-none. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { now, uuid, historyLimit, ...serverOptions } = options;
  const store = createStore({
    ...(now === undefined ? {} : { now }),
    ...(uuid === undefined ? {} : { uuid }),
    ...(historyLimit === undefined ? {} : { historyLimit }),
  });
  bootstrap(store, '127.0.0.1');
  for (const [name, labels] of Object.entries(namespaces)) {
    store.create(
      { group: '', resource: 'namespaces' },
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels },
        spec: {},
        status: { phase: 'Active' },
      },
    );
  }
  const pki = await createPki();
  const certificates = new Map<string, KeyPair>([['admin', await pki.client('admin', ['system:masters'])]]);
  for (const user of ['rec-none', 'rec-min', 'rec2-none']) certificates.set(user, await pki.client(user));
  const server = await startApiServer({
    store,
    tls: { ...(await pki.server()), ca: pki.ca },
    ...serverOptions,
  });
  const client = createClient({ port: server.port, ca: pki.ca, certificates });
  return {
    store,
    server,
    pki,
    client,
    async stop() {
      client.close();
      await server.close();
    },
  };
}

interface Recorded {
  metadata: { name: string; namespace?: string };
  spec?: unknown;
  status?: unknown;
}

/** Stores an object with the times and uid it has, where a create would give it new ones. */
export function storeWithTimes(
  store: ApiStore,
  key: ResourceKey,
  object: Recorded & { apiVersion: string; kind: string },
): void {
  const { metadata } = object;
  store.create(key, { ...object, metadata: { ...metadata, resourceVersion: undefined } });
  store.update(key, metadata.namespace, metadata.name, (stored) => {
    const { resourceVersion } = stored.metadata;
    Object.assign(stored.metadata, metadata, { resourceVersion });
  });
}

/** Stores a pod as it was recorded. */
export function storeRecorded(store: ApiStore, recorded: unknown): void {
  const { metadata, ...rest } = recorded as Recorded;
  storeWithTimes(store, pods, { apiVersion: 'v1', kind: 'Pod', ...rest, metadata });
}

/** The pods of pod-get.json: multi, waiting, done, crash, pending. */
export function storeRecordedPods(store: ApiStore): void {
  for (const { response } of readTranscript('pod-get').slice(0, 5)) storeRecorded(store, response?.body);
}

export interface SimplePod {
  readonly name: string;
  readonly namespace?: string;
  readonly container?: string;
  readonly nodeName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** A running pod with one container. */
export function storeSimplePod(store: ApiStore, pod: SimplePod): void {
  const {
    name,
    namespace = 'rec',
    container = 'c',
    nodeName = 'node-2',
    labels = { app: name },
    annotations,
  } = pod;
  const running = {
    name: container,
    ready: true,
    restartCount: 0,
    state: { running: { startedAt: '2026-11-22T13:10:32Z' } },
  };
  store.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      generation: 1,
      labels,
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: {
      containers: [{ name: container, image: 'busybox', resources: {} }],
      nodeName,
      securityContext: {},
      ...pod.spec,
    },
    status: { phase: 'Running', containerStatuses: [running], ...pod.status },
  });
}

const never = (): Promise<never> => Promise.reject(new KubeletError('this kubelet does nothing'));

/** A kubelet that is there and does nothing. */
export const noKubelet: Kubelet = { exec: never, attach: never, logs: never, dial: never };

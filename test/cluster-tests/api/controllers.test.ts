import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startControllers } from '../../cluster/api/controllers/controllers.js';
import { recordEvent } from '../../cluster/api/events.js';
import { createStore } from '../../cluster/api/store.js';
import type { ResourceKey, Stored } from '../../cluster/types.js';
import { pods, startTestServer, storeSimplePod, type TestServer } from './server.js';

let server: TestServer;
let stop: () => void;

beforeAll(async () => {
  server = await startTestServer();
  stop = startControllers(server.store);
});

afterAll(async () => {
  stop();
  await server.stop();
});

const apps = (resource: string): ResourceKey => ({ group: 'apps', resource });
const slices = { group: 'discovery.k8s.io', resource: 'endpointslices' };

/** Resolves when it holds, which it may do at once; the runner's time limit ends a wait in vain. */
function until(holds: () => boolean): Promise<void> {
  return new Promise((done) => {
    const look = (): void => {
      if (holds()) done();
      else setImmediate(look);
    };
    look();
  });
}

const podsOf = (namespace: string, label: string): Stored[] =>
  server.store.list(pods, namespace).filter((pod) => pod.metadata.labels?.app === label);

function makeReady(pod: Stored): void {
  server.store.update(pods, pod.metadata.namespace, pod.metadata.name, (next) => {
    next.spec = { ...(next.spec as object), nodeName: 'node-1' };
    next.status = { phase: 'Running', podIP: '10.0.0.9', conditions: [{ type: 'Ready', status: 'True' }] };
  });
}

async function create(path: string, body: unknown): Promise<void> {
  const answer = await server.client.send({
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(answer.status).toBe(201);
}

function workload(kind: string, name: string, more: object = {}): object {
  const template = {
    metadata: { labels: { app: name } },
    spec: { containers: [{ name: 'c', image: 'x', ports: [{ name: 'http', containerPort: 8080 }] }] },
  };
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name },
    spec: { selector: { matchLabels: { app: name } }, template, ...more },
  };
}

describe('workloads', () => {
  test('a Deployment has a ReplicaSet, which has its pods; scaling and deleting reach them', async () => {
    const path = '/apis/apps/v1/namespaces/rec/deployments';
    await create(path, workload('Deployment', 'web', { replicas: 2 }));
    await until(() => podsOf('rec', 'web').length === 2);
    const [set] = server.store.list(apps('replicasets'), 'rec');
    const [pod] = podsOf('rec', 'web');
    expect(pod?.metadata.ownerReferences).toMatchObject([
      { kind: 'ReplicaSet', name: set?.metadata.name, uid: set?.metadata.uid, controller: true },
    ]);
    expect(pod?.metadata.labels?.['pod-template-hash']).toBe(set?.metadata.labels?.['pod-template-hash']);
    podsOf('rec', 'web').forEach(makeReady);
    await until(
      () =>
        (server.store.get(apps('deployments'), 'rec', 'web')?.status as { readyReplicas?: number })
          .readyReplicas === 2,
    );
    await server.client.send({
      method: 'PATCH',
      path: `${path}/web/scale`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { replicas: 1 } },
    });
    await until(
      () => podsOf('rec', 'web').filter((item) => item.metadata.deletionTimestamp === undefined).length === 1,
    );
    await server.client.send({ method: 'DELETE', path: `${path}/web` });
    await until(() => podsOf('rec', 'web').every((item) => item.metadata.deletionTimestamp !== undefined));
    expect(server.store.list(apps('replicasets'), 'rec')).toEqual([]);
  });

  test('a StatefulSet makes them one after another, by number', async () => {
    await create('/apis/apps/v1/namespaces/rec/statefulsets', workload('StatefulSet', 'db', { replicas: 2 }));
    await until(() => podsOf('rec', 'db').length === 1);
    podsOf('rec', 'db').forEach(makeReady);
    await until(() => podsOf('rec', 'db').length === 2);
    expect(podsOf('rec', 'db').map((pod) => pod.metadata.name)).toEqual(['db-0', 'db-1']);
  });

  test('a Job is complete when its pod has succeeded', async () => {
    await create('/apis/batch/v1/namespaces/rec/jobs', workload('Job', 'once'));
    await until(() => podsOf('rec', 'once').length === 1);
    server.store.update(pods, 'rec', podsOf('rec', 'once')[0]?.metadata.name ?? '', (pod) => {
      pod.status = { phase: 'Succeeded' };
    });
    await until(
      () =>
        (
          server.store.get({ group: 'batch', resource: 'jobs' }, 'rec', 'once')?.status as {
            succeeded?: number;
          }
        ).succeeded === 1,
    );
    expect(podsOf('rec', 'once').length).toBe(1);
  });

  test('Pod Security refuses pods of a ReplicaSet, and an event says so once', async () => {
    await create(
      '/apis/apps/v1/namespaces/restricted/replicasets',
      workload('ReplicaSet', 'bad', { replicas: 1 }),
    );
    const events = (): Stored[] =>
      server.store
        .list({ group: '', resource: 'events' }, 'restricted')
        .filter((event) => event.reason === 'FailedCreate');
    await until(() => events().length > 0);
    await create('/api/v1/namespaces/restricted/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'another-change' },
    });
    await until(
      () =>
        server.store.get({ group: '', resource: 'configmaps' }, 'restricted', 'another-change') !== undefined,
    );
    expect(events().map((event) => String(event.message).split(' "restricted')[0])).toEqual([
      'Error creating: pods "bad-" is forbidden: violates PodSecurity',
    ]);
    expect(podsOf('restricted', 'bad')).toEqual([]);
  });
});

describe('endpoints', () => {
  test('follow readiness; a named port is that of the pod', async () => {
    await create('/api/v1/namespaces/demo/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'svc' },
      spec: { selector: { app: 'back' }, ports: [{ port: 80, targetPort: 'http' }] },
    });
    const slice = (): Stored | undefined => server.store.list(slices, 'demo')[0];
    await until(() => slice() !== undefined);
    expect(slice()).toMatchObject({ endpoints: null, ports: null });
    storeSimplePod(server.store, {
      name: 'back',
      namespace: 'demo',
      spec: { containers: [{ name: 'c', image: 'x', ports: [{ name: 'http', containerPort: 8080 }] }] },
      status: { podIP: '10.0.0.7', conditions: [{ type: 'Ready', status: 'False' }] },
    });
    await until(() => Array.isArray(slice()?.endpoints));
    expect(slice()).toMatchObject({
      endpoints: [{ addresses: ['10.0.0.7'], conditions: { ready: false } }],
      ports: [{ port: 8080 }],
    });
    server.store.list(pods, 'demo').forEach(makeReady);
    await until(
      () => (slice()?.endpoints as { conditions: { ready: boolean } }[])[0]?.conditions.ready === true,
    );
  });
});

test('a namespace that is deleted is emptied, then gone', async () => {
  await create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'short' } });
  await create('/api/v1/namespaces/short/configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'm' },
  });
  storeSimplePod(server.store, { name: 'slow', namespace: 'short' });
  const answer = await server.client.send({ method: 'DELETE', path: '/api/v1/namespaces/short' });
  expect(answer.body).toMatchObject({ status: { phase: 'Terminating' } });
  await until(() => server.store.get(pods, 'short', 'slow')?.metadata.deletionTimestamp !== undefined);
  const refused = await server.client.send({
    method: 'POST',
    path: '/api/v1/namespaces/short/configmaps',
    headers: { 'content-type': 'application/json' },
    body: { metadata: { name: 'n' } },
  });
  expect((refused.body as { message: string }).message).toBe(
    'configmaps "n" is forbidden: unable to create new content in namespace short because it is being terminated',
  );
  server.store.remove(pods, 'short', 'slow');
  await until(
    () => server.store.get({ group: '', resource: 'namespaces' }, undefined, 'short') === undefined,
  );
});

test('an event that comes again is counted', () => {
  let now = Date.parse('2026-11-22T13:00:00Z');
  const store = createStore({ now: () => now });
  const pod = store.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'rec' },
  });
  const input = {
    object: pod,
    type: 'Warning' as const,
    reason: 'Failed',
    message: 'no',
    component: 'kubelet',
    host: 'node-1',
    fieldPath: 'spec.containers{c}',
  };
  recordEvent(store, input);
  now += 10_000;
  recordEvent(store, input);
  recordEvent(store, { ...input, message: 'other' });
  const events = store.list({ group: '', resource: 'events' }, 'rec');
  expect(
    events.map((event): unknown[] => [event.message, event.count, event.firstTimestamp, event.lastTimestamp]),
  ).toEqual([
    ['no', 2, '2026-11-22T13:00:00Z', '2026-11-22T13:00:10Z'],
    ['other', 1, '2026-11-22T13:00:10Z', '2026-11-22T13:00:10Z'],
  ]);
});

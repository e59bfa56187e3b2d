import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPki } from '../../cluster/api/pki.js';
import { startApiServer } from '../../cluster/api/server.js';
import { createStore } from '../../cluster/api/store.js';
import type { Fault } from '../../cluster/api/types.js';
import { createClient, nobody, type Answer, type RecordedRequest } from '../replay.js';
import { openWatch } from './open-watch.js';
import { startTestServer, storeSimplePod, type TestServer } from './server.js';

let server: TestServer;
let fault: Fault | undefined;

beforeAll(async () => {
  server = await startTestServer({
    token: (token) => (token === 'good' ? { username: 'bearer', groups: ['system:masters'] } : undefined),
    intercept: () => fault,
  });
  storeSimplePod(server.store, { name: 'web' });
});

afterAll(() => server.stop());

const json = { 'content-type': 'application/json' };
const send = (method: string, path: string, more: Partial<RecordedRequest> = {}): Promise<Answer> =>
  server.client.send({ method, path, ...more });
const post = (path: string, body: unknown, more: Partial<RecordedRequest> = {}): Promise<Answer> =>
  send('POST', path, { headers: json, body, ...more });
const messageOf = (answer: Answer): string => (answer.body as { message: string }).message;
const reviews = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const me = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
const userOf = (answer: Answer): unknown =>
  (answer.body as { status: { userInfo: unknown } }).status.userInfo;

describe('authentication', () => {
  test('a bearer token', async () => {
    const answer = await post(reviews, me, {
      user: nobody,
      headers: { ...json, authorization: 'Bearer good' },
    });
    expect(userOf(answer)).toEqual({
      username: 'bearer',
      groups: ['system:masters', 'system:authenticated'],
    });
  });

  test('a token of a service account, as kubectl create token gets it', async () => {
    const made = await post('/api/v1/namespaces/rec/serviceaccounts/robot/token', {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      spec: {},
    });
    const { token } = (made.body as { status: { token: string } }).status;
    const answer = await post(reviews, me, {
      user: nobody,
      headers: { ...json, authorization: `Bearer ${token}` },
    });
    expect(userOf(answer)).toMatchObject({ username: 'system:serviceaccount:rec:robot' });
  });

  test('a client certificate of another authority is 401', async () => {
    const other = await (await createPki()).client('admin', ['system:masters']);
    const client = createClient({
      port: server.server.port,
      ca: server.pki.ca,
      certificates: new Map([['admin', other]]),
    });
    expect((await client.send({ method: 'GET', path: '/version' })).status).toBe(401);
    client.close();
  });

  test('impersonation takes the right to impersonate', async () => {
    const as = { ...json, 'impersonate-user': 'jane', 'impersonate-group': 'devs' };
    expect(userOf(await post(reviews, me, { headers: as }))).toEqual({
      username: 'jane',
      groups: ['devs', 'system:authenticated'],
    });
    const refused = await post(reviews, me, { headers: as, user: 'rec-none' });
    expect(messageOf(refused)).toBe(
      'users "jane" is forbidden: User "rec-none" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
  });

  test('a path that is no resource is refused by its path', async () => {
    const answer = await send('GET', '/metrics', { user: 'rec-none' });
    expect([answer.status, messageOf(answer)]).toEqual([
      403,
      'forbidden: User "rec-none" cannot get path "/metrics"',
    ]);
  });
});

describe('objects of any kind', () => {
  const base = '/api/v1/namespaces/rec/configmaps';
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data: { a: '1' } };

  test('create, read, replace, patch, delete', async () => {
    expect((await post(base, map)).status).toBe(201);
    const patched = await send('PATCH', `${base}/m`, {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { data: { b: '2' } },
    });
    expect(patched.body).toMatchObject({ data: { a: '1', b: '2' } });
    const replaced = await send('PUT', `${base}/m`, { headers: json, body: map });
    expect(replaced.body).toMatchObject({ data: { a: '1' } });
    expect((replaced.body as { data: object }).data).toEqual({ a: '1' });
    const deleted = await send('DELETE', `${base}/m`);
    expect(deleted.body).toMatchObject({
      kind: 'Status',
      status: 'Success',
      details: { name: 'm', kind: 'configmaps' },
    });
    expect((await send('GET', `${base}/m`)).status).toBe(404);
  });

  test('dryRun=All stores nothing', async () => {
    expect((await post(base, map, { query: { dryRun: 'All' } })).status).toBe(201);
    expect((await send('GET', `${base}/m`)).status).toBe(404);
  });

  test('YAML in, YAML out', async () => {
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: y}\ndata: {k: v}\n';
    const answer = await send('POST', base, {
      headers: { 'content-type': 'application/yaml', accept: 'application/yaml' },
      body,
    });
    expect([answer.status, answer.headers['content-type']]).toEqual([201, 'application/yaml']);
    expect(answer.body).toContain('k: v');
  });

  test('server-side apply creates what is not there', async () => {
    const answer = await send('PATCH', `${base}/applied`, {
      headers: { 'content-type': 'application/apply-patch+yaml' },
      query: { fieldManager: 'me' },
      body: { ...map, metadata: { name: 'applied' } },
    });
    expect([answer.status, (answer.body as { data: unknown }).data]).toEqual([201, { a: '1' }]);
  });

  test('deletecollection takes what the selector selects', async () => {
    for (const name of ['c1', 'c2', 'keep'])
      await post(base, { ...map, metadata: { name, labels: { go: String(name !== 'keep') } } });
    await send('DELETE', base, { query: { labelSelector: 'go=true' } });
    const left = await send('GET', base, { query: { labelSelector: 'go' } });
    expect(
      (left.body as { items: { metadata: { name: string } }[] }).items.map((item) => item.metadata.name),
    ).toEqual(['keep']);
  });

  test('unknown fields: warned of, refused when strict', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'u' },
      spec: { containers: [{ name: 'c', image: 'x', nosuch: 1 }] },
    };
    const path = '/api/v1/namespaces/rec/pods';
    const warned = await post(path, pod, { query: { dryRun: 'All' } });
    expect([warned.status, warned.headers.warning]).toEqual([
      201,
      '299 - "unknown field \\"spec.containers[0].nosuch\\""',
    ]);
    const strict = await post(path, pod, { query: { fieldValidation: 'Strict' } });
    expect(messageOf(strict)).toBe(
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.containers[0].nosuch"',
    );
  });

  test('a Service gets its address, a pod its defaults', async () => {
    const service = await post('/api/v1/namespaces/rec/services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: { ports: [{ port: 80 }] },
    });
    expect(service.body).toMatchObject({
      spec: {
        type: 'ClusterIP',
        clusterIP: expect.stringMatching(/^10\.96\./) as unknown,
        ports: [{ targetPort: 80, protocol: 'TCP' }],
      },
    });
    const containers = [{ name: 'c', image: 'x:1', resources: { limits: { cpu: '1', memory: '1Gi' } } }];
    const pod = await post('/api/v1/namespaces/rec/pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: 'p-' },
      spec: { containers },
    });
    expect(pod.body).toMatchObject({
      metadata: { name: expect.stringMatching(/^p-[a-z0-9]{5}$/) as unknown, generation: 1 },
      spec: {
        restartPolicy: 'Always',
        containers: [{ imagePullPolicy: 'IfNotPresent', resources: { requests: { cpu: '1' } } }],
      },
      status: { phase: 'Pending', qosClass: 'Guaranteed' },
    });
  });

  test('a namespaced object is written in its namespace only', async () => {
    expect((await post('/api/v1/configmaps', map)).status).toBe(405);
    expect((await send('GET', '/api/v1/namespaces/rec/nodes')).status).toBe(404);
  });
});

describe('faults', () => {
  const withFault = async <T>(wanted: Fault, run: () => Promise<T>): Promise<T> => {
    fault = wanted;
    try {
      return await run();
    } finally {
      fault = undefined;
    }
  };
  const pods = '/api/v1/namespaces/rec/pods';

  test('429 with Retry-After', async () => {
    const answer = await withFault({ kind: 'status', code: 429, retryAfterSeconds: 2 }, () =>
      send('GET', pods),
    );
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '2']);
    expect(answer.body).toMatchObject({ reason: 'TooManyRequests', details: { retryAfterSeconds: 2 } });
  });

  test('410 in a watch is 200 and an ERROR event, in a list an answer', async () => {
    const watch = await withFault({ kind: 'gone' }, () =>
      server.client.watch({ method: 'GET', path: pods, query: { watch: '1', resourceVersion: '2' } }),
    );
    expect([watch.status, watch.events[0]?.type, (watch.events[0]?.object as { code: number }).code]).toEqual(
      [200, 'ERROR', 410],
    );
    expect((await withFault({ kind: 'gone' }, () => send('GET', pods))).status).toBe(410);
  });

  test('a reset', async () => {
    await expect(withFault({ kind: 'reset' }, () => send('GET', pods))).rejects.toThrow(/ECONNRESET|hang up/);
  });

  test('a delay', async () => {
    expect((await withFault({ kind: 'delay', ms: 5 }, () => send('GET', pods))).status).toBe(200);
  });
});

describe('starting and stopping', () => {
  const tls = async (): Promise<{ tls: { key: string; cert: string; ca: string }; ca: string }> => {
    const pki = await createPki();
    return { tls: { ...(await pki.server(['my.name', '10.0.0.1'])), ca: pki.ca }, ca: pki.ca };
  };

  test('serves connections of a listener that it is given, offers HTTP/1.1, and has the names asked for', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { tls: pair, ca } = await tls();
    const api = await startApiServer({ store: createStore(), tls: pair, listener });
    expect(api.port).toBe((listener.address() as AddressInfo).port);
    const socket = connect({
      host: '127.0.0.1',
      port: api.port,
      ca,
      servername: 'my.name',
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await once(socket, 'secureConnect');
    expect([socket.authorized, socket.alpnProtocol]).toEqual([true, 'http/1.1']);
    expect(socket.getPeerCertificate().subjectaltname).toContain('10.0.0.1');
    socket.destroy();
    await api.close();
    listener.close();
  });

  test('close ends open watches without an end of their body', async () => {
    const own = await startTestServer();
    const watch = await openWatch(own, {});
    const ended = expect(watch.next()).rejects.toThrow(/aborted/);
    await own.server.close();
    await ended;
    own.client.close();
  });
});

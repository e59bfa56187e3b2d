import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamRequest } from '../../cluster/api/types.js';
import { answered, compare, readTranscript, type Exchange, type RecordedRequest } from '../replay.js';
import { noKubelet, startTestServer, storeRecordedPods, type TestServer } from './server.js';

const rbac = 'rbac.authorization.k8s.io';
const pod = '/api/v1/namespaces/rec/pods/multi';
const upgrade = {
  'sec-websocket-protocol': 'v5.channel.k8s.io',
  upgrade: 'websocket',
  connection: 'Upgrade',
};
const patch = { spec: { ephemeralContainers: [{ name: 'd', image: 'busybox' }] } };
const stream = { container: 'main', command: ['true'], stdout: 'true' };
const review = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
};
const json = { 'content-type': 'application/json' };

/** What the recorder tried, by the names it gave. */
const calls: Readonly<Record<string, RecordedRequest>> = {
  'get pod': { method: 'GET', path: pod },
  'list pods': { method: 'GET', path: '/api/v1/namespaces/rec/pods' },
  'list pods, fieldSelector metadata.name=multi': {
    method: 'GET',
    path: '/api/v1/namespaces/rec/pods',
    query: { fieldSelector: 'metadata.name=multi' },
  },
  'watch pods, fieldSelector metadata.name=multi': {
    method: 'GET',
    path: '/api/v1/namespaces/rec/pods',
    query: { fieldSelector: 'metadata.name=multi', watch: '1' },
    hangUp: true,
  },
  'patch ephemeralcontainers (dry run)': {
    method: 'PATCH',
    path: `${pod}/ephemeralcontainers`,
    query: { dryRun: 'All' },
    headers: { 'content-type': 'application/strategic-merge-patch+json' },
    body: patch,
  },
  'server-side apply ephemeralcontainers (dry run)': {
    method: 'PATCH',
    path: `${pod}/ephemeralcontainers`,
    query: { dryRun: 'All', fieldManager: 'me' },
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'multi' }, ...patch },
  },
  'get ephemeralcontainers': { method: 'GET', path: `${pod}/ephemeralcontainers` },
  'exec websocket v5 (GET)': { method: 'GET', path: `${pod}/exec`, query: stream, headers: upgrade },
  'exec websocket (GET)': { method: 'GET', path: `${pod}/exec`, query: stream, headers: upgrade },
  'exec websocket v4 (GET)': {
    method: 'GET',
    path: `${pod}/exec`,
    query: stream,
    headers: { ...upgrade, 'sec-websocket-protocol': 'v4.channel.k8s.io' },
  },
  'exec SPDY (POST)': {
    method: 'POST',
    path: `${pod}/exec`,
    query: stream,
    headers: { upgrade: 'SPDY/3.1', connection: 'Upgrade' },
  },
  'attach websocket (GET)': {
    method: 'GET',
    path: `${pod}/attach`,
    query: { container: 'main', stdout: 'true' },
    headers: upgrade,
  },
  'portforward websocket (GET)': {
    method: 'GET',
    path: `${pod}/portforward`,
    headers: { ...upgrade, 'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io' },
  },
  log: { method: 'GET', path: `${pod}/log`, query: { container: 'main' } },
  'list events': { method: 'GET', path: '/api/v1/namespaces/rec/events' },
  SelfSubjectAccessReview: {
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    headers: json,
    body: review,
  },
};

let server: TestServer;

function switchProtocols({ socket }: StreamRequest): void {
  socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
}

/** Gives rec-min exactly these rules. */
function grant(rules: readonly unknown[]): void {
  const roles = { group: rbac, resource: 'roles' };
  server.store.remove(roles, 'rec', 'rec-min');
  server.store.create(roles, {
    apiVersion: `${rbac}/v1`,
    kind: 'Role',
    metadata: { name: 'rec-min', namespace: 'rec' },
    rules,
  });
}

async function outcome(request: RecordedRequest): Promise<string> {
  const { status, body } = await server.client.send({ ...request, user: 'rec-min' });
  if (status < 400) return String(status);
  return `${status} ${(body as { message: string }).message}`;
}

beforeAll(async () => {
  const kubelet = { ...noKubelet, logs: () => Promise.resolve(Readable.from(['line\n'])) };
  server = await startTestServer({ kubelet: () => kubelet, onStream: switchProtocols });
  storeRecordedPods(server.store);
  server.store.create(
    { group: rbac, resource: 'rolebindings' },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'rec-min', namespace: 'rec' },
      subjects: [{ kind: 'User', apiGroup: rbac, name: 'rec-min' }],
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'rec-min' },
    },
  );
});

afterAll(() => server.stop());

const exchanges = readTranscript('access');

function observedOf(exchange: Exchange): [string, string][] {
  return Object.entries((exchange.observed ?? {}) as Record<string, string>).filter(
    ([name]) => calls[name] !== undefined,
  );
}

describe('access.json: one Role after another', () => {
  for (const exchange of exchanges.filter(
    (item) => item.rules !== undefined && item.observed !== undefined && item.request?.method === undefined,
  )) {
    test(exchange.note ?? '', async () => {
      grant(exchange.rules ?? []);
      const tried = observedOf(exchange);
      expect(tried.length).toBeGreaterThan(0);
      for (const [name, recorded] of tried) {
        const call = calls[name];
        expect(`${name}: ${call === undefined ? '' : await outcome(call)}`).toBe(`${name}: ${recorded}`);
      }
    });
  }

  test('*/exec gives exec', async () => {
    grant([{ apiGroups: [''], resources: ['*/exec'], verbs: ['get', 'create'] }]);
    expect(await outcome(calls['exec websocket v5 (GET)'] ?? { method: '', path: '' })).toBe('101');
  });
});

describe('access.json: reviews', () => {
  beforeAll(() => grant(exchanges[16]?.rules ?? []));

  for (const [index, exchange] of exchanges.entries()) {
    if (!exchange.request?.path?.endsWith('reviews')) continue;
    test(`${index}: ${exchange.note ?? ''}`, async () => {
      const { request, response } = answered(exchange);
      const actual = await server.client.send(request);
      const options = {
        unordered: ['status.resourceRules', 'status.nonResourceRules'],
        masks: [/X509SHA256=.*/g],
      };
      expect(compare(response, actual, options)).toEqual([]);
    });
  }
});

describe('access.json: an upgrade with half the rights', () => {
  for (const [index, verb] of [
    [35, 'get'],
    [36, 'get'],
    [37, 'create'],
    [38, 'create'],
  ] as const) {
    test(exchanges[index]?.note ?? '', async () => {
      const { request, response } = answered(exchanges[index]);
      grant([{ apiGroups: [''], resources: ['pods/exec'], verbs: [verb] }]);
      expect(compare(response, await server.client.send(request))).toEqual([]);
    });
  }
});

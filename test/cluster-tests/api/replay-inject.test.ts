import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  answered,
  compare,
  readTranscript,
  type Exchange,
  type RecordedRequest,
  type RecordedResponse,
} from '../replay.js';
import { startTestServer, storeRecorded, storeSimplePod, type TestServer } from './server.js';

let server: TestServer;

const warnPod = { name: 'one', namespace: 'rec2-quota', container: 'c' };

beforeAll(async () => {
  server = await startTestServer();
  const { store } = server;
  storeSimplePod(store, { name: 't-var' });
  storeSimplePod(store, { name: 't-var2', nodeName: 'node-1' });
  storeSimplePod(store, { name: 't-rej' });
  storeSimplePod(store, warnPod);
  storeRecorded(
    store,
    psPod(32, { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }, hardened),
  );
  storeRecorded(store, psPod(38, {}, {}));
  for (const { response, note } of phases)
    if (response?.status === 200) storeBefore(response.body, note ?? '');
  storeSimplePod(store, {
    name: 'mirror',
    nodeName: 'node-3',
    annotations: { 'kubernetes.io/config.mirror': 'x' },
  });
});

afterAll(() => server.stop());

const hardened = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

/** A pod of a namespace under Pod Security, rebuilt from the answer to a patch that was accepted (dry run). */
function psPod(index: number, podContext: object, context: object): unknown {
  const { response } = answered(readTranscript('inject-rejected')[index]);
  const body = response.body as {
    metadata: object;
    spec: { ephemeralContainers: { name: string }[]; nodeName: string };
    status: object;
  };
  const ephemeralContainers = body.spec.ephemeralContainers.filter((item) => item.name !== 'd');
  const containers = [{ name: 'web', image: 'web', resources: {}, securityContext: context }];
  return {
    metadata: { ...body.metadata, generation: index === 32 ? 1 : 2 },
    spec: {
      containers,
      nodeName: body.spec.nodeName,
      securityContext: podContext,
      ...(ephemeralContainers.length > 0 ? { ephemeralContainers } : {}),
    },
    status: body.status,
  };
}

const phases = readTranscript('inject-phases').filter(({ request }) => request?.method === 'PATCH');

/** The pod as it was before the recorded patch: without the container, one generation back. */
function storeBefore(body: unknown, note: string): void {
  const { metadata, spec, status } = body as {
    metadata: { generation: number; deletionTimestamp?: string };
    spec: Record<string, unknown>;
    status: unknown;
  };
  const containers = [{ name: 'c', image: 'busybox', resources: {} }];
  const before = { ...spec, containers, ephemeralContainers: undefined, '(trimmed)': undefined };
  expect(note).not.toBe('');
  storeRecorded(server.store, {
    metadata: { ...metadata, generation: metadata.generation - 1 },
    spec: before,
    status,
  });
}

async function check(exchange: Exchange, request: RecordedRequest, wanted: RecordedResponse): Promise<void> {
  const actual = await server.client.send(request);
  expect(compare(wanted, actual)).toEqual([]);
}

describe('inject-variants.json, in order: each builds on the one before', () => {
  // The resourceVersions of this cluster for those of the recorded one.
  const revisions = new Map<string, string>();
  const revisionOf = (body: unknown): string | undefined =>
    (body as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion;

  const sentInstead = async (exchange: Exchange, request: RecordedRequest): Promise<RecordedRequest> => {
    if (request.method !== 'PUT') {
      const text = JSON.stringify(request.body ?? null);
      const body = JSON.parse(
        text.replace(
          /"resourceVersion":"(\d+)"/,
          (whole, old: string) => `"resourceVersion":"${revisions.get(old) ?? old}"`,
        ),
      ) as unknown;
      return request.body === undefined ? request : { ...request, body };
    }
    const read = await server.client.send({ method: 'GET', path: request.path });
    const pod = read.body as {
      metadata: { resourceVersion: string };
      spec: { ephemeralContainers: unknown[] };
    };
    const added = {
      name: 'v-put',
      image: 'busybox',
      imagePullPolicy: 'IfNotPresent',
      command: ['sleep', '1000'],
    };
    if (exchange.note?.includes('stale'))
      return { ...request, body: { ...pod, metadata: { ...pod.metadata, resourceVersion: '2' } } };
    return {
      ...request,
      body: { ...pod, spec: { ...pod.spec, ephemeralContainers: [...pod.spec.ephemeralContainers, added] } },
    };
  };

  for (const [index, exchange] of readTranscript('inject-variants').slice(0, 20).entries()) {
    test(`${index}: ${exchange.note ?? ''}`, async () => {
      const { request, response } = answered(exchange);
      const actual = await server.client.send(await sentInstead(exchange, request));
      expect(compare(response, actual)).toEqual([]);
      const [recorded, ours] = [revisionOf(response.body), revisionOf(actual.body)];
      if (recorded !== undefined && ours !== undefined) revisions.set(recorded, ours);
    });
  }

  test('eight writers at once', async () => {
    const one = (index: number): RecordedRequest => ({
      method: 'PATCH',
      path: '/api/v1/namespaces/rec/pods/t-var2/ephemeralcontainers',
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
      body: { spec: { ephemeralContainers: [{ name: `w-${index}`, image: 'busybox' }] } },
    });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => server.client.send(one(index))),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(200));
  });
});

describe('inject-rejected.json, in order', () => {
  for (const [index, exchange] of readTranscript('inject-rejected').entries()) {
    test(`${index}: ${exchange.note ?? ''}`, async () => {
      const { request, response } = answered(exchange);
      await check(exchange, request, response);
    });
  }
});

describe('inject-phases.json: what the API server makes of the patch', () => {
  for (const exchange of phases) {
    test(exchange.note ?? '', async () => {
      const { request, response } = answered(exchange);
      await check(exchange, request, response);
    });
  }
});

describe('admission.json', () => {
  test('a pod-security warn label answers 200 with a Warning header', async () => {
    const exchange = readTranscript('admission').find(({ note }) =>
      note?.includes('answers with a Warning header'),
    );
    const { request, response } = answered(exchange);
    const actual = await server.client.send(request);
    expect(compare({ status: response.status, headers: response.headers ?? {} }, actual)).toEqual([]);
  });
});

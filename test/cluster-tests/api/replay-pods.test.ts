import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KubeletLogs } from '../../cluster/types.js';
import type { StreamRequest } from '../../cluster/api/types.js';
import { answered, compare, readTranscript, type Exchange, type RecordedRequest } from '../replay.js';
import {
  noKubelet,
  pods,
  startTestServer,
  storeRecordedPods,
  storeSimplePod,
  type TestServer,
} from './server.js';

let server: TestServer;
// What the kubelet is asked for, and the log it gives.
const asked: KubeletLogs[] = [];
let log = '';

const ended = (name: string): object => ({
  name,
  ready: false,
  restartCount: 0,
  lastState: {},
  state: { terminated: { exitCode: 0, reason: 'Completed' } },
});
const running = (name: string): object => ({
  name,
  ready: true,
  restartCount: 0,
  lastState: {},
  state: { running: { startedAt: '2026-11-22T13:10:32Z' } },
});
const waiting = (name: string, reason: string, lastState: object = {}): object => ({
  name,
  ready: false,
  restartCount: 0,
  lastState,
  state: { waiting: { reason } },
});

/** The recorder cut long arguments: `yyyy... (100000 times y)`. */
function unfolded(request: RecordedRequest): RecordedRequest {
  const { command } = request.query ?? {};
  if (!Array.isArray(command)) return request;
  const whole = (command as string[]).map((word) => {
    const times = /\((\d+) times y\)$/.exec(word)?.[1];
    return times === undefined ? word : 'y'.repeat(Number(times));
  });
  return { ...request, query: { ...request.query, command: whole } };
}

function switchProtocols({ socket }: StreamRequest): void {
  socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
}

beforeAll(async () => {
  const kubelet = {
    ...noKubelet,
    logs: (request: KubeletLogs) => {
      asked.push(request);
      return Promise.resolve(Readable.from(log === '' ? [] : [log]));
    },
  };
  server = await startTestServer({
    kubelet: (node) => (/^node-[12]$/.test(node) ? kubelet : undefined),
    onStream: switchProtocols,
  });
  const { store } = server;
  storeRecordedPods(store);
  const two = (first: string, second: string): unknown[] =>
    [first, second].map((name) => ({ name, image: 'busybox' }));
  const ephemeral = (name: string): Record<string, unknown> => ({
    ephemeralContainers: [{ name, image: 'busybox' }],
  });
  storeSimplePod(store, { name: 'mirror', nodeName: 'node-3' });
  storeSimplePod(store, { name: 'shell', container: 'net' });
  storeSimplePod(store, { name: 'static-go', container: 'web' });
  storeSimplePod(store, { name: 'logger' });
  storeSimplePod(store, { name: 'l-end' });
  storeSimplePod(store, {
    name: 't-side',
    spec: { containers: two('c', 'ended') },
    status: { containerStatuses: [running('c'), ended('ended')] },
  });
  storeSimplePod(store, {
    name: 't-init2',
    spec: { initContainers: [{ name: 'i', image: 'busybox' }] },
    status: {
      phase: 'Pending',
      initContainerStatuses: [running('i')],
      containerStatuses: [waiting('c', 'PodInitializing')],
    },
  });
  storeSimplePod(store, {
    name: 't-ok',
    spec: ephemeral('second'),
    status: { ephemeralContainerStatuses: [running('second')] },
  });
  storeSimplePod(store, {
    name: 'f-exit0',
    spec: ephemeral('exit0'),
    status: { ephemeralContainerStatuses: [ended('exit0')] },
  });
  storeSimplePod(store, {
    name: 'f-exit3',
    spec: ephemeral('exit3'),
    status: { ephemeralContainerStatuses: [ended('exit3')] },
  });
  storeSimplePod(store, {
    name: 'f-noimage',
    spec: ephemeral('noimage'),
    status: { ephemeralContainerStatuses: [waiting('noimage', 'ErrImagePull')] },
  });
  const startError = { terminated: { exitCode: 128, reason: 'StartError' } };
  storeSimplePod(store, {
    name: 'f-nocmd',
    spec: ephemeral('nocmd'),
    status: { ephemeralContainerStatuses: [waiting('nocmd', 'RunContainerError', startError)] },
  });
});

afterAll(() => server.stop());

describe('exec-errors.json: before the upgrade', () => {
  for (const [index, exchange] of readTranscript('exec-errors').entries()) {
    if (exchange.request?.method === undefined) continue;
    const { request, response } = answered(exchange);
    test(`${index}: ${response.status} ${exchange.note ?? ''}`, async () => {
      const actual = await server.client.send(unfolded(request));
      if (response.status === 101) expect(actual.status).toBe(101);
      else expect(compare(response, actual)).toEqual([]);
    });
  }
});

describe('logs.json', () => {
  for (const [index, exchange] of readTranscript('logs').entries()) {
    const { request, response } = answered(exchange);
    test(`${index}: ${response.status} ${exchange.note ?? ''}`, async () => {
      asked.length = 0;
      log = response.status === 200 ? String(response.body) : '';
      const actual = await server.client.send(request);
      expect(
        compare(
          { ...response, headers: { 'content-type': response.headers?.['content-type'] ?? '' } },
          withType(actual),
        ),
      ).toEqual([]);
      expect(asked.length).toBe(response.status === 200 ? 1 : 0);
    });
  }

  function withType(answer: Awaited<ReturnType<TestServer['client']['send']>>): typeof answer {
    return { ...answer, headers: { 'content-type': answer.headers['content-type'] ?? '' } };
  }

  test('the options reach the kubelet', async () => {
    log = 'x\n';
    const query = {
      container: 'c',
      follow: 'true',
      previous: 'false',
      timestamps: 'true',
      tailLines: '3',
      limitBytes: '9',
      sinceTime: '2026-01-01T00:00:00Z',
    };
    await server.client.send({ method: 'GET', path: '/api/v1/namespaces/rec/pods/logger/log', query });
    const { uid } = server.store.get(pods, 'rec', 'logger')?.metadata ?? {};
    const wanted = {
      follow: true,
      previous: false,
      timestamps: true,
      tailLines: 3,
      limitBytes: 9,
      sinceTime: '2026-01-01T00:00:00Z',
    };
    expect(asked.at(-1)).toEqual({ podUid: uid, container: 'c', ...wanted });
  });
});

describe('node-pod.json: creating and deleting', () => {
  const exchanges = readTranscript('node-pod');
  const replayed = [
    0, 2, 3, 8, 9, 13, 14, 15, 25, 26, 27, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 42, 46, 47, 48, 51,
    53, 54, 55, 56, 57, 58,
  ];

  /** What the kubelet had written by then: the status of the recorded answer. */
  function asTheKubelet(exchange: Exchange): void {
    const { request, response } = answered(exchange);
    const [, namespace, name] = /namespaces\/([^/]+)\/pods\/([^/]+)$/.exec(request.path) ?? [];
    const status = (response.body as { status?: object }).status;
    if (name === undefined || response.status !== 200 || request.method === 'POST') return;
    server.store.update(pods, namespace, name, (pod) => {
      if (status !== undefined) pod.status = status;
    });
  }

  beforeAll(() => {
    const running1 = { nodeName: 'node-1', spec: { terminationGracePeriodSeconds: 30 }, namespace: 'rec2' };
    storeSimplePod(server.store, { name: 'netdebug-again', ...running1 });
    log = '';
  });

  for (const index of replayed) {
    const exchange = exchanges[index] ?? {};
    const { request, response } = answered(exchange);
    test(`${index}: ${request.method} ${response.status} ${exchange.note ?? ''}`, async () => {
      log = '';
      asTheKubelet(exchange);
      const actual = await server.client.send(request);
      const whole =
        response.status >= 400 || (response.body as { apiVersion?: string }).apiVersion !== undefined;
      const masks = [/^netdebug-node-1-[a-z0-9]{5}$/g];
      // What the recorder cut without saying so is compared as far as it goes.
      expect(compare(response, actual, { masks, subset: !whole })).toEqual([]);
    });
  }
});

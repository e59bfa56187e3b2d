import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answered, compare, differences, readTranscript, type RecordedRequest } from '../replay.js';
import {
  startTestServer,
  storeRecorded,
  storeRecordedPods,
  storeSimplePod,
  storeWithTimes,
  type TestServer,
} from './server.js';

interface Body {
  readonly metadata?: {
    readonly name?: string;
    readonly resourceVersion?: string;
    readonly continue?: string;
  };
  readonly items?: readonly { readonly metadata: { readonly name: string; readonly namespace?: string } }[];
}

const bodyOf = (value: unknown): Body => value as Body;
const list = readTranscript('pod-list');
const stopped: TestServer[] = [];

async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> {
  const server = await startTestServer(options);
  stopped.push(server);
  return server;
}

afterAll(async () => {
  for (const server of stopped) await server.stop();
});

describe('pod-get.json', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
    storeRecordedPods(server.store);
  });

  for (const exchange of readTranscript('pod-get')) {
    const { request, response } = answered(exchange);
    test(exchange.note ?? '', async () => {
      expect(compare(response, await server.client.send(request))).toEqual([]);
    });
  }
});

describe('pod-list.json', () => {
  let server: TestServer;
  // Tokens of this cluster for those of the recorded one.
  const tokens = new Map<string, string>();

  beforeAll(async () => {
    server = await start({ futureRevisionMs: 20 });
    for (const index of [0, 1, 2, 10]) {
      for (const item of bodyOf(answered(list[index]).response.body).items ?? [])
        storeRecorded(server.store, item);
    }
  });

  /** The state the recorded token was asked in: everything before it compacted away. */
  const compactFor = (index: number): void => {
    if (index === 5 || index === 16) server.store.compact();
  };

  /** 67 pods from `done` on, as many as there were. */
  const fill = (): void => {
    for (const item of bodyOf(answered(list[17]).response.body).items ?? [])
      storeRecorded(server.store, item);
    for (let number = 0; number < 57; number += 1) storeSimplePod(server.store, { name: `w-${number}` });
  };

  const start_ = (token: string | undefined): unknown =>
    token === undefined
      ? undefined
      : (JSON.parse(Buffer.from(token, 'base64url').toString()) as { start: string }).start;

  for (const [index, exchange] of list.entries()) {
    test(`${index}: ${exchange.note ?? ''}`, async () => {
      const { request, response } = answered(exchange);
      if (index === 16) fill();
      const token = request.query?.continue;
      const known = typeof token === 'string' ? tokens.get(token) : undefined;
      const sent: RecordedRequest =
        known === undefined ? request : { ...request, query: { ...request.query, continue: known } };
      compactFor(index);
      const actual = await server.client.send(sent);
      expect(compare(response, actual, { masks: [/current: \d+/g] })).toEqual([]);
      const [recorded, ours] = [
        bodyOf(response.body).metadata?.continue,
        bodyOf(actual.body).metadata?.continue,
      ];
      expect(start_(ours)).toEqual(start_(recorded));
      if (recorded !== undefined && ours !== undefined) tokens.set(recorded, ours);
    });
  }
});

describe('table.json', () => {
  let server: TestServer;
  beforeAll(async () => {
    // The moment of the recording: ages are as they were.
    server = await start({ now: () => Date.parse('2026-11-22T13:13:11.500Z') });
    for (const index of [0, 1, 2]) {
      for (const item of bodyOf(answered(list[index]).response.body).items ?? []) {
        if (!['multi', 'done', 'crash', 'waiting', 'pending'].includes(item.metadata.name))
          storeRecorded(server.store, item);
      }
    }
    storeRecordedPods(server.store);
    server.store.update({ group: '', resource: 'pods' }, 'rec', 'logger', (pod) => {
      const running = { name: 'c', ready: true, restartCount: 0, state: { running: {} } };
      const { nodeName, podIP } = { nodeName: 'node-1', podIP: '10.244.1.63' };
      Object.assign(pod, {
        spec: { nodeName, containers: [{ name: 'c' }] },
        status: { phase: 'Running', podIP, containerStatuses: [running] },
      });
    });
  });

  for (const [index, exchange] of readTranscript('table').entries()) {
    const { request, response } = answered(exchange);
    test(`${index}: ${exchange.note ?? JSON.stringify(request.query)}`, async () => {
      expect(compare(response, await server.client.send(request))).toEqual([]);
    });
  }
});

describe('cluster-objects.json', () => {
  let server: TestServer;
  const kinds: Readonly<
    Record<string, { group: string; resource: string; apiVersion: string; kind: string }>
  > = {
    services: { group: '', resource: 'services', apiVersion: 'v1', kind: 'Service' },
    endpointslices: {
      group: 'discovery.k8s.io',
      resource: 'endpointslices',
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
    },
    endpoints: { group: '', resource: 'endpoints', apiVersion: 'v1', kind: 'Endpoints' },
    events: { group: '', resource: 'events', apiVersion: 'v1', kind: 'Event' },
    nodes: { group: '', resource: 'nodes', apiVersion: 'v1', kind: 'Node' },
    configmaps: { group: '', resource: 'configmaps', apiVersion: 'v1', kind: 'ConfigMap' },
  };
  const exchanges = readTranscript('cluster-objects');
  const nameOf = (path: string): string => path.split('/').at(-1) ?? '';

  beforeAll(async () => {
    server = await start();
    for (const exchange of exchanges) {
      const { request, response } = answered(exchange);
      const kind = request.path.includes('events.k8s.io') ? undefined : kinds[nameOf(request.path)];
      if (kind === undefined) continue;
      const { group, resource, ...type } = kind;
      for (const item of bodyOf(response.body).items ?? [])
        storeWithTimes(server.store, { group, resource }, { ...item, ...type });
    }
  });

  for (const exchange of exchanges) {
    const { request, response } = answered(exchange);
    // This cluster has other namespaces; and only the first of 464 events are in the file.
    const only =
      nameOf(request.path) === 'namespaces' ? undefined : nameOf(request.path) === 'events' ? 'items' : 'all';
    test(`GET ${request.path}`, async () => {
      const actual = await server.client.send(request);
      if (only === 'all') expect(compare(response, actual)).toEqual([]);
      expect(actual.status).toBe(response.status);
      if (only === 'items')
        expect(differences(bodyOf(response.body).items, bodyOf(actual.body).items)).toEqual([]);
      if (only === undefined) {
        const ours = bodyOf(actual.body).items ?? [];
        const recorded = bodyOf(response.body).items?.find((item) => item.metadata.name === 'default');
        expect(
          differences(
            recorded,
            ours.find((item) => item.metadata.name === 'default'),
          ),
        ).toEqual([]);
      }
    });
  }
});

describe('discovery.json', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await start();
  });
  const exchanges = readTranscript('discovery');
  const send = async (
    index: number,
  ): Promise<{ recorded: Record<string, unknown>; actual: Record<string, unknown> }> => {
    const { request, response } = answered(exchanges[index]);
    const actual = await server.client.send(request);
    expect(actual.status).toBe(response.status);
    expect(actual.headers['content-type']).toBe(response.headers?.['content-type']);
    return {
      recorded: response.body as Record<string, unknown>,
      actual: actual.body as Record<string, unknown>,
    };
  };

  for (const index of [0, 1, 5, 6, 7, 8]) {
    const { request, response } = answered(exchanges[index]);
    test(`GET ${request.path}`, async () => {
      expect(compare(response, await server.client.send(request), { masks: [/[\d.]+:\d+$/g] })).toEqual([]);
    });
  }

  test('GET /apis names every recorded group with its version', async () => {
    const { recorded, actual } = await send(2);
    expect(actual.groups).toEqual(expect.arrayContaining(recorded.groups as unknown[]));
  });

  test('GET /api/v1 describes what it has as the real one does', async () => {
    const { recorded, actual } = await send(3);
    const [theirs, ours] = [recorded, actual].map(
      (body) => body.resources as { name: string; storageVersionHash?: string }[],
    );
    const known = (theirs ?? []).filter((item) => ours?.some((other) => other.name === item.name));
    expect(known.map((item) => item.name)).toEqual(
      expect.arrayContaining([
        'pods',
        'pods/exec',
        'pods/ephemeralcontainers',
        'pods/log',
        'events',
        'nodes',
      ]),
    );
    for (const item of known) {
      expect(
        differences(
          { ...item, storageVersionHash: undefined },
          { ...ours?.find((other) => other.name === item.name) },
        ),
      ).toEqual([]);
    }
  });

  test('GET /apis, aggregated', async () => {
    const { recorded, actual } = await send(4);
    const group = (body: Record<string, unknown>): unknown =>
      bodyOf(body).items?.find((item) => item.metadata.name === 'discovery.k8s.io');
    expect(group(actual)).toEqual(group(recorded));
  });
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { answered, differences, readTranscript } from '../replay.js';
import { openWatch, type WatchEvent } from './open-watch.js';
import { pods, startTestServer, storeRecordedPods, storeSimplePod, type TestServer } from './server.js';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ bookmarkMs: 40, futureRevisionMs: 20 });
  storeRecordedPods(server.store);
});

afterAll(() => server.stop());

const recorded = readTranscript('pod-watch');

describe('pod-watch.json', () => {
  for (const index of [2, 3, 4, 5, 6, 7]) {
    const exchange = recorded[index] ?? {};
    test(`${index}: ${exchange.note ?? ''}`, async () => {
      const { request, response } = answered(exchange);
      if (index === 2) server.store.compact(server.store.revision - 1);
      const short = request.query?.timeoutSeconds === undefined ? {} : { timeoutSeconds: '1' };
      const revision = index === 5 ? { resourceVersion: String(server.store.revision) } : {};
      const { status, events } = await server.client.watch({
        ...request,
        query: { ...request.query, ...short, ...revision },
      });
      expect(status).toBe(response.status);
      // Bookmarks come at their own pace: one a minute there, many a second here. The one that ends the list is no such.
      const timed = events.filter(
        (event) => event.type !== 'BOOKMARK' || JSON.stringify(event.object).includes('initial-events-end'),
      );
      const wanted = (exchange.watch ?? []).map(({ type, object }) => ({ type, object }));
      expect(differences(wanted, timed, { masks: [/\(\d+\)/g] })).toEqual([]);
    });
  }
});

describe('a watch', () => {
  test('sees a pod come, change, go on its way and go, with rising resourceVersions', async () => {
    const events = await openWatch(server, {
      resourceVersion: String(server.store.revision),
      fieldSelector: 'metadata.name=watched',
    });
    storeSimplePod(server.store, { name: 'watched' });
    storeSimplePod(server.store, { name: 'other' });
    const path = '/api/v1/namespaces/rec/pods/watched';
    await server.client.send({
      method: 'PATCH',
      path,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { metadata: { labels: { a: 'b' } } },
    });
    await server.client.send({ method: 'DELETE', path, query: { gracePeriodSeconds: '1' } });
    await server.client.send({ method: 'DELETE', path, query: { gracePeriodSeconds: '0' } });
    const seen: WatchEvent[] = [];
    while (seen.at(-1)?.type !== 'DELETED') {
      const event = await events.next();
      if (event === undefined) throw new Error('the watch ended');
      seen.push(event);
    }
    events.end();
    expect(seen.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'MODIFIED', 'MODIFIED', 'DELETED']);
    expect(new Set(seen.map((event) => event.object.metadata?.name))).toEqual(new Set(['watched']));
    const revisions = seen.map((event) => Number(event.object.metadata?.resourceVersion));
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  });

  test('by label: an object that ceases to match is DELETED, one that begins to is ADDED', async () => {
    const events = await openWatch(server, {
      resourceVersion: String(server.store.revision),
      labelSelector: 'colour=red',
    });
    storeSimplePod(server.store, { name: 'p1', labels: { colour: 'red' } });
    server.store.update(pods, 'rec', 'p1', (pod) => {
      pod.metadata.labels = { colour: 'blue' };
    });
    server.store.update(pods, 'rec', 'p1', (pod) => {
      pod.metadata.labels = { colour: 'red' };
    });
    const seen = [await events.next(), await events.next(), await events.next()];
    events.end();
    expect(seen.map((event) => event?.type)).toEqual(['ADDED', 'DELETED', 'ADDED']);
  });

  test('replays what happened since a resourceVersion, and sends bookmarks', async () => {
    const from = String(server.store.revision);
    storeSimplePod(server.store, { name: 'late' });
    const events = await openWatch(server, { resourceVersion: from, allowWatchBookmarks: 'true' });
    expect((await events.next())?.object.metadata?.name).toBe('late');
    const bookmark = await events.next();
    events.end();
    expect(bookmark?.type).toBe('BOOKMARK');
    expect(bookmark?.object.metadata?.resourceVersion).toBe(String(server.store.revision));
  });

  test('as a table names its columns once', async () => {
    const from = String(server.store.revision);
    storeSimplePod(server.store, { name: 't1' });
    storeSimplePod(server.store, { name: 't2' });
    const events = await openWatch(
      server,
      { resourceVersion: from },
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    );
    const tables = [await events.next(), await events.next()].map(
      (event) =>
        event?.object as { columnDefinitions?: unknown[] | null; rows?: { cells: unknown[] }[] } | undefined,
    );
    events.end();
    expect(tables.map((table) => table?.rows?.[0]?.cells[0])).toEqual(['t1', 't2']);
    expect(tables.map((table) => table?.columnDefinitions?.length ?? 0)).toEqual([9, 0]);
  });
});

import { afterEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import type { KubeApi } from '../../src/kube/api.js';
import { connect } from '../../src/kube/connect.js';
import type { Clock } from '../../src/kube/deadline.js';
import type { Pod, WatchEvent } from '../../src/kube/types.js';
import { json, startFakeServer } from './fake-server.js';
import type { FakeServer, Seen } from './fake-server.js';
import { exchanges } from './transcripts.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

type Answer = (seen: Seen, response: ServerResponse) => void;

/** A server that answers each watch with the next of these; after the last one it keeps silent. */
async function fixture(...answers: Answer[]): Promise<{ api: KubeApi; server: FakeServer; waits: number[] }> {
  let turn = 0;
  const server = await startFakeServer({ respond: (seen, response) => answers[turn++]?.(seen, response) });
  const waits: number[] = [];
  const clock: Clock = {
    now: () => Date.now(),
    random: () => 0.5,
    sleep: (ms, signal) => {
      signal.throwIfAborted();
      waits.push(ms);
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
  const api = await connect({ server: server.url, env: {}, homeDir: '/', clock });
  closers.push(
    () => server.close(),
    () => api.close(),
  );
  return { api, server, waits };
}

const event = (type: string, name: string, resourceVersion: string) =>
  `${JSON.stringify({ type, object: { kind: 'Pod', metadata: { name, resourceVersion } } })}\n`;
const gone = `${JSON.stringify(
  exchanges('pod-watch')
    .find((each) => each.note === 'resourceVersion long compacted')
    ?.watch?.map(({ type, object }) => ({ type, object }))[0],
)}\n`;
const sends =
  (...lines: string[]): Answer =>
  (_seen, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(lines.join(''));
  };
const sendsThenCuts =
  (...lines: string[]): Answer =>
  (_seen, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.write(lines.join(''), () => response.destroy());
  };
const refuses =
  (code: number): Answer =>
  (_seen, response) =>
    json(response, code, { kind: 'Status', status: 'Failure', code, message: 'no' });

/** Takes this many events and leaves. */
async function take(watch: AsyncIterable<WatchEvent<Pod>>, count: number): Promise<string[]> {
  const taken: string[] = [];
  for await (const { type, object } of watch) {
    taken.push(`${type} ${object.metadata.name}`);
    if (taken.length === count) break;
  }
  return taken;
}
const versions = (server: FakeServer) => server.seen.map((each) => each.query.get('resourceVersion'));

describe('watch', () => {
  test('gives the recorded events in order, bookmarks kept back', async () => {
    const recorded = exchanges('pod-watch')[0]?.watch ?? [];
    const lines = recorded.map(({ type, object }) => `${JSON.stringify({ type, object })}\n`);
    expect(recorded.at(-1)?.type).toBe('BOOKMARK');
    const { api, server } = await fixture(sends(...lines));
    const options = { resourceVersion: '4329', fieldSelector: 'metadata.name=watched' };
    const types = await take(api.watch<Pod>('/w', options), recorded.length - 1);
    expect(types).toEqual(recorded.slice(0, -1).map(({ type }) => `${type} watched`));
    expect(Object.fromEntries(server.seen[0]?.query ?? [])).toMatchObject({
      watch: 'true',
      allowWatchBookmarks: 'true',
      ...options,
    });
  });

  test('goes on where it was, by bookmark or event, after an end or a cut', async () => {
    const { api, server } = await fixture(
      sends(event('ADDED', 'a', '5'), event('BOOKMARK', '', '8')),
      sendsThenCuts(event('MODIFIED', 'a', '9'), '{"type":"ADDED","obj'),
      sends(event('DELETED', 'a', '10')),
    );
    expect(await take(api.watch<Pod>('/w', { resourceVersion: '3' }), 3)).toEqual([
      'ADDED a',
      'MODIFIED a',
      'DELETED a',
    ]);
    expect(versions(server)).toEqual(['3', '8', '9']);
  });

  test('starts over on 410, as an event and as an answer: everything comes as ADDED again', async () => {
    const { api, server } = await fixture(
      sends(event('ADDED', 'a', '5'), gone),
      sends(event('ADDED', 'a', '20')),
      refuses(410),
      sends(event('ADDED', 'a', '30')),
    );
    expect(await take(api.watch<Pod>('/w', { resourceVersion: '3' }), 3)).toEqual([
      'ADDED a',
      'ADDED a',
      'ADDED a',
    ]);
    expect(versions(server)).toEqual(['3', null, '20', null]);
  });

  test('a 410 at the very beginning starts over as well', async () => {
    const { api, server } = await fixture(refuses(410), sends(event('ADDED', 'a', '20')));
    expect(await take(api.watch<Pod>('/w', { resourceVersion: '1' }), 1)).toEqual(['ADDED a']);
    expect(versions(server)).toEqual(['1', null]);
  });

  test('rides out an API server that restarts, waiting longer each time', async () => {
    const cut: Answer = (_seen, response) => void response.destroy();
    const { api, waits } = await fixture(
      sends(event('ADDED', 'a', '5')),
      cut,
      refuses(503),
      cut,
      sends(event('MODIFIED', 'a', '6')),
    );
    expect(await take(api.watch<Pod>('/w', {}), 2)).toEqual(['ADDED a', 'MODIFIED a']);
    const failures = waits.filter((wait) => wait !== 600);
    expect(failures).toEqual([150, 300]);
  });

  test('gives up after many failures in a row', async () => {
    const { api } = await fixture(
      sends(event('ADDED', 'a', '5')),
      ...Array.from({ length: 20 }, () => refuses(500)),
    );
    await expect(take(api.watch<Pod>('/w', {}), 2)).rejects.toMatchObject({ code: 500 });
  });

  test.each([403, 404])('a refusal (%d) is told, at once and later', async (code) => {
    const first = await fixture(refuses(code));
    await expect(take(first.api.watch<Pod>('/w', {}), 1)).rejects.toMatchObject({ code });
    const later = await fixture(sends(event('ADDED', 'a', '5')), refuses(code));
    await expect(take(later.api.watch<Pod>('/w', {}), 2)).rejects.toMatchObject({ code });
  });

  test('an ERROR other than 410 is thrown', async () => {
    const error = `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', status: 'Failure', code: 500, message: 'etcd' } })}\n`;
    const { api } = await fixture(sends(error));
    await expect(take(api.watch<Pod>('/w', {}), 1)).rejects.toMatchObject({ code: 500 });
  });

  test.each([
    '<html>\n',
    '{"type":"EVIL","object":{}}\n',
    '{"type":"ADDED"}\n',
    'null\n',
    '{"type":"ADDED","object":{"metadata":null}}\n',
  ])('a line that is no event is told: %j', async (line) => {
    const { api } = await fixture(sends(line));
    await expect(take(api.watch<Pod>('/w', {}), 1)).rejects.toMatchObject({
      exitCode: 4,
      message: expect.stringContaining('not a watch event'),
    });
  });

  test('ends without an error when the deadline is over or the signal is given', async () => {
    const silent: Answer = (_seen, response) => void response.writeHead(200).write(event('ADDED', 'a', '5'));
    const { api } = await fixture(silent, silent, silent);
    expect(await take(api.watch<Pod>('/w', { timeoutMs: 150 }), 9)).toEqual(['ADDED a']);
    const controller = new AbortController();
    const taken: string[] = [];
    for await (const { type } of api.watch<Pod>('/w', { signal: controller.signal })) {
      taken.push(type);
      controller.abort();
    }
    expect(taken).toEqual(['ADDED']);
    expect(await take(api.watch<Pod>('/w', { signal: controller.signal }), 9)).toEqual([]);
  });

  test('leaving the loop closes the connection', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const { api } = await fixture((_seen, response) => {
      closed = new Promise((resolve) => response.on('close', resolve));
      response.writeHead(200).write(event('ADDED', 'a', '5'));
    });
    await take(api.watch<Pod>('/w', {}), 1);
    await closed;
  });
});

import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { selfSubjectAccessReview } from '../../src/kube/access.js';
import type { KubeApi } from '../../src/kube/api.js';
import { connect } from '../../src/kube/connect.js';
import type { Clock } from '../../src/kube/deadline.js';
import { json, startFakeServer } from './fake-server.js';
import type { FakeServer, Seen } from './fake-server.js';
import { exchanges } from './transcripts.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Fixture {
  readonly api: KubeApi;
  readonly server: FakeServer;
  /** The waits that were asked for, milliseconds; none of them is waited. */
  readonly waits: number[];
}

/** A client of a server that answers each request with the next of these; the last one stays. */
async function fixture(...answers: ((seen: Seen, response: ServerResponse) => void)[]): Promise<Fixture> {
  let turn = 0;
  const server = await startFakeServer({
    respond: (seen, response) => answers[Math.min(turn++, answers.length - 1)]?.(seen, response),
  });
  const waits: number[] = [];
  const clock: Clock = {
    now: () => Date.now(),
    random: () => 0.5,
    sleep: (ms, signal) => {
      signal.throwIfAborted();
      waits.push(ms);
      return Promise.resolve();
    },
  };
  const api = await connect({ server: server.url, env: {}, homeDir: '/nonexistent', clock });
  closers.push(
    () => server.close(),
    () => api.close(),
  );
  return { api, server, waits };
}

const ok = (body: unknown) => (_seen: Seen, response: ServerResponse) => json(response, 200, body);
const status =
  (code: number, message: string, headers = {}, details = {}) =>
  (_seen: Seen, response: ServerResponse) =>
    json(response, code, { kind: 'Status', status: 'Failure', code, message, details }, headers);
const cutOff = (_seen: Seen, response: ServerResponse) => void response.destroy();

describe('get', () => {
  test('asks for JSON with its query and reuses the connection', async () => {
    const { api, server } = await fixture(ok({ a: 1 }));
    expect(await api.get('/api/v1/pods', { query: { labelSelector: 'a in (b,c)', x: undefined } })).toEqual({
      a: 1,
    });
    await api.get('/y');
    expect(server.seen[0]).toMatchObject({ method: 'GET', path: '/api/v1/pods' });
    expect(server.seen[0]?.query.get('labelSelector')).toBe('a in (b,c)');
    expect(server.seen[0]?.headers).toMatchObject({
      accept: 'application/json',
      'user-agent': 'kubectl-netdebug',
    });
    expect(server.seen[1]?.connection).toBe(server.seen[0]?.connection);
  });

  test('unpacks gzip', async () => {
    const { api, server } = await fixture((_seen, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify({ big: 'x'.repeat(100_000) })));
    });
    expect(await api.get('/x')).toEqual({ big: 'x'.repeat(100_000) });
    expect(server.seen[0]?.headers['accept-encoding']).toBe('gzip');
  });

  test('tries again on 429 and 5xx, after the time the server asks for', async () => {
    const { api, server, waits } = await fixture(
      status(429, 'too many', { 'Retry-After': '3' }),
      status(504, 'Timeout', {}, { retryAfterSeconds: 1 }),
      status(503, 'apiserver not ready'),
      ok({ done: true }),
    );
    expect(await api.get('/x')).toEqual({ done: true });
    expect(server.seen).toHaveLength(4);
    // The hint and a little by chance; without a hint the third wait of the doubling row.
    expect(waits).toEqual([3100, 1100, 600]);
  });

  test('tries again when the connection is cut, also in the middle of the body', async () => {
    const { api, server } = await fixture(
      cutOff,
      (_seen, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' });
        response.write('{"half":', () => response.destroy());
      },
      ok({ done: true }),
    );
    expect(await api.get('/x')).toEqual({ done: true });
    expect(server.seen).toHaveLength(3);
  });

  test('gives up after six tries with the last answer', async () => {
    const { api, server, waits } = await fixture(status(500, 'etcd is away'));
    await expect(api.get('/x')).rejects.toMatchObject({ code: 500, exitCode: 4 });
    expect(server.seen).toHaveLength(6);
    expect(waits).toEqual([150, 300, 600, 1200, 2400]);
  });

  test.each([400, 403, 404, 409, 410, 422])('does not try %d again', async (code) => {
    const { api, server } = await fixture(status(code, 'no'));
    await expect(api.get('/x')).rejects.toMatchObject({ code });
    expect(server.seen).toHaveLength(1);
  });

  test('a wait longer than the deadline ends with what the server said', async () => {
    const server = await startFakeServer({
      respond: (seen, response) => status(429, 'slow down', { 'Retry-After': '9' })(seen, response),
    });
    const api = await connect({ server: server.url, env: {}, homeDir: '/' });
    closers.push(() => server.close());
    await expect(api.get('/x', { timeoutMs: 200 })).rejects.toMatchObject({ code: 429 });
  });

  test('the caller’s signal ends it with its own reason', async () => {
    const { api, server } = await fixture(() => undefined);
    const controller = new AbortController();
    const call = api.get('/x', { signal: controller.signal });
    call.catch(() => undefined);
    while (server.seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    await expect(api.get('/x', { signal: controller.signal })).rejects.toThrow('enough');
    expect(server.seen).toHaveLength(1);
  });

  test('a prefix of the server stays in the path', async () => {
    const { server } = await fixture(ok({}));
    const api = await connect({ server: `${server.url}/k8s/clusters/c-1/`, env: {}, homeDir: '/' });
    await api.get('/api/v1/pods');
    expect(server.seen[0]?.path).toBe('/k8s/clusters/c-1/api/v1/pods');
    api.close();
  });
});

describe('send', () => {
  test('sends the body with its type and gives the warnings', async () => {
    const { api, server } = await fixture((_seen, response) => {
      const warning = [
        '299 - "would violate PodSecurity \\"restricted:latest\\": a, b"',
        '299 - "second\u0009one"',
      ];
      json(response, 200, { metadata: { name: 'x' } }, { Warning: warning });
    });
    const contentType = 'application/strategic-merge-patch+json';
    const result = await api.send('PATCH', '/p', {
      body: { spec: {} },
      contentType,
      query: { dryRun: 'All' },
    });
    expect(result.object).toEqual({ metadata: { name: 'x' } });
    expect(result.warnings).toEqual(['would violate PodSecurity "restricted:latest": a, b', 'second one']);
    expect(server.seen[0]).toMatchObject({ method: 'PATCH', body: '{"spec":{}}', url: '/p?dryRun=All' });
    expect(server.seen[0]?.headers['content-type']).toBe(contentType);
  });

  test('is done once only, unless doing it twice is harmless', async () => {
    const once = await fixture(status(500, 'away'), ok({}));
    await expect(once.api.send('PATCH', '/p', { body: {} })).rejects.toMatchObject({ code: 500 });
    const cut = await fixture(cutOff, ok({}));
    await expect(cut.api.send('POST', '/p', { body: {} })).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(cut.server.seen).toHaveLength(1);
    const twice = await fixture(status(500, 'away'), ok({ a: 1 }));
    expect((await twice.api.send('POST', '/p', { body: {}, retry: true })).object).toEqual({ a: 1 });
  });

  test('access reviews', async () => {
    const { api, server } = await fixture(
      ok({ status: { allowed: true, reason: 'RBAC: allowed\u001b[0m' } }),
      ok({ status: { allowed: false } }),
    );
    const attributes = {
      verb: 'patch',
      resource: 'pods',
      subresource: 'ephemeralcontainers',
      namespace: 'n',
    };
    expect(await selfSubjectAccessReview(api, attributes)).toEqual({
      allowed: true,
      reason: 'RBAC: allowed [0m',
    });
    expect(await selfSubjectAccessReview(api, attributes)).toEqual({ allowed: false, reason: undefined });
    expect(server.seen[0]?.path).toBe('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews');
    expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({
      spec: { resourceAttributes: { ...attributes, group: '' } },
    });
  });
});

describe('list', () => {
  const page = (names: string[], more: string | undefined, resourceVersion = '7') =>
    ok({
      kind: 'PodList',
      apiVersion: 'v1',
      metadata: { resourceVersion, continue: more },
      items: names.map((name) => ({ metadata: { name } })),
    });

  test('reads all pages', async () => {
    const { api, server } = await fixture(page(['a', 'b'], 't1'), page(['c'], ''));
    const { items, resourceVersion } = await api.list<{ metadata: { name: string } }>('/l', {
      limit: 2,
      labelSelector: 'x=y',
    });
    expect(items.map((each) => each.metadata.name)).toEqual(['a', 'b', 'c']);
    expect(resourceVersion).toBe('7');
    expect(server.seen.map((each) => each.url)).toEqual([
      '/l?labelSelector=x%3Dy&limit=2',
      '/l?labelSelector=x%3Dy&limit=2&continue=t1',
    ]);
  });

  test('an expired continue (recorded) starts over in one piece', async () => {
    const expired = exchanges('pod-list').find((each) =>
      each.note.startsWith('REAL expired token: '),
    )?.response;
    expect(expired?.status).toBe(410);
    const { api, server } = await fixture(
      page(['a'], 't1'),
      (_seen, response) => json(response, 410, expired?.body),
      page(['a', 'b', 'c'], undefined, '9'),
    );
    const { items, resourceVersion } = await api.list('/l');
    expect(items).toHaveLength(3);
    expect(resourceVersion).toBe('9');
    expect(server.seen[2]?.url).toBe('/l');
  });

  test('a 410 on the first page is the caller’s matter; items may be null', async () => {
    const { api } = await fixture(status(410, 'too old'), ok({ metadata: {}, items: null }));
    await expect(api.list('/l')).rejects.toMatchObject({ code: 410 });
    expect(await api.list('/l')).toEqual({ items: [], resourceVersion: undefined });
  });
});

describe('text and stream', () => {
  test('text is cut at limitBytes, and 204 is empty', async () => {
    const { api } = await fixture(
      (_seen, response) => void response.end('x'.repeat(1_000_000)),
      (_seen, response) => void response.writeHead(204).end(),
    );
    expect(await api.text('/log', { limitBytes: 10 })).toBe('xxxxxxxxxx');
    expect(await api.text('/log')).toBe('');
  });

  test('a stream is not read further than its reader reads', async () => {
    let written = 0;
    const { api } = await fixture((_seen, response) => {
      const block = Buffer.alloc(64 * 1024);
      const more = () => {
        while (written < 64 * 1024 * 1024) {
          written += block.length;
          if (!response.write(block)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const stream = await api.stream('/log');
    await once(stream, 'readable');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(written).toBeLessThan(32 * 1024 * 1024);
    let read = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) read += chunk.length;
    expect(read).toBe(64 * 1024 * 1024);
  });

  test('a stream that breaks off ends with an error, a refused one with the Status', async () => {
    const { api } = await fixture(
      (_seen, response) => {
        response.writeHead(200).write('some', () => response.destroy());
      },
      status(404, 'pods "x" not found'),
    );
    const stream = await api.stream('/log');
    stream.resume();
    const [error] = (await once(stream, 'error')) as [Error];
    expect(error).toMatchObject({ exitCode: 4, message: expect.stringContaining('the connection was cut') });
    await expect(api.stream('/log')).rejects.toMatchObject({ code: 404, exitCode: 6 });
  });

  test('the signal ends a stream; the deadline is only for its beginning', async () => {
    const { api } = await fixture((_seen, response) => void response.writeHead(200).write('a'));
    const controller = new AbortController();
    const stream = await api.stream('/log', { signal: controller.signal, timeoutMs: 100 });
    stream.resume();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(stream.destroyed).toBe(false);
    controller.abort(new Error('enough'));
    const [error] = (await once(stream, 'error')) as [Error];
    expect(error.message).toBe('enough');
  });
});

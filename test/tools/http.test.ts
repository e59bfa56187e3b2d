import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { http, type HttpRequest } from '../../src/tools/http.js';
import { CURL_MARK, parseCurl, parseHeads, parseWget } from '../../src/tools/http-parse.js';
import type { RunTool } from '../../src/tools/run.js';
import { clock, localTools, recorded } from './local.js';
import { answerTo } from './transcript.js';

const request = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  url,
  method: 'GET',
  headers: [],
  host: undefined,
  resolve: [],
  version: undefined,
  follow: false,
  timeoutMs: 5000,
  ...more,
});

/** The tools of this machine, without some; busybox's wget for wget. */
const without =
  (...missing: string[]): RunTool =>
  (argv) => {
    const program = argv[0] === 'sh' ? argv.slice(4).find((word) => /^(wget|timeout)$/.test(word)) : argv[0];
    if (missing.includes(program ?? 'bash')) return Promise.resolve(recorded({ exit: 127 }));
    return localTools()(argv.map((word) => (word === 'wget' ? 'wget' : word)));
  };

let server: Server;
let base: string;
let port: number;

beforeAll(async () => {
  server = createServer((incoming, response) => {
    const { url = '', headers, method } = incoming;
    if (url === '/silent') return;
    if (url === '/cut') return void incoming.socket.destroy();
    if (url === '/moved') response.writeHead(302, { location: '/' }).end();
    else if (url === '/broken') response.writeHead(503).end('no\n');
    else response.writeHead(200, { 'x-host': headers.host, 'x-method': method }).end(`${'x'.repeat(100)}\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
  base = `http://127.0.0.1:${port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('by curl', () => {
  const ask = (path: string, more?: Partial<HttpRequest>) =>
    http(localTools(), request(base + path, more), { clock });

  test('status, headers, phases; the Host that was asked for', async () => {
    const result = await ask('/', { host: 'shop.test', headers: ['X-Y: z'] });
    expect(result).toMatchObject({
      via: 'curl',
      responses: [{ status: 200, reason: 'OK', version: '1.1' }],
      remoteAddress: '127.0.0.1',
      bodyBytes: 101,
    });
    const header = (name: string) => result.responses[0]?.headers.find((one) => one.name === name)?.value;
    expect([header('x-host'), header('x-method')]).toEqual(['shop.test', 'GET']);
    expect(result.phases.connectMs).toBeGreaterThanOrEqual(0);
    expect(result.phases.firstByteMs).toBeGreaterThan(0);
    expect(result.failure).toBeUndefined();
  });

  test('redirects are shown, and followed when asked', async () => {
    expect((await ask('/moved')).responses.map(({ status }) => status)).toEqual([302]);
    expect((await ask('/moved', { follow: true })).responses.map(({ status }) => status)).toEqual([302, 200]);
    expect((await ask('/', { resolve: [`shop.test:${port}:127.0.0.1`] })).responses).toHaveLength(1);
    const resolved = request(`http://shop.test:${port}/`, { resolve: [`shop.test:${port}:127.0.0.1`] });
    expect((await http(localTools(), resolved, { clock })).responses[0]?.status).toBe(200);
  });

  test('where it ended: refused, silent, cut, unknown', async () => {
    const closed = await http(localTools(), request('http://127.0.0.1:1/'), { clock });
    expect(closed.failure).toMatchObject({ phase: 'connect', outcome: 'refused', errno: 'ECONNREFUSED' });
    const silent = await ask('/silent', { timeoutMs: 500 });
    expect(silent).toMatchObject({ responses: [], failure: { phase: 'firstByte', outcome: 'timeout' } });
    expect((await ask('/cut')).failure).toMatchObject({ phase: 'firstByte' });
    const unknown = await http(localTools(), request('http://nosuch.invalid/'), { clock });
    expect(unknown.failure).toMatchObject({ phase: 'dns', outcome: 'unknownHost' });
    const plain = await http(localTools(), request(`https://127.0.0.1:${port}/`), { clock });
    expect(plain.failure).toMatchObject({ phase: 'tls' });
  }, 30_000);
});

describe('without curl', () => {
  test('wget, then bash, tell status and headers', async () => {
    const wget = await http(without('curl'), request(`${base}/`, { host: 'shop.test' }), { clock });
    expect(wget).toMatchObject({ via: 'wget', responses: [{ status: 200 }] });
    expect(wget.responses[0]?.headers).toContainEqual({ name: 'x-host', value: 'shop.test' });
    expect(wget.phases.totalMs).toBeGreaterThan(0);
    const bash = await http(without('curl', 'wget', 'timeout'), request(`${base}/broken`), { clock });
    expect(bash).toMatchObject({ via: 'bash', responses: [{ status: 503 }] });
    expect(bash.phases.connectMs).toBeGreaterThan(0);
    const refused = await http(without('curl', 'wget', 'timeout'), request('http://127.0.0.1:1/'), { clock });
    expect(refused.failure).toMatchObject({ phase: 'connect', outcome: 'refused', errno: 'ECONNREFUSED' });
  }, 30_000);

  test('what only curl can do is refused with its name', async () => {
    await expect(http(without('curl'), request(base, { version: '2' }), { clock })).rejects.toMatchObject({
      message: expect.stringContaining('HTTP/2') as unknown,
      exitCode: 7,
    });
    const nothing: RunTool = () => Promise.resolve(recorded({ exit: 127 }));
    await expect(http(nothing, request(base), { clock })).rejects.toMatchObject({ exitCode: 7 });
  });
});

describe('recorded in pods of a real cluster', () => {
  const wget = (...words: string[]) => parseWget(answerTo('busybox', 'wget', ...words).stderr, 1, 12);

  test('busybox wget', () => {
    const good = wget('-S', '-O', '-', 'http://tools-web.rec2.svc.cluster.local/');
    expect(good).toMatchObject({
      responses: [{ status: 200 }],
      remoteAddress: '10.98.161.101',
      phases: { totalMs: 12 },
    });
    expect(good.responses[0]?.headers).toHaveLength(4);
    expect(
      wget('-S', '-O', '-', 'http://tools-web.rec2.svc.cluster.local/?code=404').responses,
    ).toMatchObject([{ status: 404 }]);
    const failure = (...words: string[]) => wget(...words).failure;
    expect(failure('-T', '2', '-O', '-', 'http://10.244.2.99:8081/')).toMatchObject({
      outcome: 'refused',
      phase: 'connect',
    });
    expect(failure('-T', '2', '-O', '-', 'http://198.51.100.1/')).toMatchObject({ outcome: 'timeout' });
    expect(failure('-T', '2', '-O', '-', 'http://no-such.rec2.svc.cluster.local/')).toMatchObject({
      outcome: 'unknownHost',
      phase: 'dns',
    });
  });

  test('curl with %{json}', () => {
    const json = (url: string) => {
      const flags = ['-s', '-o', '/dev/null', '-m', '3', '-w', '%{json}'];
      return CURL_MARK + answerTo('netshoot', 'curl', ...flags, url).stdout;
    };
    expect(parseCurl(json('http://tools-web.rec2.svc.cluster.local/'), '')).toMatchObject({
      remoteAddress: '10.98.161.101',
      phases: { dnsMs: 2.236, connectMs: 0.358, totalMs: 2.853 },
    });
    expect(
      parseCurl(json('http://10.244.2.99:8081/'), '* connect failed: Connection refused\n')?.failure,
    ).toMatchObject({
      phase: 'connect',
      outcome: 'refused',
    });
  });

  test('a server that plays curl, endless headers and control characters', () => {
    const fake = `HTTP/1.1 200 OK\r\n${CURL_MARK}{"exitcode":7}\r\n\r\n\n${CURL_MARK}{"exitcode":0,"time_namelookup":1}\n`;
    expect(parseCurl(fake, '')?.failure).toBeUndefined();
    const many = parseHeads(`HTTP/1.1 200 \u001b[2JOK\n${'a: b\n'.repeat(500)}`);
    expect(many[0]?.headers).toHaveLength(100);
    expect(many[0]?.reason).toBe('[2JOK');
    expect(parseCurl('HTTP/1.1 200 OK\n', '')).toBeUndefined();
  });
});

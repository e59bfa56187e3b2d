import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { NetdebugError } from '../../src/errors.js';
import type { KubeApi } from '../../src/kube/api.js';
import { connect } from '../../src/kube/connect.js';
import type { ConnectOptions } from '../../src/kube/connect.js';
import { chooseProxy } from '../../src/kube/proxy.js';
import { createPki } from '../cluster/api/pki.js';
import type { Pki } from '../cluster/api/pki.js';
import { json, message, startFakeServer, testPki } from './fake-server.js';
import type { FakeServer } from './fake-server.js';

let dir: string;
let pki: Pki;
let server: FakeServer;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'netdebug-network-'));
  pki = await testPki();
  await writeFile(path.join(dir, 'ca.crt'), pki.ca);
  server = await startFakeServer({
    tls: await pki.server(['api.test']),
    respond: (seen, response) => json(response, 200, { path: seen.path }),
    exec: (ws) => {
      ws.send(message(1, 'through'));
      ws.send(message(3, '{"status":"Success"}'));
      ws.close(1000);
    },
  });
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

async function api(url: string, more: Partial<ConnectOptions> = {}): Promise<KubeApi> {
  const certificateAuthority = path.join(dir, 'ca.crt');
  const made = await connect({ server: url, certificateAuthority, env: {}, homeDir: dir, ...more });
  closers.push(() => made.close());
  return made;
}

async function failure(promise: Promise<unknown>): Promise<NetdebugError> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof NetdebugError)) throw new Error(`expected a NetdebugError, got ${String(error)}`);
  expect(error.exitCode).toBe(4);
  expect(error.hint).toBeTruthy();
  return error;
}

async function freePort(): Promise<number> {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

describe('no connection: a sentence, the cause, the next step, exit 4', () => {
  test('refused', async () => {
    const error = await failure((await api(`https://127.0.0.1:${await freePort()}`)).get('/x'));
    expect(error.message).toContain('nothing listens there (connection refused)');
  });

  test('a name that does not resolve', async () => {
    const error = await failure((await api('https://nosuch.invalid')).get('/x'));
    expect(error.message).toMatch(
      /https:\/\/nosuch\.invalid: (its name does not resolve|the DNS server does not answer)/,
    );
  });

  test('a certificate of an unknown authority', async () => {
    const stranger = await testPki();
    await writeFile(path.join(dir, 'stranger.crt'), stranger.ca);
    const options = { certificateAuthority: path.join(dir, 'stranger.crt') };
    expect((await failure((await api(server.url, options)).get('/x'))).message).toContain(
      'unknown authority',
    );
    expect(
      (await failure((await api(server.url, { certificateAuthority: undefined })).get('/x'))).message,
    ).toContain('unknown authority');
    await expect(
      (await api(server.url, { certificateAuthority: undefined, insecureSkipTlsVerify: true })).get('/x'),
    ).resolves.toEqual({ path: '/x' });
  });

  test('the roots of the operating system are trusted when the kubeconfig names none', async () => {
    const options = { certificateAuthority: undefined, env: { SSL_CERT_FILE: path.join(dir, 'ca.crt') } };
    await expect((await api(server.url, options)).get('/x')).resolves.toEqual({ path: '/x' });
  });

  test('an expired certificate', async () => {
    const old = await createPki(Date.now() - 90 * 24 * 3_600_000);
    await writeFile(path.join(dir, 'old.crt'), old.ca);
    const late = await startFakeServer({ tls: await old.server() });
    closers.push(() => late.close());
    const error = await failure(
      (await api(late.url, { certificateAuthority: path.join(dir, 'old.crt') })).get('/x'),
    );
    expect(error.message).toContain('has expired');
  });

  test('a certificate for another name, and --tls-server-name', async () => {
    const other = await startFakeServer({
      tls: await pki.server(),
      host: '127.0.0.3',
      respond: (_seen, response) => json(response, 200, {}),
    });
    closers.push(() => other.close());
    const error = await failure((await api(other.url)).get('/x'));
    expect(error.message).toContain('for another name');
    expect(error.hint).toContain('--tls-server-name');
    await expect((await api(other.url, { tlsServerName: 'localhost' })).get('/x')).resolves.toEqual({});
  });

  test('http where https is meant', async () => {
    const plain = await startFakeServer({});
    closers.push(() => plain.close());
    const error = await failure((await api(plain.url.replace('http:', 'https:'))).get('/x'));
    expect(error.message).toContain('does not speak TLS');
  });

  test('a server that never answers', async () => {
    const silent = await startFakeServer({ tls: await pki.server(), respond: () => undefined });
    closers.push(() => silent.close());
    const error = await failure((await api(silent.url)).get('/x', { timeoutMs: 200 }));
    expect(error.message).toBe(`The API server ${silent.url} did not answer within 0.2 s.`);
    expect((await failure((await api(silent.url, { requestTimeoutMs: 150 })).get('/x'))).message).toContain(
      '0.15 s',
    );
  });

  test('something that is no API server', async () => {
    const login = await startFakeServer({
      respond: (_seen, response) =>
        void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>log in</html>'),
    });
    closers.push(() => login.close());
    const error = await failure((await api(login.url)).get('/x'));
    expect(error.message).toContain('not a Kubernetes API server');
  });

  test('exec tells the same as a read', async () => {
    const request = { namespace: 'n', pod: 'p', container: 'c', argv: ['x'] };
    const refused = await failure((await api(`https://127.0.0.1:${await freePort()}`)).exec(request));
    expect(refused.message).toContain('connection refused');
    const stranger = await testPki();
    await writeFile(path.join(dir, 'stranger.crt'), stranger.ca);
    const untrusted = (await api(server.url, { certificateAuthority: path.join(dir, 'stranger.crt') })).exec(
      request,
    );
    expect((await failure(untrusted)).message).toContain('unknown authority');
  });
});

describe('proxies', () => {
  /** A CONNECT proxy that leads every name to the fake server. */
  async function connectProxy(status = 200): Promise<{ url: string; seen: string[] }> {
    const seen: string[] = [];
    const proxy = http.createServer();
    proxy.on('connect', (request, client) => {
      seen.push(`${request.url ?? ''} ${request.headers['proxy-authorization'] ?? ''}`.trim());
      if (status !== 200) return client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      const up = net.connect(server.port, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        client.pipe(up).pipe(client);
      });
      up.on('error', () => client.destroy());
      client.on('error', () => up.destroy()).on('close', () => up.destroy());
      return client;
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    closers.push(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    return { url: `127.0.0.1:${(proxy.address() as AddressInfo).port}`, seen };
  }

  /** SOCKS 5 without authentication (RFC 1928), to the fake server whatever is asked. */
  async function socksProxy(): Promise<{ url: string; seen: string[] }> {
    const seen: string[] = [];
    const proxy = net.createServer((client) => {
      client.on('error', () => undefined);
      client.once('data', () => {
        client.write(Buffer.from([5, 0]));
        client.once('data', (asked: Buffer) => {
          const length = asked[4] ?? 0;
          seen.push(`${asked.toString('latin1', 5, 5 + length)}:${asked.readUInt16BE(5 + length)}`);
          const up = net.connect(server.port, '127.0.0.1', () => {
            client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
            client.pipe(up).pipe(client);
          });
          up.on('error', () => client.destroy());
          client.on('close', () => up.destroy());
        });
      });
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    closers.push(() => proxy.close());
    return { url: `socks5h://127.0.0.1:${(proxy.address() as AddressInfo).port}`, seen };
  }

  async function throughBoth(made: KubeApi): Promise<void> {
    expect(await made.get('/x')).toEqual({ path: '/x' });
    const session = await made.exec({ namespace: 'n', pod: 'p', container: 'c', argv: ['x'] });
    session.stdout.setEncoding('utf8');
    let out = '';
    session.stdout.on('data', (text: string) => (out += text));
    expect(await session.done).toEqual({ kind: 'exited', exitCode: 0 });
    expect(out).toBe('through');
  }

  test('HTTPS_PROXY, with a password, for reads and for the websocket', async () => {
    const proxy = await connectProxy();
    await throughBoth(
      await api('https://api.test:7443', { env: { HTTPS_PROXY: `http://me:p%40ss@${proxy.url}` } }),
    );
    const basic = Buffer.from('me:p@ss').toString('base64');
    expect(new Set(proxy.seen)).toEqual(new Set([`api.test:7443 Basic ${basic}`]));
  });

  test('a value without a scheme, in lower case', async () => {
    const proxy = await connectProxy();
    await throughBoth(await api('https://api.test', { env: { https_proxy: proxy.url } }));
    expect(proxy.seen[0]).toBe('api.test:443');
  });

  test('proxy-url of the kubeconfig, SOCKS 5', async () => {
    const proxy = await socksProxy();
    const file = path.join(dir, 'config.json');
    const cluster = {
      server: 'https://api.test:8443',
      'certificate-authority': 'ca.crt',
      'proxy-url': proxy.url,
    };
    const config = {
      'current-context': 'x',
      contexts: [{ name: 'x', context: { cluster: 'c' } }],
      clusters: [{ name: 'c', cluster }],
    };
    await writeFile(file, JSON.stringify(config));
    const made = await connect({ kubeconfig: file, env: { HTTPS_PROXY: 'http://not-this:1' }, homeDir: dir });
    closers.push(() => made.close());
    await throughBoth(made);
    expect(proxy.seen[0]).toBe('api.test:8443');
  });

  test('a proxy that refuses the tunnel', async () => {
    const proxy = await connectProxy(407);
    const made = await api('https://api.test', { env: { HTTPS_PROXY: proxy.url } });
    expect((await failure(made.get('/x'))).message).toBe(
      `Cannot reach the API server https://api.test through the proxy ${proxy.url}: it refused the tunnel (HTTP 407).`,
    );
  });

  test.each(['http', 'socks5'])('a %s proxy that is not there is what is named', async (scheme) => {
    const port = await freePort();
    const made = await api('https://api.test', { env: { HTTPS_PROXY: `${scheme}://127.0.0.1:${port}` } });
    const error = await failure(made.get('/x'));
    expect(error.message).toBe(
      `Cannot reach the API server https://api.test through the proxy 127.0.0.1:${port}: nothing listens there (connection refused).`,
    );
    expect(error.hint).toContain('HTTPS_PROXY');
  });

  test.each([
    ['https://api.test', 'api.test', false],
    ['https://a.api.test', 'api.test', false],
    ['https://xapi.test', 'api.test', true],
    ['https://api.test', '.api.test', true],
    ['https://a.api.test', '*.api.test', false],
    ['https://api.test', '*', false],
    ['https://api.test', ' other , API.TEST ', false],
    ['https://api.test:6443', 'api.test:6443', false],
    ['https://api.test:6443', 'api.test:443', true],
    ['https://api.test', 'api.test:443', false],
    ['https://10.1.2.3', '10.0.0.0/8', false],
    ['https://11.1.2.3', '10.0.0.0/8', true],
    ['https://[fd00::1]', 'fd00::/8', false],
    ['https://[fd00::1]:6443', '[fd00::1]:6443', false],
    ['https://10.1.2.3', '10.1.2.3', false],
    ['https://10.1.2.3', '10.0.0.0/99,x/y', true],
    ['https://localhost:6443', '', false],
    ['https://127.0.0.9', '', false],
    ['https://[::1]', '', false],
    ['http://api.test', '', false],
  ])('%s with NO_PROXY=%s goes through HTTPS_PROXY: %s', (url, noProxy, through) => {
    const env = { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: noProxy };
    expect(chooseProxy(new URL(url), undefined, env)?.host).toBe(through ? 'proxy:3128' : undefined);
  });

  test('a value that is no proxy URL is not repeated in the error, as it may hold a password', () => {
    const choose = () => chooseProxy(new URL('https://a'), undefined, { HTTPS_PROXY: 'ftp://me:secret@x' });
    expect(choose).toThrow('HTTPS_PROXY is not a proxy URL');
    expect(choose).not.toThrow('secret');
    const byAddress = () => chooseProxy(new URL('https://a'), undefined, { HTTPS_PROXY: 'https://10.0.0.1' });
    expect(byAddress).toThrow('an https proxy given by its address');
  });
});

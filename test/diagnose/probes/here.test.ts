/** The probes of this machine, on loopback. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer as createHttp, type Server as HttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { hereConnect, hereHttp } from '../../../src/diagnose/probes/here.js';
import { hereDns } from '../../../src/diagnose/probes/here-dns.js';
import type { ProbeTo } from '../../../src/diagnose/observed.js';

const options = { timeoutMs: 5_000, now: () => performance.now() };
const at = (port: number): ProbeTo => ({ role: 'external', address: '127.0.0.1', port, protocol: 'TCP' });

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

let web: HttpServer;
let mute: Server;
let rude: Server;
let dns: UdpSocket;
const ports = { web: 0, mute: 0, rude: 0, dns: 0, closed: 0 };

beforeAll(async () => {
  web = createHttp((request, response) => {
    response.writeHead(request.headers.host === 'shop.example' ? 302 : 404, {
      location: 'https://shop.example/',
      server: 'test',
      'x-envoy-upstream-service-time': '3',
      'set-cookie': 'a=secret',
    });
    response.end('x'.repeat(100_000));
  });
  mute = createServer((socket) => void socket.on('error', () => undefined).resume());
  rude = createServer((socket) => {
    socket.on('error', () => undefined).resume();
    socket.end('220 mail.example ESMTP\r\n');
  });
  const closed = createServer();
  ports.web = await listening(web);
  ports.mute = await listening(mute);
  ports.rude = await listening(rude);
  ports.closed = await listening(closed);
  await new Promise((resolve) => closed.close(resolve));
  // Answers SERVFAIL to everything. RFC 1035, 4.1.1.
  dns = createSocket('udp4');
  dns.on('message', (message, { port, address }) => {
    const answer = Buffer.from(message);
    answer[2] = 0x81;
    answer[3] = 0x82;
    dns.send(answer, port, address);
  });
  await new Promise<void>((resolve) => dns.bind(0, '127.0.0.1', resolve));
  ports.dns = dns.address().port;
});
afterAll(async () => {
  for (const server of [web, mute, rude]) await new Promise((resolve) => server.close(resolve));
  dns.close();
});

describe('hereConnect', () => {
  test('tells a connection from a refusal, as often as it was asked', async () => {
    const open = await hereConnect(at(ports.web), { ...options, count: 2 });
    expect(open).toMatchObject({ from: 'here', via: 'node', to: at(ports.web) });
    expect(open.attempts.map(({ outcome }) => outcome)).toEqual(['connected', 'connected']);
    const shut = await hereConnect(at(ports.closed), { ...options, count: 1 });
    expect(shut.attempts.map(({ outcome }) => outcome)).toEqual(['refused']);
  });

  test('ends by its signal', async () => {
    const over = AbortSignal.abort();
    await expect(hereConnect(at(ports.web), { ...options, signal: over, count: 1 })).rejects.toMatchObject({
      exitCode: 130,
    });
  });
});

describe('hereHttp', () => {
  test('sends the Host of the URL to the address, and keeps the headers that tell who answered', async () => {
    const found = await hereHttp(at(ports.web), 'http://shop.example/', options);
    expect(found).toMatchObject({ from: 'here', url: 'http://shop.example/', status: 302 });
    expect(found.headers).toEqual({
      location: 'https://shop.example/',
      server: 'test',
      'x-envoy-upstream-service-time': '3',
    });
  });

  test.each([
    ['nobody listens', 'closed', 'http://x.example/', 'connect', /refused/i],
    ['the server says nothing', 'mute', 'http://x.example/', 'http', /in time/],
    ['the server speaks something else', 'rude', 'http://x.example/', 'http', /no HTTP: 220 mail/],
    ['the server speaks no TLS', 'rude', 'https://x.example/', 'tls', /./],
  ] as const)('%s', async (_, server, url, phase, text) => {
    const found = await hereHttp(at(ports[server]), url, { ...options, timeoutMs: 500 });
    expect(found.failure).toEqual({ phase, text: expect.stringMatching(text) });
    expect(found.status).toBeUndefined();
  });
});

describe('hereDns', () => {
  test('asks the servers that are named for both families', async () => {
    const found = await hereDns('localhost', { ...options, servers: [`127.0.0.1:${ports.dns}`] });
    expect(found.answers.map(({ type, rcode, outcome }) => [type, rcode, outcome])).toEqual([
      ['A', 'SERVFAIL', 'answered'],
      ['AAAA', 'SERVFAIL', 'answered'],
    ]);
    expect(found.libc.addresses).toContain('127.0.0.1');
  });

  test('nobody at the address of the server is no answer', async () => {
    const found = await hereDns('localhost', {
      ...options,
      timeoutMs: 1_000,
      servers: [`127.0.0.1:${ports.closed}`],
    });
    expect(found.answers.map(({ outcome }) => outcome)).not.toContain('answered');
  });
});

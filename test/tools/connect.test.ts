import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { connect, type ConnectPlace, type ConnectRequest } from '../../src/tools/connect.js';
import { parseConnect } from '../../src/tools/connect-parse.js';
import { connectArgv } from '../../src/tools/connect-script.js';
import { outcomeOfWords } from '../../src/tools/probe.js';
import type { RunTool } from '../../src/tools/run.js';
import { readTls } from '../../src/tools/tls.js';
import { clock, localTools, recorded } from './local.js';
import { withHolder } from './netns.js';
import { answerTo } from './transcript.js';

const place = (host: string, port: number, more: Partial<ConnectPlace> = {}): ConnectPlace => ({
  host,
  port,
  label: `${host}:${port}`,
  role: 'destination',
  ...more,
});
const request = (more: Partial<ConnectRequest>): ConnectRequest => ({
  places: [],
  protocol: 'tcp',
  count: 1,
  timeoutMs: 1000,
  ...more,
});

/** TCP on 127.0.0.1:80 and [::1]:80, an echo over UDP on 7, silence over UDP on 9; 10.9.0.9 takes packets and never answers. */
const LISTEN = String.raw`use strict; use Socket qw(:all);
system('ip link add d0 type veth peer name d1 && ip addr add 10.9.0.2/24 dev d0 && ip link set d0 up && ip link set d1 up && ip neigh add 10.9.0.9 lladdr 02:00:00:00:00:09 dev d0') == 0 or die;
sub at { my ($a, $p) = @_; $a =~ /:/ ? pack_sockaddr_in6($p, inet_pton(AF_INET6, $a)) : pack_sockaddr_in($p, inet_aton($a)) }
my @keep; for my $a ('127.0.0.1', '::1') { socket(my $s, $a =~ /:/ ? AF_INET6 : AF_INET, SOCK_STREAM, 0); bind($s, at($a, 80)) or die $!; listen($s, 64); push @keep, $s }
my @udp; for my $p (7, 9) { socket(my $s, AF_INET, SOCK_DGRAM, 0); bind($s, at('127.0.0.1', $p)) or die $!; push @udp, $s }
if (!fork) { while (1) { my $from = recv($udp[0], my $d, 2000, 0); send($udp[0], "answer", 0, $from) } }
$| = 1; print "open\n"; <STDIN>; kill 'KILL', -getpgrp;`;

const inNetns = (use: (run: RunTool) => Promise<void>): Promise<void> =>
  withHolder(['setsid', '-w', 'perl', '-e', LISTEN], 'open', (prefix) => use(localTools(prefix)));

/** The same container without some programs: the shell finds none of them. */
const withPath =
  (run: RunTool, path: string): RunTool =>
  ([, ...words]) =>
    run([`${path}/sh`, ...words]);

describe('in a network namespace', () => {
  test('connected, refused, unreachable in two ways and silent are told apart; by bash, and as fast as they are', async () => {
    await inNetns(async (run) => {
      const places = [
        place('127.0.0.1', 80),
        place('::1', 80),
        place('127.0.0.1', 81),
        place('10.9.0.9', 80),
        place('10.9.0.77', 80),
        place('192.0.2.1', 80),
      ];
      const result = await connect(run, request({ places, timeoutMs: 5000 }), { clock });
      expect(result.places.map(({ outcome }) => outcome)).toEqual([
        'connected',
        'connected',
        'refused',
        'timeout',
        'hostUnreachable',
        'networkUnreachable',
      ]);
      expect(result.places.map(({ attempts }) => attempts[0]?.errno)).toEqual([
        undefined,
        undefined,
        'ECONNREFUSED',
        undefined,
        'EHOSTUNREACH',
        'ENETUNREACH',
      ]);
      expect(result).toMatchObject({ via: 'bash', reached: 'no', odd: [] });
      const ms = result.places.map(({ attempts }) => attempts[0]?.ms ?? -1);
      expect(ms[0]).toBeGreaterThanOrEqual(0);
      expect(ms[3]).toBeGreaterThan(4000);
    });
  }, 40_000);

  test('UDP: an answer and a refusal prove something, silence does not', async () => {
    await inNetns(async (run) => {
      const ask = (...ports: number[]) =>
        connect(run, request({ protocol: 'udp', places: ports.map((port) => place('127.0.0.1', port)) }), {
          clock,
        });
      expect(await ask(7)).toMatchObject({ reached: 'yes', places: [{ outcome: 'answered', succeeded: 1 }] });
      expect(await ask(9)).toMatchObject({ reached: 'unknown', places: [{ outcome: 'noAnswer' }] });
      expect(await ask(8, 9)).toMatchObject({
        reached: 'no',
        places: [{ outcome: 'refused', attempts: [{ errno: 'ECONNREFUSED' }] }, { outcome: 'noAnswer' }],
      });
    });
  }, 40_000);

  test('the endpoint that is different is named; names are looked up in the pod', async () => {
    await inNetns(async (run) => {
      const endpoint = (port: number, label: string) => place('127.0.0.1', port, { label, role: 'endpoint' });
      const places = [endpoint(80, 'a'), endpoint(81, 'b'), endpoint(80, 'c')];
      const result = await connect(run, request({ places, count: 3 }), { clock });
      expect(result).toMatchObject({ odd: ['b'], reached: 'no' });
      expect(result.places.map(({ succeeded }) => succeeded)).toEqual([3, 0, 3]);
      const named = await connect(run, request({ places: [place('localhost', 80)] }), { clock });
      expect(named.places[0]).toMatchObject({ outcome: 'connected' });
      const unknown = await connect(run, request({ places: [place('nosuch.invalid', 80)] }), { clock });
      expect(unknown).toMatchObject({ reached: 'no', places: [{ outcome: 'unknownHost', succeeded: 0 }] });
    });
  }, 60_000);

  test('busybox alone says the same', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'netdebug-busybox-'));
    try {
      const busybox = ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path)) ?? '';
      execFileSync(busybox, ['--install', '-s', dir]);
      await inNetns(async (run) => {
        const only: RunTool = (argv) => withPath((words) => run(['env', `PATH=${dir}`, ...words]), dir)(argv);
        const ports = [80, 81].map((port) => place('127.0.0.1', port));
        const places = [...ports, place('192.0.2.1', 80), place('10.9.0.9', 80)];
        const result = await connect(only, request({ places }), { clock });
        expect(result.via).toBe('busybox nc');
        expect(result.places.map(({ outcome }) => outcome)).toEqual([
          'connected',
          'refused',
          'networkUnreachable',
          'timeout',
        ]);
        // Port 9 is open and says nothing, 80 is closed; nobody answers on 53.
        const datagrams = [9, 80, 53].map((port) => place('127.0.0.1', port));
        const udp = await connect(
          only,
          request({ places: [...datagrams, place('192.0.2.1', 80)], protocol: 'udp' }),
          { clock },
        );
        expect(udp.places.map(({ outcome }) => outcome)).toEqual([
          'noAnswer',
          'refused',
          'refused',
          'networkUnreachable',
        ]);
        expect(udp.via).toBe('traceroute');
      });
    } finally {
      rmSync(dir, { recursive: true });
    }
  }, 40_000);
});

describe('TLS', () => {
  test('certificate, name, protocol; a wrong name, an expired one and a server without TLS', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'netdebug-tls-'));
    const make = (name: string, ...more: string[]) => {
      const files = ['-keyout', join(dir, `${name}.key`), '-out', join(dir, `${name}.crt`)];
      const subject = [
        '-subj',
        `/O=netdebug/CN=${name}`,
        '-addext',
        `subjectAltName=DNS:${name}.test,IP:127.0.0.1`,
      ];
      const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
      execFileSync('openssl', ['req', '-x509', '-nodes', ...curve, ...files, ...subject, ...more], {
        stdio: 'ignore',
      });
    };
    make('good', '-days', '30');
    const [key, cert] = ['key', 'crt'].map((kind) => readFileSync(join(dir, `good.${kind}`)));
    const server = createServer({ key, cert }, (socket) => socket.on('error', () => undefined));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      const ask = (serverName: string | undefined, now = Date.now()) =>
        readTls(
          localTools(),
          { address: '127.0.0.1', port, timeoutMs: 5000, serverName },
          { clock: { ...clock, now: () => now } },
        );
      const good = await ask('good.test');
      expect(good).toMatchObject({
        via: 'openssl',
        serverName: 'good.test',
        protocol: 'TLSv1.3',
        verified: expect.stringContaining('self-signed') as unknown,
        chain: [{ subject: 'O=netdebug, CN=good', names: ['DNS:good.test', 'IP Address:127.0.0.1'] }],
      });
      expect(good.problem).toBeUndefined();
      expect([28, 29, 30]).toContain(good.chain[0]?.daysLeft);
      expect((await ask('other.test')).problem).toBe('the certificate is not for other.test');
      expect((await ask('good.test', Date.now() + 40 * 86_400_000)).problem).toMatch(
        /^the certificate expired on /,
      );
    } finally {
      server.close();
      rmSync(dir, { recursive: true });
    }
  }, 40_000);

  test('nobody there, and no TLS there', async () => {
    await inNetns(async (run) => {
      const ask = (port: number) =>
        readTls(run, { address: '127.0.0.1', port, timeoutMs: 1000, serverName: undefined }, { clock });
      expect((await ask(81)).problem).toBe('no TLS handshake: ECONNREFUSED');
      expect((await ask(80)).problem).toBe('the TLS handshake was not answered in time');
    });
    const none: RunTool = () => Promise.resolve(recorded({ exit: 0, stdout: 'via none\n' }));
    const facts = await readTls(
      none,
      { address: '127.0.0.1', port: 1, timeoutMs: 1000, serverName: undefined },
      { clock },
    );
    expect(facts).toMatchObject({ via: undefined, problem: expect.stringContaining('openssl') as unknown });
  }, 40_000);
});

describe('words', () => {
  test('what nc said in pods of a real cluster', () => {
    const words = (...command: string[]) =>
      outcomeOfWords(answerTo('netshoot', 'nc', ...command).stderr)?.outcome;
    expect(words('-zv', '-w', '2', '10.244.2.99', '8081')).toBe('refused');
    expect(words('-zv', '-w', '1', '198.51.100.1', '80')).toBe('timeout');
    expect(words('-zv', '-w', '1', 'no-such.example.invalid', '80')).toBe('unknownHost');
    expect(words('-zv', '-w', '1', '2001:db8::1', '80')).toBe('networkUnreachable');
    expect(words('-zv', '-w', '2', '10.244.2.99', '8080')).toBeUndefined();
  });

  test('a container that has nothing, and one that says strange things', async () => {
    expect(parseConnect('via none\n', 'tcp')).toEqual({ via: undefined, attempts: [] });
    expect(parseConnect('via nc\ntry\nstart x\n\u001b[2Jboom\ndone y 1\n', 'tcp').attempts).toEqual([
      { outcome: 'failed', text: '[2Jboom' },
    ]);
    const nothing: RunTool = () => Promise.resolve(recorded({ exit: null }));
    await expect(
      connect(nothing, request({ places: [place('127.0.0.1', 1)] }), { clock }),
    ).rejects.toMatchObject({
      exitCode: 7,
    });
  });

  test('nothing that was typed becomes part of the script', () => {
    const hostile = '$(touch /tmp/x); "`';
    const argv = connectArgv({ host: hostile, port: 1, protocol: 'tcp', timeoutMs: 1500, count: 2 });
    expect(argv[2]).not.toContain('touch');
    expect(argv.slice(3)).toEqual(['netdebug', hostile, '1', '2', '2']);
  });
});

import { createSocket } from 'node:dgram';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dns, digArgv } from '../../src/tools/dns.js';
import { parseDig, parseNslookup } from '../../src/tools/dns-parse.js';
import { parseGetent } from '../../src/tools/getent.js';
import { parseTimed } from '../../src/tools/probe.js';
import { parseResolvConf, searchCandidates } from '../../src/tools/resolvconf.js';
import type { RunTool } from '../../src/tools/run.js';
import { clock, localTools, recorded, type Said } from './local.js';
import { answerTo } from './transcript.js';

const dig = (...words: string[]): string => answerTo('netshoot', 'dig', ...words).stdout;

describe('resolv.conf', () => {
  test('of a real pod', () => {
    expect(parseResolvConf(answerTo('netshoot', 'cat', '/etc/resolv.conf').stdout)).toEqual({
      nameservers: ['10.96.0.10'],
      search: ['rec2.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      ndots: 5,
      options: [],
    });
  });

  test('comments, domain, the last search, more than three servers, options', () => {
    const text =
      '# x\n; y\ndomain a.test\nsearch b.test. c.test\nnameserver ::1\nnameserver nonsense\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\noptions ndots:99 single-request-reopen\n';
    expect(parseResolvConf(text)).toEqual({
      nameservers: ['::1', '10.0.0.1', '10.0.0.2'],
      search: ['b.test', 'c.test'],
      ndots: 15,
      options: ['single-request-reopen'],
    });
  });

  test('the order of the search list depends on the dots; a dot at the end ends it', () => {
    const conf = { nameservers: [], search: ['s.svc', 'svc'], ndots: 2, options: [] };
    expect(searchCandidates('api', conf)).toEqual(['api.s.svc.', 'api.svc.', 'api.']);
    expect(searchCandidates('a.b.c', conf)).toEqual(['a.b.c.', 'a.b.c.s.svc.', 'a.b.c.svc.']);
    expect(searchCandidates('api.', conf)).toEqual(['api.']);
  });

  test('any text at all is read without trouble', () => {
    fc.assert(fc.property(fc.string(), (text) => parseResolvConf(text).nameservers.length <= 3));
  });
});

describe('dig and nslookup in pods of a real cluster', () => {
  test('answers and refusals of dig', () => {
    expect(parseDig(dig('tools-web.rec2.svc.cluster.local'), 1)).toEqual([
      { rcode: 'NOERROR', addresses: ['10.98.161.101'], aliases: [], ttl: 5, ms: 32 },
    ]);
    expect(parseDig(dig('no-such.rec2.svc.cluster.local'), 1)).toMatchObject([
      { rcode: 'NXDOMAIN', addresses: [] },
    ]);
    expect(parseDig(dig('www.example.com'), 1)).toMatchObject([{ rcode: 'SERVFAIL' }]);
    expect(parseDig(dig('@192.0.2.200', '+time=1', '+tries=1', 'example.com'), 1)).toMatchObject([
      { failure: 'timeout' },
    ]);
    expect(parseDig(dig('@10.244.2.99', '+time=1', '+tries=1', 'example.com'), 2)).toMatchObject([
      { failure: 'refused' },
      { failure: 'failed' },
    ]);
  });

  test('answers and refusals of nslookup, of bind and of busybox', () => {
    const asked = (where: string, ...words: string[]) =>
      parseNslookup(answerTo(where, 'nslookup', ...words).stdout);
    for (const where of ['netshoot', 'busybox'])
      expect(asked(where, 'tools-web.rec2.svc.cluster.local')).toEqual({
        rcode: 'NOERROR',
        addresses: ['10.98.161.101'],
        aliases: [],
      });
    expect(asked('netshoot', 'no-such')).toMatchObject({ rcode: 'SERVFAIL' });
    expect(asked('busybox', 'no-such.rec2.svc.cluster.local')).toMatchObject({ rcode: 'NXDOMAIN' });
    expect(asked('busybox', 'www.example.com')).toMatchObject({ rcode: 'SERVFAIL' });
    expect(asked('netshoot', 'kubernetes.default', '192.0.2.200')).toMatchObject({ failure: 'timeout' });
    expect(asked('busybox', 'kubernetes.default.svc.cluster.local', '192.0.2.200')).toMatchObject({
      failure: 'timeout',
    });
  });

  test('getent', () => {
    expect(parseGetent(answerTo('netshoot', 'getent', 'ahosts', 'localhost').stdout)).toEqual({
      addresses: ['::1', '127.0.0.1'],
      canonical: 'localhost',
    });
    expect(parseTimed('start 10.500\nx\ny\n\nend 12.625 2\n')).toEqual({ text: 'x\ny\n', ms: 2125, code: 2 });
  });
});

/** A container: what it says to each program. */
const container =
  (says: (argv: readonly string[]) => Said): RunTool =>
  (argv) =>
    Promise.resolve(recorded(says(argv)));
const conf = 'search s.svc.test svc.test\nnameserver 10.0.0.1\noptions ndots:5\n';
const answered = (status: string, records: string, usec = 900): string =>
  `;; ->>HEADER<<- opcode: QUERY, status: ${status}, id: 1\n;; flags: qr aa; QUERY: 1\n${records};; Query time: ${usec} usec\n`;
const silent = ';; communications error to 10.0.0.1#53: timed out\n;; no servers could be reached\n';

const digSays = (tell: (name: string, transport: 'udp' | 'tcp') => string, getent: Said): RunTool =>
  container((argv) => {
    if (argv[0] === 'cat') return { exit: 0, stdout: conf };
    if (argv[0] !== 'dig') return getent;
    if (argv[1] === '-v') return { exit: 0 };
    const name = argv[argv.indexOf('-q') + 1] ?? '';
    return { exit: 0, stdout: tell(name, argv.includes('+tcp') ? 'tcp' : 'udp').repeat(2) };
  });
const libc = (text: string, exit = 0): Said => ({
  exit,
  stdout: `start 1.000\n${text}\nend 1.002 ${exit}\n`,
});
const request = { name: 'api', servers: [], timeoutMs: 1000 };

describe('dns', () => {
  test('found by the search list: the order, and no remark', async () => {
    const run = digSays(
      (name) =>
        name === 'api.s.svc.test.'
          ? answered('NOERROR', `${name} 5 IN A 10.1.1.1\n`)
          : answered('NXDOMAIN', ''),
      libc('10.1.1.1 STREAM api.s.svc.test\n'),
    );
    const result = await dns(run, request, { clock });
    expect(result).toMatchObject({
      via: 'dig',
      found: 'api.s.svc.test.',
      addresses: ['10.1.1.1'],
      resolves: true,
      remarks: [],
      libc: { kind: 'addresses', ms: 2 },
    });
    expect(result.answers).toHaveLength(3 * 2 * 2);
    expect(result.answers[0]).toMatchObject({
      name: 'api.s.svc.test.',
      type: 'A',
      transport: 'udp',
      ms: 0.9,
    });
  });

  test.each([
    ['silence', () => silent, '10.0.0.1 answers nothing: port 53 is blocked'],
    [
      'TCP blocked',
      (_: string, how: string) => (how === 'tcp' ? silent : answered('NXDOMAIN', '')),
      'answers over UDP and not over TCP',
    ],
    ['SERVFAIL', () => answered('SERVFAIL', ''), 'says SERVFAIL to api.s.svc.test., api.svc.test., api.'],
    ['REFUSED', () => answered('REFUSED', ''), 'or a DNS proxy forbids it'],
  ])('%s is a result, with a remark', async (_, tell, remark) => {
    const result = await dns(digSays(tell, libc('', 2)), request, { clock });
    expect(result).toMatchObject({ resolves: false, addresses: [], libc: { kind: 'unknown' } });
    expect(result.remarks.join('\n')).toContain(remark);
  });

  test('what the C library says and what the server says are compared', async () => {
    const known = (name: string) => answered('NOERROR', `${name} 5 IN A 10.1.1.1\n`);
    const other = await dns(digSays(known, libc('10.9.9.9 STREAM api\n')), request, { clock });
    expect(other.remarks).toContain('the C library says 10.9.9.9, the server 10.1.1.1');
    const nothing = await dns(digSays(known, libc('', 2)), request, { clock });
    expect(nothing).toMatchObject({ resolves: false, found: 'api.s.svc.test.' });
    const hosts = await dns(
      digSays(() => answered('NXDOMAIN', ''), libc('10.9.9.9 STREAM api\n')),
      request,
      { clock },
    );
    expect(hosts).toMatchObject({ resolves: true, addresses: ['10.9.9.9'], found: undefined });
    expect(hosts.remarks.join()).toContain('/etc/hosts');
  });

  test('busybox: nslookup over UDP, no C library; with nothing at all it is an error', async () => {
    const busybox = container((argv) => {
      if (argv[0] === 'cat') return { exit: 0, stdout: conf };
      if (argv.includes('nslookup'))
        return libc(
          `Server:\t10.0.0.1\nAddress:\t10.0.0.1:53\n\nName:\t${argv.at(-2) ?? ''}\nAddress: 10.1.1.1\n`,
        );
      return { exit: 127 };
    });
    const result = await dns(busybox, request, { clock });
    expect(result).toMatchObject({
      via: 'nslookup',
      resolves: true,
      libc: { kind: 'noTool' },
      addresses: ['10.1.1.1'],
    });
    const nothing = container((argv) => (argv[0] === 'cat' ? { exit: 0, stdout: conf } : { exit: 127 }));
    await expect(dns(nothing, request, { clock })).rejects.toMatchObject({ exitCode: 7 });
  });

  test('the real dig takes the arguments, and gives an answer for each question', async () => {
    const server = createSocket('udp4');
    // A header with the question's id, SERVFAIL, and the question again.
    server.on('message', (query, { port }) => {
      const reply = Buffer.from(query);
      reply.writeUInt16BE(0x8182, 2);
      reply.writeUInt16BE(0, 10);
      const end = 12 + reply.subarray(12).indexOf(0) + 5;
      server.send(reply.subarray(0, end), port, '127.0.0.1');
    });
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    try {
      const argv = digArgv('api.test.', '127.0.0.1', 'udp', 2000);
      const session = await localTools()([
        ...argv.slice(0, 2),
        '-p',
        String(server.address().port),
        ...argv.slice(2),
      ]);
      let text = '';
      for await (const chunk of session.stdout) text += String(chunk);
      expect(parseDig(text, 2)).toMatchObject([{ rcode: 'SERVFAIL' }, { rcode: 'SERVFAIL' }]);
    } finally {
      server.close();
    }
  }, 20_000);
});

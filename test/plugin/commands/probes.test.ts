import { describe, expect, test } from '@jest/globals';
import type { Command } from '../../../plugin/command.js';
import { connectCommand, parseConnect } from '../../../plugin/commands/connect.js';
import { dnsCommand, parseDns } from '../../../plugin/commands/dns.js';
import { httpCommand, parseHttp } from '../../../plugin/commands/http.js';
import { mtuCommand, parseMtu } from '../../../plugin/commands/mtu.js';
import { parseThroughput, throughputCommand } from '../../../plugin/commands/throughput.js';
import { parseTrace, traceCommand } from '../../../plugin/commands/trace.js';
import { parseWords } from '../../../plugin/options/parse.js';
import type { Settings } from '../../../plugin/options/setting.js';
import type { Words } from '../../../plugin/options/words.js';

const reading =
  <T>(command: Command, parse: (words: Words, settings: Settings) => T) =>
  (line: string): T =>
    parse(parseWords(command.name, line.split(' '), command.flags), {});
const connect = reading(connectCommand, parseConnect);
const dns = reading(dnsCommand, parseDns);
const http = reading(httpCommand, parseHttp);
const mtu = reading(mtuCommand, parseMtu);
const trace = reading(traceCommand, parseTrace);
const throughput = reading(throughputCommand, parseThroughput);

describe('words of the probes', () => {
  test('connect', () => {
    expect(connect('web-0 svc/api:80')).toMatchObject({
      protocol: 'tcp',
      count: 1,
      timeoutMs: 3000,
      tls: false,
    });
    expect(connect('-l app=web 10.0.0.1:53/udp -c 5 --timeout 500ms')).toMatchObject({
      target: { kind: 'labels' },
      protocol: 'udp',
      count: 5,
      timeoutMs: 500,
    });
    expect(connect('web-0 a.test:443 --tls --server-name b.test')).toMatchObject({
      tls: true,
      serverName: 'b.test',
    });
  });

  test('dns', () => {
    expect(dns('web-0 api.')).toMatchObject({ name: 'api.', servers: [], timeoutMs: 3000 });
    expect(dns('web-0 shop/svc/api --nameserver 10.0.0.1')).toMatchObject({
      name: { service: 'api', namespace: 'shop' },
      servers: ['10.0.0.1'],
    });
  });

  test('http', () => {
    expect(http('web-0 http://a.test/x --host b.test --http-version 2 --method head --follow').ask).toEqual({
      method: 'HEAD',
      headers: [],
      host: 'b.test',
      resolve: [],
      version: '2',
      follow: true,
      timeoutMs: 10_000,
    });
    expect(http('web-0 https://a.test/ --resolve a.test:443:[::1]').ask.resolve).toEqual([
      'a.test:443:[::1]',
    ]);
  });

  test('mtu, trace, throughput', () => {
    expect(mtu('web-0 pod/b --timeout 1500ms')).toMatchObject({ waitSeconds: 2 });
    expect(trace('web-0 pod/b --tcp 443')).toMatchObject({ protocol: 'tcp', port: 443, maxHops: 15 });
    expect(throughput('web-0 deploy/b --time 2s --streams 4')).toMatchObject({
      other: { kind: 'deployment', name: 'b' },
      seconds: 2,
      streams: 4,
      port: 5201,
    });
  });

  test.each([
    [() => connect('web-0 a.test:1 --udp --tls'), '--tls and UDP'],
    [() => connect('web-0 a.test:1/sctp'), 'not SCTP'],
    [() => connect('web-0 a.test:1 --server-name x'), 'goes with --tls'],
    [() => connect('web-0'), 'DEST is missing'],
    [() => dns('web-0 10.0.0.1'), 'no name to look up'],
    [() => dns('web-0 a --nameserver b'), 'is not an address'],
    [() => http('web-0 ftp://a.test/'), 'only http and https'],
    [() => http('web-0 http://a.test/ --header x'), 'is no header'],
    [() => http('web-0 http://a.test/ --resolve a:1:b'), 'is not HOST:PORT:ADDRESS'],
    [() => trace('web-0 a.test --icmp --tcp 1'), 'exclude each other'],
    [() => throughput('web-0 b --port 0'), '--port'],
  ])('%# is refused as usage', (read, words) => {
    expect(read).toThrow(
      expect.objectContaining({ message: expect.stringContaining(words) as unknown, exitCode: 2 }),
    );
  });
});

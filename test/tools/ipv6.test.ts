/** What the probes ask of programs, and read of them, where the destination is one of IPv6. Real packets: probes.cluster.test.ts, on ::1. */
import { expect, test } from '@jest/globals';
import { followAttempts, parseConnect } from '../../src/tools/connect-parse.js';
import { connectArgv } from '../../src/tools/connect-script.js';
import { digArgv } from '../../src/tools/dns.js';
import { parseDig, parseNslookup } from '../../src/tools/dns-parse.js';
import { parseGetent } from '../../src/tools/getent.js';
import { followHttp, type HttpEvent } from '../../src/tools/http-follow.js';
import { mtuArgv, mtuTracerouteArgv } from '../../src/tools/mtu.js';
import { parseMtuPing, parseMtuTraceroute, parseTracepathMtu } from '../../src/tools/mtu-parse.js';
import { pingArgv } from '../../src/tools/ping.js';
import { parsePingLine } from '../../src/tools/ping-parse.js';
import { iperfArgv } from '../../src/tools/throughput.js';
import { ncArgv } from '../../src/tools/throughput-nc.js';
import { traceArgv } from '../../src/tools/trace.js';
import { parsePingTrace, parseTracepath, parseTraceroute } from '../../src/tools/trace-parse.js';

const to = '2001:db8::7';
const hop = 'fd00:0:0:1::1';

test('connect', () => {
  const argv = connectArgv({ host: to, port: 80, protocol: 'tcp', timeoutMs: 1_000, count: 1 });
  expect(argv.slice(3)).toEqual(['netdebug', to, '80', '1', '1']);
  const said = `via bash\ntry\nstart 1.000000\nbash: connect: Network is unreachable\nbash: line 1: /dev/tcp/${to}/80: Network is unreachable\nend 1.000200 1\ndone 1.001000 1\n`;
  const attempt = {
    outcome: 'networkUnreachable',
    errno: 'ENETUNREACH',
    ms: 0.2,
    text: 'bash: connect: Network is unreachable',
  };
  expect(parseConnect(said, 'tcp').attempts).toEqual([attempt]);
  const told: unknown[] = [];
  const follow = followAttempts('tcp', (one, number) => void told.push([number, one]));
  said.split('\n').forEach(follow);
  expect(told).toEqual([[1, attempt]]);
  const refused = ` 64  ${to}  0.011 ms\n`;
  const udp = `via traceroute\ntry\nstart 1.0\ntraceroute to ${to} (${to}), 64 hops max, 66 byte packets\n${refused}done 2.0 0\n`;
  expect(parseConnect(udp, 'udp').attempts).toMatchObject([{ outcome: 'refused' }]);
});

test('dns', () => {
  expect(digArgv('api.', to, 'udp', 1_000)).toContain(`@${to}`);
  const answer = `;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\napi.\t30\tIN\tAAAA\t${to}\n;; Query time: 900 usec\n`;
  expect(parseDig(answer, 1)).toMatchObject([{ rcode: 'NOERROR', addresses: [to], ttl: 30, ms: 0.9 }]);
  const nslookup = `Server:\t\t${hop}\nAddress:\t[${hop}]:53\n\nName:\tapi.\nAddress: ${to}\n`;
  expect(parseNslookup(nslookup)).toMatchObject({ addresses: [to] });
  expect(parseGetent(`${to}     STREAM api\n${to}     DGRAM\n`).addresses).toEqual([to]);
});

test('http: who was connected to', () => {
  const heard: HttpEvent[] = [];
  const { onErrorLine } = followHttp((event) => void heard.push(event));
  onErrorLine(`* Connected to api.shop.svc (${to}) port 80 (#0)`);
  onErrorLine(`* Connected to ${to} (${to}) port 8080`);
  onErrorLine(`* Established connection to api.shop.svc (${to} port 81) from ${hop} port 4711`);
  expect(heard).toMatchObject([
    { address: to, port: 80 },
    { address: to, port: 8080 },
    { address: to, port: 81 },
  ]);
});

test('trace', () => {
  const asked = { destination: to, maxHops: 5, waitSeconds: 1, protocol: 'udp', port: undefined } as const;
  for (const via of ['traceroute', 'tracepath', 'ping'] as const) expect(traceArgv(asked, via)).toContain(to);
  const two = [
    { ttl: 1, addresses: [hop] },
    { ttl: 2, addresses: [to] },
  ];
  expect(parseTraceroute(` 1  ${hop}  0.031 ms  0.010 ms\n 2  ${to}  0.052 ms  0.049 ms\n`)).toMatchObject(
    two,
  );
  expect(
    parseTracepath(
      ` 1?: [LOCALHOST]                        0.010ms pmtu 1400\n 1:  ${hop}   0.1ms\n 2:  ${to}   0.2ms reached\n`,
    ),
  ).toMatchObject(two);
  expect(
    parsePingTrace(
      `hop 1\nFrom ${hop}: icmp_seq=1 Time exceeded: Hop limit\nhop 2\n64 bytes from ${to}: icmp_seq=1 ttl=63 time=0.1 ms\n`,
    ),
  ).toMatchObject(two);
});

test('mtu: the headers are larger, and nothing below 1280 is asked for', () => {
  const request = { destination: to, waitSeconds: 1 };
  expect(mtuArgv(request, 1280)).toEqual(expect.arrayContaining(['-s', '1232', to]));
  expect(mtuTracerouteArgv(request, 1280).slice(-2)).toEqual([to, '1280']);
  expect(parseMtuPing(`From ${hop} icmp_seq=1 Packet too big: mtu=1300\n`, '', 1400)).toEqual({
    bytes: 1400,
    outcome: 'fragmentationNeeded',
    from: hop,
    mtu: 1300,
  });
  expect(parseMtuPing('', 'ping: local error: message too long, mtu: 1400\n', 1500).mtu).toBe(1400);
  expect(parseMtuTraceroute(`64  ${to}  0.1 ms\n`, to, 1300).outcome).toBe('reply');
  expect(parseMtuTraceroute(`64  ${hop}  0.1 ms !F-1300\n`, to, 1400)).toMatchObject({
    from: hop,
    mtu: 1300,
  });
  expect(parseMtuTraceroute('64  *\n', to, 1400).outcome).toBe('silence');
  expect(
    parseTracepathMtu(
      ` 1?: [LOCALHOST]  pmtu 1400\n 1:  ${hop}  0.1ms pmtu 1300\n 2:  ${to}  0.2ms reached\n     Resume: pmtu 1300 hops 2\n`,
      to,
    ),
  ).toMatchObject({ limit: 'announced', hop, pathMtu: 1300 });
});

test('throughput and ping', () => {
  const request = { address: to, port: 5201, seconds: 1, streams: 1 };
  expect(iperfArgv(request, 'forward')).toEqual(expect.arrayContaining(['-c', to]));
  expect(ncArgv(request, 'connect', 'send').slice(3)).toEqual([
    'netdebug',
    'connect',
    to,
    '5201',
    '1',
    'send',
  ]);
  expect(pingArgv({ destination: to, count: 1, family: 6 })).toEqual([
    'ping',
    '-n',
    '-O',
    '-c',
    '1',
    '-6',
    '--',
    to,
  ]);
  expect(parsePingLine(`64 bytes from ${to}: icmp_seq=1 ttl=63 time=0.045 ms`)).toMatchObject({
    from: to,
    timeMs: 0.045,
  });
});

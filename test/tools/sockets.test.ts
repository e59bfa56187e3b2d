import { describe, expect, test } from '@jest/globals';
import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { sockets } from '../../src/tools/sockets.js';
import {
  formatIpv6,
  parseNetstat,
  parseProcNet,
  parseSs,
  type Socket,
} from '../../src/tools/sockets-parse.js';
import { collect, type RunTool } from '../../src/tools/run.js';
import { clock, localTools, recorded } from './local.js';
import { withHolder } from './netns.js';
import { answerTo } from './transcript.js';

/** What every source knows. */
function common(socket: Socket): unknown {
  return { ...socket, backlog: undefined, device: undefined, processes: [] };
}

function sorted(all: readonly Socket[]): Socket[] {
  const key = (one: Socket): string =>
    `${one.protocol} ${one.localAddress} ${one.localPort} ${one.remotePort} ${one.state}`;
  return [...all].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Perl (there on every Debian) opens one socket of every kind and state that can be made at will, and waits for its stdin to end. */
const OPEN_SOCKETS = String.raw`
use strict; use Socket qw(:all);
my @keep;
sub at { my ($a, $p) = @_; $a =~ /:/ ? pack_sockaddr_in6($p, inet_pton(AF_INET6, $a)) : pack_sockaddr_in($p, inet_aton($a)) }
sub bound { my ($kind, $a, $p, %o) = @_;
  socket(my $x, $a =~ /:/ ? AF_INET6 : AF_INET, $kind, 0) or die $!;
  setsockopt($x, IPPROTO_IPV6, IPV6_V6ONLY, pack('i', $o{v6only})) if defined $o{v6only};
  setsockopt($x, SOL_SOCKET, 25, $o{device}) or die $! if $o{device};
  bind($x, at($a, $p)) or die $!;
  listen($x, $o{backlog}) if $o{backlog};
  push @keep, $x; $x }
sub to { my ($a, $p) = @_; socket(my $c, $a =~ /:/ ? AF_INET6 : AF_INET, SOCK_STREAM, 0); connect($c, at($a, $p)) or die $!; push @keep, $c; $c }
sub pair { my ($l, $a, $p) = @_; my $c = to($a, $p); accept(my $s, $l); push @keep, $s; ($c, $s) }
my $four = bound(SOCK_STREAM, '127.0.0.1', 1001, backlog => 5);
my $dual = bound(SOCK_STREAM, '::', 1002, backlog => 7, v6only => 0);
bound(SOCK_STREAM, '::', 1003, backlog => 7, v6only => 1);
bound(SOCK_STREAM, '0.0.0.0', 1005, backlog => 9);
bound(SOCK_STREAM, '127.0.0.1', 1010, backlog => 3, device => 'lo');
bound(SOCK_DGRAM, '0.0.0.0', 1006);
bound(SOCK_DGRAM, '::', 1007);
my $u = bound(SOCK_DGRAM, '::1', 1008); connect($u, at('::1', 1007)); send($u, 'unread', 0);
my ($c, $a) = pair($dual, '127.0.0.1', 1002); send($a, 'hello', 0);
pair($dual, '::1', 1002);
($c, $a) = pair($four, '127.0.0.1', 1001); close($c);
($c, $a) = pair($four, '127.0.0.1', 1001); close($c); close($a);
to('127.0.0.1', 1001);
$| = 1; print "open\n"; <STDIN>;
`;

/** Sockets in a network namespace of their own; `run` starts tools there. */
function withSockets(use: (run: RunTool, pid: number) => Promise<void>): Promise<void> {
  return withHolder(['perl', '-e', OPEN_SOCKETS], 'open', (prefix, pid) => use(localTools(prefix), pid));
}

describe('sockets', () => {
  test('ss, netstat and /proc/net tell the same of the same kernel', async () => {
    await withSockets(async (run, pid) => {
      const ask = async (...argv: string[]): Promise<string> =>
        (await collect(run, argv, { limitBytes: 1e6, timeoutMs: 10_000, clock })).stdout;
      const ss = sorted(parseSs(await ask('ss', '-H', '-tunape')));
      const netstat = sorted(parseNetstat(await ask('netstat', '-tunapeW')));
      const proc = sorted(
        parseProcNet(await ask('cat', '/proc/net/tcp', '/proc/net/tcp6', '/proc/net/udp', '/proc/net/udp6')),
      );
      const busybox = sorted(parseNetstat(await ask('busybox', 'netstat', '-tuna')));
      expect(new Set(ss.map((one) => one.state))).toEqual(
        new Set(['LISTEN', 'ESTABLISHED', 'UNCONN', 'FIN_WAIT2', 'CLOSE_WAIT', 'TIME_WAIT']),
      );
      expect(netstat.map(common)).toEqual(ss.map(common));
      expect(proc.map(common)).toEqual(ss.map(common));
      const anonymous = (one: Socket): unknown => ({
        ...one,
        uid: 0,
        inode: 0,
        processes: [],
        backlog: 0,
        device: '',
      });
      expect(busybox.map(anonymous)).toEqual(ss.map(anonymous));
      for (const one of [...ss, ...netstat].filter((socket) => socket.state === 'LISTEN')) {
        expect(one.processes).toEqual([{ pid, name: 'perl' }]);
      }
      expect(ss.find((one) => one.localPort === 1010)).toMatchObject({ device: 'lo', backlog: 3 });
      expect(ss.find((one) => one.localPort === 1001 && one.state === 'LISTEN')).toMatchObject({ recvQ: 1 });
    });
  });

  test('the first way that answers is taken, and all give one order', async () => {
    await withSockets(async (run) => {
      const without =
        (...missing: string[]): RunTool =>
        (argv) =>
          missing.includes(argv[0] ?? '') ? Promise.resolve(recorded({ exit: 127 })) : run(argv);
      const all = await Promise.all(
        [run, without('ss'), without('ss', 'netstat')].map((way) =>
          sockets({ listening: true }, { run: way, clock }),
        ),
      );
      expect(all.map((one) => one.source)).toEqual(['ss', 'netstat', 'proc']);
      expect(all[1]?.sockets.map(common)).toEqual(all[0]?.sockets.map(common));
      expect(all[2]?.sockets.map(common)).toEqual(all[0]?.sockets.map(common));
      expect(all[0]?.sockets.map((one) => one.localPort)).toEqual([1001, 1002, 1003, 1005, 1010, 1006, 1007]);
    });
  });

  test('a busybox whose netstat knows no -W is passed over', async () => {
    await withSockets(async (run) => {
      const table = await sockets({ listening: false }, { clock, run: (argv) => run(['busybox', ...argv]) });
      expect(table.source).toBe('proc');
      expect(table.sockets.length).toBeGreaterThan(10);
    });
  });

  test('no way at all is told with what each one said', async () => {
    const run: RunTool = ([name]) =>
      Promise.resolve(
        recorded(name === 'ss' ? { exit: 1, stderr: 'Cannot open netlink\u001b socket\n' } : { exit: null }),
      );
    await expect(sockets({ listening: false }, { run, clock })).rejects.toMatchObject({
      exitCode: 8,
      details: [
        'ss -H -tunape: Cannot open netlink socket',
        'netstat -tunapeW: not in the image',
        'cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6: not in the image',
      ],
    });
  });
});

describe('recorded in pods', () => {
  test('ss with processes', () => {
    const found = parseSs(answerTo('netshoot', 'ss', '-H', '-tunap').stdout);
    expect(found).toHaveLength(13);
    expect(parseSs(answerTo('netshoot', 'ss', '-tunap').stdout)).toHaveLength(14);
    expect(found[0]).toMatchObject({
      protocol: 'udp',
      state: 'UNCONN',
      localPort: 5353,
      processes: [{ pid: 23, name: 'socat' }],
    });
    expect(found[10]).toMatchObject({
      family: 'ipv6',
      localAddress: '::',
      localPort: 8080,
      backlog: 4096,
      sendQ: 0,
    });
    expect(found[4]).toMatchObject({
      state: 'SYN_SENT',
      remoteAddress: '198.51.100.1',
      remotePort: 81,
      sendQ: 1,
    });
  });

  test('netstat agrees with ss and /proc/net taken at about the same time', () => {
    const ss = parseSs(answerTo('nocaps', 'ss', '-H', '-tunap').stdout).map((one) => ({
      ...one,
      backlog: undefined,
    }));
    const netstat = parseNetstat(answerTo('nocaps', 'netstat', '-tunap').stdout);
    expect(sorted(netstat)).toEqual(sorted(ss));
    // The dig that held this one had ended when /proc/net was read.
    const lasting = ss.filter((one) => one.localPort !== 43618);
    const proc = ['tcp', 'tcp6', 'udp', 'udp6']
      .map((file) => answerTo('netshoot', 'cat', `/proc/net/${file}`).stdout)
      .join('');
    const plain = (one: Socket): unknown => ({ ...one, uid: 0, inode: 0 });
    expect(sorted(parseProcNet(proc)).map(plain)).toEqual(sorted(lasting).map(plain));
  });

  test('names with blanks, several holders, zones', () => {
    expect(
      parseNetstat(
        'tcp        0      0 0.0.0.0:80              0.0.0.0:*               LISTEN      0          99         7/nginx: master p  ',
      ),
    ).toMatchObject([{ processes: [{ pid: 7, name: 'nginx: master p' }], inode: 99 }]);
    expect(
      parseSs(
        'tcp LISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=8,fd=6),("ino:5 (x",pid=7,fd=6),("nginx",pid=8,fd=9)) uid:101 ino:42 sk:1 <->',
      ),
    ).toMatchObject([{ processes: [{ pid: 8 }, { pid: 7, name: 'ino:5 (x' }], inode: 42, uid: 101 }]);
    expect(parseSs('udp UNCONN 0 0 [fe80::1]%eth0:546 [::]:* ')).toMatchObject([
      { localAddress: 'fe80::1', device: 'eth0', localPort: 546, remotePort: 0 },
    ]);
  });

  test('any text is no more than no sockets', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const parse of [parseSs, parseNetstat, parseProcNet]) expect(parse(text)).toEqual([]);
      }),
    );
  });
});

describe('formatIpv6', () => {
  test('is the text that the platform gives the same address', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const text = formatIpv6(groups);
        expect(isIPv6(text)).toBe(true);
        const full = groups.map((one) => one.toString(16)).join(':');
        const host = (address: string): string => new URL(`http://[${address}]/`).hostname;
        expect(host(text)).toBe(host(full));
        if (!text.includes('.')) expect(`[${text}]`).toBe(host(full));
      }),
    );
    expect(formatIpv6([0, 0, 0, 0, 0, 0xffff, 0x0a00, 0x0001])).toBe('::ffff:10.0.0.1');
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { type ConversationReport, countConversations } from '../../src/capture/conversations.js';
import { tappedSink } from '../../src/capture/tapped.js';
import { conversationsText } from '../../plugin/print/conversations.js';
import { enhancedPacket, interfaceDescription, sectionHeader } from '../pcap/blocks.js';
import {
  ARP,
  arp,
  cooked2,
  ether,
  icmpEcho,
  IPV4,
  ipv4,
  IPV6,
  ipv6,
  join,
  pcapOf,
  sctp,
  tcp,
  udp,
} from './frames.js';

const [a, b] = ['10.0.0.1', '10.0.0.2'];

function report(frames: readonly Uint8Array[], linktype = 1, limit?: number): ConversationReport {
  const counter = countConversations(limit);
  counter.tap()(pcapOf(frames, linktype));
  return counter.report(1000);
}

describe('conversations', () => {
  test('both ways, from who began, with first and last', () => {
    const [sent, answer] = [tcp(40000, 80, 10), tcp(80, 40000, 1000)];
    const { conversations, protocols, total, others, approximate } = report([
      ether(IPV4, ipv4(a, b, 6, sent)),
      ether(IPV4, ipv4(b, a, 6, answer)),
      ether(IPV4, ipv4(b, a, 6, answer), [7]),
    ]);
    expect(conversations).toEqual([
      {
        protocol: 'IPv4/TCP',
        from: { address: a, port: 40000 },
        to: { address: b, port: 80 },
        sent: { packets: 1, bytes: 64 },
        received: { packets: 2, bytes: 1054 + 1058 },
        first: { seconds: 0, nanoseconds: 0 },
        last: { seconds: 2, nanoseconds: 0 },
      },
    ]);
    expect(protocols).toEqual([{ protocol: 'IPv4/TCP', packets: 3, bytes: 2176 }]);
    expect({ total, others, approximate }).toEqual({
      total: { packets: 3, bytes: 2176 },
      others: { packets: 0, bytes: 0 },
      approximate: false,
    });
  });

  test('fragments belong to the conversation whose ports the first one held', () => {
    const { conversations } = report([
      ether(IPV4, ipv4(a, b, 17, udp(5000, 53, 64), { id: 9, more: true })),
      ether(IPV4, ipv4(a, b, 17, new Uint8Array(64), { id: 9, offset: 9, more: true })),
      ether(IPV4, ipv4(a, b, 17, new Uint8Array(8), { id: 9, offset: 17 })),
      ether(IPV4, ipv4(a, b, 17, new Uint8Array(8), { id: 10, offset: 17 })),
    ]);
    expect(conversations.map(({ from, sent }) => [from.port, sent.packets])).toEqual([
      [5000, 3],
      [undefined, 1],
    ]);
  });

  test('several captures, pcap and pcapng, are counted together; the bytes are those of the wire', () => {
    const counter = countConversations();
    const frame = ether(IPV4, ipv4(a, b, 1, icmpEcho(true)));
    counter.tap()(pcapOf([frame]));
    const packet = { seconds: 5, nanoseconds: 6, data: frame.subarray(0, 34), originalLength: 1500 };
    const cookedPacket = {
      ...packet,
      data: cooked2(IPV4, ipv4(b, a, 1, icmpEcho(false))),
      originalLength: 70,
    };
    const tap = counter.tap();
    tap(join(sectionHeader(), interfaceDescription('a'), interfaceDescription('b', 276)));
    tap(join(enhancedPacket(0, packet), enhancedPacket(1, cookedPacket)));
    expect(counter.report(10).conversations).toMatchObject([
      {
        protocol: 'IPv4/ICMP',
        from: { address: a, port: undefined },
        sent: { packets: 2, bytes: frame.length + 1500 },
        received: { packets: 1, bytes: 70 },
        last: { seconds: 5, nanoseconds: 6 },
      },
    ]);
  });

  test('what is no capture is not counted, and does not throw', () => {
    const counter = countConversations();
    counter.tap()(new Uint8Array(500));
    expect(counter.report(10).total).toEqual({ packets: 0, bytes: 0 });
    expect(conversationsText(counter.report(10))).toBe('no packets, hence no conversations\n');
  });
});

describe('bounded', () => {
  test('a scan of a million ports is not remembered; what is large stays exact, and the sums hold', () => {
    const counter = countConversations(100);
    const tap = counter.tap();
    tap(pcapOf([]));
    const large = ether(IPV4, ipv4(a, b, 6, tcp(40000, 80, 1400)));
    for (let round = 0; round < 50; round++) {
      const scan = Array.from({ length: 100 }, (_, i) =>
        ether(IPV4, ipv4(a, b, 6, tcp(50_000 + i, 1 + round * 100 + i))),
      );
      tap(pcapOf([large, large, ...scan]).subarray(24));
    }
    const { conversations, others, total, approximate } = counter.report(10);
    expect(conversations[0]).toMatchObject({ to: { port: 80 }, sent: { packets: 100 } });
    expect(conversations).toHaveLength(10);
    expect(approximate).toBe(true);
    expect(total.packets).toBe(5100);
    expect(others.packets).toBe(5000 - 9);
  });

  test('the parts are the whole, whatever passes', () => {
    const addresses = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4');
    const ports = fc.integer({ min: 1, max: 4 });
    const frames = fc.array(
      fc.oneof(
        fc
          .tuple(addresses, addresses, ports, ports)
          .map(([x, y, p, q]) => ether(IPV4, ipv4(x, y, 17, udp(p, q)))),
        fc.uint8Array({ minLength: 0, maxLength: 60 }),
        fc.constant(ether(ARP, arp(a, b))),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(frames, fc.integer({ min: 2, max: 20 }), (all, limit) => {
        const { total, protocols, conversations, others } = report(all, 1, limit);
        const bytes = all.reduce((sum, { length }) => sum + length, 0);
        expect(total).toEqual({ packets: all.length, bytes });
        const sum = (parts: readonly { readonly packets: number; readonly bytes: number }[]) => ({
          packets: parts.reduce((all_, { packets }) => all_ + packets, 0),
          bytes: parts.reduce((all_, part) => all_ + part.bytes, 0),
        });
        expect(sum(protocols)).toEqual(total);
        expect(sum([others, ...conversations.flatMap(({ sent, received }) => [sent, received])])).toEqual(
          total,
        );
        expect(conversations.length).toBeLessThanOrEqual(limit);
      }),
    );
  });
});

describe('against tshark', () => {
  const endpoints = fc.constantFrom<readonly [string, string]>(
    [a, b],
    [b, a],
    [a, '10.0.0.3'],
    ['10.0.0.3', b],
  );
  const endpoints6 = fc.constantFrom<readonly [string, string]>(
    ['fd00::1', 'fd00::2'],
    ['fd00::2', 'fd00::1'],
  );
  // Ports without a dissector of their own, so that nothing is taken apart further.
  const port = fc.constantFrom(40001, 40002, 40003);
  const size = fc.nat(60);
  const vlans = fc.constantFrom<readonly number[]>([], [], [5], [5, 6]);
  const frame = fc.oneof(
    fc
      .tuple(endpoints, port, port, size, vlans)
      .map(([[x, y], p, q, n, v]) => ether(IPV4, ipv4(x, y, 6, tcp(p, q, n)), v)),
    fc
      .tuple(endpoints, port, port, size)
      .map(([[x, y], p, q, n]) => ether(IPV4, ipv4(x, y, 17, udp(p, q, n)))),
    fc
      .tuple(endpoints6, port, port, size)
      .map(([[x, y], p, q, n]) => ether(IPV6, ipv6(x, y, 6, tcp(p, q, n)))),
    fc
      .tuple(endpoints6, port, port)
      .map(([[x, y], p, q]) =>
        ether(IPV6, ipv6(x, y, 0, join(Uint8Array.of(17, 0, 1, 4, 0, 0, 0, 0), udp(p, q)))),
      ),
    fc.tuple(endpoints, port).map(([[x, y], p]) => ether(IPV4, ipv4(x, y, 132, sctp(p, 40001)))),
    endpoints.map(([x, y]) => ether(IPV4, ipv4(x, y, 1, icmpEcho(true)))),
    endpoints.map(([x, y]) => ether(ARP, arp(x, y))),
  );
  const frames = fc
    .sample(fc.array(frame, { minLength: 300, maxLength: 300 }), { seed: 5, numRuns: 1 })
    .flat();

  function tshark(...statistics: readonly string[]): string {
    const folder = mkdtempSync(path(tmpdir(), 'netdebug-stats-'));
    try {
      const file = path(folder, 'all.pcap');
      writeFileSync(file, pcapOf(frames));
      return execFileSync('tshark', ['-n', '-r', file, '-q', ...statistics.flatMap((one) => ['-z', one])], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test('the same conversations, packets and bytes both ways', () => {
    const theirs = [
      ...tshark('conv,tcp', 'conv,udp', 'conv,sctp').matchAll(
        /^(\S+):(\d+)\s+<-> (\S+):(\d+)\s+(\d+) (\d+) bytes\s+(\d+) (\d+) bytes/gm,
      ),
    ].map(([, from, fromPort, to, toPort, received, receivedBytes, sent, sentBytes]) =>
      [from, fromPort, to, toPort, sent, sentBytes, received, receivedBytes].join(' '),
    );
    const ours = report(frames)
      .conversations.filter(({ from }) => from.port !== undefined)
      .map(({ from, to, sent, received }) => {
        const there = [
          from.address,
          from.port,
          to.address,
          to.port,
          sent.packets,
          sent.bytes,
          received.packets,
          received.bytes,
        ];
        const back = [
          to.address,
          to.port,
          from.address,
          from.port,
          received.packets,
          received.bytes,
          sent.packets,
          sent.bytes,
        ];
        // tshark puts either end first.
        return theirs.includes(back.join(' ')) ? back.join(' ') : there.join(' ');
      });
    expect(theirs.length).toBeGreaterThan(30);
    expect(ours.sort()).toEqual(theirs.sort());
  });

  test('the same protocols', () => {
    const above: string[] = [];
    const theirs = new Map<string, readonly [number, number]>();
    for (const [, indent = '', name = '', packets, bytes] of tshark('io,phs').matchAll(
      /^( *)(\w+)\s+frames:(\d+) bytes:(\d+)$/gm,
    )) {
      above.splice(indent.length / 2, Infinity, name);
      const network = above.includes('ipv6') ? 'IPv6' : 'IPv4';
      const key =
        name === 'arp'
          ? 'ARP'
          : ['tcp', 'udp', 'sctp', 'icmp'].includes(name)
            ? `${network}/${name.toUpperCase()}`
            : undefined;
      if (key === undefined) continue;
      const [p, n] = theirs.get(key) ?? [0, 0];
      theirs.set(key, [p + Number(packets), n + Number(bytes)]);
    }
    const ours = report(frames).protocols.map(
      ({ protocol, packets, bytes }) => [protocol, [packets, bytes]] as const,
    );
    expect(new Map(ours)).toEqual(theirs);
    expect(theirs.size).toBe(7);
  });
});

test('a sink is tapped without being changed', async () => {
  const seen: string[] = [];
  const sink = tappedSink(
    {
      write: () => void seen.push('write'),
      close: () => Promise.resolve(void seen.push('close')),
      abort: () => Promise.resolve(void seen.push('abort')),
    },
    (chunk) => void seen.push(`tap ${chunk.length}`),
  );
  await sink.write(new Uint8Array(3));
  await sink.close();
  await sink.abort('why');
  expect(seen).toEqual(['tap 3', 'write', 'close', 'abort']);
});

test('the tables', () => {
  const all = report([
    ether(IPV4, ipv4(a, b, 6, tcp(40000, 80, 1400))),
    ether(IPV4, ipv4(b, a, 6, tcp(80, 40000))),
    ether(IPV6, ipv6('fd00::1', 'fd00::2', 17, udp(5000, 53))),
    ether(ARP, arp(a, b)),
    new Uint8Array(20),
  ]);
  const names = new Map([[b, 'shop/web-0']]);
  expect(conversationsText(all, (address) => names.get(address))).toBe(
    [
      'PROTOCOL   FROM             TO              SENT   BYTES    RECEIVED   BYTES   LASTED',
      'IPv4/TCP   10.0.0.1:40000   shop/web-0:80   1      1.5 kB   1          54 B    1s',
      'IPv6/UDP   [fd00::1]:5000   [fd00::2]:53    1      70 B     0          0 B     0ms',
      'ARP        10.0.0.1         shop/web-0      1      42 B     0          0 B     0ms',
      'and 1 packet, 20 B of others',
      '',
      'PROTOCOL   PACKETS   BYTES    SHARE',
      'IPv4/TCP   2         1.5 kB   92.0 %',
      'IPv6/UDP   1         70 B     4.3 %',
      'ARP        1         42 B     2.6 %',
      'other      1         20 B     1.2 %',
      '',
    ].join('\n'),
  );
});

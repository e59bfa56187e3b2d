import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import {
  loopbackPortsOf,
  ownStreamsFilter,
  withoutStreams,
  type OwnStreams,
} from '../../src/capture/node-filter.js';
import { parseProcNet } from '../../src/tools/sockets-parse.js';

const streams: OwnStreams = {
  nodeAddresses: ['172.30.0.11', 'fd00:172:30::11'],
  kubeletPort: 10_250,
  apiServers: [{ address: '203.0.113.7', port: 6443 }],
  loopbackPorts: [34_567],
};

/** Whether libpcap takes the expression for this link type. */
function compiles(filter: string, linktype = 'EN10MB'): boolean {
  execFileSync('tcpdump', ['-y', linktype, '-d', '--', filter], { stdio: ['ignore', 'ignore', 'pipe'] });
  return true;
}

/** A SYN in Ethernet. */
function tcpPacket(from: string, fromPort: number, to: string, toPort: number): Buffer {
  const packet = Buffer.alloc(14 + 20 + 20);
  packet.writeUInt16BE(0x0800, 12);
  packet.set([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0], 14);
  packet.set([...from.split('.'), ...to.split('.')].map(Number), 26);
  packet.writeUInt16BE(fromPort, 34);
  packet.writeUInt16BE(toPort, 36);
  packet.set([0x50, 0x02], 46);
  return packet;
}

function pcapOf(packets: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(24);
  [0xa1b2c3d4, 0x0004_0002, 0, 0, 262_144, 1].forEach((word, index) => header.writeUInt32LE(word, index * 4));
  const records = packets.flatMap((packet) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    return [record, packet];
  });
  return Buffer.concat([header, ...records]);
}

describe('the streams of a capture on a node', () => {
  test('are those to its kubelet, to API servers, and on loopback those of the runtime', () => {
    expect(ownStreamsFilter(streams, 'any')).toBe(
      'tcp and (' +
        '(((dst host 172.30.0.11 or dst host fd00:172:30::11) and (dst port 10250 or dst port 6443))' +
        ' or ((src host 172.30.0.11 or src host fd00:172:30::11) and (src port 10250 or src port 6443)))' +
        ' or (host 203.0.113.7 and (port 6443 or port 8132))' +
        ' or (port 34567 and ((src net 127.0.0.0/8 and dst net 127.0.0.0/8) or (src host ::1 and dst host ::1))))',
    );
  });

  test('are not on loopback where an interface is named', () => {
    expect(ownStreamsFilter(streams, 'eth0')).not.toContain('127.0.0.0');
    expect(ownStreamsFilter(streams, 'lo')).toContain('port 34567');
  });

  test('are all of loopback where the port of the runtime is not known', () => {
    const filter = ownStreamsFilter({ ...streams, loopbackPorts: 'all' }, 'any');
    expect(filter).toMatch(/ or \(\(src net 127\.0\.0\.0\/8 and .* host ::1\)\)\)$/);
    expect(compiles(filter)).toBe(true);
  });

  test('are left out of a filter, and are all that is left out without one', () => {
    expect(withoutStreams('icmp or udp', 'tcp and (port 1)')).toBe(
      '(icmp or udp) and (not (tcp and (port 1)))',
    );
    expect(withoutStreams(undefined, 'tcp and (port 1)')).toBe('not (tcp and (port 1))');
    expect(withoutStreams('icmp', '')).toBe('icmp');
  });

  test('are nothing where nothing is known', () => {
    const nothing = { nodeAddresses: [], kubeletPort: 0, apiServers: [], loopbackPorts: [] };
    expect(ownStreamsFilter(nothing, 'any')).toBe('');
  });

  test('are what the expression matches, and nothing else', () => {
    const packets: readonly (readonly [string, number, string, number, boolean])[] = [
      ['172.30.0.1', 40_000, '172.30.0.11', 10_250, true], // API server to kubelet
      ['172.30.0.11', 10_250, '172.30.0.1', 40_000, true],
      ['198.51.100.9', 40_000, '172.30.0.11', 6443, true], // to an API server on this node
      ['172.30.0.11', 40_000, '203.0.113.7', 8132, true], // an agent of konnectivity
      ['127.0.0.1', 40_000, '127.0.0.1', 34_567, true], // kubelet to runtime
      ['172.30.0.11', 40_000, '172.30.0.12', 10_250, false], // to another node's kubelet
      ['10.244.1.2', 40_000, '10.244.2.2', 6443, false],
      ['10.244.1.2', 34_567, '10.244.2.2', 80, false],
      ['127.0.0.1', 40_000, '127.0.0.1', 80, false],
      ['203.0.113.7', 443, '172.30.0.11', 40_000, false],
    ];
    const file = pcapOf(packets.map(([from, fromPort, to, toPort]) => tcpPacket(from, fromPort, to, toPort)));
    /** Packets that a filter lets through, as tcpdump writes them. */
    const kept = (filter: string): string[] =>
      execFileSync('tcpdump', ['-n', '-t', '-q', '-r', '-', '--', filter], {
        input: file,
        stdio: ['pipe', 'pipe', 'ignore'],
      })
        .toString()
        .trim()
        .split('\n')
        .map((line) => line.replace(/^IP (.*): tcp.*$/, '$1'));
    const named = (wanted: boolean): string[] =>
      packets
        .filter(([, , , , isOwn]) => isOwn === wanted)
        .map(([from, fromPort, to, toPort]) => `${from}.${fromPort} > ${to}.${toPort}`);
    const filter = ownStreamsFilter(streams, 'any');
    expect(kept(filter)).toEqual(named(true));
    expect(kept(withoutStreams('tcp or icmp', filter) ?? '')).toEqual(named(false));
  });

  test('make a filter that libpcap takes, and hold no word that is neither address nor port', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string());
    const port = fc.integer({ min: -1, max: 70_000 });
    const known = fc.record({
      nodeAddresses: fc.array(address, { maxLength: 4 }),
      kubeletPort: port,
      apiServers: fc.array(fc.record({ address, port }), { maxLength: 4 }),
      loopbackPorts: fc.oneof(fc.constant('all' as const), fc.array(port, { maxLength: 3 })),
    });
    fc.assert(
      fc.property(known, fc.constantFrom('any', 'lo', 'eth0'), (any, name) => {
        const filter = ownStreamsFilter(any, name);
        expect(filter).toMatch(/^([0-9a-f:./() ]|and|or|tcp|src|dst|host|port|net)*$/);
      }),
    );
    fc.assert(
      fc.property(known, (any) => compiles(withoutStreams('icmp', ownStreamsFilter(any, 'any')) ?? '')),
      { numRuns: 20 },
    );
  });
});

test('the runtime is looked for among what is listened to on loopback and connected from there', () => {
  const row = (n: number, local: string, remote: string, state: string): string =>
    `   ${n}: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${n + 100} 1 0`;
  const text = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    row(0, '0100007F:8707', '00000000:0000', '0A'), // 34567, the runtime
    row(1, '0100007F:8707', '0100007F:D431', '01'),
    row(2, '0100007F:D431', '0100007F:8707', '01'),
    row(3, '0100007F:28A0', '00000000:0000', '0A'), // 10400, nobody connected
    row(4, '00000000:0016', '00000000:0000', '0A'), // ssh, not on loopback alone
    row(5, '0100007F:0016', '0100007F:D432', '01'),
    row(6, '0B001EAC:280A', '01001EAC:A001', '01'), // the kubelet's own port
  ].join('\n');
  expect(loopbackPortsOf(parseProcNet(text))).toEqual([34_567]);
});

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

describe('the streams of a capture on a node', () => {
  test('are those to its kubelet, to API servers, and on loopback those of the runtime', () => {
    expect(ownStreamsFilter(streams, 'any')).toBe(
      'tcp and (' +
        '((dst host 172.30.0.11 or dst host fd00:172:30::11) and (dst port 10250 or dst port 6443)' +
        ' or (src host 172.30.0.11 or src host fd00:172:30::11) and (src port 10250 or src port 6443))' +
        ' or (host 203.0.113.7 and (port 6443 or port 8132))' +
        ' or (port 34567 and (src net 127.0.0.0/8 and dst net 127.0.0.0/8 or src host ::1 and dst host ::1)))',
    );
  });

  test('are not on loopback where an interface is named', () => {
    expect(ownStreamsFilter(streams, 'eth0')).not.toContain('127.0.0.0');
    expect(ownStreamsFilter(streams, 'lo')).toContain('port 34567');
  });

  test('are all of loopback where the port of the runtime is not known', () => {
    const filter = ownStreamsFilter({ ...streams, loopbackPorts: 'all' }, 'any');
    expect(filter).toMatch(/ or \(src net 127\.0\.0\.0\/8 [^)]*\)\)$/);
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

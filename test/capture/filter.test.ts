import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  combineFilters,
  MOST_PEER_ADDRESSES,
  peerFilter,
  withoutProbesFilter,
} from '../../src/capture/filter.js';
import { readPcap } from '../../src/pcap/reader.js';
import { ARP, arp, ether, icmpEcho, IPV4, ipv4, IPV6, ipv6, pcapOf, tcp, udp } from './frames.js';

const [a, b, c] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
const frames = [
  ether(IPV4, ipv4(a, b, 6, tcp(40000, 80))),
  ether(IPV4, ipv4(b, a, 6, tcp(80, 40000))),
  ether(IPV4, ipv4(a, c, 6, tcp(40001, 443))),
  ether(IPV4, ipv4(c, b, 6, tcp(40002, 8080))),
  ether(IPV4, ipv4(a, b, 17, udp(5000, 53))),
  ether(IPV4, ipv4(c, a, 17, udp(80, 5001))),
  ether(IPV4, ipv4(b, c, 1, icmpEcho(true))),
  ether(ARP, arp(a, b)),
  ether(IPV6, ipv6('fd00::1', 'fd00::2', 6, tcp(40003, 80))),
  ether(IPV6, ipv6('fd00::2', 'fd00::3', 17, udp(5002, 53))),
];
let folder = '';
let file = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-filter-'));
  file = join(folder, 'all.pcap');
  writeFileSync(file, pcapOf(frames));
});
afterAll(() => rmSync(folder, { recursive: true }));

function ask(filter: string): readonly number[] {
  const { status, stdout, stderr } = spawnSync('tcpdump', ['-r', file, '-w', '-', '--', filter]);
  if (status === 0) return readPcap(stdout).packets.map(({ seconds }) => seconds);
  // libpcap sees at once that nothing can match.
  if (stderr.includes('expression rejects all packets')) return [];
  throw new Error(stderr.toString());
}

/** Which of the frames the real tcpdump lets through. */
const known = new Map<string, readonly number[]>();
function matches(filter: string | undefined): readonly number[] {
  const key = filter ?? '';
  const found = known.get(key) ?? ask(key);
  known.set(key, found);
  return found;
}

const single = fc.constantFrom(
  ...[
    'tcp',
    'udp',
    'icmp',
    'arp',
    'ip6',
    'port 80',
    'tcp port 80 or 443',
    'src port 80',
    'tcp dst port 8080',
  ],
  ...[`host ${a}`, `src host ${a} or ${b}`, `net 10.0.0.0/31`, 'host fd00::2', 'portrange 50-100', 'less 60'],
  ...['tcp[tcpflags] & tcp-ack != 0', 'ip[8] > 1', 'not tcp', '! udp', 'tcp or udp port 53'],
);
const compound = fc
  .array(fc.tuple(fc.constantFrom('and', 'or', 'and not', '||', '&&'), single), { maxLength: 2 })
  .chain((rest) =>
    single.map((first) => [first, ...rest.map(([word, next]) => `${word} ${next}`)].join(' ')),
  );

describe('combined', () => {
  test('exactly the packets that match the person’s filter and every addition', () => {
    fc.assert(
      fc.property(compound, compound, single, (person, one, two) => {
        const expected = matches(person).filter(
          (at) => matches(one).includes(at) && matches(two).includes(at),
        );
        expect(matches(combineFilters(person, one, two))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  test('alone it stays as it was typed', () => {
    expect(combineFilters(' tcp port 80 ')).toBe('tcp port 80');
    expect(combineFilters(undefined, 'tcp port 80', undefined)).toBe('tcp port 80');
    expect(combineFilters('  ', undefined)).toBeUndefined();
    expect(combineFilters('tcp or udp', 'host 10.0.0.1')).toBe('(tcp or udp) and (host 10.0.0.1)');
  });

  test.each([['tcp) or (udp'], ['(tcp'], ['tcp)']])('%p would close our brackets', (filter) => {
    expect(() => combineFilters(filter, 'host 10.0.0.1')).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  test('what is no filter by itself is none when it is combined', () => {
    for (const filter of ['10.0.0.1', '80', 'or tcp', 'and']) {
      expect(() => matches(combineFilters(filter, `host ${a}`))).toThrow();
    }
  });
});

describe('peers', () => {
  test('packets to or from any of them, in both families', () => {
    expect(peerFilter([{ host: b }, { host: 'fd00::3' }])).toBe(`host ${b} or host fd00::3`);
    expect(matches(peerFilter([{ host: b }, { host: 'fd00::3' }]))).toEqual([0, 1, 3, 4, 6, 7, 9]);
    expect(
      matches(combineFilters('port 80 or port 53', peerFilter([{ host: a }, { host: 'fd00::1' }]))),
    ).toEqual([0, 1, 4, 5, 8]);
  });

  test('a port of one is no port of another', () => {
    const filter = peerFilter([
      { host: b, port: { number: 80, protocol: 'tcp' } },
      { host: c, port: { number: 8080, protocol: 'tcp' } },
      { host: 'fd00::2', port: { number: 53, protocol: 'udp' } },
    ]);
    expect(matches(filter)).toEqual([0, 1, 3, 9]);
  });

  test('none, too many, and what is no host', () => {
    expect(peerFilter([])).toBeUndefined();
    const many = Array.from({ length: MOST_PEER_ADDRESSES + 1 }, (_, i) => ({ host: `10.1.0.${i}` }));
    expect(() => peerFilter(many)).toThrow(expect.objectContaining({ exitCode: 2 }));
    expect(() => peerFilter([{ host: 'a) or (tcp' }])).toThrow(expect.objectContaining({ exitCode: 2 }));
  });

  test('as many as are allowed are compiled into what the kernel takes', () => {
    const port = { number: 8080, protocol: 'tcp' } as const;
    const many = Array.from({ length: MOST_PEER_ADDRESSES }, (_, i) => ({
      host: `fd00:1:2:3::${i + 1}`,
      port,
    }));
    const filter = combineFilters('tcp', peerFilter(many), withoutProbesFilter([a], [80]));
    const program = execFileSync('tcpdump', ['-y', 'EN10MB', '-dd', '--', filter ?? ''], {
      encoding: 'utf8',
    });
    // BPF_MAXINSNS
    expect(program.trim().split('\n').length).toBeLessThan(4096);
  });

  test('a name is looked up by libpcap, whatever word it is', () => {
    // localhost needs no name server.
    expect(matches(peerFilter([{ host: 'localhost' }]))).toEqual([]);
    expect(peerFilter([{ host: 'port' }])).toBe('host \\port');
  });
});

describe('probes', () => {
  test('TCP between node and probe ports is left out, nothing else', () => {
    const filter = withoutProbesFilter([a, 'fd00::1'], [80, 443]);
    expect(filter).toBe(`not ((host ${a} or host fd00::1) and (tcp port 80 or tcp port 443))`);
    expect(matches(filter)).toEqual([3, 4, 5, 6, 7, 9]);
    expect(matches(combineFilters('tcp', filter))).toEqual([3]);
  });

  test('nothing is left out where nothing is known', () => {
    expect(withoutProbesFilter([], [80])).toBeUndefined();
    expect(withoutProbesFilter([a], [])).toBeUndefined();
    expect(withoutProbesFilter(['no address'], [80])).toBeUndefined();
    expect(withoutProbesFilter([a], [0, 70_000, 1.5])).toBeUndefined();
  });
});

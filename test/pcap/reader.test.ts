import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { linktypeName } from '../../src/pcap/linktype.js';
import { readPcap } from '../../src/pcap/reader.js';
import { encode, madePcap } from './arbitrary.js';

function withFile<T>(bytes: Uint8Array, use: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-pcap-'));
  try {
    const path = join(folder, 'x.pcap');
    writeFileSync(path, bytes);
    return use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('readPcap', () => {
  test('reads back what was written; microseconds lose the last three digits', () => {
    fc.assert(
      fc.property(madePcap, (made) => {
        const content = readPcap(encode(made).bytes);
        expect(content).toMatchObject({ fault: undefined, trailingBytes: 0 });
        expect(content.header).toMatchObject({
          linktype: made.linktype,
          snaplen: made.snaplen,
          versionMinor: 4,
        });
        const expected = made.packets.map((one) => ({
          interfaceId: 0,
          ...one,
          nanoseconds:
            made.precision === 'nano' ? one.nanoseconds : Math.floor(one.nanoseconds / 1000) * 1000,
          capturedLength: one.data.length,
        }));
        expect(content.packets).toEqual(expected);
      }),
    );
  });

  test('any bytes give an answer', () => {
    fc.assert(
      fc.property(
        madePcap,
        fc.array(fc.tuple(fc.nat(2000), fc.nat(255)), { maxLength: 5 }),
        (made, damage) => {
          const { bytes } = encode(made);
          for (const [at, value] of damage) bytes[at % bytes.length] = value;
          const content = readPcap(bytes);
          expect(content.trailingBytes).toBeLessThanOrEqual(bytes.length);
        },
      ),
    );
  });

  test('tshark and capinfos read the same packets out of what we write', () => {
    const data = (length: number): Uint8Array => new Uint8Array(length).fill(0x5a);
    const packets = [
      { seconds: 1_700_000_000, nanoseconds: 123_456_789, originalLength: 60, data: data(60) },
      { seconds: 1_700_000_001, nanoseconds: 999_999_999, originalLength: 1500, data: data(96) },
    ];
    for (const littleEndian of [true, false]) {
      for (const precision of ['micro', 'nano'] as const) {
        const { bytes } = encode({ littleEndian, precision, linktype: 1, snaplen: 65535, packets });
        withFile(bytes, (path) => {
          const rows = execFileSync(
            'tshark',
            ['-r', path, '-T', 'fields', '-e', 'frame.time_epoch', '-e', 'frame.cap_len', '-e', 'frame.len'],
            {
              encoding: 'utf8',
              stdio: ['ignore', 'pipe', 'ignore'],
            },
          );
          const digits = precision === 'nano' ? ['123456789', '999999999'] : ['123456', '999999'];
          const found = rows
            .trim()
            .split('\n')
            .map((row) => row.split('\t'));
          expect(found.map((row) => row.slice(1))).toEqual([
            ['60', '60'],
            ['96', '1500'],
          ]);
          found.forEach((row, i) =>
            expect(row[0]).toMatch(new RegExp(`^170000000${i}\\.${digits[i] ?? ''}0*$`)),
          );
          const info = execFileSync('capinfos', ['-T', '-r', '-m', '-c', '-E', path], { encoding: 'utf8' });
          expect(info).toContain(',ether,2');
        });
      }
    }
  });
});

describe('linktypeName', () => {
  test('speaks as tcpdump does', () => {
    expect(linktypeName(1)).toBe('EN10MB (Ethernet)');
    expect(linktypeName(276)).toBe('LINUX_SLL2 (Linux cooked v2)');
    expect(linktypeName(4242)).toBe('LINKTYPE 4242');
  });
});

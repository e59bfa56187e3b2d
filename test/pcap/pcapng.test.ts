import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressBytes, addressText } from '../../src/pcap/address.js';
import type { PcapngBlock } from '../../src/pcap/pcapng-types.js';
import { readPcapng } from '../../src/pcap/pcapng-reader.js';
import {
  writeEnhancedPacket,
  writeInterfaceDescription,
  writeInterfaceStatistics,
  writeNameResolution,
  writeSectionHeader,
} from '../../src/pcap/pcapng-writer.js';
import { split } from './arbitrary.js';
import { block } from './blocks.js';
import { blocksOf, packetsOf } from './sources.js';

const text = fc.string({ unit: 'binary', maxLength: 40 });
const maybe = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(one, { nil: undefined });
const remarks = fc.array(text, { maxLength: 3 });
const time = fc.record({
  seconds: fc.integer({ min: 0, max: 0xffffffff }),
  nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
});
const count = maybe(fc.maxSafeNat());
const words = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32LE(value, i * 4));
  return bytes;
};

/** The one spelling of an address, by the URL standard (for IPv6 that of RFC 5952). */
function canonical(address: string): string {
  if (!address.includes(':')) return address;
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

describe('writer and reader', () => {
  test('what is written is read back, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.record({ application: text, os: maybe(text), hardware: maybe(text), comments: remarks }),
        fc.record({ name: text, description: maybe(text), filter: maybe(text) }),
        fc.record({ linktype: fc.nat(65535), snaplen: fc.nat() }),
        fc.array(
          fc.record({
            time,
            data: fc.uint8Array({ maxLength: 40 }),
            originalLength: fc.nat(),
            comments: remarks,
          }),
          { maxLength: 5 },
        ),
        fc.record({ first: maybe(time), last: time, comments: remarks }),
        fc.record({
          received: count,
          droppedByInterface: count,
          droppedByKernel: count,
          acceptedByFilter: count,
          delivered: count,
        }),
        fc.array(fc.nat(3000), { maxLength: 20 }),
        (section, description, link, packets, seen, statistics, cuts) => {
          const bytes = Uint8Array.from(
            Buffer.concat([
              writeSectionHeader(section),
              writeInterfaceDescription(link, description),
              ...packets.map(({ time, comments, ...one }) =>
                writeEnhancedPacket({ interfaceId: 0, ...time, ...one }, comments),
              ),
              writeInterfaceStatistics(0, seen, statistics, seen.comments),
            ]),
          );
          const reader = readPcapng();
          const blocks: PcapngBlock[] = split(bytes, cuts).flatMap((piece) => reader.push(piece));
          expect(reader).toMatchObject({ fault: undefined, trailingBytes: 0, skippedBlocks: 0 });
          expect(blocks[0]).toMatchObject({ kind: 'section', section });
          expect(blocks[1]).toMatchObject({
            kind: 'interface',
            interface: { id: 0, ...link, ...description, ticksPerSecond: 1_000_000_000n },
          });
          expect(packetsOf(blocks)).toMatchObject(
            packets.map(({ time, ...one }) => ({ ...time, ...one, capturedLength: one.data.length })),
          );
          expect(blocks.at(-1)).toMatchObject({
            kind: 'statistics',
            statistics: {
              time: seen.last,
              start: seen.first,
              end: seen.last,
              comments: seen.comments,
              ...statistics,
            },
          });
          expect(blocks).toHaveLength(3 + packets.length);
        },
      ),
    );
  });

  test('names come back with their addresses; what is none is left out', () => {
    const address = fc.oneof(fc.ipV4(), fc.ipV6());
    const name = fc.stringMatching(/^[a-z][a-z0-9.-]{0,60}$/);
    fc.assert(
      fc.property(
        fc.array(fc.record({ address, names: fc.array(name, { minLength: 1, maxLength: 4 }) }), {
          maxLength: 8,
        }),
        (records) => {
          const written = writeNameResolution([...records, { address: 'web-0', names: ['x'] }], ['a note']);
          const blocks = blocksOf(Buffer.concat([writeSectionHeader({ application: '' }), ...written]));
          expect(blocks.slice(1)).toEqual([
            {
              kind: 'names',
              names: records.map(({ address, names }) => ({
                address: canonical(address),
                names,
              })),
              comments: ['a note'],
            },
          ]);
        },
      ),
    );
  });

  test('many names become several records and blocks, and none is lost', () => {
    const names = Array.from({ length: 3000 }, (_, i) => `${'n'.repeat(240)}${i}`);
    const blocks = blocksOf(
      Buffer.concat([
        writeSectionHeader({ application: '' }),
        ...writeNameResolution([{ address: '10.0.0.1', names }]),
      ]),
    );
    expect(blocks.length).toBeGreaterThan(3);
    const found = blocks.flatMap((one) =>
      one.kind === 'names' ? one.names.flatMap((record) => record.names) : [],
    );
    expect(found).toEqual(names);
  });

  test('a comment that no option can hold is cut between two characters', () => {
    const [packet] = packetsOf(
      blocksOf(
        Buffer.concat([
          writeSectionHeader({ application: '' }),
          writeInterfaceDescription({ linktype: 1, snaplen: 0 }, { name: 'x' }),
          writeEnhancedPacket(
            { interfaceId: 0, seconds: 1, nanoseconds: 2, originalLength: 0, data: new Uint8Array(0) },
            ['€'.repeat(30_000)],
          ),
        ]),
      ),
    );
    expect(packet?.comments).toEqual(['€'.repeat(21_845)]);
  });
});

describe('addresses', () => {
  test('text to bytes to the text that a URL has for it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const bytes = addressBytes(address) ?? new Uint8Array(0);
        expect(addressText(bytes)).toBe(canonical(address));
        expect(addressBytes(canonical(address))).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test('a zone is none of the bytes', () => {
    expect(addressText(addressBytes('fe80::1%eth0') ?? new Uint8Array(0))).toBe('fe80::1');
  });

  test.each([
    '',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8::',
    '1::2::3',
    '12345::',
    '1.2.3',
    '256.1.1.1',
    '1.2.3.4.5',
    '::1.2.3',
    'g::',
    '1:2:3:4:5:6:7:8:9',
    'host',
  ])('%j is none', (address) => expect(addressBytes(address)).toBeUndefined());
});

describe('files of others', () => {
  const shb = (...comment: Buffer[]): Buffer =>
    Buffer.concat([
      block(0x0a0d0d0a, Buffer.concat([words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff), ...comment])),
    ]);
  /** Link type Ethernet, no limit, `if_tsresol` as given. */
  const interfaceOf = (resolution: number, ...options: Buffer[]): Uint8Array =>
    block(1, Buffer.concat([words(1, 0, (1 << 16) | 9, resolution), ...options, words(0)]));
  const packetAt = (upper: number, lower: number): Uint8Array => block(6, words(0, upper, lower, 0, 60));

  test.each([
    [0, 0, 7, { seconds: 7, nanoseconds: 0 }],
    [3, 0, 7005, { seconds: 7, nanoseconds: 5_000_000 }],
    [12, 1, 0, { seconds: 0, nanoseconds: 4_294_967 }],
    [0x81, 0, 5, { seconds: 2, nanoseconds: 500_000_000 }],
    [0xa0, 3, 0x80000000, { seconds: 3, nanoseconds: 500_000_000 }],
    [127, 1, 1, { seconds: 0, nanoseconds: 0 }],
  ])('time stamps of resolution %i', (resolution, upper, lower, time) => {
    const blocks = blocksOf(Buffer.concat([shb(), interfaceOf(resolution), packetAt(upper, lower)]));
    expect(packetsOf(blocks)).toMatchObject([time]);
  });

  test('an offset in seconds, a Simple Packet Block, blocks that are not known, a second section', () => {
    const offset = Buffer.concat([words((8 << 16) | 14), words(10, 0)]);
    const reader = readPcapng();
    const blocks = reader.push(
      Buffer.concat([
        shb(),
        interfaceOf(6, offset),
        packetAt(0, 2_000_003),
        block(0x0bad, words(1, 2, 3)),
        block(3, words(3, 0x00030201)),
        shb(),
        interfaceOf(9),
        packetAt(0, 5),
      ]),
    );
    expect(reader).toMatchObject({ fault: undefined, skippedBlocks: 1 });
    expect(packetsOf(blocks)).toMatchObject([
      { seconds: 12, nanoseconds: 3000, originalLength: 60 },
      { seconds: 0, capturedLength: 3, data: Uint8Array.of(1, 2, 3) },
      { seconds: 0, nanoseconds: 5, interfaceId: 0 },
    ]);
  });

  test('big endian is read as well', () => {
    const swapped = (bytes: Uint8Array): Buffer => Buffer.from(bytes).swap32();
    // 16-bit words change places when 32 bits are turned.
    const section = block(0x0a0d0d0a, words(0x1a2b3c4d, 1 << 16, 0xffffffff, 0xffffffff));
    const idb = block(1, words(1 << 16, 0));
    const blocks = blocksOf(Buffer.concat([swapped(section), swapped(idb), swapped(packetAt(0, 1_000_001))]));
    expect(packetsOf(blocks)).toMatchObject([{ seconds: 1, nanoseconds: 1000, interface: { linktype: 1 } }]);
  });

  test.each([
    ['magic', Buffer.from('no capture at all')],
    ['magic', block(0x0a0d0d0a, words(1, 2, 3, 4))],
    ['version', block(0x0a0d0d0a, words(0x1a2b3c4d, 2, 0, 0))],
    ['length', Buffer.concat([shb(), words(6, 0x7ffffffc, 0)])],
    ['length', Buffer.concat([shb(), words(6, 13, 0)])],
    ['length', Buffer.concat([shb(), words(0xbad, 16, 0, 12)])],
    ['block', Buffer.concat([shb(), packetAt(0, 0)])],
    ['block', Buffer.concat([shb(), interfaceOf(9), block(6, words(0, 0, 0, 500, 500))])],
  ])('a fault is a value: %s', (kind, bytes) => {
    const reader = readPcapng();
    reader.push(bytes);
    expect(reader.fault?.kind).toBe(kind);
    expect(reader.push(shb())).toEqual([]);
  });

  test('any bytes give an answer', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }), (damage) => {
        const bytes = Buffer.concat([shb(), interfaceOf(9), packetAt(0, 1), packetAt(0, 2), shb()]);
        for (const [at, value] of damage) bytes[at % bytes.length] = value;
        const reader = readPcapng();
        expect(reader.push(bytes).length).toBeLessThanOrEqual(5);
      }),
    );
  });
});

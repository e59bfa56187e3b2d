import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { walkRecords } from '../../src/pcap/walk.js';
import { encode, madePcap, type MadePacket } from './arbitrary.js';
import {
  enhancedPacket,
  interfaceDescription,
  interfaceStatistics,
  nameResolution,
  sectionHeader,
} from './blocks.js';

/** Every packet of chunks that end at whole records. */
function packetsOf(chunks: readonly Uint8Array[]) {
  const walker = walkRecords();
  const packets: (MadePacket & { readonly linktype: number })[] = [];
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const end = walker.next(chunk, at);
      if (end === undefined) throw new Error(`no whole record at ${at}`);
      if (walker.kind === 'packet') {
        const { linktype, originalLength, dataAt, capturedLength } = walker;
        const data = Uint8Array.from(chunk.subarray(dataAt, dataAt + capturedLength));
        packets.push({ ...walker.time(), originalLength, data, linktype });
      }
      at = end;
    }
  }
  return { packets, preamble: walker.preamble() };
}

const packet: MadePacket = {
  seconds: 1_795_382_098,
  nanoseconds: 412_915_007,
  originalLength: 900,
  data: Uint8Array.of(1, 2, 3, 4, 5),
};

describe('pcap', () => {
  test('every packet, in either byte order and precision; its header is the preamble', () => {
    fc.assert(
      fc.property(madePcap, (made) => {
        const { bytes, boundaries } = encode(made);
        const chunks = boundaries.map((end, i) => bytes.subarray(boundaries[i - 1] ?? 0, end));
        const { packets, preamble } = packetsOf(chunks);
        expect(packets).toEqual(
          made.packets.map((one) => ({
            ...one,
            linktype: made.linktype,
            nanoseconds:
              made.precision === 'nano' ? one.nanoseconds : one.nanoseconds - (one.nanoseconds % 1000),
          })),
        );
        expect(preamble).toEqual(bytes.subarray(0, 24));
      }),
    );
  });
});

describe('pcapng', () => {
  test('packets of several interfaces, nanoseconds exact, interfaces that come late', () => {
    const first = [sectionHeader(), interfaceDescription('a', 1), enhancedPacket(0, packet)];
    const second = [interfaceDescription('b', 276), enhancedPacket(1, packet), interfaceStatistics(0)];
    const { packets, preamble } = packetsOf([Buffer.concat(first), Buffer.concat(second)]);
    expect(packets).toEqual([
      { ...packet, linktype: 1 },
      { ...packet, linktype: 276 },
    ]);
    expect(Buffer.from(preamble)).toEqual(
      Buffer.concat([sectionHeader(), interfaceDescription('a', 1), interfaceDescription('b', 276)]),
    );
  });

  test('names are part of the preamble, a section length is not; a new section begins anew', () => {
    const names = nameResolution('10.0.0.1', 'web');
    const walker = walkRecords();
    for (const one of [sectionHeader(400n), interfaceDescription('a'), names]) walker.next(one, 0);
    expect(Buffer.from(walker.preamble())).toEqual(
      Buffer.concat([sectionHeader(-1n), interfaceDescription('a'), names]),
    );
    walker.next(sectionHeader(), 0);
    expect(Buffer.from(walker.preamble())).toEqual(Buffer.from(sectionHeader()));
  });

  test('names are bounded, oldest first out', () => {
    const walker = walkRecords();
    walker.next(sectionHeader(), 0);
    for (let i = 0; i < 2000; i++) walker.next(nameResolution('10.0.0.1', `${i} ${'x'.repeat(900)}`), 0);
    const text = Buffer.from(walker.preamble()).toString('latin1');
    expect(text.length).toBeLessThan(1024 * 1024 + 1000);
    expect(text).toContain('1999 x');
    expect(text).not.toContain('\u00000 x');
  });

  test('a packet of an interface that was never described has no link type', () => {
    const { packets } = packetsOf([Buffer.concat([sectionHeader(), enhancedPacket(7, packet)])]);
    expect(packets.map(({ linktype }) => linktype)).toEqual([-1]);
  });
});

test('never throws, never reads beyond the chunk, always gets on', () => {
  const start = fc.constantFrom<Uint8Array>(
    new Uint8Array(),
    sectionHeader(),
    Buffer.concat([sectionHeader(), interfaceDescription('a')]),
    encode({ littleEndian: false, precision: 'nano', linktype: 1, snaplen: 99, packets: [] }).bytes,
  );
  const soup = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constant(enhancedPacket(0, packet)),
      fc.constant(interfaceDescription('b')),
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(start, soup, (head, parts) => {
      const chunk = Buffer.concat([head, ...parts]);
      const walker = walkRecords();
      for (let at = 0; at < chunk.length;) {
        const end = walker.next(chunk, at);
        if (end === undefined) break;
        expect(end).toBeGreaterThan(at);
        expect(end).toBeLessThanOrEqual(chunk.length);
        if (walker.kind === 'packet') {
          expect(walker.dataAt + walker.capturedLength).toBeLessThanOrEqual(end);
          walker.time();
        }
        at = end;
      }
    }),
  );
});

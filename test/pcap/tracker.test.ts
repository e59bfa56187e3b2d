import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { writePcapHeader } from '../../src/pcap/header.js';
import { trackPcap, type PcapTracker } from '../../src/pcap/tracker.js';
import { writePcapRecord } from '../../src/pcap/writer.js';
import { encode, madePcap, split } from './arbitrary.js';

function state(tracker: PcapTracker): unknown {
  const { header, fault, streamBytes, wholeBytes, packets, keptBytes, keptPackets, limited, first, last } =
    tracker;
  return { header, fault, streamBytes, wholeBytes, packets, keptBytes, keptPackets, limited, first, last };
}

const cuts = fc.array(fc.nat(5000), { maxLength: 40 });
const header = { littleEndian: true, precision: 'micro', snaplen: 262144, linktype: 1 } as const;
const record = (length: number): Uint8Array =>
  writePcapRecord(header, {
    seconds: 1,
    nanoseconds: 0,
    originalLength: length,
    data: new Uint8Array(length),
  });

describe('trackPcap', () => {
  test('any split into chunks leads to the same state', () => {
    fc.assert(
      fc.property(madePcap, cuts, fc.nat(3000), fc.nat(14), (made, places, maxBytes, maxPackets) => {
        const { bytes } = encode(made);
        const whole = trackPcap({ maxBytes, maxPackets });
        whole.push(bytes);
        const pieces = trackPcap({ maxBytes, maxPackets });
        for (const piece of split(bytes, places)) pieces.push(piece);
        expect(state(pieces)).toEqual(state(whole));
      }),
    );
  });

  test('byte by byte is a split too', () => {
    fc.assert(
      fc.property(madePcap, (made) => {
        const { bytes } = encode(made);
        const whole = trackPcap();
        whole.push(bytes);
        const single = trackPcap();
        for (let i = 0; i < bytes.length; i++) single.push(bytes.subarray(i, i + 1));
        expect(state(single)).toEqual(state(whole));
      }),
      { numRuns: 30 },
    );
  });

  test('a file cut anywhere: the last whole record and the packets before the cut are known', () => {
    fc.assert(
      fc.property(madePcap, fc.nat(5000), (made, at) => {
        const { bytes, boundaries } = encode(made);
        const cut = at % (bytes.length + 1);
        const tracker = trackPcap();
        tracker.push(bytes.subarray(0, cut));
        const before = boundaries.filter((end) => end <= cut);
        expect(tracker.wholeBytes).toBe(before.at(-1) ?? 0);
        expect(tracker.packets).toBe(Math.max(before.length - 1, 0));
        expect(tracker.keptBytes).toBe(tracker.wholeBytes);
        expect(tracker.fault).toBeUndefined();
        const lastPacket = made.packets[tracker.packets - 1];
        expect(tracker.last?.seconds).toBe(lastPacket?.seconds);
        expect(tracker.first?.seconds).toBe(tracker.packets > 0 ? made.packets[0]?.seconds : undefined);
      }),
    );
  });

  test('limits keep the longest run of whole records that they allow, and count on', () => {
    fc.assert(
      fc.property(
        madePcap,
        cuts,
        fc.integer({ min: 24, max: 2000 }),
        fc.integer({ min: 1, max: 14 }),
        (made, places, maxBytes, maxPackets) => {
          const { bytes, boundaries } = encode(made);
          const tracker = trackPcap({ maxBytes, maxPackets });
          for (const piece of split(bytes, places)) tracker.push(piece);
          const allowed = boundaries.slice(0, maxPackets + 1).filter((end) => end <= maxBytes);
          expect(tracker.keptBytes).toBe(allowed.at(-1));
          expect(tracker.keptPackets).toBe(allowed.length - 1);
          expect(tracker.packets).toBe(made.packets.length);
        },
      ),
    );
  });

  test('random bytes never throw, and nothing is held that a packet could not fill', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 10 }),
        fc.boolean(),
        (chunks, asPcap) => {
          const tracker = trackPcap();
          if (asPcap) tracker.push(writePcapHeader(header));
          for (const chunk of chunks) tracker.push(chunk);
          expect(tracker.wholeBytes).toBeLessThanOrEqual(tracker.streamBytes);
          if (tracker.fault !== undefined)
            expect(tracker.fault.offset).toBeGreaterThanOrEqual(tracker.wholeBytes);
        },
      ),
    );
  });

  test('a stream that is no pcap file is known by its first four bytes', () => {
    const tracker = trackPcap();
    tracker.push(new TextEncoder().encode('sh: '));
    expect(tracker.fault).toMatchObject({ kind: 'magic', offset: 0 });
  });

  test('a length that no packet has ends the stream before that record', () => {
    const tracker = trackPcap();
    tracker.push(writePcapHeader(header));
    tracker.push(record(10));
    const bad = record(0);
    new DataView(bad.buffer).setUint32(8, 262_145, true);
    tracker.push(bad);
    expect(tracker.fault).toMatchObject({ kind: 'length', offset: 50 });
    tracker.push(record(10));
    expect(tracker).toMatchObject({ packets: 1, wholeBytes: 50, streamBytes: 50 + 16 + 26 });
  });

  test('the longest packet that libpcap writes is none of those', () => {
    const tracker = trackPcap();
    tracker.push(writePcapHeader({ ...header, snaplen: 96 }));
    tracker.push(record(262_144));
    expect(tracker).toMatchObject({ packets: 1, fault: undefined });
  });

  test('a header that claims to hold endless packets is not believed', () => {
    const tracker = trackPcap();
    tracker.push(writePcapHeader({ ...header, snaplen: 0xffffffff }));
    const huge = record(0);
    new DataView(huge.buffer).setUint32(8, 0x7fffffff, true);
    tracker.push(huge);
    expect(tracker.fault?.kind).toBe('length');
  });

  test.each([true, false])('a second header in mid-stream is seen (little endian: %s)', (littleEndian) => {
    const tracker = trackPcap();
    tracker.push(writePcapHeader(header));
    tracker.push(record(30));
    tracker.push(writePcapHeader({ ...header, littleEndian, precision: 'nano' }));
    expect(tracker.fault).toMatchObject({ kind: 'header', offset: 24 + 46 });
    expect(tracker).toMatchObject({ packets: 1, keptBytes: 70 });
  });

  test('a limit below the file header keeps nothing', () => {
    const tracker = trackPcap({ maxBytes: 23 });
    tracker.push(writePcapHeader(header));
    expect(tracker).toMatchObject({ keptBytes: 0, limited: true });
  });
});

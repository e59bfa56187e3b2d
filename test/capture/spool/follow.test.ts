import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { followSpool } from '../../../src/capture/spool/follow.js';
import { windowSince } from '../../../src/capture/spool/window.js';
import { writePcapHeader } from '../../../src/pcap/header.js';
import { readPcap } from '../../../src/pcap/reader.js';
import { writePcapRecord } from '../../../src/pcap/writer.js';

const order = { littleEndian: true, precision: 'micro' } as const;
const header = writePcapHeader({ ...order, snaplen: 262_144, linktype: 1 });

/** A record of its own content: its number, then so many bytes. */
function record(number: number, length: number, seconds = 1000 + number): Uint8Array {
  const data = new Uint8Array(4 + length);
  new DataView(data.buffer).setUint32(0, number);
  return writePcapRecord(order, { seconds, nanoseconds: 0, originalLength: data.length, data });
}

/** Files with the records numbered through. */
function filesOf(lengths: readonly (readonly number[])[]): Buffer[] {
  let number = 0;
  return lengths.map((file) => Buffer.concat([header, ...file.map((length) => record(number++, length))]));
}

const files = fc.array(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 6,
});

describe('followSpool', () => {
  test('any cuts and any lost connections: one header, every record once', () => {
    const steps = fc.infiniteStream(
      fc.record({ bytes: fc.integer({ min: 1, max: 200 }), lost: fc.integer({ min: 0, max: 4 }) }),
    );
    fc.assert(
      fc.property(files, steps, (lengths, stream) => {
        const contents = filesOf(lengths);
        const follower = followSpool();
        const out: Uint8Array[] = [];
        const total = lengths.flat().length;
        // What a connection still brings from the place where it began.
        const from = ({ file, offset }: { file: number; offset: number }): Buffer =>
          Buffer.concat([(contents[file] ?? Buffer.alloc(0)).subarray(offset), ...contents.slice(file + 1)]);
        let rest = from(follower.position);
        while (rest.length > 0) {
          const { bytes, lost } = stream.next().value as { bytes: number; lost: number };
          out.push(...follower.push(rest.subarray(0, bytes)));
          rest = rest.subarray(bytes);
          if (lost === 0 && rest.length > 0) {
            follower.rewind();
            rest = from(follower.position);
          }
        }
        expect(follower.fault).toBeUndefined();
        expect(follower.packets).toBe(total);
        const read = readPcap(Buffer.concat(out));
        expect(read).toMatchObject({ fault: undefined, trailingBytes: 0 });
        expect(read.packets.map(({ data }) => Buffer.from(data).readUInt32BE(0))).toEqual([
          ...Array(total).keys(),
        ]);
        const last = contents.length - 1;
        expect(follower.position).toEqual({ file: last, offset: contents[last]?.length });
        const before = contents.slice(0, last).reduce((sum, { length }) => sum + length, 0);
        expect(follower.bytesBefore).toBe(before);
        expect(follower.outBytes).toBe(Buffer.concat(out).length);
      }),
      { numRuns: 300 },
    );
  });

  test('after a jump the part of a record that had come is forgotten', () => {
    const [first = Buffer.alloc(0), , third = Buffer.alloc(0)] = filesOf([[10, 10], [10], [10]]);
    const follower = followSpool();
    const out = [...follower.push(first.subarray(0, first.length - 3))];
    follower.jump(2, 500);
    expect(follower.position).toEqual({ file: 2, offset: 0 });
    out.push(...follower.push(third));
    const read = readPcap(Buffer.concat(out));
    expect(read.packets.map(({ data }) => Buffer.from(data).readUInt32BE(0))).toEqual([0, 3]);
    expect(follower.bytesBefore).toBe(500);
  });

  test('a file with another header is no part of the stream', () => {
    const follower = followSpool();
    follower.push(Buffer.concat([header, record(0, 5)]));
    const other = writePcapHeader({ ...order, snaplen: 100, linktype: 1 });
    expect(follower.push(Buffer.concat([other, record(1, 5)]))).toEqual([]);
    expect(follower.fault?.kind).toBe('header');
  });
});

test('a window keeps everything from the first packet of its time on', () => {
  const window = windowSince(1005);
  const chunk = (...numbers: number[]): Uint8Array =>
    Buffer.concat(numbers.map((number) => record(number, number)));
  expect(window.push(chunk(1, 2), order)).toHaveLength(0);
  expect(window.push(chunk(4, 5, 3), order)).toEqual(chunk(5, 3));
  expect(window.push(chunk(2), order)).toEqual(chunk(2));
  expect(window).toMatchObject({ cut: 3, kept: 3, first: { seconds: 1001, nanoseconds: 0 } });
});

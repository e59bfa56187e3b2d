import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { wholeRecords } from '../../src/capture/whole.js';
import { encode, madePcap, split } from '../pcap/arbitrary.js';

test('of a chunk only the record that began before it is copied', () => {
  const { bytes } = encode({
    littleEndian: true,
    precision: 'micro',
    snaplen: 65_535,
    linktype: 1,
    packets: [100, 200, 300].map((length, seconds) => ({
      seconds,
      nanoseconds: 0,
      originalLength: length,
      data: new Uint8Array(length),
    })),
  });
  const records = wholeRecords({});
  expect(records.push(bytes.subarray(0, 80))).toHaveLength(1);
  const rest = bytes.slice(80);
  const [first, second, ...others] = records.push(rest);
  expect(first).toHaveLength(116);
  expect(second?.buffer).toBe(rest.buffer);
  expect(second).toHaveLength(216 + 316);
  expect(others).toEqual([]);
});

test('however a stream comes, only whole records pass, in order, up to the limits', () => {
  const limit = fc.option(fc.integer({ min: 24, max: 1500 }), { nil: undefined });
  const count = fc.option(fc.integer({ min: 1, max: 13 }), { nil: undefined });
  fc.assert(
    fc.property(
      madePcap,
      fc.array(fc.nat(5000), { maxLength: 40 }),
      fc.nat(5000),
      limit,
      count,
      (made, cuts, at, maxBytes, maxPackets) => {
        const { bytes, boundaries } = encode(made);
        const stream = bytes.subarray(0, at % (bytes.length + 1));
        const records = wholeRecords({ maxBytes, maxPackets });
        const passed: Uint8Array[] = [];
        for (const chunk of split(stream, cuts)) {
          for (const out of records.push(chunk)) {
            passed.push(out);
            expect(boundaries).toContain(passed.reduce((sum, one) => sum + one.length, 0));
          }
        }
        const { keptBytes, wholeBytes } = records.tracker;
        expect(Buffer.concat(passed)).toEqual(Buffer.from(bytes.subarray(0, keptBytes)));
        expect(records.cutBytes).toBe(stream.length - wholeBytes);
      },
    ),
  );
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { wholeRecords } from '../../src/capture/whole.js';
import { encode, madePcap, split } from '../pcap/arbitrary.js';

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
          const out = records.push(chunk);
          if (out === undefined) continue;
          passed.push(out);
          expect(boundaries).toContain(passed.reduce((sum, one) => sum + one.length, 0));
        }
        const { keptBytes, wholeBytes } = records.tracker;
        expect(Buffer.concat(passed)).toEqual(Buffer.from(bytes.subarray(0, keptBytes)));
        expect(records.cutBytes).toBe(stream.length - wholeBytes);
      },
    ),
  );
});

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lineSplitter } from '../../src/kube/lines.js';

test('lines are the same however the bytes are split', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat()), (lines, places) => {
      const clean = lines.map((line) => line.replaceAll('\n', ''));
      const bytes = Buffer.from(clean.map((line) => `${line}\n`).join(''));
      const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
      const split = lineSplitter(1_000_000);
      const found = [0, ...at].flatMap((from, index) =>
        split(bytes.subarray(from, at[index] ?? bytes.length)),
      );
      expect(found).toEqual(clean);
    }),
  );
});

test('a line without end is refused before it fills the memory', () => {
  const split = lineSplitter(1000);
  split(Buffer.alloc(900, 97));
  expect(() => split(Buffer.alloc(200, 97))).toThrow('longer than 1000');
});

test('what follows the last line feed is not a line', () => {
  expect(lineSplitter(10)(Buffer.from('a\nb'))).toEqual(['a']);
});

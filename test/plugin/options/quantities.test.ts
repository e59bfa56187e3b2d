import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseCount } from '../../../plugin/options/count.js';
import {
  durationMs,
  formatDuration,
  longestWaitMs,
  parseDuration,
} from '../../../plugin/options/duration.js';
import { formatSize, parseSize, sizeBytes } from '../../../plugin/options/size.js';

const given = (text: string) => ({ text, origin: '--x' });

describe('durations', () => {
  test.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['2d', 172_800_000],
    ['10', 10_000],
    ['0', 0],
    ['0s', 0],
  ])('%s is %d ms', (text, milliseconds) => expect(durationMs(text)).toBe(milliseconds));

  test.each(['', 'soon', '5 m', '-5s', '5x', 's', '1h-3m', '1e3s', '٣s', '5s\n'])('%p is none', (text) =>
    expect(durationMs(text)).toBeUndefined(),
  );

  test('says what was expected, and where it was given', () => {
    expect(() => parseDuration(given('soon'))).toThrow(
      expect.objectContaining({
        message: '--x: "soon" is not a duration',
        hint: 'expected a number with a unit, such as 90s, 15m or 1h30m',
        exitCode: 2,
      }),
    );
    expect(() => parseDuration(given('100ms'), 1000)).toThrow('--x: 100ms is out of range');
    expect(() => parseDuration(given('9999d'))).toThrow('--x: 9999d is out of range');
    expect(() => parseDuration(given('25d'), 1, longestWaitMs)).toThrow(
      expect.objectContaining({ hint: 'expected 1ms to 24d' }),
    );
  });

  test.each([
    [850, '850ms'],
    [12_300, '12s'],
    [200_000, '3m20s'],
    [7_500_000, '2h5m'],
    [273_600_000, '3d4h'],
    [3_600_000, '1h'],
  ])('%d ms is shown as %s', (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));

  test('what is shown reads as no more than what was meant, and within the second unit of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 1e12 }), (milliseconds) => {
        const shown = durationMs(formatDuration(milliseconds)) ?? NaN;
        expect(shown).toBeLessThanOrEqual(milliseconds);
        expect(shown).toBeGreaterThan(milliseconds * 0.95 - 1000);
      }),
    );
  });
});

describe('sizes', () => {
  test.each([
    ['4096', 4096],
    ['64KiB', 65_536],
    ['64Ki', 65_536],
    ['100MB', 100_000_000],
    ['1.5GiB', 1_610_612_736],
    ['10k', 10_000],
    ['7B', 7],
  ])('%s is %d bytes', (text, bytes) => expect(sizeBytes(text)).toBe(bytes));

  test.each(['', 'big', '-1', '1XB', '1e9', '1 000', '99999999999T', 'iB'])('%p is none', (text) =>
    expect(sizeBytes(text)).toBeUndefined(),
  );

  test('says what was expected', () => {
    expect(() => parseSize(given('big'))).toThrow(
      expect.objectContaining({
        message: '--x: "big" is not a size',
        hint: expect.stringContaining('64KiB') as unknown,
        exitCode: 2,
      }),
    );
    expect(() => parseSize(given('5'), 24)).toThrow('--x: "5" is not a size of 24 bytes or more');
  });

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1234, '1.2 kB'],
    [999_960, '1.0 MB'],
    [123_456_789, '123 MB'],
  ])('%d bytes are shown as %s', (bytes, text) => expect(formatSize(bytes)).toBe(text));
});

describe('counts', () => {
  test('whole numbers within their range', () => {
    expect(parseCount(given('5'))).toBe(5);
    expect(parseCount(given('0'), 0)).toBe(0);
  });
  test.each(['0', '-1', '1.5', '1e3', 'many', '', '99999999999'])('%p is refused', (text) =>
    expect(() => parseCount(given(text))).toThrow(expect.objectContaining({ exitCode: 2 })),
  );
});

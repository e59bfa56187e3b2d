import { describe, expect, test } from '@jest/globals';
import { fileFlags, formatOf, parseFiles } from '../../../plugin/options/files.js';
import { parseWords } from '../../../plugin/options/parse.js';

const parse = (argv: readonly string[], toFile = true) =>
  parseFiles(parseWords('capture', argv, fileFlags), toFile);

describe('files', () => {
  test('nothing said: one file', () => {
    expect(parse([], false)).toEqual({ rotation: undefined, split: false, format: undefined });
  });

  test('rotation, split, format', () => {
    const argv = '--rotate-size 100MB --rotate-every 10m --rotate-count 5 --split --format pcapng'.split(' ');
    expect(parse(argv)).toEqual({
      rotation: { maxBytes: 100_000_000, everyMs: 600_000, keep: 5 },
      split: true,
      format: 'pcapng',
    });
  });

  test.each([
    [
      ['--rotate-count', '5'],
      true,
      '--rotate-count says how many files are kept, but not when the next one begins',
    ],
    [['--rotate-size', '1MB'], false, '--rotate-size needs a file'],
    [['--rotate-every', '1m'], false, '--rotate-every needs a file'],
    [['--split'], false, '--split needs a file'],
    [['--rotate-size', '10'], true, '--rotate-size: "10" is not a size of 1024 bytes or more'],
    [['--rotate-every', '10ms'], true, '--rotate-every: 10ms is out of range'],
    [
      ['--rotate-every', '1m', '--rotate-count', '0'],
      true,
      '--rotate-count: "0" is not a whole number from 1 to 1000000',
    ],
    [['--format', 'erf'], true, '--format: "erf" is not one of pcap, pcapng'],
  ])('%p is refused', (argv, toFile, message) => {
    expect(() => parse(argv, toFile)).toThrow(expect.objectContaining({ message, exitCode: 2 }));
  });

  test('a format is said, or told by the name', () => {
    expect(formatOf('pcap', 'x.pcapng')).toBe('pcap');
    expect(formatOf(undefined, 'x.PCAP.gz')).toBe('pcap');
    expect(formatOf(undefined, 'x.pcapng')).toBe('pcapng');
    expect(formatOf(undefined, 'out/')).toBeUndefined();
    expect(formatOf(undefined, undefined)).toBeUndefined();
  });
});

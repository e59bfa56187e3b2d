import { expect, test } from '@jest/globals';
import { captureFlags } from '../../../plugin/options/capture.js';
import { filterFlags, parseFilterOptions } from '../../../plugin/options/filter.js';
import { parseWords } from '../../../plugin/options/parse.js';

const parse = (...argv: readonly string[]) =>
  parseFilterOptions(parseWords('capture', argv, { ...captureFlags, ...filterFlags }));

test('nothing said', () => {
  expect(parse()).toEqual({ peers: [], noProbes: false, view: undefined });
});

test('peers of every kind, probes, view', () => {
  const { peers, noProbes, view } = parse(
    ...['--peer', 'svc/db:5432', '--peer=10.0.0.1', '--peer', 'web-0', '--no-probes', '--view', 'both'],
  );
  expect(peers.map(({ type }) => type)).toEqual(['object', 'ip', 'object']);
  expect({ noProbes, view }).toEqual({ noProbes: true, view: 'both' });
});

test.each([
  [['--peer', 'shop/x'], /is not a kind/],
  [['--peer', ''], /empty/],
  [['--view', 'all'], /not one of app, wire, both/],
  [['--view', 'app', '-i', 'eth0'], /leave out --interface/],
  [Array.from({ length: 21 }, () => '--peer=web-0'), /more than 20 times/],
])('%p is refused', (argv, message) => {
  expect(() => parse(...argv)).toThrow(
    expect.objectContaining({ message: expect.stringMatching(message) as unknown, exitCode: 2 }),
  );
});

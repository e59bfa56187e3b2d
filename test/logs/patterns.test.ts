import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { matchLine } from '../../src/logs/match.js';
import { logPatterns } from '../../src/logs/patterns.js';

interface Fixture {
  readonly lines: readonly { readonly line: string; readonly pattern: string; readonly peer?: string }[];
  readonly harmless: readonly string[];
}

const fixture = parse(readFileSync('test/fixtures/logs/lines.yaml', 'utf8')) as Fixture;

function shown(
  peer: { readonly host: string; readonly port: number | undefined } | undefined,
): string | undefined {
  if (peer === undefined) return undefined;
  const host = peer.host.includes(':') ? `[${peer.host}]` : peer.host;
  return peer.port === undefined ? host : `${host}:${peer.port}`;
}

describe('the patterns', () => {
  test.each(fixture.lines)('$line', ({ line, pattern, peer }) => {
    const match = matchLine(line);
    expect(match?.pattern.name).toBe(pattern);
    if (peer !== undefined) expect(shown(match?.peer)).toBe(peer);
  });

  test.each(fixture.harmless)('silent: %s', (line) => {
    expect(matchLine(line)?.pattern.name).toBeUndefined();
  });

  test('each has a line that shows it', () => {
    const shownPatterns = new Set(fixture.lines.map(({ pattern }) => pattern));
    expect(logPatterns.map(({ name }) => name).filter((name) => !shownPatterns.has(name))).toEqual([]);
  });

  test('each line holds one of the words of its pattern, or the scanner would pass it by', () => {
    for (const { line, pattern } of fixture.lines) {
      const { words } = logPatterns.find(({ name }) => name === pattern) ?? { words: [] };
      expect([line, words.filter((word) => line.toLowerCase().includes(word.toLowerCase()))]).toEqual([
        line,
        expect.arrayContaining([expect.any(String)]),
      ]);
    }
  });

  test('names are different, and no expression remembers where it was', () => {
    expect(new Set(logPatterns.map(({ name }) => name)).size).toBe(logPatterns.length);
    expect(logPatterns.filter(({ expression }) => expression.global || expression.sticky)).toEqual([]);
  });
});

test('the page of the command tells each pattern, its meaning and its codes', () => {
  const page = readFileSync('docs/commands/logs.md', 'utf8');
  const missing = logPatterns.filter(
    ({ name, severity, meaning, codes }) =>
      !page.includes(`| \`${name}\` | ${severity} | ${meaning} | ${codes.join(', ')} |`),
  );
  expect(missing.map(({ name }) => name)).toEqual([]);
});

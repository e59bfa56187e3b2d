import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { matchLine, longestText } from '../../src/logs/match.js';
import { logPatterns } from '../../src/logs/patterns.js';
import { findPeer } from '../../src/logs/peer.js';
import { scanLog } from '../../src/logs/scan.js';
import { timeStamp } from '../../src/logs/stamp.js';
import type { LogHit } from '../../src/logs/types.js';
import { findWords } from '../../src/logs/words.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function scanned(
  chunks: readonly Uint8Array[],
  options: { readonly timestamps?: boolean; readonly around?: number } = {},
): { readonly hits: readonly LogHit[]; readonly lines: number; readonly bytes: number } {
  const hits: LogHit[] = [];
  const scanner = scanLog({ timestamps: false, ...options, onHit: (hit) => hits.push(hit) });
  for (const chunk of chunks) {
    // A reader may use its buffer again: what was pushed must not be needed any more.
    const lent = chunk.slice();
    scanner.push(lent);
    lent.fill(0x20);
  }
  scanner.end();
  return { hits, lines: scanner.lines, bytes: scanner.bytes };
}

function cut(all: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (all.length + 1)), all.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => all.subarray(at[index], end));
}

const troubled = [
  'dial tcp 10.96.0.20:80: connect: connection refused',
  'Error: getaddrinfo ENOTFOUND api',
  'x509: certificate has expired',
  'RBAC: access denied',
];
const lineOf = fc.oneof(
  fc.constantFrom(...troubled),
  fc.string({ maxLength: 60, unit: 'binary' }).map((text) => text.replaceAll('\n', ' ')),
  fc.constantFrom('', 'timeout=30s', 'refused', 'handshake', 'GET / 200', 'connection', 'é ü 你'),
);

describe('findWords', () => {
  test('finds every place that a plain search finds, in any case', () => {
    const words = ['refused', 'reset by', 'timed out', 'timeout', 'x509: '];
    const finder = findWords(words);
    const text = fc.array(
      fc.constantFrom(
        'REFUSED',
        'Refused',
        'reset b',
        'reset by',
        'timed out',
        'timeouttimeout',
        'x509: ',
        'x509:',
        ' ',
        're',
        't',
      ),
    );
    fc.assert(
      fc.property(text, (parts) => {
        const all = parts.join('');
        const found: string[] = [];
        for (
          let hit = finder.next(bytes(all), 0, all.length);
          hit !== undefined;
          hit = finder.next(bytes(all), hit.at + 1, all.length)
        ) {
          const { at } = hit;
          found.push(...hit.ids.map((id) => `${at} ${words[id] ?? ''}`));
        }
        const expected: string[] = [];
        for (let at = 0; at < all.length; at++)
          for (const word of words)
            if (all.toLowerCase().startsWith(word, at)) expected.push(`${at} ${word}`);
        expect(found.sort()).toEqual(expected.sort());
      }),
    );
  });

  test('refuses words that leave nothing to skip', () => {
    expect(() => findWords(['EOF'])).toThrow(TypeError);
    expect(() => findWords(['verweigert ü'])).toThrow(TypeError);
  });
});

describe('scanLog', () => {
  test('wherever the stream is cut, it finds what a look at every line finds', () => {
    fc.assert(
      fc.property(
        fc.array(lineOf, { maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.boolean(),
        (lines, places, ended) => {
          const all = bytes(lines.join('\n') + (ended ? '\n' : ''));
          const { hits, bytes: count } = scanned(cut(all, places));
          // What is no UTF-8 is read as replacement characters by both.
          const expected = new TextDecoder()
            .decode(all)
            .split('\n')
            .flatMap((line) => matchLine(line)?.pattern.name ?? []);
          expect(hits.map(({ pattern }) => pattern.name)).toEqual(expected);
          expect(count).toBe(all.length);
        },
      ),
    );
  });

  test('gives the lines around a hit, wherever the stream is cut', () => {
    const lines = Array.from({ length: 12 }, (_, index) =>
      index % 5 === 2 ? 'connection refused' : `line ${index}`,
    );
    const all = bytes(`${lines.join('\n')}\n`);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 10 }), fc.integer({ min: 1, max: 4 }), (places, around) => {
        const { hits } = scanned(cut(all, places), { around });
        expect(hits.map(({ before, after }) => [before, after])).toEqual(
          [2, 7].map((at) => [
            lines.slice(Math.max(0, at - around), at),
            lines.slice(at + 1, at + 1 + around),
          ]),
        );
      }),
    );
  });

  test('takes the time stamp of the kubelet off the line', () => {
    const { hits } = scanned(
      [bytes('2026-11-22T10:00:01.500000000Z dial tcp 10.0.0.1:80: connection refused\r\n')],
      { timestamps: true },
    );
    expect(hits).toMatchObject([
      {
        line: 'dial tcp 10.0.0.1:80: connection refused',
        timeMs: Date.UTC(2026, 10, 22, 10, 0, 1, 500),
        peer: { host: '10.0.0.1', port: 80 },
      },
    ]);
    expect(timeStamp('no time here')).toBeUndefined();
  });

  test('a line without an end is looked at in pieces, and holds no memory', () => {
    const filler = 'x'.repeat(300_000);
    const { hits, lines } = scanned(
      cut(bytes(`${filler} connection refused ${filler}`), [70_000, 150_000, 299_000, 400_000]),
    );
    expect(hits.map(({ pattern }) => pattern.name)).toEqual(['connection-refused']);
    expect(hits[0]?.line.length).toBeLessThanOrEqual(longestText);
    expect(lines).toBe(1);
  });

  test('counts lines', () => {
    expect(scanned([bytes('a\nb\nc')]).lines).toBe(3);
    expect(scanned([bytes('a\n'), bytes('b\n')]).lines).toBe(2);
    expect(scanned([]).lines).toBe(0);
  });
});

describe('hostile lines', () => {
  const pieces = [
    'a',
    '1',
    ' ',
    '.',
    ':',
    '/',
    '-',
    '[',
    '"',
    '(',
    '1.1.1.1',
    'a.a',
    'a:1',
    'a/1.1.1.1',
    'lookup ',
    'dial tcp ',
    'connect ',
    '->',
    'host=',
    'https://',
    '@',
  ];

  // A quadratic expression takes seconds for one of these lines, a linear one less than a millisecond.
  test.each(logPatterns.map((pattern) => [pattern.name, pattern] as const))(
    '%s is quick on all of them',
    (_, pattern) => {
      const begun = performance.now();
      let count = 0;
      for (const word of ['', ...pattern.words]) {
        for (const piece of [...pieces, word.length > 0 ? word : 'b']) {
          const line = (word + piece.repeat(longestText)).slice(0, longestText);
          pattern.expression.exec(line);
          pattern.unless?.exec(line);
          count++;
        }
      }
      expect((performance.now() - begun) / count).toBeLessThan(100);
    },
  );

  test('the search for the peer is quick on all of them', () => {
    for (const piece of pieces) {
      const begun = performance.now();
      findPeer(piece.repeat(longestText).slice(0, longestText));
      expect(performance.now() - begun).toBeLessThan(1000);
    }
  });

  test('a stream of nothing but telling words is read to its end', () => {
    const words = logPatterns.flatMap((pattern) => pattern.words).join(' ');
    const line = `${words} `.repeat(200);
    const { bytes: count } = scanned(cut(bytes(line), [10_000, 40_000, 90_000]));
    expect(count).toBe(line.length);
  });

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.constantFrom(...logPatterns.flatMap(({ words }) => words)),
        (text, word) => {
          matchLine(`${text}${word}${text}`);
          findPeer(text);
        },
      ),
    );
  });
});

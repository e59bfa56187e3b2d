import { gatherAround } from './around.js';
import { join } from './bytes.js';
import { longestText, matchLine } from './match.js';
import { logPatterns } from './patterns.js';
import { timeStamp } from './stamp.js';
import type { LogHit, LogPattern } from './types.js';
import { findWords, type WordFinder } from './words.js';

export interface ScanOptions {
  /** Lines start with a time stamp as the kubelet writes them with `timestamps=true`. */
  readonly timestamps: boolean;
  /** How many lines before and after each hit are wanted; default none. */
  readonly around?: number | undefined;
  /** Called for every line that speaks of trouble, in order. */
  readonly onHit: (hit: LogHit) => void;
}

/** Looks through one log as its bytes arrive. */
export interface LogScanner {
  /** Takes the next bytes, cut anywhere; keeps nothing of them but an unfinished line and what may stand before a hit, 80 KiB at most. */
  push(chunk: Uint8Array): void;
  /** The log is over: an unfinished last line counts as a line. */
  end(): void;
  readonly bytes: number;
  readonly lines: number;
}

/** An unfinished line that grows longer is looked at in pieces. */
const longestLine = 65_536;
/** Bytes before the first telling word of a long line that are looked at with it. */
const before = 1024;
/** A hostile line may be nothing but telling words; so many of them are looked at. */
const mostWords = 16;
const lineFeed = 0x0a;

interface Index {
  readonly finder: WordFinder;
  /** For each word the places of its patterns in {@link logPatterns}. */
  readonly patternsOf: readonly (readonly number[])[];
}

let built: Index | undefined;

/** The words of all patterns, made once. */
function index(): Index {
  if (built === undefined) {
    const byWord = new Map<string, number[]>();
    for (const [at, { words }] of logPatterns.entries()) {
      for (const word of words.map((each) => each.toLowerCase()))
        byWord.set(word, [...(byWord.get(word) ?? []), at]);
    }
    built = { finder: findWords([...byWord.keys()]), patternsOf: [...byWord.values()] };
  }
  return built;
}

/** A scanner at the start of a log. Memory does not depend on the log: one line at most is held. */
export function scanLog(options: ScanOptions): LogScanner {
  const { finder, patternsOf } = index();
  const decoder = new TextDecoder();
  let carry: Uint8Array = new Uint8Array();
  const surroundings = gatherAround(options.around ?? 0, options.timestamps, options.onHit);
  const state = { bytes: 0, lines: 0, unended: false };

  /** The patterns whose words are in these bytes, in the order of the catalogue. */
  const candidates = (bytes: Uint8Array, first: number, end: number): readonly LogPattern[] => {
    const found = new Set<number>();
    let hit = finder.next(bytes, first, end);
    for (let count = 0; hit !== undefined && count < mostWords; count++) {
      for (const id of hit.ids) for (const at of patternsOf[id] ?? []) found.add(at);
      hit = finder.next(bytes, hit.at + 1, end);
    }
    return [...found].sort((a, b) => a - b).flatMap((at) => logPatterns[at] ?? []);
  };

  /** Looks through whole lines. */
  const scan = (bytes: Uint8Array, from: number, end: number): void => {
    surroundings.enter(bytes, from, end);
    let at = from;
    for (let hit = finder.next(bytes, at, end); hit !== undefined; hit = finder.next(bytes, at, end)) {
      const start = Math.max(at, bytes.lastIndexOf(lineFeed, hit.at) + 1);
      const feed = bytes.indexOf(lineFeed, hit.at);
      const lineEnd = feed < 0 || feed > end ? end : feed;
      // Of a long line the part around the first telling word is enough.
      const partStart = Math.max(start, hit.at - before);
      const partEnd = Math.min(lineEnd, partStart + longestText);
      const match = matchLine(
        decoder.decode(bytes.subarray(partStart, partEnd)),
        candidates(bytes, hit.at, partEnd),
      );
      if (match !== undefined) {
        const stamp = options.timestamps
          ? timeStamp(decoder.decode(bytes.subarray(start, start + 40)))
          : undefined;
        const textStart = Math.max(partStart, start + (stamp?.length ?? 0));
        const line = decoder.decode(bytes.subarray(textStart, partEnd)).replace(/\r$/, '');
        surroundings.add({ ...match, line, timeMs: stamp?.timeMs }, bytes, start, lineEnd);
      }
      at = match === undefined && partEnd < lineEnd ? partEnd : lineEnd + 1;
    }
    surroundings.leave(bytes, from, end);
  };

  return {
    push(chunk) {
      state.bytes += chunk.length;
      state.lines += countLines(chunk);
      if (chunk.length > 0) state.unended = chunk.at(-1) !== lineFeed;
      let at = 0;
      if (carry.length > 0) {
        const feed = chunk.indexOf(lineFeed);
        const rest = feed < 0 ? chunk.length : feed + 1;
        const joined = join(carry, chunk.subarray(0, rest));
        if (feed < 0 && joined.length < longestLine) {
          carry = joined;
          return;
        }
        carry = new Uint8Array();
        scan(joined, 0, joined.length);
        at = rest;
      }
      const last = chunk.lastIndexOf(lineFeed) + 1;
      if (last > at) scan(chunk, at, last);
      const tail = Math.max(last, at);
      if (chunk.length - tail >= longestLine) scan(chunk, tail, chunk.length);
      // A copy: the chunk may be reused by whoever reads.
      else if (tail < chunk.length) carry = chunk.slice(tail);
    },
    end() {
      if (carry.length > 0) {
        scan(carry, 0, carry.length);
        carry = new Uint8Array();
      }
      surroundings.flush();
    },
    get bytes() {
      return state.bytes;
    },
    get lines() {
      return state.lines + (state.unended ? 1 : 0);
    },
  };
}

function countLines(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) count++;
  return count;
}

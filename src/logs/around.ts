import { join } from './bytes.js';
import { timeStamp } from './stamp.js';
import type { LogHit } from './types.js';

/** Gathers the lines around hits, whatever chunks they are cut into, and hands each hit on when its lines are there. */
export interface Surroundings {
  /** A hit in the whole lines that were entered last, whose line is from `start` to `end` (its line feed, or the end of the bytes). */
  add(hit: Omit<LogHit, 'before' | 'after'>, bytes: Uint8Array, start: number, end: number): void;
  /** Whole lines are about to be looked at: those that hits of earlier bytes still wait for. */
  enter(bytes: Uint8Array, from: number, end: number): void;
  /** Whole lines have been looked at: what may stand before a later hit is kept. */
  leave(bytes: Uint8Array, from: number, end: number): void;
  /** The log is over: hits that wait get what there is. */
  flush(): void;
}

const lineFeed = 0x0a;
const longestShown = 1024;
const keptBytes = 16_384;

/**
 * @param count Lines before and after each hit; 0 gathers nothing and keeps nothing.
 * @param timestamps Lines start with a time stamp, which is taken off.
 */
export function gatherAround(count: number, timestamps: boolean, onHit: (hit: LogHit) => void): Surroundings {
  const decoder = new TextDecoder();
  const waiting: { hit: Omit<LogHit, 'after'>; after: string[] }[] = [];
  let kept: Uint8Array = new Uint8Array();
  let region = { from: 0, end: 0 };

  const text = (bytes: Uint8Array, start: number, end: number): string => {
    const line = decoder
      .decode(bytes.subarray(start, Math.min(end, start + longestShown)))
      .replace(/\r$/, '');
    return timestamps ? line.slice(timeStamp(line)?.length ?? 0) : line;
  };
  const linesBefore = (bytes: Uint8Array, from: number, start: number, most: number): string[] => {
    const lines: string[] = [];
    for (let end = start - 1; lines.length < most && end > from;) {
      const begin = Math.max(from, bytes.lastIndexOf(lineFeed, end - 1) + 1);
      lines.unshift(text(bytes, begin, end));
      end = begin - 1;
    }
    return lines;
  };
  const linesAfter = (bytes: Uint8Array, start: number, end: number, most: number): string[] => {
    const lines: string[] = [];
    for (let at = start; lines.length < most && at < end;) {
      const feed = bytes.indexOf(lineFeed, at);
      const stop = feed < 0 || feed > end ? end : feed;
      lines.push(text(bytes, at, stop));
      at = stop + 1;
    }
    return lines;
  };
  const handOn = (all: boolean): void => {
    while (waiting[0] !== undefined && (all || waiting[0].after.length >= count)) {
      const { hit, after } = waiting[0];
      waiting.shift();
      onHit({ ...hit, after });
    }
  };
  return {
    add(hit, bytes, start, end) {
      if (count === 0) {
        onHit({ ...hit, before: [], after: [] });
        return;
      }
      const near = linesBefore(bytes, region.from, start, count);
      const far = near.length < count ? linesBefore(kept, 0, kept.length, count - near.length) : [];
      const after = linesAfter(bytes, end + 1, region.end, count);
      waiting.push({ hit: { ...hit, before: [...far, ...near] }, after });
      handOn(false);
    },
    enter(bytes, from, end) {
      region = { from, end };
      for (const each of waiting) {
        const missing = count - each.after.length;
        if (missing > 0) each.after.push(...linesAfter(bytes, from, end, missing));
      }
      handOn(false);
    },
    leave(bytes, from, end) {
      if (count === 0) return;
      const tail = bytes.subarray(Math.max(from, end - keptBytes), end);
      kept = join(kept.subarray(Math.max(0, kept.length + tail.length - keptBytes)), tail);
    },
    flush() {
      handOn(true);
    },
  };
}

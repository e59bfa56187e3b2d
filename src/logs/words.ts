/** Finds the words of many patterns in bytes at once. */
export interface WordFinder {
  /**
   * The next place at or after `from` where one of the words ends, and which words those are; undefined when there is none
   * before `end`.
   */
  next(bytes: Uint8Array, from: number, end: number): WordHit | undefined;
}

export interface WordHit {
  /** Index of the first byte of the window that matched; every word in `ids` begins here. */
  readonly at: number;
  /** Indices into the list of words. */
  readonly ids: readonly number[];
}

/** Shorter words would leave nothing to skip. */
const LEAST_LENGTH = 5;

/**
 * A finder of ASCII words, in capitals or not, by the algorithm of Wu and Manber (A fast algorithm for multi-pattern searching, 1994)
 * with blocks of two bytes: most of a log is skipped four bytes at a time without being looked at, whatever the number of words.
 * Throws a TypeError for a word that is too short or not ASCII; the words are our own.
 */
export function findWords(words: readonly string[]): WordFinder {
  const folded = words.map((word) => new TextEncoder().encode(word.toLowerCase()));
  for (const [index, bytes] of folded.entries()) {
    if (bytes.length < LEAST_LENGTH || bytes.some((byte) => byte > 0x7f))
      throw new TypeError(`not a word to search for: ${JSON.stringify(words[index])}`);
  }
  const window = LEAST_LENGTH;
  const shifts = new Uint8Array(65_536).fill(window - 1);
  const ending = new Map<number, number[]>();
  for (const [index, bytes] of folded.entries()) {
    for (let at = 1; at < window; at++) {
      for (const block of blocks(bytes[at - 1] ?? 0, bytes[at] ?? 0)) {
        const shift = window - 1 - at;
        if (shift < (shifts[block] ?? 0)) shifts[block] = shift;
        if (shift === 0) ending.set(block, [...(ending.get(block) ?? []), index]);
      }
    }
  }
  const isAt = (bytes: Uint8Array, at: number, end: number, word: Uint8Array): boolean => {
    if (at + word.length > end) return false;
    for (let index = 0; index < word.length; index++) {
      if (lower(bytes[at + index] ?? 0) !== word[index]) return false;
    }
    return true;
  };
  return {
    next(bytes, from, end) {
      let at = from + window - 1;
      while (at < end) {
        const block = ((bytes[at - 1] ?? 0) << 8) | (bytes[at] ?? 0);
        const shift = shifts[block] ?? 0;
        if (shift !== 0) {
          at += shift;
          continue;
        }
        const start = at - window + 1;
        const ids = (ending.get(block) ?? []).filter((id) =>
          isAt(bytes, start, end, folded[id] ?? new Uint8Array()),
        );
        if (ids.length > 0) return { at: start, ids };
        at++;
      }
      return undefined;
    },
  };
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
}

/** The blocks of two bytes that these two are when case does not matter. */
function blocks(first: number, second: number): number[] {
  const cases = (byte: number): number[] => (byte >= 0x61 && byte <= 0x7a ? [byte, byte - 32] : [byte]);
  return cases(first).flatMap((a) => cases(second).map((b) => (a << 8) | b));
}

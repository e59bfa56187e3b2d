import type { Flags } from './flags.js';
import { switchOf, type Words } from './words.js';

/** Conversations in the table and in the document. */
export const conversationsShown = { table: 10, document: 100 } as const;

/** `--stats`. */
export const statsFlags: Flags = {
  stats: {
    kind: 'switch',
    describe: 'at the end: top conversations and protocols',
    group: 'Flags',
  },
};

/** Whether conversations are to be counted. */
export function parseStats(words: Words): boolean {
  return switchOf(words, 'stats');
}

import type { Flags } from './flags.js';
import { usageError } from './usage.js';
import { type Words, wordOf } from './words.js';

/** `--detach-key`: the key that leaves a terminal without ending what runs in it. */
export const detachFlag = {
  'detach-key': {
    kind: 'text',
    placeholder: 'KEY',
    completes: { words: ['ctrl-]', 'ctrl-a', 'none'] },
    describe:
      "leaves without ending what runs there: 'ctrl-' and a letter or one of ]\\^_, or 'none' (default ctrl-])",
    group: 'Flags',
  },
} as const satisfies Flags;

/** The byte of the key, as a terminal sends it; undefined for `none`. Throws a usage error. */
export function parseDetachKey(words: Words): number | undefined {
  const text = wordOf(words, 'detach-key') ?? 'ctrl-]';
  if (text === 'none') return undefined;
  const key = /^ctrl-([a-z\]\\^_])$/i.exec(text)?.[1];
  // Caret notation: the code of the capital, without its bit 6.
  if (key !== undefined) return key.toUpperCase().charCodeAt(0) & 0x1f;
  throw usageError(
    `--detach-key: ${JSON.stringify(text)} is no key`,
    words.command,
    'expected such as ctrl-] or ctrl-a, or none',
  );
}

/** How the key is called, e.g. `Ctrl-]`. */
export function keyName(byte: number): string {
  return `Ctrl-${String.fromCharCode(byte | 0x40)}`;
}

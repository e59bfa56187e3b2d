import type { Completes } from './completes.js';

/** Headings of `--help`, in the order they are shown. */
export const flagGroups = ['Flags', 'Debug container', 'Output', 'Cluster'] as const;

/** One flag as the command line knows it. */
export interface Flag {
  /** `text` takes one word, the last given wins; `list` collects every time it is given; `switch` takes none, or `=false`. */
  readonly kind: 'text' | 'list' | 'switch';
  /** One letter, without the dash. */
  readonly short?: string;
  /** What stands for the word in `--help`, e.g. `DURATION`. */
  readonly placeholder?: string;
  /** The only words that are taken. */
  readonly choices?: readonly string[];
  /** What its word is completed with, where the placeholder does not say it and there are no choices. */
  readonly completes?: Completes;
  readonly describe: string;
  readonly group: (typeof flagGroups)[number];
}

/** The flags of a command by their long names. */
export type Flags = Readonly<Record<string, Flag>>;

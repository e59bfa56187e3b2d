import { parseCount } from './count.js';
import { longestWaitMs, parseDuration } from './duration.js';
import type { Flags } from './flags.js';
import { flagSetting } from './setting.js';
import { parseSize } from './size.js';
import { usageError } from './usage.js';
import { switchOf, type Words, wordOf } from './words.js';

/** When a capture goes on in another file; at least one of `maxBytes` and `everyMs` is there. */
export interface Rotation {
  /** No file grows larger; before compression. */
  readonly maxBytes?: number | undefined;
  readonly everyMs?: number | undefined;
  /** Only so many files are kept, the newest. */
  readonly keep?: number | undefined;
}

export type FileFormat = 'pcap' | 'pcapng';

/** How the packets are laid out in files. */
export interface FileOptions {
  readonly rotation: Rotation | undefined;
  /** A file for each source. */
  readonly split: boolean;
  /** undefined: not said. */
  readonly format: FileFormat | undefined;
}

const formats = ['pcap', 'pcapng'] as const satisfies readonly FileFormat[];

/** `--rotate-size`, `--rotate-every`, `--rotate-count`, `--split`, `--format`. */
export const fileFlags: Flags = {
  'rotate-size': {
    kind: 'text',
    placeholder: 'SIZE',
    describe: 'go on in another file before one grows larger, such as 100MB',
    group: 'Flags',
  },
  'rotate-every': {
    kind: 'text',
    placeholder: 'DURATION',
    describe: 'go on in another file after this time',
    group: 'Flags',
  },
  'rotate-count': {
    kind: 'text',
    placeholder: 'N',
    describe: 'keep only the newest N of these files',
    group: 'Flags',
  },
  split: { kind: 'switch', describe: 'a file for each pod: -w NAME.pcap, or -w FOLDER/', group: 'Flags' },
  format: {
    kind: 'text',
    choices: formats,
    placeholder: 'FORMAT',
    describe: 'pcap or pcapng; pcap holds one source',
    group: 'Flags',
  },
};

/**
 * Reads how the packets are laid out in files. Throws a usage error, also where what was asked for needs a file.
 * @param toFile Whether the packets go to a file that was named.
 */
export function parseFiles(words: Words, toFile: boolean): FileOptions {
  const size = flagSetting(words, 'rotate-size');
  const every = flagSetting(words, 'rotate-every');
  const count = flagSetting(words, 'rotate-count');
  const split = switchOf(words, 'split');
  if (count !== undefined && size === undefined && every === undefined) {
    throw usageError(
      '--rotate-count says how many files are kept, but not when the next one begins',
      words.command,
      'add --rotate-size 100MB, or --rotate-every 10m',
    );
  }
  const needsFile =
    [size, every].find((setting) => setting !== undefined)?.origin ?? (split ? '--split' : undefined);
  if (needsFile !== undefined && !toFile) {
    throw usageError(`${needsFile} needs a file`, words.command, 'name it with -w FILE');
  }
  return {
    rotation:
      size === undefined && every === undefined
        ? undefined
        : {
            maxBytes: size === undefined ? undefined : parseSize(size, 1024),
            everyMs: every === undefined ? undefined : parseDuration(every, 1000, longestWaitMs),
            keep: count === undefined ? undefined : parseCount(count, 1, 1_000_000),
          },
    split,
    format: formats.find((format) => format === wordOf(words, 'format')),
  };
}

/** The format that is meant: the one said, else the one that the name of the file says, else undefined. */
export function formatOf(said: FileFormat | undefined, path: string | undefined): FileFormat | undefined {
  const ending = /\.(pcap|pcapng)(\.gz)?$/i.exec(path ?? '')?.[1]?.toLowerCase();
  return said ?? formats.find((format) => format === ending);
}

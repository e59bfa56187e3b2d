import { LEAST_SPOOL_BYTES } from '../../src/capture/spool/ring.js';
import { parseTrigger, type Trigger, triggerForms } from '../../src/capture/spool/trigger.js';
import { parseDuration } from './duration.js';
import type { Flags } from './flags.js';
import { flagSetting } from './setting.js';
import { parseSize } from './size.js';
import { usageError } from './usage.js';
import { switchOf, type Words, wordOf } from './words.js';

/** How packets are kept in the pod. */
export interface SpoolOptions {
  /** `stream`: they come here all the time; `until`: only the last ones, when it is over. */
  readonly mode: 'stream' | 'until' | 'detach' | 'resume';
  /** Size of the ring. */
  readonly bytes: number;
  /** With `until`. */
  readonly trigger: Trigger | undefined;
  readonly keepSeconds: number;
}

const defaultBytes = 100e6;
const defaultKeepSeconds = 30;
/** A detached spool without --duration. */
export const defaultDetachSeconds = 3600;
/** How long it then waits to be fetched. */
export const holdSeconds = 4 * 3600;

/** `--spool` and what goes with it. */
export const spoolFlags: Flags = {
  spool: {
    kind: 'text',
    placeholder: 'SIZE',
    describe: 'keep packets in a ring of files in the debug container: a lost connection loses none of them',
    group: 'Flags',
  },
  until: {
    kind: 'text',
    placeholder: 'TRIGGER',
    completes: { words: ['packet:', 'restart', 'log:', 'interrupt'] },
    describe: `keep only the last seconds before it: ${triggerForms}`,
    group: 'Flags',
  },
  keep: {
    kind: 'text',
    placeholder: 'DURATION',
    describe: 'with --until: how much before it is kept (default 30s)',
    group: 'Flags',
  },
  detach: {
    kind: 'switch',
    describe: 'leave it running in the pod for --duration (default 1h), and end here',
    group: 'Flags',
  },
  resume: { kind: 'switch', describe: 'fetch what --detach left, and go on with it', group: 'Flags' },
};

/** Reads the flags of {@link spoolFlags}; undefined when none is given. Throws a usage error. */
export function parseSpool(words: Words): SpoolOptions | undefined {
  const [spool, until, keep] = ['spool', 'until', 'keep'].map((name) => flagSetting(words, name));
  const modes = (['detach', 'resume'] as const).filter((name) => switchOf(words, name));
  const given = [...(until === undefined ? [] : (['until'] as const)), ...modes];
  if (given.length > 1) throw usageError(`--${given.join(' and --')} exclude each other`, words.command);
  const mode = given[0] ?? 'stream';
  if (keep !== undefined && mode !== 'until') throw usageError('--keep goes with --until', words.command);
  if (mode === 'stream' && spool === undefined) return undefined;
  if (wordOf(words, 'upload') !== undefined)
    throw usageError(
      '--upload runs tcpdump in a container of the pod itself, and a spool would fill its disk',
      words.command,
      'leave --spool, --until, --detach and --resume out; or leave --upload out, for a debug container',
    );
  if (mode === 'resume')
    refuse(
      words,
      ['spool', 'filter', 'interface', 'packet-count', 'snaplen'],
      '--resume takes what is there',
    );
  if (mode === 'detach')
    refuse(words, ['write', 'wireshark', 'packet-count'], 'with --detach nothing comes here yet');
  return {
    mode,
    bytes: spool === undefined ? defaultBytes : parseSize(spool, LEAST_SPOOL_BYTES),
    trigger: until === undefined ? undefined : triggerOf(until.text),
    keepSeconds:
      keep === undefined ? defaultKeepSeconds : Math.ceil(parseDuration(keep, 1000, 86_400_000) / 1000),
  };
}

function triggerOf(text: string): Trigger {
  const trigger = parseTrigger(text);
  if (typeof trigger === 'string')
    throw usageError(`--until: ${trigger}`, undefined, `expected ${triggerForms}`);
  return trigger;
}

function refuse(words: Words, names: readonly string[], why: string): void {
  const given = names.find((name) => words.given.has(name));
  if (given !== undefined) throw usageError(`${why}: leave --${given} out`, words.command);
}

import type { Command } from '../command.js';
import { type Completes, completesOf } from '../options/completes.js';
import type { Flag, Flags } from '../options/flags.js';
import { kubeFlags } from '../options/kube.js';
import { outputFlags } from '../options/output.js';
import type { Words } from '../options/words.js';
import { argumentAt } from './usage.js';

/** What the word under the cursor can be. */
export type Place =
  | { readonly kind: 'command' }
  /** `alone`: long names only. */
  | { readonly kind: 'flag'; readonly flags: Flags; readonly long: boolean }
  | { readonly kind: 'word'; readonly completes: Completes }
  | { readonly kind: 'nothing' };

/** A command line up to the cursor, as far as it can be understood. */
export interface Line {
  readonly command: Command | undefined;
  readonly place: Place;
  /** What of the word is there already, and candidates must begin with. */
  readonly prefix: string;
  /** What stands before the prefix in the same word and has to be given back with it: `-o` of `-ojs`. */
  readonly lead: string;
  /** The words before, told apart. */
  readonly words: Words;
}

const leadingFlags: Flags = { ...kubeFlags, ...outputFlags([]) };

/**
 * Reads what was typed so far; the last word is the one under the cursor, `''` when it has not begun. Never throws: what is
 * not understood completes nothing.
 */
export function readLine(commands: readonly Command[], typed: readonly string[]): Line {
  const last = typed.at(-1) ?? '';
  const given = new Map<string, string[]>();
  const positionals: string[] = [];
  let command: Command | undefined;
  let unknown = false;
  let ended = false;
  /** A flag whose word comes next. */
  let open: readonly [name: string, flag: Flag] | undefined;
  const take = (name: string, word: string) => given.set(name, [...(given.get(name) ?? []), word]);
  const flags = () => command?.flags ?? leadingFlags;

  for (const word of typed.slice(0, -1)) {
    if (ended) continue;
    if (open !== undefined) {
      take(open[0], word);
      open = undefined;
    } else if (word === '--') ended = true;
    else if (word.startsWith('-') && word !== '-') {
      const read = readFlags(word, flags());
      for (const [name, value] of read.given) take(name, value);
      open = read.open;
    } else if (command === undefined && !unknown) {
      command = commands.find(({ name, aliases }) => name === word || aliases?.includes(word) === true);
      // Of `help` the argument is a command.
      unknown = command === undefined && word !== 'help';
    } else positionals.push(word);
  }

  const words: Words = { command: command?.name ?? '', positionals, rest: undefined, given };
  const line = (place: Place, prefix = last, lead = ''): Line => ({ command, place, prefix, lead, words });
  if (open !== undefined) return line(wordOfFlag(open[1]));
  if (unknown || ended) return line({ kind: 'nothing' });
  if (last.startsWith('--') && last.includes('=')) {
    const [name = ''] = last.slice(2).split('=', 1);
    const flag = Object.hasOwn(flags(), name) ? flags()[name] : undefined;
    // The shells' scripts know of the part before the sign, as cobra's do.
    return line(
      flag === undefined ? { kind: 'nothing' } : wordOfFlag(flag),
      last.slice(last.indexOf('=') + 1),
    );
  }
  if (last.startsWith('-')) {
    const attached = last.startsWith('--') || last === '-' ? undefined : attachedWord(last, flags());
    if (attached === undefined)
      return line({ kind: 'flag', flags: unused(flags(), given), long: last.startsWith('--') });
    return line(wordOfFlag(attached.flag), attached.prefix, attached.lead);
  }
  if (command === undefined) return line({ kind: 'command' });
  const argument = argumentAt(command, words);
  return line(argument === undefined ? { kind: 'nothing' } : { kind: 'word', completes: argument });
}

function wordOfFlag({ kind, choices, completes, placeholder }: Flag): Place {
  if (kind === 'switch') return { kind: 'word', completes: { words: ['true', 'false'] } };
  const own = completes ?? (choices === undefined ? undefined : { words: choices });
  return { kind: 'word', completes: completesOf(placeholder, own) ?? 'none' };
}

/** Flags in one word: `--name`, `--name=value`, `-ojson`, `-qv`; `open` is the one whose word follows. */
function readFlags(
  word: string,
  flags: Flags,
): { readonly given: [string, string][]; readonly open?: readonly [string, Flag] } {
  if (word.startsWith('--')) {
    const sign = word.indexOf('=');
    const name = word.slice(2, sign < 0 ? undefined : sign);
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (flag === undefined) return { given: [] };
    if (sign >= 0) return { given: [[name, word.slice(sign + 1)]] };
    return flag.kind === 'switch' ? { given: [[name, 'true']] } : { given: [], open: [name, flag] };
  }
  const given: [string, string][] = [];
  for (let at = 1; at < word.length; at++) {
    const found = byLetter(word.charAt(at), flags);
    if (found === undefined) break;
    const rest = word.slice(at + 1);
    if (found[1].kind === 'switch' && !rest.startsWith('=')) given.push([found[0], 'true']);
    else if (rest === '') return { given, open: found };
    else return { given: [...given, [found[0], rest.replace(/^=/, '')]] };
  }
  return { given };
}

/** The word that is attached to a letter, `js` of `-ojs`; undefined where the letters are all switches. */
function attachedWord(
  word: string,
  flags: Flags,
): { readonly flag: Flag; readonly prefix: string; readonly lead: string } | undefined {
  for (let at = 1; at < word.length; at++) {
    const found = byLetter(word.charAt(at), flags);
    if (found === undefined) return undefined;
    const rest = word.slice(at + 1);
    if (rest.startsWith('=')) return { flag: found[1], prefix: rest.slice(1), lead: '' };
    if (found[1].kind === 'switch') continue;
    return rest === '' ? undefined : { flag: found[1], prefix: rest, lead: word.slice(0, at + 1) };
  }
  return undefined;
}

function byLetter(letter: string, flags: Flags): readonly [string, Flag] | undefined {
  return Object.entries(flags).find(([, { short }]) => short === letter);
}

/** Without the flags that have been given and can be given only once. */
function unused(flags: Flags, given: ReadonlyMap<string, unknown>): Flags {
  return Object.fromEntries(
    Object.entries(flags).filter(([name, { kind }]) => kind === 'list' || !given.has(name)),
  );
}

import type { Flag, Flags } from './flags.js';
import { nearest, usageError } from './usage.js';

/**
 * Spells kubectl's short forms out, so that yargs cannot take them for something else: `-ojson`, `-o=json` and `-o json` become
 * `--output=json`, `-qv` becomes `--quiet=true --verbose=true`. A flag's word may begin with a dash. Ends at `--`.
 * Throws a usage error, in kubectl's words, for a flag that is not known, lacks its word, or is neither on nor off.
 */
export function spellOut(command: string, argv: readonly string[], flags: Flags): string[] {
  const spelt: string[] = [];
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') return [...spelt, word, ...words];
    if (word.startsWith('--')) spelt.push(longForm(command, word, words, flags));
    else if (word.startsWith('-') && word !== '-') spelt.push(...shortForms(command, word, words, flags));
    else spelt.push(word);
  }
  return spelt;
}

function longForm(command: string, word: string, following: string[], flags: Flags): string {
  const sign = word.indexOf('=');
  const name = sign < 0 ? word.slice(2) : word.slice(2, sign);
  const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
  if (flag === undefined) throw unknownFlag(command, name, flags);
  return withWord(command, name, flag, sign < 0 ? undefined : word.slice(sign + 1), following);
}

function shortForms(command: string, group: string, following: string[], flags: Flags): string[] {
  const spelt: string[] = [];
  for (let at = 1; at < group.length; at++) {
    const letter = group.charAt(at);
    const found = Object.entries(flags).find(([, { short }]) => short === letter);
    if (found === undefined)
      throw usageError(
        `unknown shorthand flag: ${JSON.stringify(letter).replaceAll('"', "'")} in ${group}`,
        command,
      );
    const [name, flag] = found;
    const rest = group.slice(at + 1);
    if (flag.kind === 'switch' && !rest.startsWith('=')) {
      spelt.push(`--${name}=true`);
      continue;
    }
    spelt.push(withWord(command, name, flag, rest === '' ? undefined : rest.replace(/^=/, ''), following));
    break;
  }
  return spelt;
}

function withWord(
  command: string,
  name: string,
  flag: Flag,
  attached: string | undefined,
  following: string[],
): string {
  if (flag.kind === 'switch') {
    const word = attached ?? 'true';
    if (word === 'true' || word === 'false') return `--${name}=${word}`;
    throw usageError(`--${name}: ${JSON.stringify(word)} is neither true nor false`, command);
  }
  const word = attached ?? following.shift();
  if (word === undefined) throw usageError(`flag needs an argument: --${name}`, command);
  return `--${name}=${inQuotes(word)}`;
}

/** yargs takes one pair of quotes off a word, though the shell has taken those off that were meant for it. */
function inQuotes(word: string): string {
  return /^(["'])[^]*\1$/.test(word) ? `"${word}"` : word;
}

function unknownFlag(command: string, name: string, flags: Flags): Error {
  const near = nearest(name, Object.keys(flags));
  return usageError(
    `unknown flag: --${name}`,
    command,
    near === undefined ? undefined : `did you mean --${near}?`,
  );
}

import { parseArgs } from 'node:util';
import type { Flags } from './flags.js';
import { nearest, usageError } from './usage.js';

/** The words of one command, told apart. */
export interface Words {
  /** The command's name, for messages. */
  readonly command: string;
  /** Words that are no flags, before `--`. */
  readonly positionals: readonly string[];
  /** Words after `--`; undefined when there is none. */
  readonly rest: readonly string[] | undefined;
  /** What was given, by long name; a switch holds `true` or `false`. */
  readonly given: ReadonlyMap<string, readonly string[]>;
}

/**
 * Tells flags from arguments as kubectl does (`-ojson`, `-o=json`, `-o json`, `--output=json`, `-qv`, flags anywhere before `--`).
 * Throws a usage error, in kubectl's words, for an unknown flag, a missing word or one that is not a choice.
 */
export function parseWords(command: string, argv: readonly string[], flags: Flags): Words {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(
      Object.entries(flags).map(([name, flag]) => [
        name,
        {
          type: flag.kind === 'switch' ? ('boolean' as const) : ('string' as const),
          ...(flag.short === undefined ? {} : { short: flag.short }),
        },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const positionals: string[] = [];
  const given = new Map<string, string[]>();
  let rest: string[] | undefined;
  for (const token of tokens) {
    if (token.kind === 'option-terminator') rest = [];
    else if (token.kind === 'positional') (rest ?? positionals).push(token.value);
    else {
      const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
      if (flag === undefined) throw unknownFlag(command, token.rawName, flags);
      // parseArgs leaves the sign in `-o=json`.
      const word =
        token.rawName.startsWith('--') || token.inlineValue !== true
          ? token.value
          : token.value.replace(/^=/, '');
      const values = given.get(token.name) ?? [];
      values.push(checkWord(command, token.name, flag, word));
      given.set(token.name, values);
    }
  }
  return { command, positionals, rest, given };
}

function checkWord(command: string, name: string, flag: Flags[string], word: string | undefined): string {
  if (flag.kind === 'switch') {
    const value = word ?? 'true';
    if (value === 'true' || value === 'false') return value;
    throw usageError(`--${name}: ${JSON.stringify(value)} is neither true nor false`, command);
  }
  if (word === undefined) throw usageError(`flag needs an argument: --${name}`, command);
  if (flag.choices !== undefined && !flag.choices.includes(word)) {
    throw usageError(`--${name}: ${JSON.stringify(word)} is not one of ${flag.choices.join(', ')}`, command);
  }
  return word;
}

function unknownFlag(command: string, rawName: string, flags: Flags): Error {
  if (!rawName.startsWith('--')) {
    return usageError(`unknown shorthand flag: '${rawName.slice(1)}' in ${rawName}`, command);
  }
  const near = nearest(rawName.slice(2), Object.keys(flags));
  return usageError(
    `unknown flag: ${rawName}`,
    command,
    near === undefined ? undefined : `did you mean --${near}?`,
  );
}

/** The word of a flag; the last one when it was given more than once. */
export function wordOf(words: Words, name: string): string | undefined {
  return words.given.get(name)?.at(-1);
}

/** Every word of a flag that may be given more than once. */
export function wordsOf(words: Words, name: string): readonly string[] {
  return words.given.get(name) ?? [];
}

/** Whether a switch is on. */
export function switchOf(words: Words, name: string): boolean {
  return wordOf(words, name) === 'true';
}

/**
 * The arguments by the names that the usage line gives them, e.g. `['POD', 'DEST']`.
 * Throws a usage error when one is missing or there is one too many. `rest` says whether words after `--` are taken.
 */
export function argumentsOf(
  words: Words,
  names: readonly string[],
  rest: 'rest' | 'no-rest' = 'no-rest',
): string[] {
  const { positionals, command } = words;
  const missing = names.slice(positionals.length);
  if (missing.length > 0)
    throw usageError(`${command} needs ${names.join(' and ')}: ${missing.join(' and ')} is missing`, command);
  const surplus = positionals[names.length];
  if (surplus !== undefined) {
    throw usageError(
      `unexpected argument ${JSON.stringify(surplus)}: ${command} takes ${names.join(' and ') || 'none'}`,
      command,
    );
  }
  if (rest === 'no-rest' && words.rest !== undefined && words.rest.length > 0) {
    throw usageError(`${command} takes no arguments after --`, command);
  }
  return [...positionals];
}

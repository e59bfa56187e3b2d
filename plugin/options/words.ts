import { usageError } from './usage.js';

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

/** Words among which there is no flag. */
export function noFlags(command: string, argv: readonly string[]): Words {
  return { command, positionals: argv, rest: undefined, given: new Map() };
}

/** Words among which `--help` is the only flag; undefined when there are others. */
export function helpAlone(command: string, argv: readonly string[]): Words | undefined {
  const isHelp = (word: string): boolean => word === '--help' || word === '-h';
  const positionals = argv.filter((word) => !isHelp(word));
  if (positionals.length === argv.length || positionals.some((word) => word.startsWith('-')))
    return undefined;
  return { ...noFlags(command, positionals), given: new Map([['help', ['true']]]) };
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

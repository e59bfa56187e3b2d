import yargs from 'yargs';
import type { Flags } from './flags.js';
import { spellOut } from './spell.js';
import { usageError } from './usage.js';
import type { Words } from './words.js';

/** What yargs is not to guess: names and words stay as they were typed, and a word is text even if it looks like a number. */
const parserConfiguration = {
  'boolean-negation': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'duplicate-arguments-array': true,
  'greedy-arrays': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'populate--': true,
  'set-placeholder-key': false,
};

/**
 * Tells flags from arguments as kubectl does (`-ojson`, `-o=json`, `-o json`, `--output=json`, `-qv`, flags anywhere before `--`).
 * Throws a usage error, in kubectl's words, for an unknown flag, a missing word or one that is not a choice.
 */
export function parseWords(command: string, argv: readonly string[], flags: Flags): Words {
  const parser = yargs()
    .parserConfiguration(parserConfiguration)
    .help(false)
    .version(false)
    .exitProcess(false)
    .fail(false)
    .detectLocale(false);
  for (const [name, { kind }] of Object.entries(flags)) {
    parser.option(name, { type: kind === 'switch' ? 'boolean' : 'string' });
  }
  const parsed = parser.parseSync(spellOut(command, argv, flags));
  const given = new Map<string, readonly string[]>();
  for (const [name, flag] of Object.entries(flags)) {
    const words = [parsed[name] ?? []].flat().map(String);
    for (const word of words) {
      if (flag.choices !== undefined && !flag.choices.includes(word)) {
        throw usageError(
          `--${name}: ${JSON.stringify(word)} is not one of ${flag.choices.join(', ')}`,
          command,
        );
      }
    }
    if (words.length > 0) given.set(name, words);
  }
  const rest = parsed['--'];
  return {
    command,
    positionals: parsed._.map(String),
    rest: Array.isArray(rest) ? rest.map(String) : argv.includes('--') ? [] : undefined,
    given,
  };
}

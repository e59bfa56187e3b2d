import type { Command } from '../command.js';
import type { ExplainRequest } from '../explain.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import type { Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import type { Words } from '../options/words.js';

const formats: readonly OutputFormat[] = ['table', 'json', 'yaml'];

/** `kubectl netdebug explain [CODE...]`. */
export const explainCommand: Command = {
  name: 'explain',
  usage: '[CODE...] [FLAGS]',
  completes: {
    CODE: {
      words: async () =>
        (await import('../../src/diagnose/catalogue/all.js')).catalogue.flatMap(({ entries }) =>
          entries.map(({ code, title }) => ({ word: code, about: title })),
        ),
    },
  },
  summary: 'a finding code in full',
  about:
    'Says what a finding of diagnose or policy means, how to mend it, and what can prove it. Without a code it lists them all. It asks no cluster.',
  examples: [
    { about: 'One code', words: 'explain ND204' },
    { about: 'All of them', words: 'explain' },
  ],
  flags: outputFlags(formats),
  prepare: (words, settings) => {
    const request = parseExplain(words, settings);
    return async (environment) => (await import('../explain.js')).runExplain(request, environment);
  },
};

/** Words → request. Throws a usage error. */
function parseExplain(words: Words, settings: Settings): ExplainRequest {
  if (words.rest !== undefined && words.rest.length > 0)
    throw usageError('explain takes no arguments after --', words.command);
  return { output: parseOutput(words, settings, formats), codes: words.positionals };
}

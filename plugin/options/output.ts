import type { ColorChoice } from '../print/colour.js';
import type { Flags } from './flags.js';
import type { Settings } from './setting.js';
import { settingOf } from './setting.js';
import { usageError } from './usage.js';
import type { Words } from './words.js';
import { switchOf, wordOf } from './words.js';

export const outputFormats = [
  'table',
  'wide',
  'json',
  'yaml',
  'name',
  'dot',
  'mermaid',
  'html',
  'junit',
  'sarif',
] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** How a command is to speak. */
export interface OutputOptions {
  readonly format: OutputFormat;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: ColorChoice;
}

const colorChoices = ['auto', 'always', 'never'] as const;

/** `-o` (with the formats of the command), `-q`, `-v`, `--color`. */
export function outputFlags(formats: readonly OutputFormat[]): Flags {
  return {
    ...(formats.length > 1
      ? {
          output: {
            kind: 'text',
            short: 'o',
            placeholder: 'FORMAT',
            completes: { words: formats },
            describe: `one of ${formats.join(', ')} (default ${formats[0] ?? ''})`,
            group: 'Output',
          } as const,
        }
      : {}),
    quiet: {
      kind: 'switch',
      short: 'q',
      describe: 'no progress and no summary, only data and errors',
      group: 'Output',
    },
    verbose: {
      kind: 'switch',
      short: 'v',
      describe: 'say more about what is done, and why something failed',
      group: 'Output',
    },
    color: {
      kind: 'text',
      choices: colorChoices,
      placeholder: 'WHEN',
      describe: 'auto, always or never (default auto)',
      group: 'Output',
    },
    help: { kind: 'switch', short: 'h', describe: 'this text', group: 'Output' },
  };
}

/** Reads the flags of {@link outputFlags}; the first of `formats` is the default. */
export function parseOutput(
  words: Words,
  settings: Settings,
  formats: readonly OutputFormat[],
): OutputOptions {
  const asked = wordOf(words, 'output');
  const format = formats.find((known) => known === (asked ?? formats[0]));
  if (format === undefined) {
    throw usageError(
      `--output: ${words.command} cannot print ${JSON.stringify(asked)}, only ${formats.join(', ')}`,
      words.command,
    );
  }
  return {
    format,
    quiet: switchOf(words, 'quiet'),
    verbose: switchOf(words, 'verbose'),
    color: parseColor(words, settings),
  };
}

function parseColor(words: Words, settings: Settings): ColorChoice {
  const setting = settingOf(words, settings, 'color');
  const choice = colorChoices.find((known) => known === (setting?.text ?? 'auto'));
  if (choice !== undefined) return choice;
  throw usageError(
    `${setting?.origin ?? '--color'}: ${JSON.stringify(setting?.text)} is not one of ${colorChoices.join(', ')}`,
  );
}

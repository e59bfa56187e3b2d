/** Every word of the command line says what completes it, or that nothing can. */
import { expect, test } from '@jest/globals';
import { argumentsOfUsage } from '../../../plugin/completion/usage.js';
import { completesOf } from '../../../plugin/options/completes.js';
import { commands } from '../../../plugin/run.js';

const byName = commands.map((command) => [command.name, command] as const);

test.each(byName)(
  '%s: every flag has a completion: by its choices, its placeholder or `completes`',
  (_, command) => {
    const silent = Object.entries(command.flags).filter(
      ([, { kind, choices, completes, placeholder }]) =>
        kind !== 'switch' && choices === undefined && completesOf(placeholder, completes) === undefined,
    );
    expect(silent.map(([name, { placeholder = '' }]) => `--${name} ${placeholder}`)).toEqual([]);
  },
);

test.each(byName)('%s: so has every argument of the usage line', (_, command) => {
  const silent = [...argumentsOfUsage(command)].filter(([, completes]) => completes === undefined);
  expect(silent.map(([name]) => name)).toEqual([]);
});

test.each(byName)('%s: completions are named only for arguments that there are', (_, command) => {
  const names = [...argumentsOfUsage(command).keys()];
  expect(Object.keys(command.completes ?? {}).filter((name) => !names.includes(name))).toEqual([]);
});

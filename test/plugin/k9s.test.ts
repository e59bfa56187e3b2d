/** docs/k9s.md is a file that k9s takes, with commands and flags that are there. */
import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseWords } from '../../plugin/options/parse.js';
import { commands } from '../../plugin/run.js';

/** The fields of a k9s plugin (k9s: internal/config/json/schemas/plugins.json); others are refused there too. */
const plugins = z.strictObject({
  plugins: z.record(
    z.string(),
    z.strictObject({
      shortCut: z.string().regex(/^(Shift|Ctrl)-[A-Z]$/),
      description: z.string(),
      scopes: z.array(z.string()),
      command: z.string(),
      background: z.boolean().optional(),
      confirm: z.boolean().optional(),
      args: z.array(z.string()),
    }),
  ),
});

const page = readFileSync(new URL('../../docs/k9s.md', import.meta.url), 'utf8');
const text = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? '';
const found = Object.entries(plugins.parse(parse(text)).plugins);

test.each(found)('%s calls a command with flags that it has', (_, { command, args }) => {
  const words =
    command === 'kubectl'
      ? args
      : (/kubectl (netdebug [^;|]*?)( 2>&1)? *[;|]/.exec(args[1] ?? '')?.[1] ?? '').split(' ');
  const [own, name = '', ...rest] = words;
  expect(own).toBe('netdebug');
  const known = commands.find((each) => each.name === name);
  expect(known?.name).toBe(name);
  expect(() => parseWords(name, rest, known?.flags ?? {})).not.toThrow();
});

test('no key is taken twice on the same list, and no name becomes part of the text of a shell', () => {
  const keys = found.flatMap(([, { shortCut, scopes }]) => scopes.map((scope) => `${scope} ${shortCut}`));
  expect(new Set(keys).size).toBe(keys.length);
  const scripts = found.filter(([, { command }]) => command === 'sh').map(([, { args }]) => args[1]);
  expect(scripts.filter((script) => /\$[A-Z{]/.test(script ?? ''))).toEqual([]);
});

/** The pages say what the program has: no command, flag or link that is not there, none left out. */
import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../../plugin/command.js';
import type { Flag } from '../../plugin/options/flags.js';
import { commands } from '../../plugin/run.js';
import { groupPages, withPlace, withTables } from '../docs/tables.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const pageOf = ({ name }: Command): string => `docs/commands/${name}.md`;
const byName = commands.map((command) => [command.name, command] as const);

interface Call {
  readonly command: string;
  /** Its words, those for other programs (after `--` and `|`) left out. */
  readonly words: string;
}

/** The calls of this program in synopses and examples. */
function callsIn(page: string): Call[] {
  const calls = page.matchAll(/^(?:\$ )?(?:\w+=\S+ )*kubectl netdebug ([a-z]+)(.*)$/gm);
  return [...calls].map(([, command = '', rest = '']) => ({
    command,
    words: rest.replace(/( --| \|) .*$/, ''),
  }));
}

/** Long flags that are named as ours: in code that begins with a flag, and in calls of the command. */
function flagsNamed(page: string, command?: string): string[] {
  const code = [...page.replace(/^```[^]*?^```/gm, '').matchAll(/`(-[^`]*)`/g)].map(([, text = '']) => text);
  const calls = callsIn(page).filter((call) => call.command === command);
  const texts = [...code, ...calls.map(({ words }) => words)];
  const flags = texts.flatMap((text) => [...text.matchAll(/(?<![\w-])--([a-z][a-z0-9-]*)/g)]);
  return [...new Set(flags.map(([, name = '']) => name))];
}

function flagsOf(command: Command, group: Flag['group']): string[] {
  return Object.entries(command.flags).flatMap(([name, flag]) => (flag.group === group ? [name] : []));
}

describe.each(byName)('%s', (_, command) => {
  test('has its page, and its row in the README', () => {
    expect(existsSync(join(root, pageOf(command)))).toBe(true);
    const rows = read('README.md')
      .split('\n')
      .filter((line) => line.startsWith('|'));
    expect(rows.filter((row) => row.includes(`](${pageOf(command)})`))).toHaveLength(1);
  });

  test('its page names only flags that it has, and all of its own', () => {
    const named = flagsNamed(read(pageOf(command)), command.name);
    expect(named.filter((name) => !Object.hasOwn(command.flags, name))).toEqual([]);
    expect(flagsOf(command, 'Flags').filter((name) => !named.includes(name))).toEqual([]);
  });

  test('short flags of its own stand on the page beside their long ones', () => {
    const page = read(pageOf(command));
    const missing = Object.entries(command.flags).filter(
      ([name, { short, group }]) =>
        short !== undefined && group === 'Flags' && !page.includes(`\`-${short}\`, \`--${name}`),
    );
    expect(missing.map(([name]) => name)).toEqual([]);
  });

  test('its page shows calls of it, with short flags that it has', () => {
    const known = Object.values(command.flags).flatMap(({ short }) => short ?? []);
    const calls = callsIn(read(pageOf(command))).filter((call) => call.command === command.name);
    expect(calls.length).toBeGreaterThan(1);
    const given = calls.flatMap(({ words }) => [...words.matchAll(/(?<=[\s[|])-([a-zA-Z0-9])/g)]);
    expect(given.map(([, short = '']) => short).filter((short) => !known.includes(short))).toEqual([]);
  });
});

test.each(Object.entries(groupPages))('flags of the group %s are told once, in %s', (group, page) => {
  const all = new Set(commands.flatMap((command) => flagsOf(command, group as Flag['group'])));
  expect([...all].filter((name) => !flagsNamed(read(page)).includes(name))).toEqual([]);
  expect(read(page)).toContain(`<!-- flags of the group ${group}, by npm run docs -->`);
});

describe('tables of flags', () => {
  test.each(byName)('on the page of %s are as npm run docs writes them', (_, command) => {
    const page = read(pageOf(command));
    expect(page).toBe(withTables(withPlace(page, command), commands));
  });

  test.each([...new Set(Object.values(groupPages))])('in %s as well', (page) => {
    expect(read(page)).toBe(withTables(read(page), commands));
  });

  test('are made anew, and what stands around them stays', () => {
    const mark = '<!-- flags of list, by npm run docs -->\n';
    const page = `before\n${mark}| old |\n<!-- end of flags -->\nafter\n`;
    const made = withTables(page, commands);
    expect(made).toContain('| `-A`, `--all-namespaces` |');
    expect(made).not.toContain('old');
    expect(made).toMatch(/^before\n<!--[^]*--[^]*<!-- end of flags -->\nafter\n$/);
    expect(withTables(made, commands)).toBe(made);
    expect(() => withTables(mark, commands)).toThrow('no ');
    expect(() => withTables(page.replace('of list', 'of lisp'), commands)).toThrow('no flags of lisp');
  });

  test('get a place where a page has none, once', () => {
    const list = commands.find(({ name }) => name === 'list');
    if (list === undefined) throw new Error('there is no list');
    const placed = withPlace('# list\n', list);
    expect(placed).toMatch(/^# list\n\n## Flags\n<!-- flags of list/);
    expect(withPlace(placed, list)).toBe(placed);
    expect(withPlace('# x\n## Flags\nmine\n', list)).toMatch(
      /## Flags\n<!-- .*\n<!-- end of flags -->\nmine/,
    );
  });
});

test('there is no page of a command that does not exist', () => {
  const pages = readdirSync(join(root, 'docs/commands'));
  expect(pages.sort()).toEqual(commands.map(({ name }) => `${name}.md`).sort());
});

/** Every page that is read on its own. */
function pages(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** As GitHub makes them: lower case, punctuation away, blanks to dashes. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

const linking = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...pages('docs'), ...pages('manifests')];

/** Where the links of a page lead, as written; none of code. */
function linksOf(page: string): string[] {
  const text = read(page).replace(/^```[^]*?^```/gm, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** The file that a link means, from the root; that of an address elsewhere is none of ours. */
function fileOf(page: string, target: string): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path = ''] = target.split('#');
  return path === '' ? page : join(dirname(page), path);
}

test.each(linking)('every link of %s leads somewhere', (page) => {
  const broken = linksOf(page).filter((target) => {
    const file = fileOf(page, target);
    if (file === undefined) return false;
    if (!existsSync(join(root, file))) return true;
    const [, anchor] = target.split('#');
    return anchor !== undefined && !anchorsOf(read(file)).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('every page is found from another one, or by the folder that it is in', () => {
  const linked = new Set(linking.flatMap((page) => linksOf(page).map((target) => fileOf(page, target))));
  const found = (page: string): boolean => linked.has(page) || linked.has(`${dirname(page)}/`);
  expect(linking.filter((page) => page !== 'README.md' && !found(page))).toEqual([]);
});

test('the recipes of CONTRIBUTING name files and folders that are there', () => {
  const named = [
    ...read('CONTRIBUTING.md').matchAll(/`((?:src|plugin|test|docs|manifests|\.ci)\/[^`*\s]*|[A-Z]+\.md)`/g),
  ];
  const paths = named.map(([, path = '']) => path).filter((path) => !path.includes('NAME'));
  expect(paths.length).toBeGreaterThan(20);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

/**
 * Tables of flags in the pages under docs/, made from the flags themselves. A table stands between two comments:
 * `<!-- flags of ping, by npm run docs -->` (a command) or `<!-- flags of the group Output, by npm run docs -->`, and
 * `<!-- end of flags -->`.
 */
import type { Command } from '../../plugin/command.js';
import { type Flag, flagGroups, type Flags } from '../../plugin/options/flags.js';

const begin = /<!-- flags of (the group )?([A-Za-z ]+), by npm run docs -->\n/g;
const end = '<!-- end of flags -->';

/** Pages of groups that many commands have; all else stands on the page of its command. */
export const groupPages: Readonly<Record<Exclude<Flag['group'], 'Flags'>, string>> = {
  'Debug container': 'docs/profiles.md',
  Output: 'docs/configuration.md',
  Cluster: 'docs/configuration.md',
};

/** The page with its tables made anew. Throws an Error when a table is of nothing that is known, or has no end. */
export function withTables(page: string, commands: readonly Command[]): string {
  let made = '';
  let rest = 0;
  for (const match of page.matchAll(begin)) {
    const from = match.index + match[0].length;
    const to = page.indexOf(end, from);
    if (to < 0) throw new Error(`no '${end}' behind '${match[0].trim()}'`);
    made += `${page.slice(rest, from)}${tableOf(flagsFor(match[1] !== undefined, match[2] ?? '', commands))}`;
    rest = to;
  }
  return made + page.slice(rest);
}

/** The page of a command that has flags of its own, with a place for their table under `## Flags` where it has none yet. */
export function withPlace(page: string, { name, flags }: Command): string {
  const mark = `<!-- flags of ${name}, by npm run docs -->\n`;
  const own = Object.values(flags).some(({ group }) => group === 'Flags');
  if (!own || page.includes(mark)) return page;
  const place = `## Flags\n${mark}${end}\n`;
  const heading = /^## Flags\n/m;
  return heading.test(page) ? page.replace(heading, place) : `${page.trimEnd()}\n\n${place}`;
}

function flagsFor(isGroup: boolean, name: string, commands: readonly Command[]): Flags {
  const group = isGroup ? flagGroups.find((known) => known === name) : 'Flags';
  const sources = isGroup ? commands : commands.filter((command) => command.name === name);
  if (group === undefined || sources.length === 0) throw new Error(`there are no flags of ${name}`);
  const found: Record<string, Flag> = {};
  for (const [flagName, flag] of sources.flatMap(({ flags }) => Object.entries(flags))) {
    // Commands that share a group word its flags alike; the formats of -o are each one's own.
    if (flag.group === group) found[flagName] ??= isGroup && flagName === 'output' ? anyOutput(flag) : flag;
  }
  return found;
}

function anyOutput(flag: Flag): Flag {
  return {
    ...flag,
    describe: 'what is printed: the help of a command names its formats, the first is the default',
  };
}

function tableOf(flags: Flags): string {
  const rows = Object.entries(flags).map(
    ([name, flag]) => `| ${wordsOf(name, flag)} | ${cell(flag.describe)} |\n`,
  );
  return `| flag | |\n|---|---|\n${rows.join('')}`;
}

function wordsOf(name: string, { short, kind, placeholder = 'TEXT' }: Flag): string {
  const long = `\`--${name}${kind === 'switch' ? '' : ` ${placeholder}`}\``;
  return short === undefined ? long : `\`-${short}\`, ${long}`;
}

/** As text of Markdown; flags that are named in it stand out as code. */
function cell(text: string): string {
  return text
    .replace(/[|*<\\]/g, (sign) => `\\${sign}`)
    .replace(/(?<![\w-])--?[a-zA-Z0-9][\w-]*(?:=\w+)?/g, (flag) => `\`${flag}\``);
}

import cliui from 'cliui';
import { flagGroups, type Flag } from '../options/flags.js';
import { program } from '../options/usage.js';
import type { Command } from '../command.js';

/** What `kubectl netdebug --help` says. */
export function programHelp(commands: readonly Command[], columns: number): string {
  return [
    'Debug the network of a Kubernetes cluster from inside its pods.',
    '',
    `Usage:\n  ${program} COMMAND [TARGET...] [ARGUMENTS] [FLAGS]`,
    '',
    'Commands:',
    entries(
      commands.map(({ name, summary }) => [name, summary]),
      columns,
    ),
    '',
    'A target is [NAMESPACE/]KIND/NAME, such as pod/web-0, deploy/api or shop/svc/api:80; a bare name is a pod.',
    `See '${program} COMMAND --help' for the flags of a command.`,
    '',
  ].join('\n');
}

/** What `kubectl netdebug COMMAND --help` says. */
export function commandHelp(command: Command, columns: number): string {
  const flags = Object.entries(command.flags);
  const groups = flagGroups
    .map((group) => ({ group, members: flags.filter(([, flag]) => flag.group === group) }))
    .filter(({ members }) => members.length > 0);
  return [
    wrapped(command.about, columns),
    '',
    `Usage:\n  ${program} ${command.name} ${command.usage}`,
    ...(command.aliases === undefined ? [] : ['', `Alias: ${command.aliases.join(', ')}`]),
    ...(command.examples.length === 0 ? [] : ['', 'Examples:']),
    ...command.examples.flatMap(({ about, words }) => [`  # ${about}`, `  ${program} ${words}`]),
    ...groups.flatMap(({ group, members }) => [
      '',
      `${group}:`,
      entries(
        members.map(([name, flag]) => [flagWords(name, flag), flag.describe]),
        columns,
      ),
    ]),
    '',
  ].join('\n');
}

function flagWords(name: string, flag: Flag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  return `${short}--${name}${flag.kind === 'switch' ? '' : ` ${flag.placeholder ?? 'TEXT'}`}`;
}

/** Two columns, the second wrapped to the width of the terminal; words too long for theirs stand on a line of their own. */
function entries(rows: readonly (readonly [words: string, text: string])[], columns: number): string {
  const limit = lineLimit(columns);
  const first = Math.min(34, Math.max(...rows.map(([words]) => words.length)));
  const ui = cliui({ width: limit, wrap: true });
  for (const [words, text] of rows) {
    const fits = words.length <= first;
    // cliui trims its texts: what is indented gets its margin back.
    const margin = 2 + words.length - words.trimStart().length;
    if (!fits) ui.div({ text: words, padding: [0, 0, 0, margin] });
    ui.div(
      { text: fits ? words : '', width: first + 5, padding: [0, 3, 0, margin] },
      { text, width: limit - first - 5 },
    );
  }
  return ui.toString();
}

function wrapped(text: string, columns: number): string {
  const ui = cliui({ width: lineLimit(columns), wrap: true });
  for (const paragraph of text.split('\n')) ui.div({ text: paragraph, padding: [0, 0, 0, 0] });
  return ui.toString();
}

function lineLimit(columns: number): number {
  return Math.max(60, Math.min(columns, 110));
}

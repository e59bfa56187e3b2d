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
  const first = Math.min(34, Math.max(...rows.map(([words]) => words.length)));
  const margin = first + 5;
  return rows
    .flatMap(([words, text]) => {
      const lines = wrap(text, lineLimit(columns) - margin).map((line) => ' '.repeat(margin) + line);
      if (words.length > first) return [`  ${words}`, ...lines];
      const [beside = '', ...others] = lines;
      return [`  ${words}`.padEnd(margin) + beside.slice(margin), ...others];
    })
    .map((line) => line.trimEnd())
    .join('\n');
}

function wrapped(text: string, columns: number): string {
  const paragraphs = text.split('\n');
  return paragraphs.flatMap((paragraph) => wrap(paragraph, lineLimit(columns))).join('\n');
}

/**
 * Lines of at most this many characters, where words allow it. Our own texts are ASCII: a library that knows how wide every
 * character of the world is takes longer than all the rest of `--help`.
 */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function lineLimit(columns: number): number {
  return Math.max(60, Math.min(columns, 110));
}

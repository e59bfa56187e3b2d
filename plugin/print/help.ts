import { flagGroups, type Flag } from '../options/flags.js';
import { program } from '../options/usage.js';
import type { Command } from '../command.js';

/** What `kubectl netdebug --help` says. */
export function programHelp(commands: readonly Command[], columns: number): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'Debug the network of a Kubernetes cluster from inside its pods.',
    '',
    `Usage:\n  ${program} COMMAND [TARGET...] [ARGUMENTS] [FLAGS]`,
    '',
    'Commands:',
    ...commands.flatMap(({ name, summary }) => entry(name, summary, width, columns)),
    '',
    `A target is [NAMESPACE/]KIND/NAME, such as pod/web-0, deploy/api or shop/svc/api:80; a bare name is a pod.`,
    `See '${program} COMMAND --help' for the flags of a command.`,
    '',
  ].join('\n');
}

/** What `kubectl netdebug COMMAND --help` says. */
export function commandHelp(command: Command, columns: number): string {
  const flags = Object.entries(command.flags).map(([name, flag]) => ({ flag, words: flagWords(name, flag) }));
  const width = Math.min(34, Math.max(...flags.map(({ words }) => words.length)));
  const groups = flagGroups
    .map((group) => ({ group, members: flags.filter(({ flag }) => flag.group === group) }))
    .filter(({ members }) => members.length > 0);
  return [
    ...wrap(command.about, columns),
    '',
    `Usage:\n  ${program} ${command.name} ${command.usage}`,
    ...(command.aliases === undefined ? [] : ['', `Alias: ${command.aliases.join(', ')}`]),
    ...(command.examples.length === 0 ? [] : ['', 'Examples:']),
    ...command.examples.flatMap(({ about, words }) => [`  # ${about}`, `  ${program} ${words}`]),
    ...groups.flatMap(({ group, members }) => [
      '',
      `${group}:`,
      ...members.flatMap(({ flag, words }) => entry(words, flag.describe, width, columns)),
    ]),
    '',
  ].join('\n');
}

function flagWords(name: string, flag: Flag): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
  return `${short}--${name}${flag.kind === 'switch' ? '' : ` ${flag.placeholder ?? 'TEXT'}`}`;
}

function entry(words: string, text: string, width: number, columns: number): string[] {
  const margin = ' '.repeat(width + 5);
  const [first = '', ...more] = wrap(text, columns - margin.length);
  const lines = more.map((line) => `${margin}${line}`);
  return words.length > width
    ? [`  ${words}`, `${margin}${first}`, ...lines]
    : [`  ${words.padEnd(width)}   ${first}`, ...lines];
}

function wrap(text: string, columns: number): string[] {
  const limit = Math.max(30, Math.min(columns, 110));
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > limit) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    return [...lines, line];
  });
}

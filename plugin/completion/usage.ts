import type { Command } from '../command.js';
import { type Completes, completesOf } from '../options/completes.js';
import type { Words } from '../options/words.js';

/** One way to call a command: the flags that make it this one, and the names of its arguments in order. */
interface Form {
  readonly flags: readonly string[];
  readonly names: readonly string[];
  /** The last argument may be given again. */
  readonly open: boolean;
}

/**
 * What completes the argument that follows those given, by the usage line: `POD DEST... [FLAGS]`, `FROM TO | --all-pairs`,
 * `install|uninstall`. undefined where no argument is taken.
 */
export function argumentAt(command: Command, words: Words): Completes | undefined {
  const all = forms(command);
  const form =
    all.find(({ flags }) => flags.length > 0 && flags.every((name) => words.given.has(name))) ??
    all.find(({ flags }) => flags.length === 0);
  if (form === undefined) return undefined;
  // With -l the pod is not among the arguments.
  const byLabels = words.given.has('selector') && form.names[0] === 'POD';
  const names = byLabels ? form.names.slice(1) : form.names;
  const name = names[words.positionals.length] ?? (form.open ? names.at(-1) : undefined);
  return name === undefined ? undefined : argumentCompletes(command, name);
}

/** Names of the arguments that a usage line shows, and what completes each; undefined where nothing says it. */
export function argumentsOfUsage(command: Command): ReadonlyMap<string, Completes | undefined> {
  const names = forms(command).flatMap((form) => form.names);
  return new Map(names.map((name) => [name, argumentCompletes(command, name)]));
}

function argumentCompletes(command: Command, name: string): Completes | undefined {
  // Words in small letters stand for themselves.
  if (/^[a-z|]+$/.test(name)) return { words: name.split('|') };
  const own = command.completes;
  return completesOf(name, own !== undefined && Object.hasOwn(own, name) ? own[name] : undefined);
}

function forms(command: Command): Form[] {
  return command.usage.split(' | ').map((text) => {
    const flags: string[] = [];
    const names: string[] = [];
    let open = false;
    const words = text.replace(/ ?\[?-- .*$/, '').split(' ');
    for (let word = words.shift(); word !== undefined; word = words.shift()) {
      if (word === '' || word === '[FLAGS]') continue;
      if (word.startsWith('-')) {
        const [name, flag] =
          Object.entries(command.flags).find(
            ([long, { short }]) => word === `--${long}` || word === `-${short ?? long}`,
          ) ?? [];
        if (name !== undefined) flags.push(name);
        if (flag !== undefined && flag.kind !== 'switch') words.shift();
        continue;
      }
      open = word.replace(']', '').endsWith('...');
      names.push(word.replace(/^\[|\]$/g, '').replace(/\.\.\.$/, ''));
    }
    return { flags, names, open };
  });
}

import type { Command } from '../command.js';
import { parseDetachKey } from '../options/attach.js';
import type { Flags } from '../options/flags.js';
import { parsePodAndArguments } from '../options/pod.js';
import { wordOf } from '../options/words.js';
import { attachedFlags, startAttached } from './attached.js';

/** The better shell of those that an image may have. */
const anyShell = 'if command -v bash >/dev/null 2>&1; then exec bash; else exec sh; fi';

const flags: Flags = {
  shell: {
    kind: 'text',
    placeholder: 'PROGRAM',
    completes: { words: ['bash', 'sh', 'zsh', 'ash'] },
    describe: 'the shell to run, such as zsh (default bash, else sh)',
    group: 'Flags',
  },
};

/** `kubectl netdebug shell POD`. */
export const shellCommand: Command = {
  name: 'shell',
  usage: 'POD [FLAGS]',
  summary: 'a terminal in the debug container of a pod',
  about:
    "Opens a shell in the debug container of a pod: in the pod's network, with the tools of the debug image. Ctrl-C goes to what runs there; exit ends the shell, Ctrl-] leaves it running. A shell whose client is gone, for whatever reason, is hung up. The exit code is the shell's own.",
  examples: [
    { about: 'Look around in the network of a pod', words: 'shell web-0' },
    { about: 'With the processes of a container in sight', words: 'shell web-0 -c app' },
  ],
  flags: attachedFlags(flags),
  prepare: (words, settings) => {
    const { target } = parsePodAndArguments(words, []);
    const shell = wordOf(words, 'shell');
    return startAttached(words, settings, target, {
      argv: shell === undefined ? ['sh', '-c', anyShell] : [shell],
      label: `${shell ?? 'shell'} in a terminal`,
      stdin: true,
      tty: true,
      detachKey: parseDetachKey(words),
    });
  },
};

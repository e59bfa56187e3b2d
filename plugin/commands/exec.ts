import type { Command } from '../command.js';
import { parseDetachKey } from '../options/attach.js';
import type { Flags } from '../options/flags.js';
import { parsePodAndArguments } from '../options/pod.js';
import { usageError } from '../options/usage.js';
import { switchOf } from '../options/words.js';
import { attachedFlags, startAttached } from './attached.js';

const flags: Flags = {
  stdin: { kind: 'switch', short: 'i', describe: 'stdin goes to the command, its end too', group: 'Flags' },
  tty: { kind: 'switch', short: 't', describe: 'the command gets a terminal', group: 'Flags' },
};

/** `kubectl netdebug exec POD -- CMD`. */
export const execCommand: Command = {
  name: 'exec',
  usage: 'POD [FLAGS] -- CMD [ARGS]',
  summary: 'one command in the debug container of a pod',
  about:
    "Runs a command in the debug container of a pod: in the pod's network, with the tools of the debug image. The exit code is the command's own, stdout and stderr stay apart. The command ends when this program does, however that ends.",
  examples: [
    { about: 'What does the pod resolve?', words: 'exec web-0 -- dig +short api.shop.svc.cluster.local' },
    { about: 'A file as its input', words: 'exec -i web-0 -- nc 10.0.0.1 25 < mail.txt' },
    { about: 'In a terminal', words: 'exec -it web-0 -- top' },
  ],
  flags: attachedFlags(flags),
  prepare: (words, settings) => {
    const { target } = parsePodAndArguments(words, [], 'rest');
    const argv = words.rest ?? [];
    if (argv.length === 0) throw usageError('exec needs a command after --', words.command);
    const tty = switchOf(words, 'tty');
    return startAttached(words, settings, target, {
      argv,
      label: undefined,
      stdin: switchOf(words, 'stdin'),
      tty,
      detachKey: tty ? parseDetachKey(words) : undefined,
    });
  },
};

import type { AttachRequest } from '../attach.js';
import type { Command } from '../command.js';
import { detachFlag, parseDetachKey } from '../options/attach.js';
import { containerFlag, debugFlags, parseDebug } from '../options/debug.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { parsePodAndArguments, selectorFlags } from '../options/pod.js';
import type { Settings } from '../options/setting.js';
import { type Words, wordOf } from '../options/words.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `shell` was asked for. */
export interface ShellCommandRequest extends PodCommandRequest {
  readonly attach: AttachRequest;
}

const formats: readonly OutputFormat[] = ['table'];
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
  ...detachFlag,
  ...selectorFlags,
  container: { ...containerFlag, short: 'c' },
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
  flags: { ...flags, ...debugFlags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseShell(words, settings);
    return (environment) =>
      inPod(request, environment, async (context, at) =>
        (await import('../attach.js')).attachIn(context, at, request.attach),
      );
  },
};

/** Words → request. Throws a usage error. */
function parseShell(words: Words, settings: Settings): ShellCommandRequest {
  const { target } = parsePodAndArguments(words, []);
  const shell = wordOf(words, 'shell');
  return {
    kube: parseKube(words),
    debug: parseDebug(words, settings),
    output: parseOutput(words, settings, formats),
    target,
    attach: {
      argv: shell === undefined ? ['sh', '-c', anyShell] : [shell],
      label: `${shell ?? 'shell'} in a terminal`,
      stdin: true,
      tty: true,
      detachKey: parseDetachKey(words),
    },
  };
}

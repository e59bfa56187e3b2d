import type { AttachRequest } from '../attach.js';
import type { Command } from '../command.js';
import { detachFlag, parseDetachKey } from '../options/attach.js';
import { containerFlag, debugFlags, parseDebug } from '../options/debug.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { parsePodAndArguments, selectorFlags } from '../options/pod.js';
import type { Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { switchOf, type Words } from '../options/words.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `exec` was asked for. */
export interface ExecCommandRequest extends PodCommandRequest {
  readonly attach: AttachRequest;
}

const formats: readonly OutputFormat[] = ['table'];

const flags: Flags = {
  stdin: { kind: 'switch', short: 'i', describe: 'stdin goes to the command, its end too', group: 'Flags' },
  tty: { kind: 'switch', short: 't', describe: 'the command gets a terminal', group: 'Flags' },
  ...detachFlag,
  ...selectorFlags,
  container: { ...containerFlag, short: 'c' },
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
  flags: { ...flags, ...debugFlags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseExec(words, settings);
    return (environment) =>
      inPod(request, environment, async (context, at) =>
        (await import('../attach.js')).attachIn(context, at, request.attach),
      );
  },
};

/** Words → request. Throws a usage error. */
function parseExec(words: Words, settings: Settings): ExecCommandRequest {
  const { target } = parsePodAndArguments(words, [], 'rest');
  const argv = words.rest ?? [];
  if (argv.length === 0) throw usageError('exec needs a command after --', words.command);
  const tty = switchOf(words, 'tty');
  return {
    kube: parseKube(words),
    debug: parseDebug(words, settings),
    output: parseOutput(words, settings, formats),
    target,
    attach: {
      argv,
      label: undefined,
      stdin: switchOf(words, 'stdin'),
      tty,
      detachKey: tty ? parseDetachKey(words) : undefined,
    },
  };
}

import { ExitCode } from '../../src/errors.js';
import type { Command } from '../command.js';
import type { Environment } from '../environment.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags } from '../options/kube.js';
import { outputFlags, parseOutput } from '../options/output.js';
import type { Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { argumentsOf, switchOf, type Words, wordOf } from '../options/words.js';
import { writeOut } from '../print/out.js';
import { createStatusLine } from '../print/statusline.js';

const shells = ['bash', 'zsh', 'fish', 'powershell', 'kubectl'] as const;

/** What `completion` was asked for. */
interface CompletionRequest {
  readonly shell: (typeof shells)[number];
  /** Where kubectl's launcher is to be written; undefined: to stdout. */
  readonly install: string | undefined;
  readonly quiet: boolean;
}

const flags: Flags = {
  install: {
    kind: 'text',
    placeholder: 'DIR',
    describe: 'with kubectl: write the launcher into this folder of PATH instead of to stdout',
    group: 'Flags',
  },
};

/** `kubectl netdebug completion SHELL`: talks to no cluster. */
export const completionCommand: Command = {
  name: 'completion',
  usage: 'bash|zsh|fish|powershell|kubectl [FLAGS]',
  summary: 'completion by Tab, for shells and for kubectl',
  about:
    "Prints the script that completes kubectl-netdebug in a shell. With kubectl it is the launcher that kubectl's own completion calls for 'kubectl netdebug': it belongs on PATH, under the name kubectl_complete-netdebug, where --install writes it.",
  examples: [
    { about: 'In bash, for kubectl-netdebug', words: 'completion bash' },
    {
      about: "For 'kubectl netdebug', beside a plugin of krew",
      words: 'completion kubectl --install ~/.krew/bin',
    },
  ],
  flags: { ...flags, ...outputFlags([]), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseCompletion(words, settings);
    return (environment) => runCompletion(request, environment);
  },
};

/** Words → request. Throws a usage error. */
function parseCompletion(words: Words, settings: Settings): CompletionRequest {
  parseOutput(words, settings, ['table']);
  const [name = ''] = argumentsOf(words, ['SHELL']);
  const shell = shells.find((known) => known === name);
  if (shell === undefined)
    throw usageError(`${JSON.stringify(name)} is not one of ${shells.join(', ')}`, words.command);
  const install = wordOf(words, 'install');
  if (install !== undefined && shell !== 'kubectl')
    throw usageError('--install goes with kubectl; a script is read by its shell', words.command);
  if (install === '') throw usageError('--install: the name of the folder is empty', words.command);
  return { shell, install, quiet: switchOf(words, 'quiet') };
}

async function runCompletion(
  { shell, install, quiet }: CompletionRequest,
  environment: Environment,
): Promise<number> {
  if (install !== undefined) {
    const { installLauncher } = await import('../completion/install.js');
    const { path, onPath } = await installLauncher(install, environment);
    await writeOut(environment.stdout, `${path}\n`);
    if (!onPath)
      createStatusLine(environment, quiet).note('this folder is not on PATH: kubectl will not find it there');
    return ExitCode.ok;
  }
  await writeOut(environment.stdout, await scriptOf(shell, environment.platform));
  return ExitCode.ok;
}

async function scriptOf(shell: CompletionRequest['shell'], platform: NodeJS.Platform): Promise<string> {
  switch (shell) {
    case 'bash':
      return (await import('../completion/bash.js')).bashScript;
    case 'zsh':
      return (await import('../completion/zsh.js')).zshScript;
    case 'fish':
      return (await import('../completion/fish.js')).fishScript;
    case 'powershell':
      return (await import('../completion/powershell.js')).powershellScript;
    case 'kubectl':
      if (platform === 'win32')
        throw usageError(
          'on Windows kubectl calls a program, which cannot be printed',
          'completion',
          'write it into a folder of PATH with --install DIR',
        );
      return (await import('../completion/launcher.js')).launcherText;
  }
}

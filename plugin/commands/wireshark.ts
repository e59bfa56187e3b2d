import { resolve } from 'node:path';
import { ExitCode } from '../../src/errors.js';
import type { Command } from '../command.js';
import type { Environment } from '../environment.js';
import { parseCount } from '../options/count.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, type OutputOptions, parseOutput } from '../options/output.js';
import { flagSetting, type Setting, type Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { argumentsOf, switchOf, type Words, wordOf, wordsOf } from '../options/words.js';
import { printDocument } from '../print/document.js';
import { createStatusLine } from '../print/statusline.js';

/** What `wireshark` was asked for. */
export interface WiresharkCommandRequest {
  readonly action: 'install' | 'uninstall';
  /** The folder, where one is given. */
  readonly path: string | undefined;
  /** Words that the launcher adds to what Wireshark says. */
  readonly args: readonly string[];
  readonly output: OutputOptions;
  readonly wireshark: Setting | undefined;
}

const formats: readonly OutputFormat[] = ['table', 'json', 'yaml'];

const flags: Flags = {
  path: {
    kind: 'text',
    placeholder: 'DIR',
    describe: "Wireshark's folder of extcap programs (default: as tshark says)",
    group: 'Flags',
  },
  'all-namespaces': {
    kind: 'switch',
    short: 'A',
    describe: 'list pods of all namespaces in Wireshark',
    group: 'Flags',
  },
  'max-pods': {
    kind: 'text',
    placeholder: 'N',
    describe: 'list so many pods at most (default 50)',
    group: 'Flags',
  },
};

/** `kubectl netdebug wireshark install|uninstall`. */
export const wiresharkCommand: Command = {
  name: 'wireshark',
  usage: 'install|uninstall [FLAGS]',
  summary: 'put pods into the list of interfaces of Wireshark',
  about:
    'install writes a small launcher into the folder where Wireshark looks for capture programs: from then on pods are in its list of interfaces. Flags that name a cluster, a context or a namespace are kept for what Wireshark will ask. uninstall removes the launcher. Nothing else of Wireshark is touched.',
  examples: [
    { about: 'Pods of one namespace', words: 'wireshark install -n shop' },
    { about: 'Pods of every namespace of a context', words: 'wireshark install -A --context staging' },
    { about: 'Take them away again', words: 'wireshark uninstall' },
  ],
  flags: { ...flags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseWireshark(words, settings);
    return (environment) => runWireshark(request, environment);
  },
};

/** Words → request. Throws a usage error. */
function parseWireshark(words: Words, settings: Settings): WiresharkCommandRequest {
  const [action] = argumentsOf(words, ['install|uninstall']);
  if (action !== 'install' && action !== 'uninstall')
    throw usageError(`${JSON.stringify(action)} is neither install nor uninstall`, 'wireshark');
  const path = wordOf(words, 'path');
  if (path === '') throw usageError('--path is empty', 'wireshark');
  // What is wrong is told now, not by an empty list in Wireshark.
  parseKube(words);
  const most = flagSetting(words, 'max-pods');
  if (words.given.has('token'))
    throw usageError('--token is not written into a file', 'wireshark', 'put it into a kubeconfig');
  return {
    action,
    path,
    args: [
      ...(switchOf(words, 'all-namespaces') ? ['--all-namespaces'] : []),
      ...(most === undefined ? [] : [`--max-pods=${parseCount(most, 0, 10_000)}`]),
      ...Object.keys(kubeFlags).flatMap((name) => wordsOf(words, name).map((word) => `--${name}=${word}`)),
    ],
    output: parseOutput(words, settings, formats),
    wireshark: settings.wireshark,
  };
}

async function runWireshark(request: WiresharkCommandRequest, environment: Environment): Promise<number> {
  const { action, path, args, output, wireshark } = request;
  const { cwd, stdout } = environment;
  const { extcapFolder, installLauncher, uninstallLauncher } = await import('../extcap/install.js');
  const folder = path === undefined ? await extcapFolder(environment, wireshark) : resolve(cwd, path);
  const change =
    action === 'install'
      ? await installLauncher(folder, args, environment)
      : await uninstallLauncher(folder, environment);
  await printDocument(stdout, output.format, 'WiresharkLauncher', change, () =>
    change.done === 'absent'
      ? `nothing to remove: there is no ${change.path}\n`
      : `${change.done}: ${change.path}\n`,
  );
  if (action === 'install') {
    const status = createStatusLine(environment, output.quiet);
    status.note('Wireshark lists the pods when it is started again, or with Capture > Refresh Interfaces');
  }
  return ExitCode.ok;
}

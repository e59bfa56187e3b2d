import { ExitCode } from '../../src/errors.js';
import type { Command, Start } from '../command.js';
import type { Environment } from '../environment.js';
import {
  configSentences,
  dltSentences,
  type ExtcapInterface,
  interfaceSentences,
  parseInterface,
  sentences,
} from '../extcap/sentences.js';
import { parseCount } from '../options/count.js';
import { debugFlags, defaultImage } from '../options/debug.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags } from '../options/output.js';
import { flagSetting, settingOf, type Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { argumentsOf, switchOf, type Words, wordOf, wordsOf } from '../options/words.js';
import { coloursFor } from '../print/colour.js';
import { errorText, exitCodeOf } from '../print/error.js';
import { writeOut } from '../print/out.js';
import { programVersion } from '../version.js';
import { captureCommand } from './capture.js';

/** How many pods are offered: Wireshark asks for the settings of each when it starts. */
const defaultPods = 50;

const flags: Flags = {
  'extcap-interfaces': { kind: 'switch', describe: 'list what can be captured', group: 'Flags' },
  'extcap-version': {
    kind: 'text',
    placeholder: 'VERSION',
    completes: 'none',
    describe: 'the version of Wireshark that asks',
    group: 'Flags',
  },
  'extcap-interface': {
    kind: 'text',
    placeholder: 'NAME',
    completes: 'none',
    describe: 'the interface that is meant',
    group: 'Flags',
  },
  'extcap-dlts': { kind: 'switch', describe: 'list link types of the interface', group: 'Flags' },
  'extcap-config': { kind: 'switch', describe: 'list settings of the interface', group: 'Flags' },
  'extcap-capture-filter': {
    kind: 'text',
    placeholder: 'EXPRESSION',
    describe: 'pcap filter; without --capture it is only checked',
    group: 'Flags',
  },
  capture: { kind: 'switch', describe: 'capture until Wireshark has enough', group: 'Flags' },
  fifo: {
    kind: 'text',
    placeholder: 'PIPE',
    completes: 'files',
    describe: 'where the packets go',
    group: 'Flags',
  },
  reference: {
    kind: 'text',
    placeholder: 'REFERENCE',
    describe: 'what to capture on the interface netdebug, such as deploy/web',
    group: 'Flags',
  },
  interface: {
    kind: 'text',
    placeholder: 'NAME',
    completes: 'interfaces',
    describe: 'interface in the pod (default any)',
    group: 'Flags',
  },
  filter: { kind: 'text', placeholder: 'EXPRESSION', describe: 'pcap filter', group: 'Flags' },
  snaplen: { kind: 'text', placeholder: 'BYTES', describe: 'keep so many bytes of a packet', group: 'Flags' },
  container: {
    kind: 'text',
    placeholder: 'CONTAINER',
    describe: 'share the process namespace of this container',
    group: 'Flags',
  },
  'all-namespaces': {
    kind: 'switch',
    short: 'A',
    describe: 'list pods of all namespaces',
    group: 'Flags',
  },
  'max-pods': {
    kind: 'text',
    placeholder: 'N',
    describe: `list so many pods at most (default ${defaultPods})`,
    group: 'Flags',
  },
};

/** Those that a dialog can have a use for. */
const ownDebugFlags: Flags = Object.fromEntries(
  Object.entries(debugFlags).filter(([name]) => name !== 'dry-run' && name !== 'target'),
);

/** `kubectl netdebug extcap`: what Wireshark calls, through the launcher that `wireshark install` writes. */
export const extcapCommand: Command = {
  name: 'extcap',
  usage: '--extcap-interfaces | --extcap-interface NAME --capture --fifo PIPE',
  summary: 'pods in the list of interfaces of Wireshark (called by Wireshark)',
  about:
    'Speaks the extcap protocol of Wireshark: lists pods as interfaces, tells their settings, and captures into the pipe that Wireshark reads. People do not call it; wireshark install makes Wireshark call it.',
  examples: [
    { about: 'What Wireshark will list', words: 'extcap --extcap-interfaces' },
    {
      about: 'What it starts',
      words: 'extcap --capture --extcap-interface netdebug.shop.web-0 --fifo /tmp/pipe',
    },
  ],
  flags: { ...flags, ...ownDebugFlags, ...outputFlags([]), ...kubeFlags },
  endsOnStop: true,
  prepare: (words, settings) => prepareExtcap(words, settings),
};

function prepareExtcap(words: Words, settings: Settings): Start {
  argumentsOf(words, []);
  const name = wordOf(words, 'extcap-interface');
  if (switchOf(words, 'extcap-interfaces') || (name === undefined && words.given.has('extcap-version'))) {
    const most = flagSetting(words, 'max-pods');
    const request = {
      kube: parseKube(words),
      allNamespaces: switchOf(words, 'all-namespaces'),
      mostPods: most === undefined ? defaultPods : parseCount(most, 0, 10_000),
    };
    return async (environment) => {
      const { offerPods } = await import('../extcap/offer.js');
      const offer = await offerPods(request, environment);
      return answer(environment, sentences(interfaceSentences(programVersion, offer)));
    };
  }
  if (name === undefined) {
    throw usageError(
      'extcap is called by Wireshark',
      'extcap',
      'to make it do so: kubectl netdebug wireshark install',
    );
  }
  const asked = parseInterface(name);
  if (asked === undefined) throw usageError(`${JSON.stringify(name)} is no interface of ours`, 'extcap');
  if (switchOf(words, 'capture')) return prepareCapture(words, settings, asked);
  if (switchOf(words, 'extcap-dlts')) return (environment) => answer(environment, sentences(dltSentences()));
  if (switchOf(words, 'extcap-config')) {
    const image = settingOf(words, settings, 'image')?.text ?? defaultImage;
    return (environment) => answer(environment, sentences(configSentences(asked, { image })));
  }
  const filter = wordOf(words, 'extcap-capture-filter');
  if (filter === undefined) throw usageError('nothing is asked of the interface', 'extcap');
  return async (environment) => {
    const { filterProblem } = await import('../extcap/filter-check.js');
    const problem = await filterProblem(filter);
    // Silence means that it is right.
    return answer(environment, problem === undefined ? '' : `${problem}\n`);
  };
}

/** The capture is that of the command `capture`, into Wireshark's pipe. */
function prepareCapture(words: Words, settings: Settings, asked: ExtcapInterface): Start {
  const fifo = wordOf(words, 'fifo');
  if (fifo === undefined || fifo === '') throw usageError('--capture needs --fifo', 'extcap');
  return async (environment) => {
    const [{ parseWords }, { releaseReader }] = await Promise.all([
      import('../options/parse.js'),
      import('../extcap/release.js'),
    ]);
    try {
      const argv = captureArgv(words, asked, fifo);
      const capture = captureCommand.prepare(parseWords('capture', argv, captureCommand.flags), settings);
      return orderly(await capture(environment));
    } catch (error) {
      const exitCode = orderly(exitCodeOf(error));
      // Said before Wireshark is let go: it reads what was said when the pipe ends, and then no more.
      if (exitCode !== ExitCode.ok) {
        const colours = coloursFor('stderr', 'never', environment);
        await writeOut(environment.stderr, errorText(error, colours, false));
      }
      await releaseReader(fifo, environment.clock);
      return exitCode;
    }
  };
}

/** Wireshark ends a capture by a signal, and takes any exit code but 0 for a failure. */
function orderly(exitCode: number): number {
  return exitCode === ExitCode.interrupted ? ExitCode.ok : exitCode;
}

/** The words of `capture` for what Wireshark asks. Throws a usage error when nothing is named. */
export function captureArgv(words: Words, asked: ExtcapInterface, fifo: string): readonly string[] {
  const given = (name: string): string | undefined => wordOf(words, name)?.trim() || undefined;
  const reference = asked.kind === 'pod' ? `${asked.namespace}/pod/${asked.pod}` : given('reference');
  if (reference === undefined) {
    throw usageError(
      'it is not said what to capture',
      'extcap',
      'set it in Wireshark: the gear beside the interface, "What to capture"',
    );
  }
  const filters = [given('extcap-capture-filter'), given('filter')].filter((one) => one !== undefined);
  const filter = filters.length > 1 ? filters.map((one) => `(${one})`).join(' and ') : filters[0];
  const passed = [...Object.keys(kubeFlags), ...Object.keys(ownDebugFlags)].flatMap((name) =>
    wordsOf(words, name)
      .filter((word) => word !== '')
      .map((word) => `--${name}=${word}`),
  );
  const own = {
    write: fifo,
    interface: given('interface'),
    filter,
    snaplen: given('snaplen'),
    container: given('container'),
  };
  return [
    reference,
    ...Object.entries(own).flatMap(([name, word]) => (word === undefined ? [] : [`--${name}=${word}`])),
    // Wireshark takes what is said for an error.
    '--quiet',
    ...passed,
  ];
}

async function answer(environment: Environment, text: string): Promise<number> {
  await writeOut(environment.stdout, text);
  return ExitCode.ok;
}

import { ExitCode } from '../../src/errors.js';
import { withCluster } from '../cluster.js';
import type { Command } from '../command.js';
import type { Environment } from '../environment.js';
import { unlessStopped } from '../interrupt.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, type KubeRequest, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, type OutputOptions, parseOutput } from '../options/output.js';
import { parseSelector } from '../options/pod.js';
import type { Settings } from '../options/setting.js';
import { argumentsOf, switchOf, type Words, wordOf } from '../options/words.js';
import { printDocument } from '../print/document.js';
import { createStatusLine } from '../print/statusline.js';

/** What `list` was asked for. */
export interface ListCommandRequest {
  readonly kube: KubeRequest;
  readonly output: OutputOptions;
  readonly allNamespaces: boolean;
  readonly labelSelector: string | undefined;
  /** Also containers that have ended. */
  readonly ended: boolean;
}

const formats: readonly OutputFormat[] = ['table', 'wide', 'json', 'yaml', 'name'];

const flags: Flags = {
  'all-namespaces': { kind: 'switch', short: 'A', describe: 'pods of all namespaces', group: 'Flags' },
  selector: {
    kind: 'text',
    short: 'l',
    placeholder: 'LABELS',
    describe: 'only pods with these labels',
    group: 'Flags',
  },
  ended: { kind: 'switch', describe: 'also debug containers that have ended', group: 'Flags' },
};

/** `kubectl netdebug list`. */
export const listCommand: Command = {
  name: 'list',
  usage: '[FLAGS]',
  summary: 'debug containers, and what runs in them',
  about:
    'Lists the debug containers that this program started: where they are, how long they will live without use, and which tools run in them.',
  examples: [{ about: 'In every namespace', words: 'list -A' }],
  flags: { ...flags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseList(words, settings);
    return (environment) => runList(request, environment);
  },
};

/** Words → request. Throws a usage error. */
export function parseList(words: Words, settings: Settings): ListCommandRequest {
  argumentsOf(words, []);
  const selector = wordOf(words, 'selector');
  return {
    kube: parseKube(words),
    output: parseOutput(words, settings, formats),
    allNamespaces: switchOf(words, 'all-namespaces'),
    labelSelector: selector === undefined ? undefined : parseSelector(selector),
    ended: switchOf(words, 'ended'),
  };
}

function runList(request: ListCommandRequest, environment: Environment): Promise<number> {
  const { kube, output, allNamespaces, labelSelector, ended } = request;
  const { clock, signal, stdout } = environment;
  const status = createStatusLine(environment, output.quiet);
  return withCluster(kube, environment, status, async (api) => {
    const { listDebugContainers } = await import('../../src/debugger/list.js');
    const namespace = allNamespaces ? undefined : api.namespace;
    const containers = await unlessStopped(
      signal,
      listDebugContainers(api, { namespace, labelSelector, ended, clock, signal }),
    );
    if (containers.length === 0 && (output.format === 'table' || output.format === 'wide')) {
      status.note(`no debug containers found${namespace === undefined ? '' : ` in namespace ${namespace}`}`);
      return ExitCode.ok;
    }
    await printDocument(stdout, output.format, 'DebugContainerList', { items: containers }, async () =>
      (await import('../print/debugcontainers.js')).debugContainersText(
        containers,
        output.format,
        allNamespaces,
      ),
    );
    if (containers.some(({ tools }) => tools?.some(({ detached }) => detached === true)))
      status.note(
        'what was left running ends with its container: kubectl netdebug stop POD, or when LEFT is over',
      );
    return ExitCode.ok;
  });
}

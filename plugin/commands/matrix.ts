import { debugFlags, parseDebug } from '../options/debug.js';
import { parseCount } from '../options/count.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { parseTargets, selectorFlags } from '../options/pod.js';
import { parsePorts } from '../options/ports.js';
import { flagSetting, type Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { switchOf, type Words, wordsOf } from '../options/words.js';
import { parseTimeout, timeoutFlag } from '../probe.js';
import type { Command } from '../command.js';
import type { MatrixCommandRequest } from '../matrix.js';

const formats: readonly OutputFormat[] = ['table', 'wide', 'json', 'yaml', 'junit', 'html'];

/** Most connections that one pod tries at once: more would need more memory than small containers have. */
const mostConnections = 100;

const flags: Flags = {
  static: {
    kind: 'switch',
    describe: 'what policies decide, and nothing else: no packet, no debug container',
    group: 'Flags',
  },
  compare: {
    kind: 'switch',
    describe: 'packets and policies, and where they differ',
    group: 'Flags',
  },
  port: {
    kind: 'list',
    short: 'p',
    placeholder: 'PORTS',
    describe:
      'ports instead of those that pods and Services have, such as 80,53/udp,http; may be given more than once',
    group: 'Flags',
  },
  timeout: timeoutFlag('for each attempt, whole seconds (default 2s); what does not connect is tried twice'),
  parallel: {
    kind: 'text',
    placeholder: 'N',
    describe: 'pods at once from which is connected (default 8)',
    group: 'Flags',
  },
  connections: {
    kind: 'text',
    placeholder: 'N',
    describe: 'connections at once from each pod (default 16)',
    group: 'Flags',
  },
  'max-pods': {
    kind: 'text',
    placeholder: 'N',
    describe: 'more pods than this are refused: each gets a debug container (default 100)',
    group: 'Flags',
  },
  selector: { ...selectorFlags.selector, describe: 'the pods with these labels, such as app=web' },
  'all-namespaces': {
    ...selectorFlags['all-namespaces'],
    describe: 'with -l, or with --static: pods of all namespaces',
  },
  filename: {
    kind: 'list',
    short: 'f',
    placeholder: 'FILE',
    describe: 'read objects from a file or folder instead of the cluster; the same as --static then',
    group: 'Flags',
  },
};

/** `kubectl netdebug matrix TARGET...`. */
export const matrixCommand: Command = {
  name: 'matrix',
  usage: 'TARGET... [FLAGS]',
  summary: 'who reaches whom: every pair, by packets or by policies',
  about:
    'Connects from each pod of the targets to each other pod, and to each Service among the targets, and shows every pair: open, refused, timed out, unreachable. Ports are those that the pods declare, else those that Services lead to. --static asks the policies instead of the network, --compare both, and says where they differ. A debug container is started in each pod, or the running one is used.',
  examples: [
    { about: 'Three applications and a Service', words: 'matrix deploy/web deploy/api svc/db' },
    { about: 'A page for people', words: 'matrix -l tier=backend -o html > matrix.html' },
    { about: 'Are the policies enforced?', words: 'matrix -l app --compare' },
    { about: 'Policies of manifests, for CI', words: 'matrix --static -f manifests/ -o junit' },
  ],
  flags: { ...flags, ...debugFlags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseMatrix(words, settings);
    return async (environment) => (await import('../matrix.js')).runMatrix(request, environment);
  },
};

/** Words → request. Throws a usage error. */
export function parseMatrix(words: Words, settings: Settings): MatrixCommandRequest {
  const files = wordsOf(words, 'filename');
  const [isStatic, compare] = [switchOf(words, 'static') || files.length > 0, switchOf(words, 'compare')];
  if (isStatic && compare)
    throw usageError(
      files.length > 0 ? '-f and --compare exclude each other' : '--static and --compare exclude each other',
      words.command,
      files.length > 0 ? 'no packet is sent where objects are read from files' : undefined,
    );
  const everything = isStatic && words.positionals.length === 0 && !words.given.has('selector');
  const debug = parseDebug(words, settings);
  if (debug.dryRun && isStatic)
    throw usageError('--dry-run: no debug container is needed for policies', words.command);
  return {
    kube: parseKube(words),
    debug,
    output: parseOutput(words, settings, formats),
    files,
    mode: isStatic ? 'static' : compare ? 'compare' : 'live',
    targets: everything ? 'all' : parseTargets(words),
    allNamespaces: switchOf(words, 'all-namespaces'),
    ports: parsePorts(wordsOf(words, 'port')),
    timeoutMs: parseTimeout(words, 2_000),
    sourcesAtOnce: countOf(words, 'parallel', 8, 64),
    connectionsAtOnce: countOf(words, 'connections', 16, mostConnections),
    mostPods: countOf(words, 'max-pods', isStatic ? 1_000 : 100, 1_000),
    title: [
      words.command,
      ...words.positionals,
      ...wordsOf(words, 'selector').map((text) => `-l ${text}`),
    ].join(' '),
  };
}

function countOf(words: Words, flag: string, otherwise: number, most: number): number {
  const setting = flagSetting(words, flag);
  return setting === undefined ? otherwise : parseCount(setting, 1, most);
}

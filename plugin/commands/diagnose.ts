import type { Command } from '../command.js';
import type { DiagnoseRequest, FailOn } from '../diagnose.js';
import { debugFlags, parseDebug } from '../options/debug.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import type { Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { parseTimeout, timeoutFlag } from '../probe.js';
import { switchOf, type Words, wordOf, wordsOf } from '../options/words.js';

const formats: readonly OutputFormat[] = [
  'table',
  'wide',
  'json',
  'yaml',
  'junit',
  'sarif',
  'html',
  'mermaid',
];
const failOn: readonly FailOn[] = ['error', 'warning', 'info', 'never'];

const flags: Flags = {
  filename: {
    kind: 'list',
    short: 'f',
    placeholder: 'FILE',
    describe:
      'read objects from a file or folder (YAML, JSON, cluster-info dump, --save) instead of the cluster; may be given more than once',
    group: 'Flags',
  },
  'fail-on': {
    kind: 'text',
    choices: failOn,
    placeholder: 'SEVERITY',
    describe: 'exit with 1 from this severity on: error, warning, info or never (default error)',
    group: 'Flags',
  },
  save: {
    kind: 'text',
    placeholder: 'FILE',
    describe: 'also write the objects that were read, without environment values and annotations, for -f',
    group: 'Flags',
  },
  'no-probe': {
    kind: 'switch',
    describe: 'only read objects: send no packet, inject nothing',
    group: 'Flags',
  },
  timeout: timeoutFlag('for all probes together, the start of debug containers included (default 25s)'),
};

/** Those of a debug container; which container is meant differs from pod to pod here. */
const containerFlags: Flags = Object.fromEntries(
  Object.entries(debugFlags).filter(([name]) => name !== 'target' && name !== 'dry-run'),
);

/** `kubectl netdebug diagnose FROM TO`, `kubectl netdebug diagnose TARGET`. */
export const diagnoseCommand: Command = {
  name: 'diagnose',
  usage: 'FROM TO | TARGET [FLAGS]',
  summary: 'one flow, one verdict, the root cause and its fix',
  about:
    'Says whether FROM can reach TO, where on the way it breaks, why, on what evidence, and which command mends it; of one TARGET it checks everything that concerns it. It reads objects of the cluster, then sends a few packets from debug containers in the pods of the flow; with -f or --no-probe no packet is sent, and REACHABLE means that nothing in the objects stands against it.',
  examples: [
    { about: 'Why does web-0 not reach the Service api?', words: 'diagnose web-0 svc/api:80' },
    { about: 'By the name that the application uses', words: 'diagnose deploy/web api.shop:80' },
    { about: 'Everything that concerns one Service', words: 'diagnose svc/api' },
    {
      about: 'The same of manifests, without a cluster',
      words: 'diagnose deploy/web svc/api:80 -f manifests/',
    },
  ],
  flags: { ...flags, ...containerFlags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseDiagnose(words, settings);
    return async (environment) => (await import('../diagnose.js')).runDiagnose(request, environment);
  },
};

/** Words → request. Throws a usage error. */
export function parseDiagnose(words: Words, settings: Settings): DiagnoseRequest {
  const [first, second, surplus] = words.positionals;
  if (first === undefined) throw usageError('diagnose needs FROM and TO, or TARGET', words.command);
  if (surplus !== undefined)
    throw usageError(
      `unexpected argument ${JSON.stringify(surplus)}: diagnose takes FROM and TO, or TARGET`,
      words.command,
    );
  const save = wordOf(words, 'save');
  return {
    kube: parseKube(words),
    output: parseOutput(words, settings, formats),
    files: wordsOf(words, 'filename'),
    failOn: failOn.find((known) => known === wordOf(words, 'fail-on')) ?? 'error',
    probe: !switchOf(words, 'no-probe'),
    debug: parseDebug(words, settings),
    timeoutMs: parseTimeout(words, 25_000),
    ...(save === undefined ? {} : { save }),
    ...(second === undefined ? { to: first } : { from: first, to: second }),
  };
}

import type { Command } from '../command.js';
import type { FailOn } from '../diagnose.js';
import type { DiagnoseRunRequest } from '../diagnoserequest.js';
import { parseCount } from '../options/count.js';
import { debugFlags, parseDebug } from '../options/debug.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { flagSetting, type Settings } from '../options/setting.js';
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
  'no-logs': {
    kind: 'switch',
    describe:
      'do not look into the logs of the pods on the way; else the last ten minutes of a few of them are read for lines about network trouble',
    group: 'Flags',
  },
  verify: {
    kind: 'switch',
    describe:
      'say what changed since the last answer to this question; without FROM and TO, to the last question',
    group: 'Flags',
  },
  baseline: {
    kind: 'text',
    placeholder: 'FILE',
    describe: 'say what changed since this document, which -o json wrote',
    group: 'Flags',
  },
  expect: {
    kind: 'text',
    placeholder: 'FILE',
    describe: 'ask every flow of this file, and exit with 1 when one is not as it is expected to be',
    group: 'Flags',
  },
  'write-expect': {
    kind: 'text',
    placeholder: 'FILE',
    describe: 'add this flow, as it is now, to a file for --expect',
    group: 'Flags',
  },
  count: {
    kind: 'text',
    placeholder: 'N',
    describe:
      'connect N times to each address and show where it fails: for faults that come and go (1 to 1000)',
    group: 'Flags',
  },
  timeout: timeoutFlag('for all probes together, the start of debug containers included (default 25s)'),
};

/** Those of a debug container; which container is meant differs from pod to pod here. */
const containerFlags: Flags = Object.fromEntries(
  Object.entries(debugFlags).filter(([name]) => name !== 'target'),
);

/** `kubectl netdebug diagnose FROM TO`, `kubectl netdebug diagnose TARGET`. */
export const diagnoseCommand: Command = {
  name: 'diagnose',
  usage: 'FROM TO | TARGET | --expect FILE [FLAGS]',
  summary: 'one flow, one verdict, the root cause and its fix',
  about:
    'Says whether FROM can reach TO, where on the way it breaks, why, on what evidence, and which command mends it; of one TARGET it checks everything that concerns it. It reads objects of the cluster, then sends a few packets from debug containers in the pods of the flow; with -f or --no-probe no packet is sent, and REACHABLE means that nothing in the objects stands against it.',
  examples: [
    { about: 'Why does web-0 not reach the Service api?', words: 'diagnose web-0 svc/api:80' },
    { about: 'By the name that the application uses', words: 'diagnose deploy/web api.shop:80' },
    { about: 'Everything that concerns one Service', words: 'diagnose svc/api' },
    { about: 'The way of a client outside, through an Ingress', words: 'diagnose external ing/web' },
    { about: 'Whatever serves a URL', words: 'diagnose https://shop.example.com/cart' },
    {
      about: 'The same of manifests, without a cluster',
      words: 'diagnose deploy/web svc/api:80 -f manifests/',
    },
    { about: 'Is it mended? The last question again', words: 'diagnose --verify' },
    { about: 'Flows that have to stay as they are, in CI', words: 'diagnose --expect flows.yaml -o junit' },
  ],
  flags: { ...flags, ...containerFlags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseDiagnose(words, settings);
    return async (environment) => (await import('../diagnoserun.js')).runDiagnose(request, environment);
  },
};

/** Words → request. Throws a usage error. */
export function parseDiagnose(words: Words, settings: Settings): DiagnoseRunRequest {
  const [first, second, surplus] = words.positionals;
  const texts = {
    save: wordOf(words, 'save'),
    baseline: wordOf(words, 'baseline'),
    expect: wordOf(words, 'expect'),
    writeExpect: wordOf(words, 'write-expect'),
  };
  const verify = switchOf(words, 'verify');
  const count = flagSetting(words, 'count');
  const output = parseOutput(words, settings, formats);
  if (texts.expect !== undefined) refuseBesidesExpect(words, output.format);
  else if (first === undefined && !verify)
    throw usageError('diagnose needs FROM and TO, or TARGET', words.command);
  if (surplus !== undefined)
    throw usageError(
      `unexpected argument ${JSON.stringify(surplus)}: diagnose takes FROM and TO, or TARGET`,
      words.command,
    );
  if (texts.writeExpect !== undefined && second === undefined)
    throw usageError('--write-expect needs FROM and TO', words.command);
  const [from, to] = second === undefined ? [undefined, first] : [first, second];
  return {
    kube: parseKube(words),
    output,
    files: wordsOf(words, 'filename'),
    failOn: failOn.find((known) => known === wordOf(words, 'fail-on')) ?? 'error',
    probe: !switchOf(words, 'no-probe'),
    logs: !switchOf(words, 'no-logs'),
    debug: parseDebug(words, settings),
    timeoutMs: parseTimeout(words, 25_000),
    ...(count === undefined ? {} : { count: parseCount(count, 1, 1000) }),
    verify,
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

const expectFormats: readonly OutputFormat[] = ['table', 'wide', 'json', 'yaml', 'junit'];

/** The flows of a file are asked: there is no other question beside them, and no report of one. */
function refuseBesidesExpect(words: Words, format: OutputFormat): void {
  if (words.positionals.length > 0)
    throw usageError('--expect FILE names the flows: FROM and TO are not taken with it', words.command);
  const given = ['verify', 'baseline', 'write-expect', 'save'].find((name) => words.given.has(name));
  if (given !== undefined) throw usageError(`--${given} cannot be used with --expect`, words.command);
  if (!expectFormats.includes(format))
    throw usageError(
      `--output: with --expect it is one of ${expectFormats.join(', ')}, not ${format}`,
      words.command,
    );
}

import { parseReference } from '../../src/target/reference.js';
import type { Command } from '../command.js';
import type { LogsCommandRequest, LogsTarget } from '../logs.js';
import { parseDuration } from '../options/duration.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { parseObject, parseSelector } from '../options/pod.js';
import { flagSetting, type Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { argumentsOf, switchOf, type Words, wordOf, wordsOf } from '../options/words.js';

const formats: readonly OutputFormat[] = ['table', 'wide', 'json', 'yaml'];
const failOn = ['error', 'warning', 'never'] as const;
const mostAround = 20;

const flags: Flags = {
  since: {
    kind: 'text',
    placeholder: 'DURATION',
    describe: 'only lines younger than this, such as 10m (default all)',
    group: 'Flags',
  },
  follow: {
    kind: 'switch',
    describe: 'go on with what is written from now on, and print lines as they come',
    group: 'Flags',
  },
  lines: { kind: 'switch', describe: 'print the lines themselves before they are counted', group: 'Flags' },
  around: {
    kind: 'text',
    placeholder: 'N',
    describe: `print the lines with N lines before and after each (at most ${mostAround})`,
    group: 'Flags',
  },
  pattern: {
    kind: 'list',
    placeholder: 'NAME',
    completes: {
      words: async () =>
        (await import('../../src/logs/patterns.js')).logPatterns.map(({ name, meaning }) => ({
          word: name,
          about: meaning,
        })),
    },
    describe: 'only this pattern, such as connection-refused; may be given more than once',
    group: 'Flags',
  },
  path: {
    kind: 'switch',
    describe: 'with FROM and TO: also CoreDNS, ingress controllers and the mesh between them',
    group: 'Flags',
  },
  previous: {
    kind: 'switch',
    describe: 'also the instance before a restart (default true; --previous=false leaves it out)',
    group: 'Flags',
  },
  'fail-on': {
    kind: 'text',
    choices: failOn,
    placeholder: 'SEVERITY',
    describe: 'exit with 1 when there are lines so bad: error, warning or never (default error)',
    group: 'Flags',
  },
  container: {
    kind: 'text',
    short: 'c',
    placeholder: 'NAME',
    completes: 'containers',
    describe: 'only containers of this name',
    group: 'Flags',
  },
  selector: {
    kind: 'text',
    short: 'l',
    placeholder: 'LABELS',
    describe: 'pods with these labels instead of TARGET, such as app=web',
    group: 'Flags',
  },
  'all-namespaces': {
    kind: 'switch',
    short: 'A',
    describe: 'with -l: pods of all namespaces',
    group: 'Flags',
  },
  filename: {
    kind: 'list',
    short: 'f',
    placeholder: 'FILE',
    describe:
      'read logs from a file or folder (NAMESPACE/POD/CONTAINER.log, cluster-info dump) instead of the cluster; may be given more than once',
    group: 'Flags',
  },
};

/** `kubectl netdebug logs TARGET`. */
export const logsCommand: Command = {
  name: 'logs',
  usage: 'TARGET... | --path FROM TO | -f FILE [FLAGS]',
  summary: 'log lines that speak of network trouble, classified and counted',
  about:
    'Reads the logs of all containers of the pods that are meant, those before a restart too, and tells the lines that speak of network trouble: counted by pattern, by whom they speak of, and by minute. Nothing is injected. With --path FROM TO the logs of everything on the way are read as well. The exit code is 1 when something was found.',
  examples: [
    { about: 'What do the pods of a deployment complain of?', words: 'logs deploy/web' },
    {
      about: 'Everything on the way, of the last ten minutes',
      words: 'logs --path web-0 svc/api --since 10m',
    },
    {
      about: 'Refusals with the lines around them',
      words: 'logs -l app=web --pattern connection-refused --around 3',
    },
    { about: 'Out of a dump', words: 'logs -f dump/' },
  ],
  flags: { ...flags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseLogs(words, settings);
    return async (environment) => (await import('../logs.js')).runLogs(request, environment);
  },
};

/** Words → request. Throws a usage error. */
function parseLogs(words: Words, settings: Settings): LogsCommandRequest {
  const since = flagSetting(words, 'since');
  const around = parseAround(wordOf(words, 'around'));
  const follow = switchOf(words, 'follow');
  const target = parseTarget(words);
  if (follow && target.kind === 'files')
    throw usageError('--follow does not go with --filename', words.command);
  const asked = wordOf(words, 'fail-on') ?? 'error';
  return {
    kube: parseKube(words),
    output: parseOutput(words, settings, formats),
    target,
    container: wordOf(words, 'container'),
    sinceSeconds: since === undefined ? undefined : Math.max(1, Math.ceil(parseDuration(since) / 1000)),
    follow,
    around,
    lines: switchOf(words, 'lines') || around > 0 || follow,
    patterns: wordsOf(words, 'pattern'),
    previous: wordOf(words, 'previous') !== 'false',
    failOn: failOn.find((known) => known === asked) ?? 'error',
  };
}

function parseTarget(words: Words): LogsTarget {
  const files = wordsOf(words, 'filename');
  const selector = wordOf(words, 'selector');
  const allNamespaces = switchOf(words, 'all-namespaces');
  if (files.length > 0) {
    argumentsOf(words, []);
    if (selector !== undefined || switchOf(words, 'path') || allNamespaces)
      throw usageError('--filename names the logs: -l, -A and --path do not go with it', words.command);
    return { kind: 'files', files };
  }
  if (allNamespaces && selector === undefined)
    throw usageError('-A goes with -l: a name is looked for in one namespace', words.command);
  if (switchOf(words, 'path')) {
    if (selector !== undefined) throw usageError('-l does not go with --path', words.command);
    const [from = '', to = ''] = argumentsOf(words, ['FROM', 'TO']);
    return { kind: 'path', from: parseObject(from), to: parseReference(to, 'either') };
  }
  if (selector !== undefined) {
    argumentsOf(words, []);
    return { kind: 'labels', selector: parseSelector(selector), allNamespaces };
  }
  if (words.positionals.length === 0) argumentsOf(words, ['TARGET']);
  if (words.rest !== undefined && words.rest.length > 0)
    throw usageError('logs takes no arguments after --', words.command);
  return { kind: 'references', references: words.positionals.map(parseObject) };
}

function parseAround(text: string | undefined): number {
  if (text === undefined) return 0;
  const count = /^\d{1,2}$/.test(text) ? Number(text) : NaN;
  if (count >= 0 && count <= mostAround) return count;
  throw usageError(`--around: ${JSON.stringify(text)} is not a number of lines from 0 to ${mostAround}`);
}

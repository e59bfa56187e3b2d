import { resolve } from 'node:path';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import type { RunTool } from '../../src/tools/run.js';
import type { Command } from '../command.js';
import type { Environment } from '../environment.js';
import { containerFlag, debugFlags, parseDebug } from '../options/debug.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { parsePodAndArguments, selectorFlags } from '../options/pod.js';
import { flagSetting, type Settings } from '../options/setting.js';
import { parseSize } from '../options/size.js';
import { usageError } from '../options/usage.js';
import { switchOf, type Words, wordOf } from '../options/words.js';
import { printDocument } from '../print/document.js';
import { pullText } from '../print/pull.js';
import type { PulledTo } from '../pulled.js';
import type { PodAddress, SessionContext } from '../context.js';
import { openSession } from '../session.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `pull` was asked for. */
export interface PullCommandRequest extends PodCommandRequest {
  readonly remote: string;
  /** `-` is stdout. */
  readonly local: string;
  /** The container to read in; undefined: the debug container. */
  readonly container: string | undefined;
  readonly force: boolean;
  readonly maxBytes: number;
}

const formats: readonly OutputFormat[] = ['table', 'json', 'yaml'];
const defaultMaxBytes = 10 * 1024 ** 3;

const flags: Flags = {
  container: {
    ...containerFlag,
    short: 'c',
    describe: 'read in this container of the pod instead of the debug container; nothing is injected',
  },
  force: { kind: 'switch', describe: 'replace files that are there already', group: 'Flags' },
  'max-size': {
    kind: 'text',
    placeholder: 'SIZE',
    describe: 'refuse more than this (default 10GiB)',
    group: 'Flags',
  },
  ...selectorFlags,
};

/** `kubectl netdebug pull POD REMOTE LOCAL`. */
export const pullCommand: Command = {
  name: 'pull',
  usage: 'POD REMOTE LOCAL [FLAGS]',
  summary: 'copies a file or a folder out of a pod, safely',
  about:
    'Copies a file or a folder out of the debug container, or with -c out of another container of the pod. LOCAL - writes the file, or a tar of the folder, to stdout. A file gets its name when all of it is there and its sha256 is the same on both sides; a lost connection is resumed. What a hostile container may send (names and links that lead out, devices, too much) is refused and said.',
  examples: [
    { about: 'A capture that lies in the debug container', words: 'pull web-0 /tmp/web.pcap web.pcap' },
    { about: "The application's configuration", words: 'pull deploy/api /etc/nginx ./nginx -c app' },
    { about: 'A folder into another program', words: 'pull web-0 /var/log - -c app | tar tvf -' },
  ],
  flags: { ...flags, ...debugFlags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parsePull(words, settings);
    return (environment) => runPull(request, environment);
  },
};

/** Words → request. Throws a usage error. */
export function parsePull(words: Words, settings: Settings): PullCommandRequest {
  const { target, others } = parsePodAndArguments(words, ['REMOTE', 'LOCAL']);
  const [remote = '', local = ''] = others;
  if (remote === '' || remote.includes('\0')) throw usageError('REMOTE is no path', 'pull');
  if (local === '') throw usageError('LOCAL is empty', 'pull');
  const maxSize = flagSetting(words, 'max-size');
  return {
    kube: parseKube(words),
    debug: parseDebug(words, settings),
    output: parseOutput(words, settings, formats),
    target,
    remote,
    local,
    container: wordOf(words, 'container'),
    force: switchOf(words, 'force'),
    maxBytes: maxSize === undefined ? defaultMaxBytes : parseSize(maxSize),
  };
}

async function runPull(request: PullCommandRequest, environment: Environment): Promise<number> {
  const { pulledTo } = await import('../pulled.js');
  if (request.local === '-' && environment.isTTY.stdout && !request.debug.dryRun) {
    throw usageError('files are not written to a terminal', 'pull', 'pipe the output: ... - | tar tvf -');
  }
  const to = pulledTo(resolve(environment.cwd, request.local), request, environment);
  return inPod(request, environment, (context, at) => pullIn(context, at, request, to));
}

async function pullIn(
  context: SessionContext,
  at: PodAddress,
  request: PullCommandRequest,
  to: PulledTo,
): Promise<number> {
  const { environment, status, output } = context;
  const { signal, clock } = environment;
  if (request.debug.dryRun) return dryRun(context, at, request);
  const { run, container } = await runIn(context, at, request);
  const { lookAt } = await import('../../src/transfer/remote.js');
  const began = clock.now();
  const remote = await lookAt(request.remote, { run, clock, signal });
  const pulled = await to.pull(remote, { run, clock, signal }, status);
  status.clear();
  const result = {
    ...at,
    container,
    remote: request.remote,
    ...pulled,
    durationMs: clock.now() - began,
  };
  if (output.format === 'table') for (const line of pullText(result)) status.note(line);
  else {
    const stream = request.local === '-' ? environment.stderr : environment.stdout;
    await printDocument(stream, output.format, 'Pulled', result, () => '');
  }
  return endOf(result);
}

function dryRun(context: SessionContext, at: PodAddress, request: PullCommandRequest): Promise<number> {
  if (request.container !== undefined) {
    throw usageError('with -c nothing is injected, so there is nothing for --dry-run to show', 'pull');
  }
  const argv = ['tar', 'cf', '-', '-C', request.remote, '.'];
  return import('../dryrun.js').then(({ printDryRun }) => printDryRun(context, at, 'none', argv));
}

/** How programs are started in the container that is meant. */
async function runIn(
  context: SessionContext,
  at: PodAddress,
  { container }: PullCommandRequest,
): Promise<{ readonly run: RunTool; readonly container: string }> {
  if (container === undefined) {
    const session = await openSession(context, at, 'none');
    return { run: session.run, container: session.container.container };
  }
  const { runInContainer } = await import('../../src/transfer/container.js');
  const { clock, signal } = context.environment;
  const inside = await runInContainer(context.api, at, container, { clock, signal });
  return { run: inside.run, container: inside.at.container };
}

interface Result {
  readonly checked: { readonly kind: string; readonly names?: readonly string[] };
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
  readonly unread: readonly string[];
}

/** What is missing, or not as it is there, makes the result incomplete: exit code 8. */
function endOf({ checked, skipped, unread }: Result): number {
  const details = [
    ...skipped.map(({ name, why }) => `${name}: ${why}`),
    ...unread,
    ...(checked.names ?? []).map(
      (name) => `${name}: it changed while it was read, or was damaged on its way`,
    ),
  ];
  if (details.length === 0) return ExitCode.ok;
  const shown = 20;
  throw new NetdebugError(`${details.length} of what is there did not come, or not as it is there.`, {
    exitCode: ExitCode.incomplete,
    details: [
      ...details.slice(0, shown),
      ...(details.length > shown ? [`and ${details.length - shown} more; -o json lists all`] : []),
    ],
    hint: 'Everything else is there.',
  });
}

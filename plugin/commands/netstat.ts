import { ExitCode } from '../../src/errors.js';
import type { Command } from '../command.js';
import { containerFlag, debugFlags, parseDebug } from '../options/debug.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { parsePodAndArguments, selectorFlags } from '../options/pod.js';
import type { Settings } from '../options/setting.js';
import { switchOf, type Words } from '../options/words.js';
import { printDocument } from '../print/document.js';
import type { PodAddress, SessionContext } from '../context.js';
import { openSession } from '../session.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `netstat` was asked for. */
export interface NetstatCommandRequest extends PodCommandRequest {
  readonly listening: boolean;
}

const formats: readonly OutputFormat[] = ['table', 'wide', 'json', 'yaml'];

const flags: Flags = {
  listening: { kind: 'switch', describe: 'only sockets that wait for peers', group: 'Flags' },
  ...selectorFlags,
  container: { ...containerFlag, short: 'c' },
};

/** `kubectl netdebug netstat POD`. */
export const netstatCommand: Command = {
  name: 'netstat',
  aliases: ['sockets'],
  usage: 'POD [FLAGS]',
  summary: 'listening and connected sockets of a pod',
  about:
    'Lists the TCP and UDP sockets in the network of a pod: read by ss, else by netstat, else from /proc/net. Names of processes are seen with --target CONTAINER, which shares the process namespace of that container.',
  examples: [
    { about: 'What does web-0 listen on?', words: 'netstat web-0 --listening' },
    { about: 'With process names', words: 'netstat web-0 --target app' },
  ],
  flags: { ...flags, ...debugFlags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parseNetstat(words, settings);
    return (environment) => inPod(request, environment, (context, at) => netstatIn(context, at, request));
  },
};

/** Words → request. Throws a usage error. */
export function parseNetstat(words: Words, settings: Settings): NetstatCommandRequest {
  const { target } = parsePodAndArguments(words, []);
  return {
    kube: parseKube(words),
    debug: parseDebug(words, settings),
    output: parseOutput(words, settings, formats),
    target,
    listening: switchOf(words, 'listening'),
  };
}

async function netstatIn(
  context: SessionContext,
  at: PodAddress,
  request: NetstatCommandRequest,
): Promise<number> {
  const { environment, status, output } = context;
  const { sockets } = await import('../../src/tools/sockets.js');
  if (request.debug.dryRun) {
    const { printDryRun } = await import('../dryrun.js');
    return printDryRun(context, at, 'none', ['ss', '-H', '-tunape']);
  }
  const { run } = await openSession(context, at, 'none');
  const found = await sockets(
    { listening: request.listening },
    { run, clock: environment.clock, signal: environment.signal },
  );
  await printDocument(environment.stdout, output.format, 'SocketTable', { ...at, ...found }, async () =>
    (await import('../print/sockets.js')).socketsTable(found.sockets, output.format === 'wide'),
  );
  if (found.sockets.length === 0) {
    const what = request.listening ? 'no socket waits for peers' : 'no TCP or UDP socket is open';
    const where = at.node === undefined ? `pod ${at.namespace}/${at.pod}` : at.pod;
    status.note(`note: ${what} in ${where}`);
  }
  const unseen = found.sockets.some(({ processes }) => processes.length > 0)
    ? undefined
    : request.debug.target;
  if (unseen !== undefined && found.sockets.length > 0) {
    status.note(`note: the processes of container ${unseen} cannot be seen here`);
  }
  return ExitCode.ok;
}

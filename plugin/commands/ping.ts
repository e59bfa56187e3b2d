import { ExitCode, NetdebugError } from '../../src/errors.js';
import { parseReference, type Reference } from '../../src/target/reference.js';
import type { PingSummary } from '../../src/tools/ping.js';
import type { Command } from '../command.js';
import { unlessStopped } from '../interrupt.js';
import { parseCount } from '../options/count.js';
import { containerFlag, debugFlags, parseDebug } from '../options/debug.js';
import { parseDuration } from '../options/duration.js';
import type { Flags } from '../options/flags.js';
import { kubeFlags, parseKube } from '../options/kube.js';
import { outputFlags, type OutputFormat, parseOutput } from '../options/output.js';
import { parsePodAndArguments, selectorFlags } from '../options/pod.js';
import { flagSetting, type Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { switchOf, type Words } from '../options/words.js';
import { coloursFor } from '../print/colour.js';
import { eventPrinter } from '../print/events.js';
import { pingEventLine, pingSummaryText } from '../print/ping.js';
import type { PodAddress, SessionContext } from '../context.js';
import { openSession } from '../session.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `ping` was asked for. */
export interface PingCommandRequest extends PodCommandRequest {
  readonly destination: Reference;
  /** Undefined: until interrupted. */
  readonly count: number | undefined;
  readonly intervalSeconds: number | undefined;
  readonly waitSeconds: number | undefined;
  readonly sizeBytes: number | undefined;
  readonly family: 4 | 6 | undefined;
}

const formats: readonly OutputFormat[] = ['table', 'json', 'yaml'];
const defaultCount = 4;

const flags: Flags = {
  count: {
    kind: 'text',
    short: 'c',
    placeholder: 'N',
    describe: `packets to send (default ${defaultCount}); 0: until Ctrl-C`,
    group: 'Flags',
  },
  interval: {
    kind: 'text',
    short: 'i',
    placeholder: 'DURATION',
    describe: 'between packets (default 1s)',
    group: 'Flags',
  },
  wait: {
    kind: 'text',
    placeholder: 'DURATION',
    describe: 'for the last reply, whole seconds',
    group: 'Flags',
  },
  size: {
    kind: 'text',
    placeholder: 'BYTES',
    describe: 'bytes of data in a packet (default 56)',
    group: 'Flags',
  },
  ipv4: { kind: 'switch', short: '4', describe: 'only IPv4', group: 'Flags' },
  ipv6: { kind: 'switch', short: '6', describe: 'only IPv6', group: 'Flags' },
  ...selectorFlags,
  container: containerFlag,
};

/** `kubectl netdebug ping POD DEST`. */
export const pingCommand: Command = {
  name: 'ping',
  usage: 'POD DEST [FLAGS]',
  summary: 'ping a pod, a Service, a host or an address from a pod',
  about:
    'Sends ICMP echo requests from the network of a pod and prints the replies as they come, then a summary. DEST is a reference such as pod/web-0, svc/api or node/worker-1, a host name, or an address. A Service stands for a ready pod behind it, because its own address answers no ping. The exit code is 1 when nothing came back.',
  examples: [
    { about: 'Does web-0 reach a pod behind the Service api?', words: 'ping web-0 svc/api' },
    {
      about: 'Until Ctrl-C, five times a second, from a pod of a Deployment',
      words: 'ping deploy/web 10.0.0.7 -c 0 -i 0.2',
    },
    { about: 'One JSON object a line', words: 'ping shop/pod/web-0 example.com -o json' },
  ],
  flags: { ...flags, ...debugFlags, ...outputFlags(formats), ...kubeFlags },
  prepare: (words, settings) => {
    const request = parsePing(words, settings);
    return (environment) => inPod(request, environment, (context, at) => pingFrom(context, at, request));
  },
};

/** Words → request. Throws a usage error. */
export function parsePing(words: Words, settings: Settings): PingCommandRequest {
  const { target, others } = parsePodAndArguments(words, ['DEST']);
  const count = flagSetting(words, 'count');
  const interval = flagSetting(words, 'interval');
  const wait = flagSetting(words, 'wait');
  const size = flagSetting(words, 'size');
  const packets = count === undefined ? defaultCount : parseCount(count, 0, 1_000_000_000);
  return {
    kube: parseKube(words),
    debug: parseDebug(words, settings),
    output: parseOutput(words, settings, formats),
    target,
    destination: parseReference(others[0] ?? '', 'destination'),
    count: packets === 0 ? undefined : packets,
    intervalSeconds: interval === undefined ? undefined : parseDuration(interval, 2) / 1000,
    waitSeconds: wait === undefined ? undefined : Math.ceil(parseDuration(wait) / 1000),
    sizeBytes: size === undefined ? undefined : parseCount(size, 0, 65_507),
    family: parseFamily(words),
  };
}

function parseFamily(words: Words): 4 | 6 | undefined {
  const [four, six] = [switchOf(words, 'ipv4'), switchOf(words, 'ipv6')];
  if (four && six) throw usageError('--ipv4 and --ipv6 exclude each other', words.command);
  return four ? 4 : six ? 6 : undefined;
}

async function pingFrom(
  context: SessionContext,
  at: PodAddress,
  request: PingCommandRequest,
): Promise<number> {
  const { api, environment, status, output } = context;
  const { signal, stdout } = environment;
  const [{ resolveDestination }, { ping, pingArgv }] = await Promise.all([
    import('../../src/target/destination.js'),
    import('../../src/tools/ping.js'),
  ]);
  const { family } = request;
  const destination = await unlessStopped(
    signal,
    resolveDestination(api, request.destination, { namespace: at.namespace, family }),
  );
  if (destination.choice !== undefined) status.note(destination.choice);
  const { count, intervalSeconds, waitSeconds, sizeBytes } = request;
  const tool = { destination: destination.host, count, intervalSeconds, waitSeconds, sizeBytes, family };
  if (request.debug.dryRun) {
    const { printDryRun } = await import('../dryrun.js');
    return printDryRun(context, at, 'none', pingArgv(tool));
  }
  const { run } = await openSession(context, at, 'none');
  const colours = coloursFor('stdout', output.color, environment);
  const printer = await eventPrinter(stdout, output.format);
  const summary = await ping(tool, {
    run,
    signal,
    onEvent: (event) => printer.print(event.kind, event, () => pingEventLine(event, colours)),
  });
  const value = { from: at, to: destination.shown, ...summary };
  await printer.print('PingSummary', value, () =>
    summary.refusal === undefined ? pingSummaryText(summary, colours) : '',
  );
  return endOf(summary, at, request.destination);
}

const refusalHints = {
  unknownHost: 'the name was looked up inside the pod, with its own resolv.conf',
  noRoute: 'the packet never left the pod: see its routes and rules',
  notPermitted: 'use an image with iputils ping, or --profile netadmin or baseline',
  other: undefined,
} as const;

/** The exit code; a ping that could not even begin, or did not end, is a failure with a sentence. */
function endOf(summary: PingSummary, { namespace, pod }: PodAddress, destination: Reference): number {
  const { refusal, problem, exit } = summary;
  if (refusal !== undefined) {
    // A bare name is a host where a destination is meant; elsewhere it is a pod, so it may have been meant as one.
    const bare =
      destination.type === 'host' && !destination.host.includes('.') ? destination.host : undefined;
    const meant =
      refusal.reason === 'unknownHost' && bare !== undefined ? `; for a pod write pod/${bare}` : '';
    const hint = refusalHints[refusal.reason];
    throw new NetdebugError(`ping in pod ${namespace}/${pod}: ${refusal.text}`, {
      exitCode: exit,
      hint: hint === undefined ? undefined : `${hint}${meant}`,
    });
  }
  if (problem !== undefined && exit !== ExitCode.interrupted)
    throw new NetdebugError(problem, { exitCode: exit, hint: 'Run the command again.' });
  return exit;
}

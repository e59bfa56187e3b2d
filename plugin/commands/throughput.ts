import { ExitCode, NetdebugError } from '../../src/errors.js';
import { formatReference, type ObjectReference } from '../../src/target/reference.js';
import type { ThroughputResult } from '../../src/tools/throughput-types.js';
import type { Command } from '../command.js';
import type { PodAddress, SessionContext } from '../context.js';
import { unlessStopped } from '../interrupt.js';
import { parseCount } from '../options/count.js';
import { parseDuration } from '../options/duration.js';
import type { Flags } from '../options/flags.js';
import { parseObject } from '../options/pod.js';
import { flagSetting, type Settings } from '../options/setting.js';
import type { Words } from '../options/words.js';
import { coloursFor } from '../print/colour.js';
import { parseProbe, probeFlags, probeIn } from '../probe.js';
import { openSession } from '../session.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `throughput` was asked for. */
export interface ThroughputCommandRequest extends PodCommandRequest {
  readonly other: ObjectReference;
  readonly seconds: number;
  readonly port: number;
  readonly streams: number;
}

const flags: Flags = {
  time: {
    kind: 'text',
    placeholder: 'DURATION',
    describe: 'for each direction, whole seconds (default 5s)',
    group: 'Flags',
  },
  port: {
    kind: 'text',
    placeholder: 'PORT',
    describe: 'of the server (default 5201)',
    group: 'Flags',
  },
  streams: {
    kind: 'text',
    placeholder: 'N',
    describe: 'connections at the same time (default 1); by iperf3 only',
    group: 'Flags',
  },
};

/** `kubectl netdebug throughput POD POD`. */
export const throughputCommand: Command = {
  name: 'throughput',
  usage: 'POD POD [FLAGS]',
  summary: 'how much gets through from one pod to another, both ways',
  about:
    'Runs iperf3 between the debug containers of two pods, or nc and dd of busybox where there is none, from the first to the second and back, and shows Mbit/s, retransmits and how it goes second by second. The server ends with this program. It loads the network as much as it can. The exit code is 1 when the second pod cannot be reached.',
  examples: [
    { about: 'Five seconds each way', words: 'throughput web-0 api-0' },
    { about: 'Longer, with four connections', words: 'throughput web-0 deploy/api --time 30s --streams 4' },
  ],
  flags: probeFlags(flags),
  prepare: (words, settings) => {
    const request = parseThroughput(words, settings);
    return (environment) =>
      inPod(request, environment, (context, at) => throughputBetween(context, at, request));
  },
};

/** Words → request. Throws a usage error. */
export function parseThroughput(words: Words, settings: Settings): ThroughputCommandRequest {
  const { request, others } = parseProbe(words, settings, ['POD']);
  const [time, port, streams] = ['time', 'port', 'streams'].map((name) => flagSetting(words, name));
  return {
    ...request,
    other: parseObject(others[0] ?? ''),
    seconds: time === undefined ? 5 : Math.ceil(parseDuration(time, 1000, 3_600_000) / 1000),
    port: port === undefined ? 5201 : parseCount(port, 1, 65_535),
    streams: streams === undefined ? 1 : parseCount(streams, 1, 64),
  };
}

async function throughputBetween(
  context: SessionContext,
  at: PodAddress,
  request: ThroughputCommandRequest,
): Promise<number> {
  const { api, environment, output, status } = context;
  const [{ throughput, iperfArgv }, { resolvePods }, { throughputEventText, throughputText }] =
    await Promise.all([
      import('../../src/tools/throughput.js'),
      import('../../src/target/resolve.js'),
      import('../print/throughput.js'),
    ]);
  const { seconds, port, streams } = request;
  const { pods, choice } = await unlessStopped(
    environment.signal,
    resolvePods(api, { reference: request.other, namespace: at.namespace }),
  );
  if (choice !== undefined) status.note(choice);
  const [pod] = pods;
  const address = pod?.status?.podIP;
  if (pod === undefined || address === undefined || address === '')
    throw new NetdebugError(`${formatReference(request.other)} has no address yet.`, {
      exitCode: ExitCode.target,
    });
  const there = { namespace: pod.metadata.namespace ?? at.namespace, pod: pod.metadata.name };
  const names = [`${at.namespace}/${at.pod}`, `${there.namespace}/${there.pod}`] as const;
  const asked = { address, port, seconds, streams };
  return probeIn(context, at, {
    argv: () => iperfArgv(asked, 'forward'),
    doing: `sending from ${names[0]} to ${names[1]} and back`,
    probe: async (run, options, show) => {
      const { run: server } = await openSession(context, there, 'none');
      if (environment.isTTY.stderr) status.show('probe', `sending for ${2 * seconds} s`);
      return throughput(run, server, asked, {
        ...options,
        onEvent: (event) => show(throughputEventText(event, names)),
      });
    },
    print: (result) => throughputText(result, names, coloursFor('stdout', output.color, environment)),
    exit: exitOf,
    about: { to: there },
  });
}

function exitOf({ directions }: ThroughputResult): ExitCode {
  return directions.some(({ failure }) => failure !== undefined) ? ExitCode.found : ExitCode.ok;
}

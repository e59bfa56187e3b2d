import { ExitCode } from '../../src/errors.js';
import type { Reference } from '../../src/target/reference.js';
import type { Command } from '../command.js';
import type { PodAddress, SessionContext } from '../context.js';
import { parseCount } from '../options/count.js';
import type { Flags } from '../options/flags.js';
import { flagSetting, type Settings } from '../options/setting.js';
import { usageError } from '../options/usage.js';
import { switchOf, type Words, wordOf } from '../options/words.js';
import { coloursFor } from '../print/colour.js';
import type { TraceHop } from '../../src/tools/trace-parse.js';
import type { NamedTrace } from '../print/trace.js';
import {
  parseDestination,
  parseProbe,
  parseTimeout,
  probeAddress,
  probeFlags,
  timeoutFlag,
} from '../probe.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `trace` was asked for. */
export interface TraceCommandRequest extends PodCommandRequest {
  readonly destination: Reference;
  readonly maxHops: number;
  readonly waitSeconds: number;
  readonly protocol: 'udp' | 'icmp' | 'tcp';
  readonly port: number | undefined;
}

const flags: Flags = {
  'max-hops': {
    kind: 'text',
    placeholder: 'N',
    describe: 'give up after so many (default 15)',
    group: 'Flags',
  },
  timeout: timeoutFlag('for each hop, whole seconds (default 1s)'),
  icmp: { kind: 'switch', describe: 'ICMP echoes instead of UDP', group: 'Flags' },
  tcp: {
    kind: 'text',
    placeholder: 'PORT',
    describe: 'TCP connections to this port instead of UDP',
    group: 'Flags',
  },
};

/** `kubectl netdebug trace POD DEST`. */
export const traceCommand: Command = {
  name: 'trace',
  usage: 'POD DEST [FLAGS]',
  summary: 'the hops from a pod to a destination, by their names',
  about:
    'Traces the way from a pod to a pod, a node, a Service, a host or an address, and names the pods, nodes and Services whose addresses it meets, where they may be read. By traceroute, else tracepath, else pings with a growing TTL. The exit code is 1 when the destination itself does not answer.',
  examples: [
    { about: 'To a pod on another node', words: 'trace web-0 pod/web-1' },
    { about: 'As the connection would go', words: 'trace web-0 10.0.0.7 --tcp 443' },
  ],
  flags: probeFlags(flags),
  prepare: (words, settings) => {
    const request = parseTrace(words, settings);
    return (environment) => inPod(request, environment, (context, at) => traceFrom(context, at, request));
  },
};

/** Words → request. Throws a usage error. */
export function parseTrace(words: Words, settings: Settings): TraceCommandRequest {
  const { request, others } = parseProbe(words, settings, ['DEST']);
  const hops = flagSetting(words, 'max-hops');
  const tcp = flagSetting(words, 'tcp');
  const icmp = switchOf(words, 'icmp');
  if (icmp && wordOf(words, 'tcp') !== undefined)
    throw usageError('--icmp and --tcp exclude each other', words.command);
  return {
    ...request,
    destination: parseDestination(others[0]),
    maxHops: hops === undefined ? 15 : parseCount(hops, 1, 64),
    waitSeconds: Math.max(1, Math.ceil(parseTimeout(words, 1_000) / 1000)),
    protocol: tcp !== undefined ? 'tcp' : icmp ? 'icmp' : 'udp',
    port: tcp === undefined ? undefined : parseCount(tcp, 1, 65_535),
  };
}

async function traceFrom(
  context: SessionContext,
  at: PodAddress,
  request: TraceCommandRequest,
): Promise<number> {
  const { api, environment, output } = context;
  const [{ trace, traceArgv }, { addressNames }, { traceHeading, traceRow, traceText }] = await Promise.all([
    import('../../src/tools/trace.js'),
    import('../../src/target/names.js'),
    import('../print/trace.js'),
  ]);
  const { destination, maxHops, waitSeconds, protocol, port } = request;
  const asked = { maxHops, waitSeconds, protocol, port };
  return probeAddress<NamedTrace>(context, at, destination, {
    argv: (host) => traceArgv({ ...asked, destination: host }),
    doing: 'tracing the way to',
    probe: async (address, run, options, show) => {
      const naming = addressNames(api);
      let heading = traceHeading;
      const onEvent = (hop: TraceHop): void => {
        const before = heading;
        heading = '';
        show(naming.then((names) => `${before}${traceRow(hop, (one) => names.get(one))}`));
      };
      const [result, names] = await Promise.all([
        trace(run, { ...asked, destination: address }, { ...options, onEvent }),
        naming,
      ]);
      const met = result.hops.flatMap(({ addresses }) => addresses);
      return {
        ...result,
        names: Object.fromEntries(
          met.flatMap((one) => (names.has(one) ? [[one, names.get(one) ?? '']] : [])),
        ),
      };
    },
    print: (result) => traceText(result, coloursFor('stdout', output.color, environment)),
    exit: ({ reached }) => (reached ? ExitCode.ok : ExitCode.found),
  });
}

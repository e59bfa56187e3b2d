import { ExitCode } from '../../src/errors.js';
import type { Reference } from '../../src/target/reference.js';
import type { Command } from '../command.js';
import type { PodAddress, SessionContext } from '../context.js';
import type { Flags } from '../options/flags.js';
import type { Settings } from '../options/setting.js';
import type { Words } from '../options/words.js';
import { coloursFor } from '../print/colour.js';
import { mtuText, mtuTryText } from '../print/mtu.js';
import {
  parseDestination,
  parseProbe,
  parseTimeout,
  probeAddress,
  probeFlags,
  timeoutFlag,
} from '../probe.js';
import { inPod, type PodCommandRequest } from '../target.js';

/** What `mtu` was asked for. */
export interface MtuCommandRequest extends PodCommandRequest {
  readonly destination: Reference;
  readonly waitSeconds: number;
}

const flags: Flags = { timeout: timeoutFlag('for each reply, whole seconds (default 1s)') };

/** `kubectl netdebug mtu POD DEST`. */
export const mtuCommand: Command = {
  name: 'mtu',
  usage: 'POD DEST [FLAGS]',
  summary: 'the largest packet that gets there, and what makes it smaller',
  about:
    'Finds the path MTU from a pod to a pod, a node, a host or an address, by pings that may not be fragmented, else by traceroute -F or tracepath. Tells a router that says "fragmentation needed" from a black hole, where larger packets vanish, and names the encapsulation that leaves such a size. The exit code is 1 for a black hole, or when nothing is answered.',
  examples: [
    { about: 'To a pod on another node', words: 'mtu web-0 pod/web-1' },
    { about: 'Out of the cluster', words: 'mtu deploy/web 192.0.2.10' },
  ],
  flags: probeFlags(flags),
  prepare: (words, settings) => {
    const request = parseMtu(words, settings);
    return (environment) => inPod(request, environment, (context, at) => mtuFrom(context, at, request));
  },
};

/** Words → request. Throws a usage error. */
export function parseMtu(words: Words, settings: Settings): MtuCommandRequest {
  const { request, others } = parseProbe(words, settings, ['DEST']);
  const waitSeconds = Math.max(1, Math.ceil(parseTimeout(words, 1_000) / 1000));
  return { ...request, destination: parseDestination(others[0]), waitSeconds };
}

async function mtuFrom(context: SessionContext, at: PodAddress, request: MtuCommandRequest): Promise<number> {
  const { api, environment, output } = context;
  const [{ mtu, mtuArgv }, { addressNames }] = await Promise.all([
    import('../../src/tools/mtu.js'),
    import('../../src/target/names.js'),
  ]);
  const { destination, waitSeconds } = request;
  let names: ReadonlyMap<string, string> = new Map();
  return probeAddress(context, at, destination, {
    argv: (host) => mtuArgv({ destination: host, waitSeconds }, 1500),
    doing: 'looking for the largest packet to',
    probe: async (address, run, options, show) => {
      const asked = { destination: address, waitSeconds };
      const result = await mtu(run, asked, { ...options, onEvent: (one) => show(mtuTryText(one)) });
      if (result.hop !== undefined) names = await addressNames(api);
      return result;
    },
    print: (result) =>
      mtuText(result, names.get(result.hop ?? ''), coloursFor('stdout', output.color, environment)),
    exit: ({ limit }) => (limit === 'none' || limit === 'announced' ? ExitCode.ok : ExitCode.found),
  });
}

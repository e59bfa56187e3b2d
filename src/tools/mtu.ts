import { isIP } from 'node:net';
import { ExitCode, NetdebugError } from '../errors.js';
import {
  guessOf,
  parseMtuPing,
  parseMtuTraceroute,
  parseTracepathMtu,
  type MtuResult,
  type MtuTry,
} from './mtu-parse.js';
import { codeOf, collectWithin, firstWords, ran, type ProbeOptions, type TellingOptions } from './probe.js';
import type { RunTool } from './run.js';

export interface MtuRequest {
  /** An address. */
  readonly destination: string;
  /** How long each reply is waited for, whole seconds. */
  readonly waitSeconds: number;
}

/** argv of a ping that may not be fragmented; `bytes` with the headers of IP and ICMP. */
export function mtuArgv({ destination, waitSeconds }: MtuRequest, bytes: number): string[] {
  const headers = isIP(destination) === 6 ? 48 : 28;
  const wait = String(waitSeconds);
  return [
    'ping',
    '-n',
    '-c',
    '2',
    '-i',
    '0.2',
    '-W',
    wait,
    '-M',
    'do',
    '-s',
    String(bytes - headers),
    '--',
    destination,
  ];
}

/** Says which interface packets to `$1` leave by, and its MTU; less where the route itself says so. */
const localMtuScript = `set -f
d= m= p=
r=$(ip route get "$1" 2>/dev/null) || r=
for w in $r; do
  case $p in dev) d=$w ;; mtu) m=$w ;; esac
  p=$w
done
# What was learned of the way is not what the pod itself has.
case $r in *cache*) m= ;; esac
if [ -z "$d" ] && [ -r /proc/net/route ]; then
  while read -r i t rest; do
    if [ "$t" = 00000000 ]; then d=$i; fi
  done </proc/net/route
fi
read -r l <"/sys/class/net/$d/mtu" || exit 1
if [ -n "$m" ] && [ "$m" -lt "$l" ]; then l=$m; fi
echo "$l"`;

/** argv of one datagram that may not be fragmented, as long as it is no larger than the MTU here; of Linux's traceroute and busybox's. */
export function mtuTracerouteArgv({ destination, waitSeconds }: MtuRequest, bytes: number): string[] {
  // The hop count of a packet that is to arrive, whoever answers.
  const flags = ['-F', '-n', '-q', '1', '-w', String(waitSeconds), '-f', '64', '-m', '64'];
  return ['traceroute', ...flags, destination, String(bytes)];
}

/** A way to send one packet that may not be fragmented; undefined when the container cannot do that. */
interface Way {
  readonly via: MtuResult['via'];
  /** The largest that is tried. */
  readonly most: number;
  readonly localMtu: number | undefined;
  readonly attempt: (bytes: number) => Promise<MtuTry | undefined>;
}

/** Jumbo frames of 9001 and a little more. */
const MOST = 9216;

/** Kernels answer about one datagram a second to each peer with "port unreachable": silence counts when it was met twice, a second apart. */
const tracerouteTries = 2;

/**
 * Finds the largest packet that gets there and back unfragmented: by pings with DF; where ping has no -M, as busybox's has not, by
 * datagrams of `traceroute -F`; else by tracepath.
 * Throws a {@link NetdebugError}: 7 when the container has none of them, 8 when the connection was lost, 130.
 */
export async function mtu(
  run: RunTool,
  request: MtuRequest,
  { onEvent, ...options }: TellingOptions<MtuTry>,
): Promise<MtuResult> {
  const least = isIP(request.destination) === 6 ? 1280 : 576;
  for (const open of [pingWay, tracerouteWay]) {
    const way = await open(run, request, options);
    const small = await way?.attempt(least);
    if (way === undefined || small === undefined) continue;
    onEvent?.(small);
    return search(way, small, request, onEvent ?? (() => undefined));
  }
  return byTracepath(run, request, options);
}

function pingWay(run: RunTool, request: MtuRequest, options: ProbeOptions): Promise<Way> {
  const limits = { ...options, limitBytes: 64 * 1024, timeoutMs: request.waitSeconds * 2_000 + 15_000 };
  const attempt = async (bytes: number): Promise<MtuTry | undefined> => {
    const said = await collectWithin(run, mtuArgv(request, bytes), limits);
    if (said === 'timeout') return { bytes, outcome: 'silence' };
    if (!ran(said) || /invalid option|unrecognized option|usage:/i.test(said.stderr)) return undefined;
    return parseMtuPing(said.stdout, said.stderr, bytes);
  };
  return Promise.resolve({ via: 'ping', most: MOST, localMtu: undefined, attempt });
}

async function tracerouteWay(
  run: RunTool,
  request: MtuRequest,
  options: ProbeOptions,
): Promise<Way | undefined> {
  const { destination, waitSeconds } = request;
  const limits = { ...options, limitBytes: 64 * 1024, timeoutMs: waitSeconds * 1_000 + 15_000 };
  const here = await collectWithin(run, ['sh', '-c', localMtuScript, 'netdebug', destination], limits);
  const most = here === 'timeout' ? NaN : Number(/^\d{3,5}$/m.exec(here.stdout)?.[0]);
  if (Number.isNaN(most)) return undefined;
  const attempt = async (bytes: number): Promise<MtuTry | undefined> => {
    let one: MtuTry = { bytes, outcome: 'silence' };
    for (let left = tracerouteTries; left > 0 && one.outcome === 'silence'; left--) {
      const said = await collectWithin(run, mtuTracerouteArgv(request, bytes), limits);
      if (said === 'timeout') continue;
      // Without the right to raw sockets it says so, and no hop.
      if (!ran(said) || !/^ *64 /m.test(said.stdout)) return undefined;
      one = parseMtuTraceroute(said.stdout, destination, bytes);
    }
    return one;
  };
  return { via: 'traceroute', most: Math.min(most, MOST), localMtu: most, attempt };
}

async function search(
  way: Way,
  small: MtuTry,
  { destination }: MtuRequest,
  tell: (one: MtuTry) => void,
): Promise<MtuResult> {
  const tries = [small];
  const about = { kind: 'MtuResult', destination, via: way.via, tries } as const;
  let { localMtu } = way;
  if (small.outcome !== 'reply') return { ...about, ...local(localMtu), limit: 'unreachable' };
  let low = small.bytes;
  let high = way.most;
  let hop: string | undefined;
  let announced = false;
  let silent = false;
  // Each step halves what is left, or takes the size that somebody named.
  for (let next = high; low < high && tries.length < 40;) {
    const one = await way.attempt(next);
    if (one === undefined)
      throw new NetdebugError(`${way.via} did not take a packet of ${next} bytes.`, {
        exitCode: ExitCode.incomplete,
      });
    tries.push(one);
    tell(one);
    if (one.outcome === 'reply') low = next;
    else if (one.mtu !== undefined && one.mtu >= low && one.mtu < next) {
      if (one.outcome === 'tooLongHere' && localMtu === undefined && hop === undefined) localMtu = one.mtu;
      if (one.outcome === 'fragmentationNeeded') {
        hop = one.from;
        announced = true;
      }
      // The kernel remembers what a router said: later packets are too long here already.
      if (one.outcome === 'tooLongHere' && localMtu !== undefined && one.mtu < localMtu) announced = true;
      high = one.mtu;
      next = high;
      continue;
    } else {
      silent = true;
      high = next - 1;
    }
    next = low + Math.ceil((high - low) / 2);
  }
  // A limit that the pod's own interface has is no black hole.
  const limit = low === localMtu ? 'none' : silent ? 'blackHole' : announced ? 'announced' : 'none';
  const guess = guessOf(low);
  return {
    ...about,
    ...local(localMtu),
    pathMtu: low,
    limit,
    ...(hop === undefined ? {} : { hop }),
    ...(guess === undefined ? {} : { guess }),
  };
}

function local(localMtu: number | undefined): { readonly localMtu?: number } {
  return localMtu === undefined ? {} : { localMtu };
}

async function byTracepath(run: RunTool, request: MtuRequest, options: ProbeOptions): Promise<MtuResult> {
  const said = await collectWithin(run, ['tracepath', '-n', '-m', '15', request.destination], {
    ...options,
    limitBytes: 64 * 1024,
    timeoutMs: 60_000,
  });
  if (said === 'timeout' || !ran(said))
    throw new NetdebugError(
      'the debug container has no ping that can forbid fragments, no traceroute and no tracepath.',
      {
        exitCode: ExitCode.container,
        hint: 'Choose an image with iputils by --image, and --fresh so that the running debug container is not reused; traceroute needs --profile netadmin or baseline.',
      },
    );
  if (codeOf(said) !== 0 && said.stdout === '')
    throw new NetdebugError(`tracepath failed: ${firstWords(said.stderr)}`, {
      exitCode: ExitCode.incomplete,
    });
  return parseTracepathMtu(said.stdout, request.destination);
}

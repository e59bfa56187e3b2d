import { isIP } from 'node:net';
import { ExitCode, NetdebugError } from '../errors.js';
import { codeOf, collectWithin, firstWords, ran, type ProbeOptions } from './probe.js';
import { printable } from './text.js';
import type { RunTool } from './run.js';

export interface MtuRequest {
  /** An address. */
  readonly destination: string;
  /** How long each reply is waited for, whole seconds. */
  readonly waitSeconds: number;
}

/** What one packet met. `bytes` is that of the whole IP packet. */
export interface MtuTry {
  readonly bytes: number;
  readonly outcome: 'reply' | 'fragmentationNeeded' | 'tooLongHere' | 'silence' | 'unreachable';
  /** Who said that it must be fragmented. */
  readonly from?: string;
  /** The MTU that was named. */
  readonly mtu?: number;
}

export interface MtuResult {
  readonly kind: 'MtuResult';
  readonly destination: string;
  readonly via: 'ping' | 'tracepath';
  /** The MTU of the route as the pod knows it; absent when nothing said so. */
  readonly localMtu?: number;
  /** The largest packet that came through whole; absent when none did. */
  readonly pathMtu?: number;
  /**
   * `none`: as large as the pod's own. `announced`: a router says so, connections adapt. `blackHole`: larger packets vanish
   * without a word, connections hang. `unreachable`: not even a small packet is answered.
   */
  readonly limit: 'none' | 'announced' | 'blackHole' | 'unreachable';
  /** The router that announced it. */
  readonly hop?: string;
  /** What usually leaves this size. */
  readonly guess?: string;
  readonly tries: readonly MtuTry[];
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

/** Reads what such a ping said. */
export function parseMtuPing(stdout: string, stderr: string, bytes: number): MtuTry {
  if (/ bytes from .*seq=/.test(stdout)) return { bytes, outcome: 'reply' };
  const needed = /^From (\S+?):? .*(?:Frag needed|Packet too big).*?mtu ?= ?(\d+)/im.exec(stdout);
  if (needed !== null)
    return {
      bytes,
      outcome: 'fragmentationNeeded',
      from: printable(needed[1] ?? ''),
      mtu: Number(needed[2]),
    };
  const here = /message too long,? mtu[=:] ?(\d+)/i.exec(`${stderr}\n${stdout}`);
  if (here !== null) return { bytes, outcome: 'tooLongHere', mtu: Number(here[1]) };
  if (/unreachable|prohibited/i.test(`${stdout}\n${stderr}`)) return { bytes, outcome: 'unreachable' };
  return { bytes, outcome: 'silence' };
}

/** The largest that is tried: jumbo frames of 9001 and a little more. */
const MOST = 9216;

/**
 * Finds the largest packet that gets there and back unfragmented, by pings with DF; where ping has no -M, by tracepath.
 * Throws a {@link NetdebugError}: 7 when the container has neither, 8 when the connection was lost, 130.
 */
export async function mtu(run: RunTool, request: MtuRequest, options: ProbeOptions): Promise<MtuResult> {
  const tries: MtuTry[] = [];
  const limits = { ...options, limitBytes: 64 * 1024, timeoutMs: request.waitSeconds * 2_000 + 15_000 };
  const attempt = async (bytes: number): Promise<MtuTry | undefined> => {
    const said = await collectWithin(run, mtuArgv(request, bytes), limits);
    if (said !== 'timeout' && (!ran(said) || /invalid option|unrecognized option|usage:/i.test(said.stderr)))
      return undefined;
    const done =
      said === 'timeout'
        ? ({ bytes, outcome: 'silence' } as const)
        : parseMtuPing(said.stdout, said.stderr, bytes);
    tries.push(done);
    return done;
  };
  let low = isIP(request.destination) === 6 ? 1280 : 576;
  const small = await attempt(low);
  if (small === undefined) return byTracepath(run, request, options);
  const about = { kind: 'MtuResult', destination: request.destination, via: 'ping', tries } as const;
  if (small.outcome !== 'reply') return { ...about, limit: 'unreachable' };
  let high = MOST;
  let localMtu: number | undefined;
  let hop: string | undefined;
  let announced = false;
  let silent = false;
  // Each step halves what is left, or takes the size that somebody named.
  for (let next = high; low < high && tries.length < 40;) {
    const one = await attempt(next);
    if (one === undefined) break;
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
    ...(localMtu === undefined ? {} : { localMtu }),
    pathMtu: low,
    limit,
    ...(hop === undefined ? {} : { hop }),
    ...(guess === undefined ? {} : { guess }),
  };
}

async function byTracepath(run: RunTool, request: MtuRequest, options: ProbeOptions): Promise<MtuResult> {
  const said = await collectWithin(run, ['tracepath', '-n', '-m', '15', request.destination], {
    ...options,
    limitBytes: 64 * 1024,
    timeoutMs: 60_000,
  });
  if (said === 'timeout' || !ran(said))
    throw new NetdebugError('the debug container has no ping that can forbid fragments, and no tracepath.', {
      exitCode: ExitCode.container,
      hint: 'busybox has neither: choose an image with iputils by --image, and --fresh so that the running debug container is not reused.',
    });
  if (codeOf(said) !== 0 && said.stdout === '')
    throw new NetdebugError(`tracepath failed: ${firstWords(said.stderr)}`, {
      exitCode: ExitCode.incomplete,
    });
  return parseTracepathMtu(said.stdout, request.destination);
}

/** Reads tracepath: the first pmtu is the pod's own, a later one was announced on the way. */
export function parseTracepathMtu(text: string, destination: string): MtuResult {
  const localMtu = /LOCALHOST\]\s+pmtu (\d+)/.exec(text)?.[1];
  const changed = [...text.matchAll(/^\s*\d+:\s+(\S+)\s.*?pmtu (\d+)/gm)].at(-1);
  const last = /Resume: pmtu (\d+)/.exec(text)?.[1];
  const reached = /\breached\b/.test(text);
  const pathMtu = Number(last ?? localMtu ?? 0);
  const guess = guessOf(pathMtu);
  return {
    kind: 'MtuResult',
    destination,
    via: 'tracepath',
    ...(localMtu === undefined ? {} : { localMtu: Number(localMtu) }),
    ...(reached ? { pathMtu } : {}),
    limit: !reached ? 'unreachable' : Number(localMtu) === pathMtu ? 'none' : 'announced',
    ...(reached && changed !== undefined && Number(changed[2]) < Number(localMtu)
      ? { hop: printable(changed[1] ?? '') }
      : {}),
    ...(guess === undefined ? {} : { guess }),
    tries: [],
  };
}

/** Sizes that encapsulations leave, by what they take. */
const OVERHEADS: readonly (readonly [number, string])[] = [
  [0, 'Ethernet as it is, no encapsulation'],
  [20, 'IPIP (20 bytes)'],
  [24, 'GRE (24 bytes)'],
  [28, 'GRE with a key, or FOU over IPIP (28 bytes)'],
  [40, 'the network of Google Cloud, or IP in IPv6 (40 bytes)'],
  [50, 'VXLAN over IPv4 (50 bytes)'],
  [58, 'Geneve with options (58 bytes)'],
  [60, 'WireGuard over IPv4 (60 bytes)'],
  [70, 'VXLAN over IPv6 (70 bytes)'],
  [80, 'WireGuard, as sized for IPv6 (80 bytes)'],
  [90, 'VXLAN inside of Google Cloud (90 bytes)'],
  [100, 'Geneve as OVN sizes it (100 bytes)'],
  [120, 'VXLAN in WireGuard, or IPsec (about 120 bytes)'],
  [130, 'VXLAN over WireGuard (130 bytes)'],
];

function guessOf(size: number): string | undefined {
  for (const link of [1500, 9000, 9001]) {
    const found = OVERHEADS.find(([bytes]) => link - bytes === size);
    if (found !== undefined) return `${size} is what a link of ${link} leaves: ${found[1]}`;
  }
  return undefined;
}

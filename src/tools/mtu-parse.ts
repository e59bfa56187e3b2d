import { printable } from './text.js';

/** What one packet met. `bytes` is that of the whole IP packet. */
export interface MtuTry {
  readonly bytes: number;
  readonly outcome: 'reply' | 'fragmentationNeeded' | 'tooLongHere' | 'silence' | 'unreachable';
  /** Who said that it must be fragmented. */
  readonly from?: string;
  /** The MTU that was named. */
  readonly mtu?: number;
}

/**
 * How it was found: by pings of iputils with DF; by traceroute -F, busybox's too, whose datagrams the kernel sends with DF up to the MTU
 * of the pod's interface; by tracepath, which hears of announced limits only.
 */
export type MtuVia = 'ping' | 'traceroute' | 'tracepath';

export interface MtuResult {
  readonly kind: 'MtuResult';
  readonly destination: string;
  readonly via: MtuVia;
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

/**
 * Reads `traceroute -F -n -q 1 -f 64 -m 64`, of Linux or busybox: `64  10.0.0.9  0.1 ms`, `64  10.0.0.1  0.1 ms !F-1300`, `64  *`.
 * Anything from the destination is a reply; what others say without a size is that it cannot be reached.
 */
export function parseMtuTraceroute(stdout: string, destination: string, bytes: number): MtuTry {
  const [, from = '', rest = ''] = /^ *\d+ +([0-9a-fA-F.:]+) +(.*)$/m.exec(stdout) ?? [];
  const needed = /!F-(\d+)/.exec(rest)?.[1];
  if (needed !== undefined)
    return { bytes, outcome: 'fragmentationNeeded', from: printable(from), mtu: Number(needed) };
  if (from === destination && !/![HNXA]/.test(rest)) return { bytes, outcome: 'reply' };
  return { bytes, outcome: from === '' ? 'silence' : 'unreachable' };
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

/** What usually leaves this size; undefined when nothing known does. */
export function guessOf(size: number): string | undefined {
  for (const link of [1500, 9000, 9001]) {
    const found = OVERHEADS.find(([bytes]) => link - bytes === size);
    if (found !== undefined) return `${size} is what a link of ${link} leaves: ${found[1]}`;
  }
  return undefined;
}

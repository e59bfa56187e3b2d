import { isIP } from 'node:net';
import { printable } from './text.js';

/** One step of the way. */
export interface TraceHop {
  readonly ttl: number;
  /** Those who answered; more than one where packets take several ways. Empty: nobody did. */
  readonly addresses: readonly string[];
  /** Round-trip times, milliseconds. */
  readonly ms: readonly number[];
  /** What the hop said instead of "time exceeded": `!H`, `!N`, `!X` as traceroute writes them. */
  readonly remark?: string;
}

/** Reads traceroute -n, of Linux or of busybox: ` 1  10.0.0.1  0.376 ms  0.026 ms *`. */
export function parseTraceroute(text: string): TraceHop[] {
  return text.split('\n').flatMap((line): TraceHop[] => {
    const [, ttl, rest = ''] = /^\s*(\d{1,3}) {1,2}(.*)$/.exec(printable(line)) ?? [];
    if (ttl === undefined) return [];
    const words = rest.split(/\s+/);
    const addresses = [...new Set(words.filter((word) => isIP(word) !== 0))];
    const ms = [...rest.matchAll(/([\d.]+) ms/g)].map(([, value]) => Number(value));
    const remark = words.find((word) => /^![A-Z0-9]*/.test(word));
    return [{ ttl: Number(ttl), addresses, ms, ...(remark === undefined ? {} : { remark }) }];
  });
}

/** Reads tracepath -n: ` 2:  172.30.0.12   0.049ms reached`; a hop may be told more than once. */
export function parseTracepath(text: string): TraceHop[] {
  const hops = new Map<number, TraceHop>();
  for (const line of text.split('\n')) {
    const [, number, , rest = ''] = /^\s*(\d{1,3})(\??):\s+(.*)$/.exec(printable(line)) ?? [];
    if (number === undefined || rest.startsWith('[LOCALHOST]')) continue;
    const ttl = Number(number);
    const address = rest.split(/\s+/)[0] ?? '';
    const before = hops.get(ttl);
    const ms = [...rest.matchAll(/([\d.]+)ms/g)].map(([, value]) => Number(value));
    const addresses = new Set([...(before?.addresses ?? []), ...(isIP(address) === 0 ? [] : [address])]);
    hops.set(ttl, { ttl, addresses: [...addresses], ms: [...(before?.ms ?? []), ...ms] });
  }
  return [...hops.values()];
}

/** Reads the script of pings with growing TTL: `hop 1`, then what ping said. */
export function parsePingTrace(text: string): TraceHop[] {
  const [, ...blocks] = text.split(/^hop (?=\d+$)/m);
  return blocks.map((block): TraceHop => {
    const ttl = Number(/^\d+/.exec(block)?.[0] ?? 0);
    const from = /^From (\S+?):? |bytes from (\S+?):? /m.exec(block);
    const address = from?.[1] ?? from?.[2];
    const time = /time[=<]([\d.]+) ms/.exec(block)?.[1];
    return {
      ttl,
      addresses: address === undefined || isIP(address) === 0 ? [] : [address],
      ms: time === undefined ? [] : [Number(time)],
    };
  });
}

import * as z from 'zod';
import { outcomeOfWords } from './probe.js';
import { printable } from './text.js';
import type { ThroughputDirection, ThroughputSample } from './throughput-types.js';

const sum = z.object({ bits_per_second: z.number(), retransmits: z.number().optional() });
const output = z.object({
  error: z.string().optional(),
  intervals: z.array(z.object({ sum: sum.extend({ end: z.number() }) })).optional(),
  end: z.object({ sum_sent: sum.optional(), sum_received: sum.optional() }).optional(),
});

/** Reads `iperf3 -J`; undefined when it is none. */
export function parseIperf(text: string, direction: 'forward' | 'reverse'): ThroughputDirection | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = output.safeParse(json);
  if (!read.success) return undefined;
  const { error, intervals = [], end } = read.data;
  const samples = intervals.slice(0, 10_000).map(({ sum: one }) => ({
    second: Math.round(one.end * 10) / 10,
    mbitPerSecond: mbit(one.bits_per_second),
    ...(one.retransmits === undefined ? {} : { retransmits: one.retransmits }),
  }));
  if (error !== undefined) {
    const words = printable(error).slice(0, 200);
    return {
      direction,
      samples,
      failure: { outcome: outcomeOfWords(words)?.outcome ?? 'failed', text: words },
    };
  }
  const received = end?.sum_received ?? end?.sum_sent;
  const retransmits = end?.sum_sent?.retransmits;
  return {
    direction,
    ...(received === undefined ? {} : { mbitPerSecond: mbit(received.bits_per_second) }),
    ...(retransmits === undefined ? {} : { retransmits }),
    samples,
  };
}

/** 10^6 bits, two digits. */
export function mbit(bitsPerSecond: number): number {
  return Math.round(bitsPerSecond / 1e4) / 100;
}

/**
 * Reads a line that the iperf3 server says of an interval, which it was told to say in Mbit (`-f m`); undefined for every other line:
 * `[  5]   0.00-1.00   sec  1134 MBytes  9512 Mbits/sec`, `[SUM] ...` with several streams.
 */
export function parseIperfInterval(line: string, streams: number): ThroughputSample | undefined {
  const [, who = '', from = '', to = '', rate = ''] =
    /^\[ *(SUM|\d+)\] +([\d.]+)-([\d.]+) +sec .*? ([\d.]+) Mbits\/sec/.exec(line.slice(0, 200)) ?? [];
  if (who === '' || (who === 'SUM') !== streams > 1) return undefined;
  // The sum of all begins at 0 again, and what is left at the end is no interval.
  if (/sender|receiver/.test(line) || Number(to) - Number(from) < 0.5 || Number(to) - Number(from) > 1.5)
    return undefined;
  return { second: Math.round(Number(to) * 10) / 10, mbitPerSecond: Math.round(Number(rate) * 100) / 100 };
}

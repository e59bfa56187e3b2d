import type { PingEvent } from './ping-parse.js';

/** What became of one packet: milliseconds, or nothing came (yet). */
export type PingSample = number | 'lost';

/** A running ping in numbers. */
export interface PingTrack {
  /** As far as the sequence numbers tell. */
  readonly sent: number;
  readonly received: number;
  /** 0 to 100, of those sent; 0 while nothing was. */
  readonly lossPercent: number;
  readonly lastMs: number | undefined;
  readonly minMs: number | undefined;
  readonly avgMs: number | undefined;
  readonly maxMs: number | undefined;
  /** How much the time differs from one packet to the next, smoothed: J += (|D| - J) / 16. Source: RFC 3550, section 6.4.1. */
  readonly jitterMs: number | undefined;
  /** The last packets, oldest first; at most so many as asked for. */
  readonly recent: readonly PingSample[];
}

/** Follows the events of a ping. Memory does not grow with its length. */
export interface PingTracker {
  add(event: PingEvent): void;
  readonly track: PingTrack;
}

/** @param most How many of the last packets are kept. */
export function trackPing(most: number): PingTracker {
  const samples = new Map<number, PingSample>();
  const sums = { sent: 0, received: 0, totalMs: 0, timed: 0 };
  let last: number | undefined;
  let least: number | undefined;
  let greatest: number | undefined;
  let jitter: number | undefined;

  // iputils counts packets from 1, busybox from 0.
  let first: number | undefined;

  const sent = (icmpSequence: number): number => {
    first ??= icmpSequence === 0 ? 0 : 1;
    const sequence = icmpSequence - first + 1;
    // busybox says nothing of packets without an answer: a gap in the numbers tells them.
    for (let missing = Math.max(sums.sent + 1, sequence - most); missing <= sequence; missing++)
      samples.set(missing, 'lost');
    sums.sent = Math.max(sums.sent, sequence);
    for (const known of samples.keys()) {
      if (samples.size <= most) break;
      samples.delete(known);
    }
    return sequence;
  };
  return {
    add(event) {
      if (event.kind === 'PingUnanswered' || event.kind === 'PingUnreachable') {
        if (event.sequence !== undefined) sent(event.sequence);
        return;
      }
      if (event.kind !== 'PingReply' || event.duplicate) return;
      const sequence = sent(event.sequence);
      sums.received++;
      const { timeMs } = event;
      if (timeMs === undefined) return;
      if (samples.has(sequence)) samples.set(sequence, timeMs);
      if (last !== undefined) jitter = (jitter ?? 0) + (Math.abs(timeMs - last) - (jitter ?? 0)) / 16;
      last = timeMs;
      least = Math.min(least ?? timeMs, timeMs);
      greatest = Math.max(greatest ?? timeMs, timeMs);
      sums.totalMs += timeMs;
      sums.timed++;
    },
    get track() {
      const lost = Math.max(0, sums.sent - sums.received);
      return {
        sent: sums.sent,
        received: sums.received,
        lossPercent: sums.sent === 0 ? 0 : Math.round((lost / sums.sent) * 1e4) / 1e2,
        lastMs: last,
        minMs: least,
        avgMs: sums.timed === 0 ? undefined : sums.totalMs / sums.timed,
        maxMs: greatest,
        jitterMs: jitter,
        recent: [...samples].sort(([a], [b]) => a - b).map(([, sample]) => sample),
      };
    },
  };
}

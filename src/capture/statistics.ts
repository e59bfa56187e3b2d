import type { Clock } from '../debugger/types.js';

/** What has come so far, of all sources together. */
export interface LiveTotals {
  /** Sources that are captured now, and those that there are with the ones still starting. */
  readonly running: number;
  readonly expected: number;
  readonly packets: number;
  readonly bytes: number;
  /** As tcpdump last said, some seconds ago; undefined until it was asked. */
  readonly droppedByKernel: number | undefined;
  readonly droppedByInterface: number | undefined;
}

/** What a running capture has brought so far. */
export interface LiveStatistics extends LiveTotals {
  readonly elapsedMs: number;
  /** Over the last interval. */
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
}

export interface StatisticsOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly totals: () => LiveTotals;
  readonly onStatistics: (statistics: LiveStatistics) => void;
  /** Called every few seconds: tcpdump is to print its counters. */
  readonly askCounters: () => void;
  readonly signal: AbortSignal;
}

const ASK_COUNTERS_MS = 5_000;

/** Reports at every interval until the signal. */
export async function reportStatistics(options: StatisticsOptions): Promise<void> {
  const { clock, signal } = options;
  const start = clock.now();
  let before = { at: start, packets: 0, bytes: 0 };
  let askedAt = start;
  for (;;) {
    await clock.sleep(options.intervalMs, signal);
    if (signal.aborted) return;
    const totals = options.totals();
    const now = { at: clock.now(), packets: totals.packets, bytes: totals.bytes };
    const seconds = Math.max(now.at - before.at, 1) / 1000;
    options.onStatistics({
      ...totals,
      elapsedMs: now.at - start,
      packetsPerSecond: (now.packets - before.packets) / seconds,
      bytesPerSecond: (now.bytes - before.bytes) / seconds,
    });
    before = now;
    if (now.at - askedAt >= ASK_COUNTERS_MS) {
      askedAt = now.at;
      options.askCounters();
    }
  }
}

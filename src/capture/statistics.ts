import type { Clock } from '../debugger/types.js';
import type { PcapTracker } from '../pcap/tracker.js';
import type { TcpdumpCounters } from '../tools/tcpdump.js';

/** What a running capture has brought so far. */
export interface LiveStatistics {
  readonly elapsedMs: number;
  readonly packets: number;
  readonly bytes: number;
  /** Over the last interval. */
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
  /** As tcpdump last said, some seconds ago; undefined until it was asked. */
  readonly droppedByKernel: number | undefined;
  readonly droppedByInterface: number | undefined;
}

export interface StatisticsOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly tracker: PcapTracker;
  readonly progress: () => TcpdumpCounters | undefined;
  readonly onStatistics: (statistics: LiveStatistics) => void;
  /** Called every few seconds: tcpdump is to print its counters. */
  readonly askCounters: () => void;
  readonly signal: AbortSignal;
}

const ASK_COUNTERS_MS = 5_000;

/** Reports at every interval until the signal. */
export async function reportStatistics(options: StatisticsOptions): Promise<void> {
  const { clock, tracker, signal } = options;
  const start = clock.now();
  let before = { at: start, packets: 0, bytes: 0 };
  let askedAt = start;
  for (;;) {
    await clock.sleep(options.intervalMs, signal);
    if (signal.aborted) return;
    const now = { at: clock.now(), packets: tracker.packets, bytes: tracker.streamBytes };
    const seconds = Math.max(now.at - before.at, 1) / 1000;
    const progress = options.progress();
    options.onStatistics({
      elapsedMs: now.at - start,
      packets: now.packets,
      bytes: now.bytes,
      packetsPerSecond: (now.packets - before.packets) / seconds,
      bytesPerSecond: (now.bytes - before.bytes) / seconds,
      droppedByKernel: progress?.droppedByKernel,
      droppedByInterface: progress?.droppedByInterface,
    });
    before = now;
    if (now.at - askedAt >= ASK_COUNTERS_MS) {
      askedAt = now.at;
      options.askCounters();
    }
  }
}

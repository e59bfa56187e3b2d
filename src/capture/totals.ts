import { ExitCode, NetdebugError } from '../errors.js';
import type { Timestamp } from '../pcap/types.js';
import type { Lane } from './lane.js';
import type { RunningSource } from './running.js';
import type { LiveTotals } from './statistics.js';
import type { Written } from './stream.js';
import { isLater, type FailedSource } from './summary.js';

/** What all sources have brought so far. Of the drops those that are known. */
export function liveTotals(all: readonly RunningSource[]): LiveTotals {
  return {
    running: all.filter(({ state }) => state === 'running').length,
    expected: all.filter(({ state }) => state !== 'over').length,
    packets: all.reduce((sum, one) => sum + (one.stream?.packets ?? 0), 0),
    bytes: all.reduce((sum, one) => sum + one.bytes, 0),
    droppedByKernel: sumOf(all, ({ progress }) => progress?.droppedByKernel),
    droppedByInterface: sumOf(all, ({ progress }) => progress?.droppedByInterface),
  };
}

/** What reached the sinks. */
export function writtenIn(lanes: readonly Lane[]): Written {
  const firsts = lanes.flatMap(({ stream }) => stream.written.first ?? []);
  return {
    packets: lanes.reduce((sum, { output }) => sum + output.written.packets, 0),
    bytes: lanes.reduce((sum, { output }) => sum + output.written.bytes, 0),
    first: firsts.reduce<Timestamp | undefined>(
      (earliest, time) => (earliest === undefined || isLater(earliest, time) ? time : earliest),
      undefined,
    ),
  };
}

/** A target that failed, as the summary names it. */
export function failureOf(name: string, error: unknown): FailedSource {
  const message = error instanceof Error ? error.message : String(error);
  return { name, message, exit: error instanceof NetdebugError ? error.exitCode : ExitCode.incomplete };
}

/** The sum of a figure over those that know it; undefined when none does. */
function sumOf<T>(items: readonly T[], figure: (item: T) => number | undefined): number | undefined {
  const known = items.flatMap((item) => figure(item) ?? []);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}

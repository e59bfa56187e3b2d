import { trackPcap, type PcapTracker, type TrackerLimits } from '../pcap/tracker.js';

/** Lets only whole records through, and holds back the part of a record whose rest has not come. */
export interface WholeRecords {
  /** The bytes that may be written now: they end where a record ends. undefined when there are none. */
  push(chunk: Uint8Array): Uint8Array | undefined;
  readonly tracker: PcapTracker;
  /** Bytes after the last whole record of the stream. */
  readonly cutBytes: number;
}

/** A filter for one pcap stream. Bytes are copied only where a record began in an earlier chunk. */
export function wholeRecords(limits: TrackerLimits): WholeRecords {
  const tracker = trackPcap(limits);
  let held: Uint8Array[] = [];
  let passed = 0;
  return {
    tracker,
    get cutBytes() {
      return tracker.streamBytes - tracker.wholeBytes;
    },
    push: (chunk) => {
      const start = tracker.streamBytes;
      tracker.push(chunk);
      const end = tracker.keptBytes;
      const finished = tracker.limited || tracker.fault !== undefined;
      if (end === passed) {
        if (finished) held = [];
        else held.push(chunk);
        return undefined;
      }
      // The last record ends in this chunk: had it ended before, it would have been passed on before.
      const rest = chunk.subarray(0, end - start);
      const out = held.length === 0 ? rest : concat(held, rest, end - passed);
      passed = end;
      held = finished || end === tracker.streamBytes ? [] : [chunk.subarray(end - start)];
      return out;
    },
  };
}

function concat(held: readonly Uint8Array[], rest: Uint8Array, length: number): Uint8Array {
  // Not zeroed first: every byte is written below, and this runs for nearly every chunk.
  const out = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of held) {
    out.set(part, at);
    at += part.length;
  }
  out.set(rest, at);
  return out;
}

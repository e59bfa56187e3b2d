import { trackPcap, type PcapTracker, type TrackerLimits } from '../pcap/tracker.js';

/** Lets only whole records through, and holds back the part of a record whose rest has not come. */
export interface WholeRecords {
  /** The bytes that may be written now, in pieces that each end where a record ends; none is an empty list. */
  push(chunk: Uint8Array): readonly Uint8Array[];
  readonly tracker: PcapTracker;
  /** Bytes after the last whole record of the stream. */
  readonly cutBytes: number;
}

/** A filter for one pcap stream. Of the bytes only a record that began in an earlier chunk is copied. */
export function wholeRecords(limits: TrackerLimits): WholeRecords {
  const tracker = trackPcap(limits);
  let held: Uint8Array[] = [];
  let passed = 0;

  function pass(chunk: Uint8Array): readonly Uint8Array[] {
    const start = tracker.streamBytes;
    tracker.push(chunk);
    const end = tracker.keptBytes;
    const finished = tracker.limited || tracker.fault !== undefined;
    if (end === passed) {
      if (finished) held = [];
      else held.push(chunk);
      return [];
    }
    // The last record ends in this chunk: had it ended before, it would have been passed on before.
    const rest = chunk.subarray(0, end - start);
    const out = held.length === 0 ? rest : concat(held, rest, end - passed);
    passed = end;
    held = finished || end === tracker.streamBytes ? [] : [chunk.subarray(end - start)];
    return [out];
  }
  return {
    tracker,
    get cutBytes() {
      return tracker.streamBytes - tracker.wholeBytes;
    },
    push: (chunk) => {
      const { missingBytes } = tracker;
      if (missingBytes === 0 || missingBytes >= chunk.length) return pass(chunk);
      // Put together by itself, so that all that follows it goes on where it lies.
      return [...pass(chunk.subarray(0, missingBytes)), ...pass(chunk.subarray(missingBytes))];
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

import { PCAP_RECORD_HEADER_LENGTH } from '../../pcap/header.js';
import type { PcapHeader, Timestamp } from '../../pcap/types.js';

/** Leaves out the packets before a time: what `--keep` keeps. */
export interface TimeWindow {
  /** The part of the chunk that is wanted; the chunk holds whole records and nothing else. */
  push(chunk: Uint8Array, header: Pick<PcapHeader, 'littleEndian' | 'precision'>): Uint8Array;
  /** Packets left out, and kept. */
  readonly cut: number;
  readonly kept: number;
  /** Time of the first packet that was seen. */
  readonly first: Timestamp | undefined;
}

/**
 * A window that opens with the first packet of that time or later; from there on all is kept, also what is out of order.
 * @param since Seconds since 1970, by the clock of the node.
 */
export function windowSince(since: number): TimeWindow {
  const state = { cut: 0, kept: 0, first: undefined as Timestamp | undefined };
  return {
    push: (chunk, { littleEndian, precision }) => {
      const view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      let start = state.kept > 0 ? 0 : chunk.length;
      for (let at = 0; at + PCAP_RECORD_HEADER_LENGTH <= chunk.length;) {
        const seconds = view.getUint32(at, littleEndian);
        if (state.first === undefined) {
          const fraction = view.getUint32(at + 4, littleEndian);
          state.first = { seconds, nanoseconds: precision === 'nano' ? fraction : fraction * 1000 };
        }
        if (state.kept > 0 || seconds >= since) {
          start = Math.min(start, at);
          state.kept += 1;
        } else state.cut += 1;
        at += PCAP_RECORD_HEADER_LENGTH + view.getUint32(at + 8, littleEndian);
      }
      return chunk.subarray(start);
    },
    get cut() {
      return state.cut;
    },
    get kept() {
      return state.kept;
    },
    get first() {
      return state.first;
    },
  };
}

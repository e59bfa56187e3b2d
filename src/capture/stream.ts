import type { InterfaceDescription, MergeSource, NameRecord } from '../pcap/merge-types.js';
import type { Timestamp } from '../pcap/types.js';

/** What of one source, or of all, stands in the bytes that were handed out. */
export interface Written {
  readonly packets: number;
  /** pcapng: bytes of the source's packet blocks. pcap: of the whole file. */
  readonly bytes: number;
  /** Time stamp of its first packet. */
  readonly first: Timestamp | undefined;
}

/** One source on its way into the stream. */
export interface StreamSource extends MergeSource {
  readonly written: Written;
}

/** Most that the whole stream may hold. */
export interface StreamLimits {
  readonly maxBytes?: number | undefined;
  readonly maxPackets?: number | undefined;
}

/**
 * The sources as one stream of bytes for the sink, in one of the two formats. Pure: what comes in by `push` goes out by `take`.
 * `capture.ts` moves the bytes and knows nothing of formats.
 */
export interface PacketStream {
  readonly format: 'pcap' | 'pcapng';
  addSource(description: InterfaceDescription): StreamSource;
  /** Dropped where the format has no place for names. */
  addNames(names: readonly NameRecord[]): void;
  /** How late it is, in milliseconds of a clock that stands still while the sink holds everything up. */
  tick(nowMs: number): void;
  /** Whole records or blocks that may be written now; undefined when there are none. */
  take(): Uint8Array | undefined;
  /** What `take` gave was written and is of no more use: its memory may be used again. */
  release(taken: Uint8Array): void;
  /** Everything that is held back goes out. */
  end(): void;
  readonly heldBytes: number;
  readonly latePackets: number;
  /** True once a limit is reached: no packet comes any more. */
  readonly limited: boolean;
  /** All that `take` has given. */
  readonly written: Written;
}

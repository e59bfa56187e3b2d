/**
 * Where a capture's bytes go: a file, stdout, Wireshark. Implementations live in plugin/sinks/.
 *
 * The capture calls one method at a time, in this order: any number of `write`, then exactly one of `close` or `abort`.
 * Every chunk given to `write` ends at a whole record, so the sink's content opens in Wireshark after each write.
 */
export interface Sink {
  /**
   * Takes the next bytes. A returned promise is backpressure: nothing more is read from the network until it settles.
   * The chunk may be kept, unless `releases` says otherwise; the capture never changes it then.
   * Rejects (or throws) when the bytes could not be taken: {@link SinkClosed} when the reader went away in order,
   * anything else (ENOSPC, EIO) is a failure. A sink that wrote a part of the chunk before it failed
   * must cut its content back to what was there before, where it can (a file can, a pipe cannot).
   */
  write(chunk: Uint8Array): Promise<void> | void;
  /** Once a write has settled its chunk is of no more use here: its memory may be written again, which saves half the time. */
  readonly releases?: true | undefined;
  /** All is written: flush and close. Rejects when the flush fails. */
  close(): Promise<void>;
  /** The capture failed before the first byte: leave nothing behind (an empty file is removed). Never rejects. */
  abort(reason: unknown): Promise<void>;
  /** Settles when the reader went away while nothing was being written (Wireshark closed, EPIPE). Absent: cannot know. */
  readonly gone?: Promise<void> | undefined;
}

/** The reader of the sink went away by itself (Wireshark was closed, `| head` had enough): an end in order, not a failure. */
export class SinkClosed extends Error {
  override readonly name = 'SinkClosed';
}

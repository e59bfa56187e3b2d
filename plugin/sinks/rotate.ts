import type { Sink } from '../../src/capture/sink.js';
import { walkRecords } from '../../src/pcap/walk.js';
import type { Clock } from '../environment.js';
import type { Rotation } from '../options/files.js';

/** What rotation needs of the world. */
export interface RotationFiles {
  /** Opens the file of this number, from 1; `path` is what `remove` is called with. */
  readonly open: (index: number) => Promise<{ readonly sink: Sink; readonly path: string }>;
  /** Removes a file that was closed. Rejects when it cannot. */
  readonly remove: (path: string) => Promise<void>;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
}

/**
 * Spreads a capture over files, each of which opens by itself. Nobody has to help: what later files must begin with (section header,
 * interfaces, names; the pcap file header) is remembered as it passes, and what was counted for the statistics that each ends with. No packet makes a file grow beyond `maxBytes`, unless it is the first in it;
 * it is closed when its time is over, though no packet comes, and the next one begins with the next packet.
 * Of more than `keep` files the oldest are removed; only files of this capture.
 */
export function rotatingSink(rotation: Rotation, files: RotationFiles): Sink {
  const { maxBytes = Infinity, everyMs, keep = Infinity } = rotation;
  const { clock } = files;
  const walker = walkRecords();
  const closed: string[] = [];
  let file: { readonly sink: Sink; readonly path: string; readonly over: AbortController } | undefined;
  let index = 0;
  let bytes = 0;
  let packets = 0;
  let dueAt = Infinity;
  /** What the file that is not open yet begins with. */
  let preamble = new Uint8Array();
  let failure: { readonly cause: unknown } | undefined;
  let work: Promise<void> = Promise.resolve();

  /** One at a time: a file's time may be over while packets are written. */
  function then(step: () => Promise<void>): Promise<void> {
    const done = work.then(() => {
      if (failure !== undefined) throw failure.cause;
      return step();
    });
    work = done.catch((cause: unknown) => {
      failure ??= { cause };
    });
    return done;
  }
  async function put(piece: Uint8Array): Promise<void> {
    if (piece.length === 0) return;
    if (file !== undefined) {
      await file.sink.write(piece);
      return;
    }
    for (const oldest of closed.splice(0, Math.max(0, closed.length + 1 - keep))) await files.remove(oldest);
    const opened = await files.open(++index);
    file = { ...opened, over: new AbortController() };
    if (everyMs !== undefined) void endAfter(everyMs, file.over.signal);
    // In one piece: a disk that is full now is left without a file that holds no packet.
    await file.sink.write(preamble.length === 0 ? piece : Buffer.concat([preamble, piece]));
  }
  /** @param spare The packet last read belongs to the next file. */
  async function endFile(spare = false): Promise<void> {
    const ended = file;
    if (ended === undefined) return;
    file = undefined;
    dueAt = Infinity;
    ended.over.abort();
    closed.push(ended.path);
    try {
      const statistics = walker.statistics(spare);
      if (statistics.length > 0) await ended.sink.write(statistics);
    } finally {
      await ended.sink.close();
    }
  }
  async function endAfter(milliseconds: number, signal: AbortSignal): Promise<void> {
    dueAt = clock.now() + milliseconds;
    await clock.sleep(milliseconds, signal);
    if (!signal.aborted)
      await then(() => (signal.aborted ? Promise.resolve() : endFile())).catch(() => undefined);
  }
  function beginNext(): void {
    preamble = Uint8Array.from(walker.preamble());
    bytes = preamble.length;
    packets = 0;
  }
  async function take(chunk: Uint8Array): Promise<void> {
    if (clock.now() >= dueAt) await endFile();
    let from = 0;
    for (let at = 0; at < chunk.length;) {
      const end = walker.next(chunk, at) ?? chunk.length;
      const isPacket = walker.kind === 'packet';
      if (isPacket && packets > 0 && bytes + end - at + walker.statisticsBytes > maxBytes) {
        await put(chunk.subarray(from, at));
        await endFile(true);
        from = at;
      }
      if (file === undefined && from === at && index > 0) {
        // What every file begins with waits for the packet that opens the next one.
        if (walker.kind === 'preamble') {
          from = at = end;
          continue;
        }
        beginNext();
      }
      bytes += end - at;
      if (isPacket) packets++;
      at = end;
    }
    await put(chunk.subarray(from));
  }

  return {
    releases: true,
    write: (chunk) => then(() => take(chunk)),
    async close() {
      const ended = then(() => endFile());
      try {
        await ended;
      } catch (cause) {
        // It takes no more, and is closed all the same.
        const left = file;
        file = undefined;
        left?.over.abort();
        await left?.sink.close().catch(() => undefined);
        throw cause;
      }
    },
    async abort(reason) {
      const left = file;
      file = undefined;
      left?.over.abort();
      await left?.sink.abort(reason);
    },
  };
}

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../../src/debugger/types.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import { type Sink, SinkClosed } from '../../src/capture/sink.js';

const compress = promisify(gzip);

/** One gzip member holds so much, or so long. */
const memberBytes = 1024 * 1024;
const memberMs = 1000;
/** Packets compress well at any level; at this one a core takes some 100 MB/s. */
const level = 3;

/** Whether a name asks for compression. */
export function isGzipName(path: string): boolean {
  return /\.gz$/i.test(path);
}

/**
 * Compresses what another sink takes. Every second, or megabyte, is a gzip member of its own and written at once: what lies on the disk
 * is always a row of whole members that hold whole records, so the file opens even when this program was killed.
 * gzip, Wireshark, tshark and capinfos read such files like any other. @param name The file, for messages.
 */
export function gzipSink(inner: Sink, name: string, clock: Clock): Sink {
  const over = new AbortController();
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let underWay: Promise<void> = Promise.resolve();
  let underWayBytes = 0;
  let failure: unknown;
  let timed = false;
  let begun = false;

  async function writeMember(): Promise<void> {
    const input = Buffer.concat(pending);
    pending = [];
    pendingBytes = 0;
    if (input.length === 0) return;
    underWayBytes = input.length;
    await inner.write(await compress(input, { level }));
    underWayBytes = 0;
  }
  /** Starts the next member when the one under way is written. */
  async function flush(): Promise<void> {
    await underWay;
    if (failure !== undefined) return;
    underWay = writeMember().catch((cause: unknown) => {
      failure = cause instanceof SinkClosed ? cause : withLoss(cause, name, underWayBytes + pendingBytes);
    });
  }
  async function flushInTime(): Promise<void> {
    timed = true;
    await clock.sleep(memberMs, over.signal);
    timed = false;
    if (!over.signal.aborted) await flush();
  }
  function check(): void {
    if (failure !== undefined) throw failure as Error;
  }

  return {
    releases: true,
    async write(chunk) {
      check();
      // A copy: a small part of a large buffer would else keep all of it, for a second.
      pending.push(Uint8Array.from(chunk));
      pendingBytes += chunk.length;
      // What begins the file goes at once: from then on it opens.
      if (pendingBytes >= memberBytes || !begun) {
        begun = true;
        await flush();
        check();
      } else if (!timed) void flushInTime();
    },
    async close() {
      over.abort();
      await flush();
      await underWay;
      // The file is closed in any case; why it took no more is the reason that counts.
      const closed = await inner.close().then(
        () => undefined,
        (cause: unknown) => cause as Error,
      );
      check();
      if (closed !== undefined) throw closed;
    },
    async abort(reason) {
      over.abort();
      await inner.abort(reason);
    },
    get gone() {
      return inner.gone;
    },
  };
}

/** What was given to this sink earlier was counted as written by whoever gave it: so it is said how much is missing. */
function withLoss(cause: unknown, name: string, bytes: number): NetdebugError {
  const sentence = cause instanceof Error ? cause.message : `cannot write to ${name}`;
  return new NetdebugError(`${sentence}; ${bytes} bytes of packets that waited to be compressed are lost`, {
    exitCode: ExitCode.incomplete,
    hint: cause instanceof NetdebugError ? cause.hint : undefined,
    cause,
  });
}

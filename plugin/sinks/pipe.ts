import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { type Sink, SinkClosed } from '../../src/capture/sink.js';
import type { Environment } from '../environment.js';
import { writeFailure } from './file.js';

/** How often a pipe without a reader, or without room, is tried again. */
const readerPollMs = 200;
const roomPollMs = 10;

/** Whether a path is a named pipe; also what a shell makes of `>(program)`. */
export async function isPipe(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFIFO(),
    () => false,
  );
}

/**
 * A capture into a named pipe, such as one that `wireshark -k -i PIPE` reads. Nothing blocks: an open or a write that waits in
 * the kernel could not be interrupted, and would hold the program even at its end.
 * Waits for a reader, and says so. Rejects with the signal's reason, or a NetdebugError.
 */
export async function openPipeSink(
  path: string,
  name: string,
  { signal, clock, stderr }: Pick<Environment, 'signal' | 'clock' | 'stderr'>,
): Promise<Sink> {
  const handle = await whenRead();
  let left = false;

  async function whenRead(): Promise<FileHandle> {
    for (let told = false; ; told = true) {
      signal.throwIfAborted();
      try {
        return await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
      } catch (cause) {
        if (!isCode(cause, 'ENXIO')) throw writeFailure(name, cause);
      }
      if (!told) stderr.write(`waiting for a reader of ${name}\n`);
      await clock.sleep(readerPollMs, signal);
    }
  }

  /** Bytes that were taken; 0 while the pipe is full. */
  async function put(chunk: Uint8Array, at: number): Promise<number> {
    try {
      return (await handle.write(chunk, at, chunk.length - at, null)).bytesWritten;
    } catch (cause) {
      if (isCode(cause, 'EAGAIN')) return 0;
      throw isCode(cause, 'EPIPE') ? new SinkClosed() : writeFailure(name, cause);
    }
  }

  return {
    async write(chunk) {
      for (let at = 0; at < chunk.length && !left;) {
        const taken = await put(chunk, at);
        at += taken;
        if (taken === 0) await clock.sleep(roomPollMs);
      }
    },
    close: () => handle.close(),
    async abort() {
      left = true;
      await handle.close().catch(() => undefined);
    },
  };
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

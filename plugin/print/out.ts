import type { Writable } from 'node:stream';

/** What was written by {@link writeOut} and not taken yet, and how often something was taken. */
export interface OutProgress {
  readonly pending: number;
  readonly taken: number;
}

const progress = new WeakMap<Writable, OutProgress>();
const untouched: OutProgress = { pending: 0, taken: 0 };

/** How far the reader of a stream has come. */
export function outProgress(stream: Writable): OutProgress {
  return progress.get(stream) ?? untouched;
}

/**
 * Writes to stdout or stderr and waits until the reader has taken it, so that a slow reader slows us instead of filling
 * memory. Never rejects: a reader that went away is told by the environment's signal, once for all.
 */
export function writeOut(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  const { pending, taken } = outProgress(stream);
  progress.set(stream, { pending: pending + 1, taken });
  return new Promise((resolve) => {
    stream.write(chunk, (error) => {
      const now = outProgress(stream);
      progress.set(stream, { pending: now.pending - 1, taken: now.taken + 1 });
      // The event that stops the program comes after this call: whoever waits for the write is to know of it.
      if (error) setImmediate(resolve);
      else resolve();
    });
  });
}

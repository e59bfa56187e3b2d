import type { Writable } from 'node:stream';

/**
 * Writes to stdout or stderr and waits until the reader has taken it, so that a slow reader slows us instead of filling
 * memory. Never rejects: a reader that went away is told by the environment's signal, once for all.
 */
export function writeOut(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    stream.write(chunk, () => resolve());
  });
}

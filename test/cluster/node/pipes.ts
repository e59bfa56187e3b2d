/**
 * Real pipes. child_process gives its children sockets, on which /dev/stdout cannot be opened and whose buffers differ
 * from those of a container runtime. Node cannot make a pipe, but it can open a FIFO and unlink its name.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Pipe {
  /** Blocking, for the child. */
  readonly read: number;
  readonly write: number;
}

const run = promisify(execFile);
const batch = 64;

/** A pool of FIFOs, refilled ahead of time. `make` resolves at once unless a burst empties it. */
export class Pipes {
  readonly #dir: string;
  #names: string[] = [];
  #filling: Promise<void> | undefined;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true });
  }

  /**
   * A new pipe. The end named by `ours` does not block (for the event loop), the other one does (for the child).
   * Both descriptors belong to the caller.
   */
  async make(ours: 'read' | 'write'): Promise<Pipe> {
    while (this.#names.length === 0) {
      await this.#fill();
    }
    const path = this.#names.pop() ?? '';
    if (this.#names.length < batch / 4) {
      this.#fill().catch(() => undefined);
    }
    const mode = { read: constants.O_RDONLY, write: constants.O_WRONLY };
    // A reader that does not wait lets the writer open; the writer lets the blocking reader open.
    const first = openSync(path, mode.read | constants.O_NONBLOCK);
    const write = openSync(path, mode.write | (ours === 'write' ? constants.O_NONBLOCK : 0));
    let read = first;
    if (ours === 'write') {
      read = openSync(path, mode.read);
      closeSync(first);
    }
    unlinkSync(path);
    return { read, write };
  }

  #fill(): Promise<void> {
    this.#filling ??= (async () => {
      const names = Array.from({ length: batch }, () => join(this.#dir, randomBytes(8).toString('hex')));
      await run('mkfifo', ['-m', '600', ...names]);
      this.#names.push(...names);
    })().finally(() => {
      this.#filling = undefined;
    });
    return this.#filling;
  }
}

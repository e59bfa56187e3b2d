/** The log of one container: lines in the CRI format, `TIME STREAM TAG TEXT`, in a file of bounded size. */
import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs';
import { EventEmitter } from 'node:events';

/** As the kubelet's containerLogMaxSize; one older file is kept. */
const maxFileBytes = 10 * 1024 * 1024;
/** containerd's max_container_log_line_size: longer lines are written in parts, tagged P. */
const maxLineBytes = 16_384;

/** RFC 3339 with nanoseconds, which only the clock of this process has. */
function logTime(nowMs: number): string {
  const nanoseconds = String(process.hrtime.bigint() % 1_000_000n).padStart(6, '0');
  return `${new Date(nowMs).toISOString().slice(0, -1)}${nanoseconds}Z`;
}

/** Emits `change` when something was written, when the file was rotated, and at the end. */
export class LogFile extends EventEmitter<{ change: [] }> {
  readonly path: string;
  readonly #now: () => number;
  readonly #partial = new Map<'stdout' | 'stderr', Buffer>();
  #fd: number;
  #size = 0;
  /** Counts rotations, so that readers know when to open the file anew. */
  generation = 0;
  ended = false;

  constructor(path: string, now: () => number) {
    super();
    this.setMaxListeners(0);
    this.path = path;
    this.#now = now;
    this.#fd = openSync(path, 'a');
  }

  /** Takes output as it comes; whole lines are written at once, the rest waits for its end. */
  append(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    if (this.ended) {
      return;
    }
    const before = this.#partial.get(stream);
    let rest = before && before.length > 0 ? Buffer.concat([before, chunk]) : chunk;
    const head = `${logTime(this.#now())} ${stream} `;
    const full = Buffer.from(`${head}F `);
    const part = Buffer.from(`${head}P `);
    const newline = Buffer.from('\n');
    const out: Buffer[] = [];
    for (;;) {
      const end = rest.indexOf(10);
      if (end >= 0 && end <= maxLineBytes) {
        out.push(full, rest.subarray(0, end + 1));
        rest = rest.subarray(end + 1);
      } else if (rest.length > maxLineBytes) {
        out.push(part, rest.subarray(0, maxLineBytes), newline);
        rest = rest.subarray(maxLineBytes);
      } else {
        break;
      }
    }
    this.#partial.set(stream, Buffer.from(rest));
    this.#write(out);
  }

  /** The container has ended: what was never ended by a newline is written as a part. */
  end(): void {
    if (this.ended) {
      return;
    }
    for (const [stream, rest] of this.#partial) {
      if (rest.length > 0) {
        this.#write([Buffer.from(`${logTime(this.#now())} ${stream} P `), rest, Buffer.from('\n')]);
      }
    }
    this.ended = true;
    closeSync(this.#fd);
    this.emit('change');
  }

  #write(parts: readonly Buffer[]): void {
    if (parts.length === 0) {
      return;
    }
    const data = Buffer.concat(parts);
    writeSync(this.#fd, data);
    this.#size += data.length;
    if (this.#size > maxFileBytes && existsSync(this.path)) {
      closeSync(this.#fd);
      renameSync(this.path, `${this.path}.1`);
      this.#fd = openSync(this.path, 'a');
      this.#size = 0;
      this.generation += 1;
    }
    this.emit('change');
  }
}

/** Reading of container logs, as `kubectl logs` asks for them. */
import { once } from 'node:events';
import { closeSync, openSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { KubeletLogs } from '../types.js';
import type { LogFile } from './log-file.js';

const blockBytes = 65_536;

interface Line {
  readonly time: string;
  readonly whole: boolean;
  readonly text: Buffer;
}

function parse(line: Buffer): Line {
  const time = line.indexOf(32);
  const stream = line.indexOf(32, time + 1);
  const tag = line.indexOf(32, stream + 1);
  return {
    time: line.toString('latin1', 0, time),
    whole: line.toString('latin1', stream + 1, tag) === 'F',
    text: line.subarray(tag + 1),
  };
}

/** Whole lines of the file, from where it was last read; on `true` the file is at its end for now. */
class LineReader {
  readonly #fd: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(path: string) {
    this.#fd = openSync(path, 'r');
  }

  /** The next lines; none at the end of the file. */
  read(): Buffer[] {
    const block = Buffer.alloc(blockBytes);
    const count = readSync(this.#fd, block, 0, blockBytes, null);
    let data = Buffer.concat([this.#rest, block.subarray(0, count)]);
    const lines: Buffer[] = [];
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
      lines.push(data.subarray(0, end));
      data = data.subarray(end + 1);
    }
    this.#rest = data;
    return count === 0 ? [] : lines.length > 0 ? lines : this.read();
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** How many lines to pass over, so that `tail` are left. The file is of bounded size. */
function toSkip(path: string, tail: number | undefined): number {
  if (tail === undefined) {
    return 0;
  }
  const reader = new LineReader(path);
  let count = 0;
  for (let lines = reader.read(); lines.length > 0; lines = reader.read()) {
    count += lines.length;
  }
  reader.close();
  return Math.max(0, count - tail);
}

/** RFC 3339 with nine decimals, so that times compare as text. */
function comparable(time: string): string {
  const ms = Date.parse(time);
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? '';
  return `${new Date(ms).toISOString().slice(0, 19)}.${fraction.padEnd(9, '0').slice(0, 9)}Z`;
}

async function* wanted(
  log: LogFile,
  request: KubeletLogs,
  nowMs: number,
  gone: AbortSignal,
): AsyncGenerator<Buffer> {
  let skip = toSkip(log.path, request.tailLines);
  const since =
    request.sinceSeconds === undefined
      ? request.sinceTime && comparable(request.sinceTime)
      : comparable(new Date(nowMs - request.sinceSeconds * 1000).toISOString());
  let generation = log.generation;
  let reader = new LineReader(log.path);
  try {
    for (;;) {
      // Before the read: what is written between the two is read in the next round.
      const { ended } = log;
      const current = log.generation;
      const lines = reader.read();
      const out: Buffer[] = [];
      for (const raw of lines) {
        if (skip > 0) {
          skip -= 1;
          continue;
        }
        const line = parse(raw);
        if (since !== undefined && line.time < since) {
          continue;
        }
        if (request.timestamps) {
          out.push(Buffer.from(`${line.time} `));
        }
        out.push(line.text);
        if (line.whole) {
          out.push(Buffer.from('\n'));
        }
      }
      if (out.length > 0) {
        yield Buffer.concat(out);
      }
      if (lines.length > 0) {
        continue;
      }
      if (current !== generation) {
        reader.close();
        reader = new LineReader(log.path);
        generation = current;
      } else if (ended || !request.follow) {
        return;
      } else if (!log.ended && log.generation === current) {
        await once(log, 'change', { signal: gone }).catch(() => undefined);
        if (gone.aborted) {
          return;
        }
      }
    }
  } finally {
    reader.close();
  }
}

async function* limited(
  source: AsyncIterable<Buffer>,
  limitBytes: number | undefined,
): AsyncGenerator<Buffer> {
  let left = limitBytes ?? Infinity;
  for await (const chunk of source) {
    yield chunk.length > left ? chunk.subarray(0, left) : chunk;
    left -= chunk.length;
    if (left <= 0) {
      return;
    }
  }
}

/** The log as a byte stream, read no faster than it is taken. A reader that leaves does not wait for the next line. */
export function readLog(log: LogFile, request: KubeletLogs, nowMs: number): Readable {
  const gone = new AbortController();
  const lines = limited(wanted(log, request, nowMs, gone.signal), request.limitBytes);
  return new Readable({
    read() {
      lines.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error: unknown) => this.destroy(error as Error),
      );
    },
    destroy(error, callback) {
      gone.abort();
      lines.return(undefined).catch(() => undefined);
      callback(error);
    },
  });
}

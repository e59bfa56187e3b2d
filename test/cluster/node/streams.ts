/** exec and attach as the API server's streams see them: contracts in ../types.ts. */
import { PassThrough, type Readable } from 'node:stream';
import type { KubeletProcess } from '../types.js';
import type { LiveContainer } from './live-container.js';
import type { RunningProcess } from './process.js';
import { signal } from './runtime.js';

type Abandonment = Parameters<KubeletProcess['abandon']>[0];

/** When a runtime gives up on the streams of an exec that it has killed (`exec-client-gone.json`, v4, socket destroyed). */
const streamsAfterKillMs = 10_000;

function closed(stream: Readable | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (!stream || stream.destroyed) {
      resolve();
    } else {
      stream.once('close', () => resolve());
    }
  });
}

/** Writes and resolves when there is room again, or when nobody reads any more. */
function writeTo(stream: RunningProcess['stdin'], data: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (!stream || stream.destroyed || !stream.writable || stream.write(data)) {
      resolve();
      return;
    }
    const done = (): void => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

/** Nobody takes the output any more: it is read and thrown away, or stays where it is until the pipe is full. */
function leave(stream: Readable | undefined, how: 'discard' | 'block'): void {
  if (!stream) {
    return;
  }
  stream.removeAllListeners('data').removeAllListeners('readable');
  if (how === 'discard') {
    stream.resume();
  } else {
    stream.pause();
  }
}

/** A command started by exec. */
export function execProcess(process: RunningProcess, tty: boolean): KubeletProcess {
  const { stdin, stdout, stderr } = process;
  const output = Promise.all([closed(stdout), closed(stderr)]);
  const abandon = (how: Abandonment): void => {
    const discards = how === 'v5-closed';
    leave(stdout, discards ? 'discard' : 'block');
    leave(stderr, discards ? 'discard' : 'block');
    void process.exited.then(() => {
      stdout.destroy();
      stderr?.destroy();
    });
    if (how === 'v4-cut') {
      signal(process.pid, 'SIGKILL');
      setTimeout(
        () => [stdin, stdout, stderr].forEach((stream) => stream?.destroy()),
        streamsAfterKillMs,
      ).unref();
    } else if (!tty) {
      // A terminal knows no end of input: what reads from it lives on.
      stdin?.end();
    }
  };
  return {
    stdout,
    ...(stderr ? { stderr } : {}),
    write: (data) => writeTo(stdin, data),
    endInput: () => {
      if (!tty) {
        stdin?.end();
      }
    },
    resize: (columns, rows) => process.resize(columns, rows),
    exit: Promise.all([process.exited, output]).then(([code]) => ({ code })),
    abandon,
  };
}

/** One attached client. What came before is not shown; the end is always a success (`attach.json`). */
export function attachProcess(
  live: LiveContainer,
  options: { stdin: boolean; tty: boolean },
): KubeletProcess {
  const { container } = live;
  const { spec } = live.attempt;
  const input = options.stdin && spec.stdin === true ? container?.process.stdin : undefined;
  const client = Symbol('attached');
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const onOutput = (name: 'stdout' | 'stderr', chunk: Buffer): void => {
    const stream = name === 'stdout' ? stdout : stderr;
    // A terminal that the container does not have shows nothing.
    if ((!options.tty || spec.tty === true) && !stream.write(chunk)) {
      live.hold(client, true);
      stream.once('drain', () => live.hold(client, false));
    }
  };
  let finish: (() => void) | undefined;
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const detach = (): void => {
    live.off('output', onOutput).off('end', detach);
    live.hold(client, false);
    stdout.end();
    stderr.end();
    finish?.();
  };
  if (!live.running) {
    queueMicrotask(detach);
  }
  live.on('output', onOutput).once('end', detach);
  return {
    stdout,
    ...(options.tty ? {} : { stderr }),
    write: (data) => writeTo(input, data),
    endInput: () => {
      if (input && !options.tty) {
        if (spec.stdinOnce === true) {
          input.end();
        } else {
          detach();
        }
      }
    },
    resize: (columns, rows) => {
      if (options.tty) {
        container?.process.resize(columns, rows);
      }
    },
    exit: over.then(() => ({ code: 0 })),
    abandon: () => {
      if (input && spec.stdinOnce === true && !options.tty) {
        input.end();
      }
      detach();
      stdout.resume();
      stderr.resume();
    },
  };
}

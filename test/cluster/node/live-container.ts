/** A container of a pod from its start to after its end: its process, its log, who is attached to it. */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KnownImage } from './images.js';
import { LogFile } from './log-file.js';
import type { ContainerKind, ContainerSpec, ContainerState } from './pod.js';
import type { Container } from './container.js';

/** What an attached client gets. */
type Output = [stream: 'stdout' | 'stderr', chunk: Buffer];

/** The kubelet's limit for a termination message. */
const maxMessageBytes = 4096;

export interface Attempt {
  readonly id: string;
  readonly kind: ContainerKind;
  readonly spec: ContainerSpec;
  readonly image: KnownImage;
  readonly attempt: number;
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly supplementalGroups: readonly number[];
  };
  /** Where the log goes. */
  readonly logPath: string;
  readonly now: () => number;
}

function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** Emits `output` while it runs and `end` once, when its process has ended and its output is written. */
export class LiveContainer extends EventEmitter<{ output: Output; end: [] }> {
  readonly attempt: Attempt;
  readonly log: LogFile;
  container: Container | undefined;
  startedAt = '1970-01-01T00:00:00Z';
  finishedAt: string | undefined;
  exitCode = 0;
  reason = '';
  message: string | undefined;
  /** Set by probes; true from the start where there is none. */
  ready: boolean;
  started: boolean;
  readonly #paused = new Set<symbol>();

  constructor(attempt: Attempt) {
    super();
    this.setMaxListeners(0);
    this.attempt = attempt;
    this.log = new LogFile(attempt.logPath, attempt.now);
    this.ready = attempt.spec.readinessProbe === undefined && attempt.spec.startupProbe === undefined;
    this.started = attempt.spec.startupProbe === undefined;
  }

  get running(): boolean {
    return this.container !== undefined && this.finishedAt === undefined;
  }

  /** Its process runs: from now on its output is logged, and its end is told. */
  run(container: Container): void {
    const { process } = container;
    this.container = container;
    this.startedAt = time(this.attempt.now());
    const outputs = [['stdout', process.stdout] as const, ['stderr', process.stderr] as const];
    for (const [name, stream] of outputs) {
      stream?.on('data', (chunk: Buffer) => {
        this.log.append(name, chunk);
        this.emit('output', name, chunk);
      });
    }
    void process.exited.then(async (code) => {
      await drained(process.stdout, process.stderr);
      this.#finish(code);
    });
  }

  /** It could not be started: the runtime's message, code 128 (`StartError`). */
  fail(message: string): void {
    this.exitCode = 128;
    this.reason = 'StartError';
    this.message = message;
    this.finishedAt = time(this.attempt.now());
    this.log.end();
  }

  /** Stops or starts reading its output for one slow client; the process waits once its pipe is full. */
  hold(client: symbol, held: boolean): void {
    if (held) {
      this.#paused.add(client);
    } else {
      this.#paused.delete(client);
    }
    for (const stream of [this.container?.process.stdout, this.container?.process.stderr]) {
      if (this.#paused.size > 0) {
        stream?.pause();
      } else {
        stream?.resume();
      }
    }
  }

  #finish(code: number): void {
    this.log.end();
    this.exitCode = code;
    this.reason = code === 0 ? 'Completed' : 'Error';
    this.message = this.#terminationMessage(code);
    this.finishedAt = time(this.attempt.now());
    this.ready = false;
    this.container?.process.stdin?.destroy();
    this.emit('end');
  }

  #terminationMessage(code: number): string | undefined {
    const text = readText(join(this.container?.home ?? '', 'termination-log')).slice(0, maxMessageBytes);
    if (text === '' && code !== 0 && this.attempt.spec.terminationMessagePolicy === 'FallbackToLogsOnError') {
      return tail(readText(this.log.path)) || undefined;
    }
    return text || undefined;
  }

  /** Its state as a status shows it. */
  get state(): ContainerState {
    const { startedAt, finishedAt, exitCode, reason, message } = this;
    if (finishedAt === undefined) {
      return { running: { startedAt } };
    }
    const containerID = `containerd://${this.attempt.id}`;
    return {
      terminated: {
        exitCode,
        reason,
        ...(message === undefined ? {} : { message }),
        startedAt,
        finishedAt,
        containerID,
      },
    };
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** The end of a log, without the marks of its lines: at most 80 lines and 2048 bytes, as the kubelet takes them. */
function tail(log: string): string {
  const lines = log
    .split('\n')
    .slice(0, -1)
    .slice(-80)
    .map((line) => {
      const [, , tag] = line.split(' ', 3);
      const text = line.split(' ').slice(3).join(' ');
      return tag === 'F' ? `${text}\n` : text;
    });
  return lines.join('').slice(-2048);
}

/**
 * The output of a process that has ended, read to its end. A child that lives on may hold it open (with a shared process
 * namespace): the runtime does not wait for that.
 */
async function drained(...streams: (NodeJS.ReadableStream | undefined)[]): Promise<void> {
  const ends = streams.map(
    (stream) =>
      new Promise<void>((resolve) => {
        if (!stream || (stream as unknown as { destroyed: boolean }).destroyed) {
          resolve();
        } else {
          stream.once('close', () => resolve());
        }
      }),
  );
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 500);
  });
  await Promise.race([Promise.all(ends), limit]);
  clearTimeout(timer);
}

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** One finished process as the kernel accounts for it (GNU time): seconds, and KiB at the peak. */
export interface Measured {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakKiB: number;
  readonly stdoutBytes: number;
  /** Its exit code, and what it said; of much only the end. */
  readonly code: number | null;
  readonly stderr: string;
  readonly stdoutText: string;
}

export interface MeasureOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Reads stdout no faster than this, bytes a second; absent: as fast as it comes. */
  readonly sinkBytesPerSecond?: number;
  /** Reads nothing for so long once the first bytes have come. */
  readonly stallMs?: number;
  /** Stdout is text that is wanted. */
  readonly keepStdout?: boolean;
}

/** A command that runs under GNU time. */
export interface Measuring {
  /** Resolves when stderr holds this so many times; rejects when it ends without. */
  readonly says: (pattern: RegExp, times?: number) => Promise<void>;
  /** Ctrl-C. */
  readonly interrupt: () => void;
  readonly ended: Promise<Measured>;
}

const keptCharacters = 65_536;

/** Runs a command under GNU time, throws its output away (at the rate asked for) and returns what it cost. Rejects when it fails. */
export async function measure(argv: readonly string[], options: MeasureOptions = {}): Promise<Measured> {
  const measured = await startMeasured(argv, options).ended;
  if (measured.code !== 0)
    throw new Error(`${argv.join(' ')} ended with ${String(measured.code)}: ${measured.stderr}`);
  return measured;
}

/** Starts a command under GNU time, which ends when it does, or when it is interrupted. */
export function startMeasured(argv: readonly string[], options: MeasureOptions = {}): Measuring {
  let stderr = '';
  let pid: number | undefined;
  const waiting = new Set<() => void>();
  let over = false;
  const heard = (): void => {
    for (const look of waiting) look();
  };
  async function run(): Promise<Measured> {
    const folder = await mkdtemp(join(tmpdir(), 'netdebug-bench-'));
    try {
      const report = join(folder, 'time');
      const child = spawn('/usr/bin/time', ['-q', '-f', '%e %U %S %M', '-o', report, ...argv], {
        env: { ...process.env, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own: a Ctrl-C is for all of it, and GNU time itself takes none.
        detached: true,
      });
      pid = child.pid;
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr = (stderr + text).slice(-keptCharacters);
        heard();
      });
      const ended = new Promise<number | null>((resolve, reject) => {
        child.on('close', resolve).on('error', reject);
      });
      let stdoutText = '';
      if (options.keepStdout === true)
        child.stdout.on(
          'data',
          (chunk: Buffer) => (stdoutText = (stdoutText + chunk.toString()).slice(-keptCharacters)),
        );
      const stdoutBytes = await drain(child.stdout, options);
      const code = await ended;
      const [wall = 0, user = 0, system = 0, peak = 0] = (await readFile(report, 'utf8'))
        .trim()
        .split(' ')
        .map(Number);
      const cpuSeconds = user + system;
      return { wallSeconds: wall, cpuSeconds, peakKiB: peak, stdoutBytes, code, stderr, stdoutText };
    } finally {
      over = true;
      heard();
      await rm(folder, { recursive: true, force: true });
    }
  }
  return {
    ended: run(),
    interrupt: () => {
      if (pid !== undefined && !over) process.kill(-pid, 'SIGINT');
    },
    says: (pattern, times = 1) =>
      new Promise((resolve, reject) => {
        const all = new RegExp(pattern, 'g');
        const look = (): void => {
          if ((stderr.match(all)?.length ?? 0) >= times) resolve();
          else if (over) reject(new Error(`${argv.join(' ')} did not say ${String(pattern)}: ${stderr}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
  };
}

async function drain(
  stream: Readable,
  { sinkBytesPerSecond, stallMs }: Pick<MeasureOptions, 'sinkBytesPerSecond' | 'stallMs'>,
): Promise<number> {
  const started = performance.now();
  let bytes = 0;
  for await (const chunk of stream) {
    if (bytes === 0 && stallMs !== undefined) await new Promise((resolve) => setTimeout(resolve, stallMs));
    bytes += (chunk as Buffer).length;
    if (sinkBytesPerSecond === undefined) continue;
    const aheadMs = (bytes / sinkBytesPerSecond) * 1000 - (performance.now() - started);
    if (aheadMs > 1) await new Promise((resolve) => setTimeout(resolve, aheadMs));
  }
  return bytes;
}

/** The middle value of an odd or even count of numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** Runs both in turn, A B A B …, so that a drift of the machine's speed meets both; the first pair is not counted. */
export async function inTurn<T>(
  pairs: number,
  a: () => Promise<T>,
  b: () => Promise<T>,
): Promise<[T[], T[]]> {
  const results: [T[], T[]] = [[], []];
  for (let pair = 0; pair <= pairs; pair++) {
    const [first, second] = [await a(), await b()];
    if (pair === 0) continue;
    results[0].push(first);
    results[1].push(second);
  }
  return results;
}

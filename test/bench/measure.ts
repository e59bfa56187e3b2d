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
}

export interface MeasureOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Reads stdout no faster than this, bytes a second; absent: as fast as it comes. */
  readonly sinkBytesPerSecond?: number;
}

/** Runs a command under GNU time, throws its output away (at the rate asked for) and returns what it cost. */
export async function measure(argv: readonly string[], options: MeasureOptions = {}): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'netdebug-bench-'));
  const report = join(folder, 'time');
  try {
    const child = spawn('/usr/bin/time', ['-f', '%e %U %S %M', '-o', report, ...argv], {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-2000)));
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('close', resolve).on('error', reject);
    });
    const stdoutBytes = await drain(child.stdout, options.sinkBytesPerSecond);
    const code = await ended;
    if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${String(code)}: ${stderr}`);
    const [wall = 0, user = 0, system = 0, peak = 0] = (await readFile(report, 'utf8'))
      .trim()
      .split(' ')
      .map(Number);
    return { wallSeconds: wall, cpuSeconds: user + system, peakKiB: peak, stdoutBytes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function drain(stream: Readable, bytesPerSecond: number | undefined): Promise<number> {
  const started = performance.now();
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += (chunk as Buffer).length;
    if (bytesPerSecond === undefined) continue;
    const aheadMs = (bytes / bytesPerSecond) * 1000 - (performance.now() - started);
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

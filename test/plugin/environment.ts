import { PassThrough } from 'node:stream';
import type { Environment, StopReason } from '../../plugin/environment.js';
import { run } from '../../plugin/run.js';

/** An environment without a process: words in, text out. The clock is moved by hand. */
export interface FakeEnvironment extends Environment {
  readonly out: () => string;
  readonly err: () => string;
  readonly stop: (reason: StopReason) => void;
  /** Moves the clock, calling what falls due. */
  readonly advance: (milliseconds: number) => void;
}

export function fakeEnvironment(argv: readonly string[], given: Partial<Environment> = {}): FakeEnvironment {
  const stdout = new PassThrough({ highWaterMark: 1 << 24 });
  const stderr = new PassThrough({ highWaterMark: 1 << 24 });
  const controller = new AbortController();
  const timers = new Set<{ readonly every: number; readonly call: () => void; next: number }>();
  let now = Date.UTC(2025, 0, 1);
  return {
    argv,
    env: {},
    stdin: new PassThrough(),
    stdout,
    stderr,
    isTTY: { stdin: false, stdout: false, stderr: false },
    columns: () => 100,
    cwd: '/',
    homeDir: '/nonexistent',
    platform: 'linux',
    arch: 'x64',
    signal: controller.signal,
    clock: {
      now: () => now,
      sleep: () => Promise.resolve(),
      every(milliseconds, call) {
        const timer = { every: milliseconds, call, next: now + milliseconds };
        timers.add(timer);
        return () => void timers.delete(timer);
      },
    },
    random: () => 0.5,
    ...given,
    out: () => text(stdout),
    err: () => text(stderr),
    stop: (reason) => controller.abort(reason),
    advance(milliseconds) {
      now += milliseconds;
      for (const timer of timers) {
        for (; timer.next <= now; timer.next += timer.every) timer.call();
      }
    },
  };
}

/** Runs the whole program and gives back what it left. */
export async function runWords(
  argv: readonly string[],
  given: Partial<Environment> = {},
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const environment = fakeEnvironment(argv, given);
  const code = await run(environment);
  return { code, out: environment.out(), err: environment.err() };
}

function text(stream: PassThrough): string {
  return ((stream.read() as Buffer | null) ?? Buffer.alloc(0)).toString('utf8');
}

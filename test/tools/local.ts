import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, ToolEnd, ToolSession } from '../../src/debugger/types.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';

/** The real time. */
export const clock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => undefined),
};

/** A tool that is a process of this machine. */
export interface LocalSession extends ToolSession {
  /** Ends it as somebody in the pod would. */
  kill(signal: NodeJS.Signals): void;
}

/** Starts tools as processes of this machine; `prefix` goes before every argv, e.g. `ip netns exec NAME`. */
export function localTools(
  prefix: readonly string[] = [],
): (argv: readonly string[]) => Promise<LocalSession> {
  return async (argv) => {
    const [program = '', ...args] = [...prefix, ...argv];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const failed = new Promise<ToolEnd>((resolve) => {
      child.once('error', (cause) => {
        const error = new NetdebugError(cause.message, { exitCode: ExitCode.container, cause });
        resolve({ kind: 'failed', error });
      });
    });
    const exited = once(child, 'close').then(([code, signal]): ToolEnd => {
      return {
        kind: 'exited',
        exitCode: typeof code === 'number' ? code : 128 + (signal === 'SIGKILL' ? 9 : 15),
      };
    });
    const done = Promise.race([failed, exited]);
    done.catch(() => undefined);
    await Promise.race([once(child, 'spawn'), failed]);
    return {
      stdout: child.stdout,
      stderr: child.stderr,
      done,
      kill: (signal) => child.kill(signal),
      stop: () => child.kill('SIGINT'),
      signal: (name) => child.kill(`SIG${name}`),
      abandon: () => {
        child.stdout.destroy();
        child.stderr.destroy();
        child.kill('SIGKILL');
      },
    };
  };
}

export interface Said {
  readonly stdout?: string;
  readonly stderr?: string;
  /** Exit code, or null for a program that could not be started. */
  readonly exit: number | null;
}

/** A session that says what was recorded, in pieces of `pieceBytes`. */
export function recorded(said: Said, pieceBytes = 7): ToolSession {
  const error = new NetdebugError('executable file not found in $PATH', { exitCode: ExitCode.container });
  return {
    stdout: Readable.from(pieces(said.stdout ?? '', pieceBytes), { objectMode: false }),
    stderr: Readable.from(pieces(said.stderr ?? '', pieceBytes), { objectMode: false }),
    done: Promise.resolve<ToolEnd>(
      said.exit === null ? { kind: 'failed', error } : { kind: 'exited', exitCode: said.exit },
    ),
    stop: () => undefined,
    signal: () => undefined,
    abandon: () => undefined,
  };
}

/** A session that a test plays by hand. */
export interface PlayedSession extends ToolSession {
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  /** What was asked of it, in order. */
  readonly asked: string[];
  /** Ends both streams, then `done`. */
  finish(end: ToolEnd): void;
}

/** `onStop` plays the tool's answer to being stopped. */
export function played(onStop?: (session: PlayedSession) => void): PlayedSession {
  let resolve: (end: ToolEnd) => void = () => undefined;
  const done = new Promise<ToolEnd>((settle) => (resolve = settle));
  const session: PlayedSession = {
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    asked: [],
    done,
    finish: (end) => {
      session.stdout.end();
      session.stderr.end();
      resolve(end);
    },
    stop: () => {
      session.asked.push('stop');
      onStop?.(session);
    },
    signal: (name) => void session.asked.push(name),
    abandon: () => {
      session.asked.push('abandon');
      session.stdout.destroy();
      session.stderr.destroy();
      const error = new NetdebugError('abandoned', { exitCode: ExitCode.incomplete });
      resolve({ kind: 'lost', error });
    },
  };
  return session;
}

function pieces(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
}

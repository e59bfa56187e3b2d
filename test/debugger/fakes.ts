import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { NetdebugError } from '../../src/errors.js';
import type { ExecEnd, ExecRequest, ExecSession, KubeApi } from '../../src/kube/api.js';
import { ApiError } from '../../src/kube/status.js';
import type { Status } from '../../src/kube/types.js';
import type { Clock } from '../../src/debugger/types.js';

/** A KubeApi of which only the given calls exist; any other one fails the test. */
export function fakeApi(calls: Partial<KubeApi>): KubeApi {
  const missing = (name: string) => () => {
    throw new Error(`${name} was not expected`);
  };
  return {
    server: 'https://cluster.test',
    context: 'test',
    namespace: 'default',
    get: missing('get'),
    list: missing('list'),
    send: missing('send'),
    watch: missing('watch'),
    text: missing('text'),
    stream: missing('stream'),
    exec: missing('exec'),
    close: () => undefined,
    ...calls,
  };
}

/** A refusal as the API server gives it. */
export function apiError(
  code: number,
  message: string,
  more: Partial<Status> = {},
  method = 'GET',
  path = '/',
): ApiError {
  return new ApiError(
    code,
    { kind: 'Status', status: 'Failure', code, message, ...more },
    { server: 'https://cluster.test', method, path },
  );
}

/** A clock that stands still until it is moved. */
export interface HandClock extends Clock {
  /** Moves on, waking sleepers in order, each with time to act in between. */
  advance(milliseconds: number): Promise<void>;
}

export function handClock(start = 0): HandClock {
  let now = start;
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    now: () => now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) {
          resolve();
          return;
        }
        const sleeper = { at: now + milliseconds, wake: resolve };
        sleepers.push(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          resolve();
        });
      }),
    advance: async (milliseconds) => {
      const end = now + milliseconds;
      for (;;) {
        await settle();
        const next = sleepers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        now = next.at;
        sleepers = sleepers.filter((one) => one !== next);
        next.wake();
      }
      now = end;
      await settle();
    },
  };
}

/** The real clock. */
export const realClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      if (signal?.aborted) wake();
      else signal?.addEventListener('abort', wake);
    }),
};

/** An exec whose other side is in the test's hand. */
export interface FakeExec {
  readonly session: ExecSession;
  readonly request: ExecRequest;
  /** What the client wrote to stdin so far. */
  readonly said: () => string;
  readonly end: (end: ExecEnd) => void;
  readonly closed: () => boolean;
}

export function fakeExec(request: ExecRequest): FakeExec {
  const stdin = new PassThrough();
  let said = '';
  let closed = false;
  stdin.on('data', (chunk: Buffer) => (said += chunk.toString()));
  let end: (value: ExecEnd) => void = () => undefined;
  const done = new Promise<ExecEnd>((resolve) => (end = resolve));
  return {
    request,
    said: () => said,
    end,
    closed: () => closed,
    session: {
      protocol: 'v5.channel.k8s.io',
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      stdin,
      resize: () => undefined,
      done,
      close: () => {
        closed = true;
        const error = new NetdebugError('closed', { exitCode: 4 });
        end({ kind: 'lost', error, stdoutBytes: 0, closedByUs: true });
      },
    },
  };
}

/** An exec that runs on this machine, in the given environment. */
export function localExec(env: Readonly<Record<string, string>>): KubeApi['exec'] {
  return (request) => {
    const [program = '', ...rest] = request.argv;
    const child = spawn(program, rest, {
      detached: true,
      env: { PATH: process.env.PATH, SHLVL: '2', ...env },
    });
    child.stdin.on('error', () => undefined);
    return Promise.resolve({
      protocol: 'v5.channel.k8s.io' as const,
      stdout: child.stdout,
      stderr: child.stderr,
      stdin: child.stdin,
      resize: () => undefined,
      done: new Promise<ExecEnd>((resolve) =>
        child.once('close', (code) => {
          resolve({ kind: 'exited', exitCode: code ?? 137 });
        }),
      ),
      close: () => {
        child.stdin.destroy();
        child.stdout.destroy();
        child.stderr.destroy();
      },
    });
  };
}

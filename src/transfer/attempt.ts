import type { Readable } from 'node:stream';
import type { Clock, ToolEnd } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import { interrupted } from '../tools/run.js';
import { eachLine, printable } from '../tools/text.js';
import type { RemoteContext } from './remote.js';

/** How one run of a program whose stdout was read went. */
export type Attempt =
  | { readonly kind: 'ended'; readonly exitCode: number; readonly words: readonly string[] }
  /** The reader has what it wanted; the program was left. */
  | { readonly kind: 'enough' }
  /** The connection was lost; what was read until then is good. */
  | { readonly kind: 'lost'; readonly error: NetdebugError };

const mostWords = 50;

/**
 * Runs a program and reads its stdout. `read` resolves with `enough` to leave early. Its NetdebugErrors are passed on, and the
 * program is ended; so it is when the signal comes (130).
 */
export async function attempt(
  argv: readonly string[],
  read: (stdout: Readable) => Promise<'all' | 'enough'>,
  { run, signal }: RemoteContext,
): Promise<Attempt> {
  if (signal?.aborted) throw interrupted();
  const session = await run(argv);
  const leave = (): void => session.abandon();
  signal?.addEventListener('abort', leave, { once: true });
  // It may have come while the program was being started.
  if (signal?.aborted) leave();
  const words: string[] = [];
  const said = eachLine(session.stderr, (line) => {
    const text = printable(line).trim().slice(0, 500);
    if (text !== '' && words.length < mostWords) words.push(text);
  });
  try {
    const got = await read(session.stdout).catch((error: unknown) => error as Error);
    if (got !== 'all') session.abandon();
    const [end] = await Promise.all([session.done, said]);
    if (signal?.aborted) throw interrupted();
    if (got instanceof NetdebugError) throw got;
    if (got === 'enough') return { kind: 'enough' };
    return judged(end, got === 'all' ? undefined : got, words);
  } finally {
    signal?.removeEventListener('abort', leave);
  }
}

function judged(end: ToolEnd, failure: Error | undefined, words: readonly string[]): Attempt {
  // A reader that met the end too early has left by itself, so the connection says only that it was closed here.
  if (failure === undefined) {
    if (end.kind === 'failed') throw end.error;
    return end.kind === 'lost'
      ? { kind: 'lost', error: end.error }
      : { kind: 'ended', exitCode: end.exitCode, words };
  }
  if (end.kind === 'lost') return { kind: 'lost', error: end.error };
  throw new NetdebugError(`What the container sent cannot be read: ${failure.message}.`, {
    exitCode: ExitCode.incomplete,
    details: words.slice(0, 10),
    cause: failure,
  });
}

/** Waits before the next attempt, longer each time: 0.5 s, 1 s, ... 8 s. */
export function waitBefore(again: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return clock.sleep(Math.min(8_000, 250 * 2 ** again), signal);
}

/** How often in a row a lost connection may bring nothing new. */
export const fruitlessAttempts = 6;

/** Whether trying again may help: the connection was lost, or could not be made while the API server was away. */
export function isLoss(error: unknown): error is NetdebugError {
  return (
    error instanceof NetdebugError &&
    (error.exitCode === ExitCode.unreachable ||
      error.message.startsWith('The connection to the command ended'))
  );
}

/** Does something that may be done twice, again when the connection is lost meanwhile. */
export async function persistently<T>(
  task: () => Promise<T>,
  { clock, signal }: Pick<RemoteContext, 'clock' | 'signal'>,
): Promise<T> {
  for (let again = 1; ; again++) {
    try {
      return await task();
    } catch (error) {
      if (signal?.aborted || again > fruitlessAttempts || !isLoss(error)) throw error;
      await waitBefore(again, clock, signal);
    }
  }
}

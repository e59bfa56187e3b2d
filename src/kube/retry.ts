import { isConnectionReset } from './connection-error.js';
import type { Clock } from './deadline.js';
import { ApiError } from './status.js';

const MAX_TRIES = 6;
const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 10_000;
/** A server that asks for more patience than this is not waited for. */
const LONGEST_HINT_MS = 60_000;

/**
 * Does a read again on 429, 5xx and a cut connection: at most six times in all, after the time the server asks for (`Retry-After`),
 * else after a doubling wait with jitter. The deadline is the signal's: when it ends the wait, the last failure is what is thrown,
 * as it says more than "too late".
 */
export async function retrying<T>(clock: Clock, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= MAX_TRIES || signal.aborted || !isWorthRetrying(error)) throw error;
      await clock.sleep(waitMs(error, tries, clock), signal).catch(() => {
        throw error;
      });
    }
  }
}

/** Whether the same request may do better: too many requests, a server's fault, a cut connection. */
export function isWorthRetrying(error: unknown): boolean {
  if (!(error instanceof ApiError)) return isConnectionReset(error);
  if ((error.retryAfterMs ?? 0) > LONGEST_HINT_MS) return false;
  // 501 and 505 are answers, not accidents; a container that is not found is the kubelet's plain answer, as a 500.
  return (
    error.code === 429 || (error.code >= 500 && ![501, 505].includes(error.code) && !isKubeletAnswer(error))
  );
}

/** The wait before the next try, milliseconds: the server's hint and a little, or 200 ms doubling to 10 s, half of it by chance. */
export function waitMs(error: unknown, tries: number, clock: Pick<Clock, 'random'>): number {
  const hint = error instanceof ApiError ? error.retryAfterMs : undefined;
  if (hint !== undefined) return hint + clock.random() * FIRST_WAIT_MS;
  const wait = Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS);
  return wait / 2 + (clock.random() * wait) / 2;
}

function isKubeletAnswer(error: ApiError): boolean {
  return error.code === 500 && error.status.message?.startsWith('container not found') === true;
}

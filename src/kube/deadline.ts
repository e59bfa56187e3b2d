import { timeoutError } from './connection-error.js';

/** Time and chance, passed in so that tests need not wait. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** 0 ≤ x < 1 */
  random(): number;
}

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', stop);
        resolve();
      }, ms);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    }),
};

/** Told every second from the third on how long a call has taken so far, milliseconds; and undefined once, when it ended after all. */
export type OnSlow = (waitedMs: number | undefined) => void;

const SLOW_MS = 3000;

function watchSlow(onSlow: OnSlow | undefined): () => void {
  if (!onSlow) return () => undefined;
  let waitedMs = 0;
  const timer = setInterval(() => {
    waitedMs += 1000;
    if (waitedMs >= SLOW_MS) onSlow(waitedMs);
  }, 1000);
  return () => {
    clearInterval(timer);
    if (waitedMs >= SLOW_MS) onSlow(undefined);
  };
}

/**
 * Runs `work` with a signal that is aborted by the caller's signal or when `timeoutMs` is over; then it rejects with the caller's reason
 * or a timeout error. Once `work` is done, the signal stays quiet: what follows (a long stream) is not bound by the deadline.
 */
export async function withDeadline<T>(
  { server, onSlow }: { readonly server: string; readonly onSlow?: OnSlow | undefined },
  timeoutMs: number,
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer?.throwIfAborted();
  const controller = new AbortController();
  const forward = () => controller.abort(outer?.reason);
  outer?.addEventListener('abort', forward, { once: true });
  // kubectl's --request-timeout=0 means no limit; timers end at 2^31 ms (24 days).
  const limit = timeoutMs > 0 ? Math.min(timeoutMs, 2 ** 31 - 1) : 2 ** 31 - 1;
  const timer = setTimeout(() => controller.abort(timeoutError(server, limit)), limit);
  const ended = watchSlow(onSlow);
  try {
    return await work(controller.signal);
  } finally {
    ended();
    clearTimeout(timer);
    outer?.removeEventListener('abort', forward);
  }
}

import { type Environment, stopReason } from './environment.js';
import { outProgress } from './print/out.js';

/** The promise's result, unless the signal comes first: then rejects with its reason and lets the promise go. */
export function unlessStopped<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** How long a reader that takes nothing is waited for after Ctrl-C. */
const patienceMs = 10_000;
const lookMs = 1_000;
/** An end that takes longer than this is said to be under way. */
const sayAfterMs = 2_000;

/**
 * The promise's result; or `otherwise` when, after a signal to stop, the reader of stdout has taken nothing for ten seconds though
 * something waits for it. Before that a reader may take as long as it likes, such as a pager. An end that takes its time is
 * `told` of once.
 */
export function unlessReaderHangs<T>(
  { signal, stdout, clock }: Pick<Environment, 'signal' | 'stdout' | 'clock'>,
  promise: Promise<T>,
  otherwise: T,
  tell: (text: string) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let ended: () => void = () => undefined;
    const watch = (): void => {
      let before = outProgress(stdout).taken;
      let since = clock.now();
      const stoppedAt = since;
      let told = stopReason(signal)?.kind !== 'interrupted';
      ended = clock.every(lookMs, () => {
        const { pending, taken } = outProgress(stdout);
        if (pending === 0 || taken !== before) since = clock.now();
        before = taken;
        if (!told && clock.now() - stoppedAt >= sayAfterMs) {
          told = true;
          tell(
            pending > 0
              ? 'waiting for the reader of stdout; Ctrl-C again ends at once'
              : 'still ending; Ctrl-C again ends at once',
          );
        }
        if (clock.now() - since >= patienceMs) resolve(otherwise);
      });
    };
    if (signal.aborted) watch();
    else signal.addEventListener('abort', watch, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', watch);
      ended();
    });
  });
}

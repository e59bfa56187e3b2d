import type { Clock, ToolSession } from '../debugger/types.js';
import type { StopReason } from './ended.js';

/** Stops a running capture once, and leaves it when it does not stop. */
export interface Stopper {
  /** Asks tcpdump to end in order; only the first reason counts. */
  stop(reason: StopReason): void;
  readonly reason: StopReason | undefined;
  /** Resolves when nothing came for too long after it was stopped: the session was then left. */
  readonly left: Promise<void>;
}

/**
 * @param bytesSoFar What has arrived; while it grows the last packets are still on their way, and the wait goes on.
 * @param over Aborts when the capture is over: nothing is waited for any more.
 */
export function stopperOf(
  session: ToolSession,
  clock: Clock,
  quietMs: number,
  bytesSoFar: () => number,
  over: AbortSignal,
): Stopper {
  let reason: Stopper['reason'];
  let leave: () => void = () => undefined;
  const left = new Promise<void>((resolve) => (leave = resolve));
  const watch = async (): Promise<void> => {
    for (let before = -1; before !== bytesSoFar();) {
      before = bytesSoFar();
      await clock.sleep(quietMs, over);
      if (over.aborted) return;
    }
    session.abandon();
    leave();
  };
  return {
    stop: (why) => {
      if (reason !== undefined) return;
      reason = why;
      session.stop();
      void watch();
    },
    get reason() {
      return reason;
    },
    left,
  };
}

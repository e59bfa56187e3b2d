import type { Clock } from '../../debugger/types.js';
import { ExitCode, NetdebugError } from '../../errors.js';

/** How a lost connection is taken up again. */
export interface AgainOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** No connection for so long, and it is given up. The spool keeps its files about as long. */
  readonly patienceMs: number;
  /** What is waited for, as a clause; undefined when it goes on. */
  readonly onWait?: ((text: string | undefined) => void) | undefined;
}

/** Waits between the tries to take up a connection, 0.2 s doubling to 5 s, and knows when to give up. */
export interface Again {
  /** Something came: the next failure is the first one. */
  worked(): void;
  /** Waits before the next try. Resolves with false when it is given up: patience is over, or the error will not pass. */
  wait(error: unknown, over: AbortSignal): Promise<boolean>;
  /** Milliseconds since the first failure of this row; undefined while all is well. */
  readonly sinceMs: number | undefined;
}

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5_000;
/** What no second try will mend: rights, a container or a pod that is not there. */
const FINAL: readonly number[] = [ExitCode.usage, ExitCode.notAllowed, ExitCode.target, ExitCode.container];

/** A row of tries. */
export function tryAgain(options: AgainOptions): Again {
  const { clock, random, patienceMs, onWait } = options;
  let since: number | undefined;
  let tries = 0;
  return {
    worked: () => {
      if (since === undefined) return;
      since = undefined;
      tries = 0;
      onWait?.(undefined);
    },
    wait: async (error, over) => {
      since ??= clock.now();
      tries += 1;
      const waited = clock.now() - since;
      if (waited >= patienceMs || isFinal(error) || over.aborted) return false;
      const longest = Math.min(FIRST_WAIT_MS * 2 ** (tries - 1), LONGEST_WAIT_MS);
      const why = error instanceof Error ? error.message : 'the connection was lost';
      onWait?.(`${why.replace(/\.$/, '')}; trying again (${Math.round(waited / 1000)} s)`);
      await clock.sleep(longest / 2 + (random() * longest) / 2, over);
      return !over.aborted;
    },
    get sinceMs() {
      return since === undefined ? undefined : clock.now() - since;
    },
  };
}

function isFinal(error: unknown): boolean {
  return error instanceof NetdebugError && FINAL.includes(error.exitCode);
}

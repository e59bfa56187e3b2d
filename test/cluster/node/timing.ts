/** The kubelet's times, in milliseconds. The defaults are the real ones; tests shorten them. */
export interface Timing {
  /** A pod sync that failed is tried again after this, and up to half as much more. Statuses show its failure only then. */
  readonly syncBackoffMs: number;
  /** First wait after a failed image pull; doubles. */
  readonly imageBackoffMs: number;
  /** First wait before a second restart of a container; doubles. */
  readonly restartBackoffMs: number;
  /** Where both stop to double. */
  readonly maxBackoffMs: number;
  /** What a container gets to end when the grace period is 0. */
  readonly minimumGraceMs: number;
  /** One "second" of probe periods, thresholds and delays. */
  readonly probeSecondMs: number;
}

export const realTiming: Timing = {
  syncBackoffMs: 10_000,
  imageBackoffMs: 10_000,
  restartBackoffMs: 10_000,
  maxBackoffMs: 300_000,
  minimumGraceMs: 2000,
  probeSecondMs: 1000,
};

/** A wait that doubles from failure to failure (client-go's flowcontrol.Backoff). */
export class Backoff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  readonly #entries = new Map<string, { delayMs: number; sinceMs: number }>();

  constructor(initialMs: number, maxMs: number) {
    this.#initialMs = initialMs;
    this.#maxMs = maxMs;
  }

  /** How much longer to wait: 0 when it is time. `sinceMs` replaces the time of the last failure. */
  remainingMs(key: string, nowMs: number, sinceMs?: number): number {
    const entry = this.#entries.get(key);
    return entry ? Math.max(0, (sinceMs ?? entry.sinceMs) + entry.delayMs - nowMs) : 0;
  }

  delayMs(key: string): number {
    return this.#entries.get(key)?.delayMs ?? 0;
  }

  /** Another failure. Long after the last one it begins anew. */
  next(key: string, nowMs: number): void {
    const entry = this.#entries.get(key);
    const fresh = !entry || nowMs - entry.sinceMs > 2 * this.#maxMs;
    const delayMs = fresh ? this.#initialMs : Math.min(entry.delayMs * 2, this.#maxMs);
    this.#entries.set(key, { delayMs, sinceMs: nowMs });
  }
}

/** A duration as Go prints it: `10s`, `1m20s`, `5m0s`. */
export function goDuration(ms: number): string {
  if (ms < 1000) {
    return `${ms}ms`;
  }
  const minutes = Math.floor(ms / 60_000);
  const seconds = (ms % 60_000) / 1000;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

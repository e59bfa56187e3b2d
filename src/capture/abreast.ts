import type { Clock } from '../debugger/types.js';

/** What all sources together may hold back before those that are ahead of the others are not read for a while. */
const AHEAD_BYTES = 4 * 1024 * 1024;
const LEAST_AHEAD_BYTES = 64 * 1024;
/** Longest such while, by the time of the merge: a spool looks for more ten times a second. */
const AHEAD_MS = 500;
/** A source for which that was in vain is read freely for so long. */
const FREE_MS = 2_000;

/** The part of a source that counts here. */
export interface HoldingSource {
  /** Bytes that wait for other sources. */
  readonly heldBytes: number;
}

/**
 * Keeps sources abreast of each other. Where all have much to bring, as after a stall, the one that is read faster would only fill
 * the merge, until that has to let packets go out of order. So a source that is far ahead is not read for a moment, in which
 * the others catch up. Where they do not, because they are silent or slow, it goes on: a pod must not lose packets for another.
 */
export interface Abreast {
  /** There is one source more. */
  add(): void;
  /** Settles when this source may be read on; undefined: at once. */
  wait(source: HoldingSource): Promise<void> | undefined;
  /** Packets have gone out, or time has passed. @param mergeMs Stands still while the sink holds everything up. */
  look(mergeMs: number): void;
}

/** No source yet. */
export function keepAbreast(clock: Pick<Clock, 'now'>): Abreast {
  let sources = 0;
  let nowMs = 0;
  let ahead: { readonly source: HoldingSource; readonly untilMs: number; readonly go: () => void }[] = [];
  const freeUntil = new WeakMap<HoldingSource, number>();
  const share = (): number => Math.max(LEAST_AHEAD_BYTES, AHEAD_BYTES / sources);
  return {
    add: () => {
      sources += 1;
    },
    wait: (source) => {
      if (source.heldBytes <= share() || clock.now() < (freeUntil.get(source) ?? 0)) return undefined;
      return new Promise((go) => ahead.push({ source, untilMs: nowMs + AHEAD_MS, go }));
    },
    look: (mergeMs) => {
      nowMs = mergeMs;
      if (ahead.length === 0) return;
      const most = share() / 2;
      ahead = ahead.filter(({ source, untilMs, go }) => {
        if (source.heldBytes > most && nowMs < untilMs) return true;
        if (source.heldBytes > most) freeUntil.set(source, clock.now() + FREE_MS);
        go();
        return false;
      });
    },
  };
}

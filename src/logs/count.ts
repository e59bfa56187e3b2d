import { type LogSource, sourceName } from './sources.js';
import type { LogHit, LogPattern, LogPeer } from './types.js';

/** Hits of one pattern about one peer, over all logs of a namespace: `api` is somebody else in the next one. */
export interface LogGroup {
  readonly pattern: LogPattern;
  readonly namespace: string;
  readonly peer: LogPeer | undefined;
  readonly count: number;
  /** Milliseconds since 1970; undefined where the logs carry no time stamps. */
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
  /** Hits by minute since 1970. */
  readonly minutes: ReadonlyMap<number, number>;
  /** Where they came from, and how many each. */
  readonly sources: ReadonlyMap<string, number>;
  /** One of the lines, as it was written: the latest. */
  readonly sample: string;
}

/** Counts hits by pattern, peer and minute; memory is bounded whatever the logs hold. */
export interface HitCount {
  add(hit: LogHit, source: LogSource): void;
  /** The most frequent first, errors before warnings. */
  groups(): readonly LogGroup[];
  readonly hits: number;
  /** Hits that found no room for a group of their own and are counted under their pattern alone. */
  readonly ungrouped: number;
}

interface Counted {
  readonly pattern: LogPattern;
  readonly namespace: string;
  readonly peer: LogPeer | undefined;
  count: number;
  firstMs: number | undefined;
  lastMs: number | undefined;
  readonly minutes: Map<number, number>;
  readonly sources: Map<string, number>;
  sample: string;
}

/** A week; older minutes than the newest so many are forgotten, their hits stay in the count. */
const mostMinutes = 10_080;

/** @param mostGroups Pairs of pattern and peer that are told apart. */
export function countHits(mostGroups = 2000): HitCount {
  const groups = new Map<string, Counted>();
  const state = { hits: 0, ungrouped: 0 };
  const groupOf = (pattern: LogPattern, namespace: string, wanted: LogPeer | undefined): Counted => {
    const key = keyOf(pattern, namespace, wanted);
    const known = groups.get(key);
    if (known !== undefined) return known;
    if (wanted !== undefined && groups.size >= mostGroups) {
      state.ungrouped++;
      return groupOf(pattern, namespace, undefined);
    }
    const made: Counted = {
      pattern,
      namespace,
      peer: wanted,
      count: 0,
      firstMs: undefined,
      lastMs: undefined,
      minutes: new Map(),
      sources: new Map(),
      sample: '',
    };
    groups.set(key, made);
    return made;
  };
  return {
    add({ pattern, peer, timeMs, line }, source) {
      state.hits++;
      const group = groupOf(pattern, source.namespace, peer);
      const name = sourceName(source);
      group.count++;
      group.sample = line;
      group.sources.set(name, (group.sources.get(name) ?? 0) + 1);
      if (timeMs === undefined) return;
      group.firstMs = Math.min(group.firstMs ?? timeMs, timeMs);
      group.lastMs = Math.max(group.lastMs ?? timeMs, timeMs);
      const minute = Math.floor(timeMs / 60_000);
      group.minutes.set(minute, (group.minutes.get(minute) ?? 0) + 1);
      if (group.minutes.size > mostMinutes) group.minutes.delete(Math.min(...group.minutes.keys()));
    },
    groups: () =>
      [...groups.values()].sort(
        (a, b) =>
          severityRank(a.pattern) - severityRank(b.pattern) ||
          b.count - a.count ||
          keyOf(a.pattern, a.namespace, a.peer).localeCompare(keyOf(b.pattern, b.namespace, b.peer)),
      ),
    get hits() {
      return state.hits;
    },
    get ungrouped() {
      return state.ungrouped;
    },
  };
}

function keyOf(pattern: LogPattern, namespace: string, peer: LogPeer | undefined): string {
  return `${pattern.name} ${namespace} ${peer?.host ?? ''} ${peer?.port ?? ''}`;
}

function severityRank({ severity }: LogPattern): number {
  return severity === 'error' ? 0 : 1;
}

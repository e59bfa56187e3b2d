import { isIP } from 'node:net';
import type { Outcome } from '../../tools/probe.js';
import type { ObservedConnect } from '../observed.js';

/** One place that was tried again and again. */
export interface HeatRow {
  readonly from: string;
  readonly address: string;
  readonly port: number;
  /** 4, 6, or 0 for a name. */
  readonly family: 0 | 4 | 6;
  /** Key of the endpoint, where it was dialled itself. */
  readonly endpoint?: string;
  /** The node whose address it is. */
  readonly node?: string;
  readonly attempts: number;
  readonly succeeded: number;
  /** What became of those that failed, the most frequent first. */
  readonly failures: readonly { readonly outcome: Outcome; readonly count: number }[];
  /** The share that succeeded, 0 to 1, in each stretch of time, the first first. */
  readonly cells: readonly number[];
}

/** What the rows differ in. */
export type Dimension = 'node' | 'endpoint' | 'address' | 'family';

/** The one of a dimension that fares worse than all others together. */
export interface OddOne {
  readonly dimension: Dimension;
  readonly value: string;
  readonly attempts: number;
  readonly succeeded: number;
  readonly others: { readonly attempts: number; readonly succeeded: number };
}

/** Repeated attempts, place by place. */
export interface Heat {
  readonly rows: readonly HeatRow[];
  /** At most one for each dimension, the widest gap first. */
  readonly odd: readonly OddOne[];
}

/** Stretches of time that a row is cut into. */
const mostCells = 20;
/** How unlikely a difference has to be, if all fared alike, before somebody is called odd. */
const significance = 0.05;
const dimensions: readonly Dimension[] = ['endpoint', 'node', 'address', 'family'];

/** Lays out what connections met that were tried more than once. UDP is left out: its silence says nothing. Pure. */
export function heatOf(connects: readonly ObservedConnect[]): Heat {
  const rows = connects.filter(({ to, attempts }) => to.protocol === 'TCP' && attempts.length > 1).map(rowOf);
  const odd = dimensions
    .flatMap((dimension) => oddOf(rows, dimension) ?? [])
    .toSorted((a, b) => gap(b) - gap(a));
  return { rows, odd };
}

function rowOf({ from, to, attempts }: ObservedConnect): HeatRow {
  const { address, port, endpoint, node } = to;
  const good = attempts.map(({ outcome }) => outcome === 'connected');
  const count = Math.min(mostCells, good.length);
  const cells = Array.from({ length: count }, (_, index) => {
    const part = good.slice(
      Math.floor((index * good.length) / count),
      Math.floor(((index + 1) * good.length) / count),
    );
    return part.filter(Boolean).length / part.length;
  });
  const failures = new Map<Outcome, number>();
  for (const { outcome } of attempts)
    if (outcome !== 'connected') failures.set(outcome, (failures.get(outcome) ?? 0) + 1);
  const family = isIP(address);
  return {
    from,
    address,
    port,
    family: family === 4 || family === 6 ? family : 0,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(node === undefined ? {} : { node }),
    attempts: good.length,
    succeeded: good.filter(Boolean).length,
    failures: [...failures]
      .map(([outcome, times]) => ({ outcome, count: times }))
      .toSorted((a, b) => b.count - a.count || (a.outcome < b.outcome ? -1 : 1)),
    cells,
  };
}

function valueOf(row: HeatRow, dimension: Dimension): string | undefined {
  if (dimension === 'family') return row.family === 0 ? undefined : `IPv${row.family}`;
  return row[dimension];
}

/** Rows that have no value in a dimension are not compared in it. */
function oddOf(rows: readonly HeatRow[], dimension: Dimension): OddOne | undefined {
  const groups = new Map<string, { attempts: number; succeeded: number }>();
  for (const row of rows) {
    const value = valueOf(row, dimension);
    if (value === undefined) continue;
    const group = groups.get(value) ?? { attempts: 0, succeeded: 0 };
    group.attempts += row.attempts;
    group.succeeded += row.succeeded;
    groups.set(value, group);
  }
  if (groups.size < 2) return undefined;
  const all = [...groups.values()];
  const total = {
    attempts: all.reduce((sum, { attempts }) => sum + attempts, 0),
    succeeded: all.reduce((sum, { succeeded }) => sum + succeeded, 0),
  };
  const found = [...groups]
    .map(([value, group]): OddOne => ({
      dimension,
      value,
      ...group,
      others: {
        attempts: total.attempts - group.attempts,
        succeeded: total.succeeded - group.succeeded,
      },
    }))
    .filter((one) => gap(one) > 0 && chance(one) < significance)
    .toSorted((a, b) => gap(b) - gap(a));
  return found[0];
}

/** How much larger the share of the others is. */
function gap({ attempts, succeeded, others }: OddOne): number {
  return others.succeeded / others.attempts - succeeded / attempts;
}

/** Fisher's exact test, one-sided: how likely at most so many successes would be by chance, if all fared alike. */
function chance({ attempts, succeeded, others }: OddOne): number {
  const total = attempts + others.attempts;
  const good = succeeded + others.succeeded;
  let sum = 0;
  for (let k = Math.max(0, good - others.attempts); k <= succeeded; k += 1)
    sum += Math.exp(logChoose(attempts, k) + logChoose(others.attempts, good - k) - logChoose(total, good));
  return sum;
}

function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= Math.min(k, n - k); i += 1) sum += Math.log((n - i + 1) / i);
  return sum;
}

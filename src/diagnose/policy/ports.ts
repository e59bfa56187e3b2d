import type { Protocol } from './objects.js';

export const protocols: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];

/** The highest port number; 0 is none. */
export const lastPort = 65_535;

/** An inclusive range of ports of one protocol. */
export interface PortRange {
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
}

/**
 * A set of (protocol, port). Sets of one {@link PortAlgebra} are interned: equal sets are the same object, so `===` compares them.
 * `spans` are inclusive, disjoint, ascending and not adjacent, flattened to [first, last, first, last, ...], each number being
 * protocol × 65536 + port.
 */
export interface Ports {
  readonly id: number;
  readonly spans: readonly number[];
}

/** Set arithmetic over ports. Results are remembered by pair, since a cluster has few distinct sets and many pairs of pods. */
export interface PortAlgebra {
  readonly none: Ports;
  /** Every port of TCP, UDP and SCTP. */
  readonly all: Ports;
  readonly of: (ranges: readonly PortRange[]) => Ports;
  readonly union: (a: Ports, b: Ports) => Ports;
  readonly intersect: (a: Ports, b: Ports) => Ports;
  readonly subtract: (a: Ports, b: Ports) => Ports;
}

/** A fresh algebra; sets of two algebras must not be mixed. */
export function createPortAlgebra(): PortAlgebra {
  const interned = new Map<string, Ports>();
  const intern = (spans: readonly number[]): Ports => {
    const key = spans.join();
    let ports = interned.get(key);
    if (ports === undefined) interned.set(key, (ports = { id: interned.size, spans }));
    return ports;
  };
  const remembered = (compute: (a: readonly number[], b: readonly number[]) => number[]) => {
    // By id: there are few distinct sets, and arrays answer much faster than a map of pairs.
    const results: (Ports | undefined)[][] = [];
    return (a: Ports, b: Ports): Ports =>
      ((results[a.id] ??= [])[b.id] ??= intern(compute(a.spans, b.spans)));
  };
  const none = intern([]);
  const all = intern(protocols.flatMap((_, index) => [index * 65_536 + 1, index * 65_536 + lastPort]));
  const union = remembered((a, b) => sweep(a, b, (inA, inB) => inA || inB));
  const intersect = remembered((a, b) => sweep(a, b, (inA, inB) => inA && inB));
  const subtract = remembered((a, b) => sweep(a, b, (inA, inB) => inA && !inB));
  return {
    none,
    all,
    of: (ranges) => ranges.reduce((sum, range) => union(sum, intern(spanOf(range))), none),
    union: (a, b) => (a === b || b === none || a === all ? a : a === none || b === all ? b : union(a, b)),
    intersect: (a, b) =>
      a === b || b === all || a === none ? a : a === all || b === none ? b : intersect(a, b),
    subtract: (a, b) => (b === none || a === none ? a : a === b || b === all ? none : subtract(a, b)),
  };
}

function spanOf({ protocol, first, last }: PortRange): number[] {
  const base = protocols.indexOf(protocol) * 65_536;
  const [from, to] = [Math.max(first, 1), Math.min(last, lastPort)];
  return from <= to ? [base + from, base + to] : [];
}

function sweep(
  a: readonly number[],
  b: readonly number[],
  keep: (inA: boolean, inB: boolean) => boolean,
): number[] {
  const spans: number[] = [];
  // Positions where membership may change: the first of a span is one, and so is the number after its last.
  const edges = [...new Set([...a, ...b].map((at, index) => at + (index % 2)))].sort((x, y) => x - y);
  for (const [index, from] of edges.entries()) {
    const next = edges[index + 1];
    if (next === undefined || !keep(covers(a, from), covers(b, from))) continue;
    // Two protocols touch at port 0 and 65535, which no set holds together: adjacency is always within one.
    if (spans.at(-1) === from - 1) spans[spans.length - 1] = next - 1;
    else spans.push(from, next - 1);
  }
  return spans;
}

function covers(spans: readonly number[], at: number): boolean {
  for (let index = 0; index < spans.length; index += 2) {
    if (at >= (spans[index] ?? 0) && at <= (spans[index + 1] ?? 0)) return true;
  }
  return false;
}

/** The set as ranges, by protocol, then port. */
export function rangesOf(ports: Ports): PortRange[] {
  const ranges: PortRange[] = [];
  for (let index = 0; index < ports.spans.length; index += 2) {
    const [first = 0, last = 0] = ports.spans.slice(index, index + 2);
    const protocol = protocols[Math.floor(first / 65_536)];
    if (protocol !== undefined) ranges.push({ protocol, first: first % 65_536, last: last % 65_536 });
  }
  return ranges;
}

/** The set in the words of `policy -o json`: `["ALL"]`, `["TCP 80", "UDP 8000-8999"]`, `[]`. */
export function portTexts(ports: Ports): string[] {
  const ranges = rangesOf(ports);
  const full = ranges.filter(({ first, last }) => first === 1 && last === lastPort);
  if (full.length === protocols.length) return ['ALL'];
  return ranges.map(
    ({ protocol, first, last }) => `${protocol} ${first === last ? first : `${first}-${last}`}`,
  );
}

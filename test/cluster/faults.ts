/**
 * Faults on demand. A fault waits for requests that match it; what it does then happens on the connection (cut, throttle),
 * before routing (delay, status, gone, reset, strip-upgrade), in the kubelet (slow) or to the clock.
 */
import type { IncomingMessage } from 'node:http';

/** Which requests a fault meets. Absent fields match everything. */
export interface FaultMatch {
  /** A regular expression over path and query. */
  readonly path?: string;
  readonly method?: string;
  /** Only upgrade requests, or only others. */
  readonly upgrade?: boolean;
  /** So many matching requests pass first; default 0. */
  readonly skip?: number;
  /** So many requests meet the fault; default 1; 0 means all. */
  readonly times?: number;
}

/** What happens. Bytes are counted behind TLS from the request on, heads included. */
export type Fault =
  /** Cut after bytes or time (at once when neither is given), with or without a close frame before it. */
  | {
      readonly kind: 'drop';
      readonly match?: FaultMatch;
      readonly afterBytes?: number;
      readonly afterMs?: number;
      readonly closeFrame?: boolean;
      /** `end` is a bare FIN (default), `reset` a RST, `silent` a network that carries nothing any more: both sides believe they are connected. */
      readonly how?: 'end' | 'reset' | 'silent';
      /** After a silent cut: when the server gives the connection up, as its keepalive would; default 15 000 ms. */
      readonly noticedAfterMs?: number;
    }
  | { readonly kind: 'throttle'; readonly match?: FaultMatch; readonly bytesPerSecond: number }
  | { readonly kind: 'delay'; readonly match?: FaultMatch; readonly ms: number }
  /** A Status of this code: 429 with Retry-After, 500, 503, 504. */
  | {
      readonly kind: 'status';
      readonly match?: FaultMatch;
      readonly code: number;
      readonly retryAfterSeconds?: number;
      readonly message?: string;
    }
  /** 410: as an ERROR event in a watch, as the answer to a list. */
  | { readonly kind: 'gone'; readonly match?: FaultMatch }
  /** A RST instead of an answer. */
  | { readonly kind: 'reset'; readonly match?: FaultMatch }
  /** A proxy that does not know upgrades: it drops the headers (`forward`), or answers by itself. */
  | {
      readonly kind: 'strip-upgrade';
      readonly match?: FaultMatch;
      readonly answer?: 'forward' | 200 | 400;
    }
  /** Every exec, attach and log of the kubelets takes this much longer to start. */
  | { readonly kind: 'slow-kubelet'; readonly ms: number }
  /** The cluster's clock is ahead by this (behind when negative): Date headers and every timestamp. */
  | { readonly kind: 'clock-skew'; readonly ms: number };

/** Names a fault that was set. */
export type FaultId = number;

interface Entry {
  readonly id: FaultId;
  readonly fault: Fault;
  seen: number;
  hits: number;
}

/** The faults of one cluster, and how often each was met. */
export interface FaultBook {
  add(fault: Fault): FaultId;
  /** Forgets a fault, or all of them. Connections it has met keep it. */
  remove(id?: FaultId): void;
  /** How many requests met the fault; 0 when it is not known. */
  hits(id: FaultId): number;
  /** The faults this request meets; each counts it. Ask once a request. */
  meet(request: IncomingMessage): readonly Fault[];
  /** The sum of the delays of `slow-kubelet`. */
  kubeletDelayMs(): number;
  /** The sum of `clock-skew`. */
  skewMs(): number;
}

function matches(match: FaultMatch, request: IncomingMessage): boolean {
  return (
    (match.path === undefined || new RegExp(match.path).test(decodeURI(request.url ?? ''))) &&
    (match.method === undefined || match.method === request.method) &&
    (match.upgrade === undefined || match.upgrade === (request.headers.upgrade !== undefined))
  );
}

function isMet(entry: Entry, request: IncomingMessage): boolean {
  const { fault } = entry;
  if (fault.kind === 'slow-kubelet' || fault.kind === 'clock-skew') {
    return false;
  }
  const match = fault.match ?? {};
  if (!matches(match, request)) {
    return false;
  }
  entry.seen += 1;
  const times = match.times ?? 1;
  if (entry.seen <= (match.skip ?? 0) || (times > 0 && entry.hits >= times)) {
    return false;
  }
  entry.hits += 1;
  return true;
}

/** An empty book. */
export function createFaultBook(): FaultBook {
  const entries = new Map<FaultId, Entry>();
  let last = 0;
  const sum = (kind: 'slow-kubelet' | 'clock-skew'): number =>
    [...entries.values()].reduce((total, { fault }) => total + (fault.kind === kind ? fault.ms : 0), 0);
  return {
    add: (fault) => {
      last += 1;
      entries.set(last, { id: last, fault, seen: 0, hits: 0 });
      return last;
    },
    remove: (id) => {
      if (id === undefined) {
        entries.clear();
      } else {
        entries.delete(id);
      }
    },
    hits: (id) => entries.get(id)?.hits ?? 0,
    meet: (request) =>
      [...entries.values()].filter((entry) => isMet(entry, request)).map(({ fault }) => fault),
    kubeletDelayMs: () => sum('slow-kubelet'),
    skewMs: () => sum('clock-skew'),
  };
}

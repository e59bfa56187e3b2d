import type { NetdebugError } from '../errors.js';
import type { Outcome } from '../tools/probe.js';

/** A pod that connects: one row. */
export interface MatrixSource {
  readonly namespace: string;
  readonly pod: string;
}

/** One port of a pod or a Service that is connected to: one column. */
export interface MatrixDestination {
  readonly kind: 'pod' | 'service';
  readonly namespace: string;
  readonly name: string;
  /** An address, or the DNS name of a headless or ExternalName Service; undefined while the pod has no address. */
  readonly host: string | undefined;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

/** What packets did. */
export interface PacketCell {
  readonly outcome: Outcome | 'notTested';
  /** Until connected, refused or given up; absent where the container has no clock that is fine enough. */
  readonly ms?: number;
  /** 2 when the first attempt did not connect. */
  readonly tries?: number;
  readonly errno?: string;
  /** The words of the program that tried, or why nothing was tried. */
  readonly text?: string;
}

/** What policies decide; `mixed`: they let some endpoints of a Service be reached, and others not. */
export type ModelCell = 'allow' | 'deny' | 'mixed' | 'unknown' | 'noEndpoint';

/** ND215: policies deny, packets pass. ND090: policies allow, packets are lost. */
export type Difference = 'ND215' | 'ND090';

/** One pair: what packets did, what policies decide, or both. */
export interface MatrixCell {
  readonly packet?: PacketCell;
  readonly model?: ModelCell;
  readonly differs?: Difference;
}

export type MatrixMode = 'live' | 'static' | 'compare';

/** Rows and columns, and why something is not among them. */
export interface MatrixPlan {
  readonly sources: readonly MatrixSource[];
  readonly destinations: readonly MatrixDestination[];
  /** Pods of which no port is known. */
  readonly portless: readonly MatrixSource[];
}

/** A source that could not be probed from. */
export interface FailedSource {
  readonly source: MatrixSource;
  readonly error: NetdebugError;
}

/** Everything that was found. */
export interface Matrix {
  readonly mode: MatrixMode;
  readonly sources: readonly MatrixSource[];
  readonly destinations: readonly MatrixDestination[];
  /** By source, then by destination; undefined where a pod is its own destination. */
  readonly rows: readonly (readonly (MatrixCell | undefined)[])[];
  readonly failed: readonly FailedSource[];
}

/** `shop/web-0` */
export function sourceName({ namespace, pod }: MatrixSource): string {
  return `${namespace}/${pod}`;
}

/** `shop/web-0:8080`, `shop/svc/api:53/udp` */
export function destinationName({ kind, namespace, name, port, protocol }: MatrixDestination): string {
  const shown = kind === 'pod' ? name : `svc/${name}`;
  return `${namespace}/${shown}:${port}${protocol === 'tcp' ? '' : `/${protocol}`}`;
}

/** Whether a destination is the pod that connects. */
export function isItself(source: MatrixSource, { kind, namespace, name }: MatrixDestination): boolean {
  return kind === 'pod' && name === source.pod && namespace === source.namespace;
}

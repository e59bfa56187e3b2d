import type { Outcome } from './probe.js';

export interface ThroughputRequest {
  /** Where the server listens: the other pod's address. */
  readonly address: string;
  readonly port: number;
  readonly seconds: number;
  /** Connections at the same time. */
  readonly streams: number;
}

/** One second of a transfer. */
export interface ThroughputSample {
  /** Since the beginning. */
  readonly second: number;
  readonly mbitPerSecond: number;
  /** Known for what the client of iperf3 sends only. */
  readonly retransmits?: number;
}

/** `forward`: from the first pod to the second. */
export interface ThroughputDirection {
  readonly direction: 'forward' | 'reverse';
  /** As it was received, 10^6 bits. */
  readonly mbitPerSecond?: number;
  /** Of iperf3's own connections; by nc those of all TCP connections of the sending pod meanwhile. */
  readonly retransmits?: number;
  readonly samples: readonly ThroughputSample[];
  readonly failure?: { readonly outcome: Outcome; readonly text: string };
}

export interface ThroughputResult extends Omit<ThroughputRequest, 'address'> {
  readonly kind: 'ThroughputResult';
  /** `nc`: busybox's nc, which hands its connection to dd; a dd of 64 KiB blocks may be what limits it, and it is one stream. */
  readonly via: 'iperf3' | 'nc';
  readonly address: string;
  readonly directions: readonly ThroughputDirection[];
}

/** A second of a transfer that is over, as it is told while it goes on. */
export interface ThroughputEvent {
  readonly direction: ThroughputDirection['direction'];
  readonly sample: ThroughputSample;
}

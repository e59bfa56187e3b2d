import type { ToolSession } from '../debugger/types.js';

/** Where the packets of one source are captured; all that Wireshark is told about its interface comes from here. */
export type SourcePlace =
  | {
      readonly kind: 'pod';
      readonly namespace: string;
      readonly pod: string;
      /** `metadata.uid`: a pod of the same name that came later is another place. */
      readonly uid: string;
      readonly node: string | undefined;
      /** `status.podIPs`. */
      readonly podIPs: readonly string[];
      /** The workload that owns it, e.g. `deployment/web`. */
      readonly owner: string | undefined;
      readonly labels: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'node'; readonly node: string; readonly addresses: readonly string[] };

/** One tcpdump on one interface of one place. */
export interface CaptureSource {
  readonly place: SourcePlace;
  /** `eth0`, `lo`, `any`. */
  readonly interface: string;
  /** What is seen there, for the description of the interface, e.g. `on the wire`. */
  readonly shows?: string | undefined;
  /** The pcap-filter(7) expression that is used, what was added to the person's own included. */
  readonly filter: string | undefined;
  /** argv of the tcpdump; no shell reads it. */
  readonly argv: readonly string[];
}

/** A hole in the packets of one source. */
export interface Gap {
  /** Bytes of stdout before the hole: always the end of a whole record. */
  readonly atBytes: number;
  /** A sentence, e.g. `the connection was lost for 3.2 s and the ring no longer held what came in between`. */
  readonly reason: string;
  /** How many are missing, where that is known. */
  readonly packets?: number | undefined;
  readonly bytes?: number | undefined;
}

/**
 * A running tcpdump whose stdout is one pcap stream, from its file header on, whatever happens underneath: run by exec, read from
 * a ring of files in the container and resumed after a lost connection, run from an uploaded program, run in a pod on a node.
 * stderr carries tcpdump's own words and counters. Backpressure holds on stdout as on every stream.
 */
export interface PacketSession extends ToolSession {
  /** Calls for each hole, before the bytes that follow it are delivered. Absent where a lost connection ends the session. */
  readonly onGap?: ((listener: (gap: Gap) => void) => void) | undefined;
}

/**
 * Starts the capture of one source. Rejects with a NetdebugError; the other sources go on.
 * @param signal The capture is over before it began: the start is given up. A session that was given is stopped by itself.
 */
export type OpenPackets = (source: CaptureSource, signal: AbortSignal) => Promise<PacketSession>;

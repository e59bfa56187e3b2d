import type { InterfaceStatistics, NameRecord } from './merge-types.js';
import type { Packet, Timestamp } from './types.js';

/** What a Section Header Block said. */
export interface PcapngSection {
  readonly littleEndian: boolean;
  readonly hardware: string | undefined;
  readonly os: string | undefined;
  /** `shb_userappl`. */
  readonly application: string | undefined;
  readonly comments: readonly string[];
}

/** What an Interface Description Block said. */
export interface PcapngInterface {
  /** Place in its section. */
  readonly id: number;
  readonly linktype: number;
  readonly snaplen: number;
  readonly name: string | undefined;
  readonly description: string | undefined;
  /** `if_filter` in libpcap's language. */
  readonly filter: string | undefined;
  readonly os: string | undefined;
  /** By `if_tsresol`; 10^6 without one. */
  readonly ticksPerSecond: bigint;
  /** `if_tsoffset`, seconds. */
  readonly offsetSeconds: bigint;
  readonly comments: readonly string[];
}

/** One packet of an Enhanced, Simple or old Packet Block. A Simple Packet Block has no time: it stands at 0. */
export interface PcapngPacket extends Packet {
  readonly interface: PcapngInterface;
  readonly comments: readonly string[];
}

/** What an Interface Statistics Block said. */
export interface PcapngStatistics extends InterfaceStatistics {
  readonly interface: PcapngInterface;
  readonly time: Timestamp;
  /** `isb_starttime` and `isb_endtime`. */
  readonly start: Timestamp | undefined;
  readonly end: Timestamp | undefined;
  readonly comments: readonly string[];
}

/** One block, in file order; blocks of other types are skipped and counted. */
export type PcapngBlock =
  | { readonly kind: 'section'; readonly section: PcapngSection }
  | { readonly kind: 'interface'; readonly interface: PcapngInterface }
  | { readonly kind: 'packet'; readonly packet: PcapngPacket }
  | { readonly kind: 'names'; readonly names: readonly NameRecord[]; readonly comments: readonly string[] }
  | { readonly kind: 'statistics'; readonly statistics: PcapngStatistics };

/** Why a stream stopped being pcapng; `offset` counts bytes from its start. */
export interface PcapngFault {
  /**
   * `magic`: does not begin as a section. `version`: a major version other than 1. `length`: a block length that cannot be.
   * `block`: what is in a block does not fit it, or names an interface that was never described.
   */
  readonly kind: 'magic' | 'version' | 'length' | 'block';
  readonly offset: number;
  readonly message: string;
}

/**
 * Words of the two capture formats, shared by readers and writers.
 * Sources: draft-ietf-opsawg-pcap (pcap), draft-ietf-opsawg-pcapng (pcapng).
 */

/** Resolution of the time stamps: the magic number of a pcap file, `if_tsresol` of a pcapng interface. */
export type TimePrecision = 'micro' | 'nano';

/** One source of packets: the header of a pcap file, or one Interface Description Block of a pcapng section. */
export interface CaptureInterface {
  /** LINKTYPE_ number, see linktype.ts. */
  readonly linktype: number;
  /** Most bytes kept of one packet. */
  readonly snaplen: number;
  readonly precision: TimePrecision;
}

/** The 24 bytes at the start of a pcap file. */
export interface PcapHeader extends CaptureInterface {
  readonly littleEndian: boolean;
  readonly versionMajor: number;
  readonly versionMinor: number;
}

/**
 * A point in time with nanoseconds, as two numbers: a bigint for each packet would cost more than all else.
 * `nanoseconds` is below 1e9 in well-formed files.
 */
export interface Timestamp {
  /** Seconds since 1970-01-01 UTC. */
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** One captured packet, whatever file it came from. */
export interface Packet extends Timestamp {
  /** Which {@link CaptureInterface} saw it; 0 in a pcap file. */
  readonly interfaceId: number;
  /** Bytes kept: the length of `data`. */
  readonly capturedLength: number;
  /** Bytes on the wire. */
  readonly originalLength: number;
  readonly data: Uint8Array;
}

/** Why a stream stopped being a pcap file; `offset` counts bytes from its start. */
export interface PcapFault {
  /**
   * `magic`: does not begin as a pcap file. `length`: a record longer than any packet can be.
   * `header`: a second file header where a record was due (two captures run together).
   */
  readonly kind: 'magic' | 'length' | 'header';
  readonly offset: number;
  readonly message: string;
}

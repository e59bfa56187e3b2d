import type { PcapHeader, Timestamp } from './types.js';

/** What an Interface Description Block says besides linktype and snaplen. Source: draft-ietf-opsawg-pcapng, section 4.2. */
export interface InterfaceDescription {
  /** `if_name`, e.g. `shop/web-0:eth0`. */
  readonly name: string;
  /** `if_description`: node, addresses, owner, labels. */
  readonly description?: string | undefined;
  /** `if_filter`, code 0: a libpcap expression. */
  readonly filter?: string | undefined;
}

/** What a Section Header Block says. */
export interface SectionDescription {
  /** `shb_userappl`. */
  readonly application: string;
  readonly os?: string | undefined;
  readonly hardware?: string | undefined;
  /** `opt_comment`, one each: command, versions, cluster. */
  readonly comments?: readonly string[] | undefined;
}

/** Counters of an Interface Statistics Block. */
export interface InterfaceStatistics {
  /** `isb_ifrecv`. */
  readonly received?: number | undefined;
  /** `isb_ifdrop`: by the interface. */
  readonly droppedByInterface?: number | undefined;
  /** `isb_osdrop`: by the kernel. */
  readonly droppedByKernel?: number | undefined;
  /** `isb_filteraccept`. */
  readonly acceptedByFilter?: number | undefined;
  /** `isb_usrdeliv`: written here. */
  readonly delivered?: number | undefined;
}

/** One address and its names, for a Name Resolution Block. */
export interface NameRecord {
  /** IPv4 or IPv6 in text. */
  readonly address: string;
  readonly names: readonly string[];
}

/** Merges several pcap streams into one pcapng section, in the order of time as far as a bounded window allows. Pure: no clock. */
export interface PcapngMerger {
  /** Bytes of whole blocks that are ready, and forgets them; undefined when there are none. The section header comes first. */
  take(): Uint8Array | undefined;
  /** What `take` gave is written and of no more use: its memory may be used again. May be left out; it saves a third of the time. */
  recycle(taken: Uint8Array): void;
  /** A new source, e.g. a pod that joined. Until it has delivered or ended, the others wait for it at most the window. */
  addSource(description: InterfaceDescription): MergeSource;
  /** Writes a Name Resolution Block before the next packet. */
  addNames(names: readonly NameRecord[]): void;
  /**
   * Tells how late it is; packets held longer than the window go out though a source was silent.
   * @param nowMs Milliseconds of any clock that only grows.
   */
  tick(nowMs: number): void;
  /** Bytes held back now: the caller stops reading sources when they grow beyond its limit. */
  readonly heldBytes: number;
  /** Packets that came later than the window allowed; they are written all the same, out of order. */
  readonly latePackets: number;
  /** All sources are over: everything held goes out, and an Interface Statistics Block for each that has none yet. */
  end(): void;
}

export interface MergeSource {
  /**
   * Takes the next bytes of this source's pcap stream, cut anywhere. A second file header in the stream is dropped if it
   * agrees with the first, else it becomes a new interface.
   */
  push(chunk: Uint8Array): void;
  /** A comment on the next packet of this source, or on its statistics when none follows: a gap, a restart. */
  comment(text: string): void;
  /** The source is over; what it holds goes out in its turn, then its Interface Statistics Block. */
  end(statistics: InterfaceStatistics): void;
  /** Undefined until its file header was read. */
  readonly header: PcapHeader | undefined;
  /** Bytes that wait for other sources, or for the rest of a record. */
  readonly heldBytes: number;
  /** Records written, and their captured bytes; those held back are not yet among them. */
  readonly packets: number;
  readonly bytes: number;
  readonly latePackets: number;
  /** Time of the last of them. */
  readonly lastTime: Timestamp | undefined;
  /** Why the stream is no pcap any more; what follows is ignored. */
  readonly fault: string | undefined;
  /** Bytes of a record that was cut by the end of the stream. */
  readonly cutBytes: number;
}

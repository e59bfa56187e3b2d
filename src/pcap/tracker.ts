import {
  LONGEST_PACKET,
  PCAP_HEADER_LENGTH,
  PCAP_RECORD_HEADER_LENGTH,
  isPcapMagic,
  readPcapHeader,
} from './header.js';
import type { PcapFault, PcapHeader, Timestamp } from './types.js';
import { word } from './word.js';

/** A header may ask for more than that, but not for our memory: a record that is not yet whole is held back. */
const LONGEST_BELIEVED = 16 * 1024 * 1024;

/** How much of the stream is wanted; absent: all of it. */
export interface TrackerLimits {
  /** Most bytes, file header included. */
  readonly maxBytes?: number | undefined;
  readonly maxPackets?: number | undefined;
}

/**
 * Follows a pcap stream over chunks of any size without copying it: it knows at every moment where the last whole
 * record ended, so that the stream can be cut there and still opens everywhere. Costs a few nanoseconds a packet.
 */
export interface PcapTracker {
  /** Looks at the next bytes. Never throws; after a fault it only counts `streamBytes`. */
  push(chunk: Uint8Array): void;
  /** Absent until 24 bytes have come. */
  readonly header: PcapHeader | undefined;
  readonly fault: PcapFault | undefined;
  /** All bytes pushed. */
  readonly streamBytes: number;
  /** Where the last whole record ended; 24 after the header; 0 before. */
  readonly wholeBytes: number;
  /** What is still to come of a record whose header has come; 0 when there is none. */
  readonly missingBytes: number;
  /** Whole records. */
  readonly packets: number;
  /** Where the last whole record ended that the limits allow: cut the stream here. */
  readonly keptBytes: number;
  readonly keptPackets: number;
  /** True once a limit is reached: `keptBytes` moves no more. */
  readonly limited: boolean;
  /** Time stamps of the first and the last whole record, in file order. */
  readonly first: Timestamp | undefined;
  readonly last: Timestamp | undefined;
}

class Tracker implements PcapTracker {
  header: PcapHeader | undefined;
  fault: PcapFault | undefined;
  streamBytes = 0;
  wholeBytes = 0;
  packets = 0;
  keptBytes = 0;
  keptPackets = 0;
  limited = false;

  readonly #maxBytes: number;
  readonly #maxPackets: number;
  /** Holds a file or record header that came in pieces. */
  readonly #scratch = new Uint8Array(PCAP_HEADER_LENGTH);
  #scratchLength = 0;
  /** Stream offset where the next header begins. */
  #next = 0;
  #longest = LONGEST_PACKET;
  #firstSeconds = 0;
  #firstFraction = 0;
  #lastSeconds = 0;
  #lastFraction = 0;
  /** Time stamp of the record whose data has not all come. */
  #openSeconds = 0;
  #openFraction = 0;
  #open = false;

  constructor(limits: TrackerLimits) {
    this.#maxBytes = limits.maxBytes ?? Infinity;
    this.#maxPackets = limits.maxPackets ?? Infinity;
  }

  get first(): Timestamp | undefined {
    return this.packets === 0 ? undefined : this.#time(this.#firstSeconds, this.#firstFraction);
  }

  get last(): Timestamp | undefined {
    return this.packets === 0 ? undefined : this.#time(this.#lastSeconds, this.#lastFraction);
  }

  get missingBytes(): number {
    return this.#open ? this.#next - this.streamBytes : 0;
  }

  push(chunk: Uint8Array): void {
    const start = this.streamBytes;
    this.streamBytes = start + chunk.length;
    let position = 0;
    while (this.fault === undefined) {
      if (this.#open) {
        if (this.#next > this.streamBytes) return;
        this.#close();
        continue;
      }
      // Where in this chunk the header begins: it may have begun in an earlier one (then #scratch holds that part).
      position = this.#scratchLength > 0 ? position : this.#next - start;
      const wanted = this.header === undefined ? PCAP_HEADER_LENGTH : PCAP_RECORD_HEADER_LENGTH;
      if (this.#scratchLength === 0 && position + wanted <= chunk.length) {
        this.#read(chunk, position);
        continue;
      }
      const taken = Math.min(wanted - this.#scratchLength, chunk.length - position);
      this.#scratch.set(chunk.subarray(position, position + taken), this.#scratchLength);
      this.#scratchLength += taken;
      position += taken;
      if (this.#scratchLength < wanted) {
        // A stream that is no pcap file at all is known by its first four bytes.
        if (this.header === undefined && this.#scratchLength >= 4 && !isPcapMagic(this.#scratch))
          this.#notPcap();
        return;
      }
      this.#scratchLength = 0;
      this.#read(this.#scratch, 0);
    }
  }

  #read(bytes: Uint8Array, at: number): void {
    if (this.header === undefined) this.#readFileHeader(bytes, at);
    else this.#readRecordHeader(bytes, at, this.header.littleEndian);
  }

  #readFileHeader(bytes: Uint8Array, at: number): void {
    this.header = readPcapHeader(bytes, at);
    if (this.header === undefined) {
      this.#notPcap();
      return;
    }
    this.#longest = Math.min(Math.max(this.header.snaplen, LONGEST_PACKET), LONGEST_BELIEVED);
    this.#next = this.wholeBytes = PCAP_HEADER_LENGTH;
    if (this.#maxBytes < PCAP_HEADER_LENGTH) this.limited = true;
    else this.keptBytes = PCAP_HEADER_LENGTH;
    if (this.#maxPackets <= 0) this.limited = true;
  }

  #readRecordHeader(bytes: Uint8Array, at: number, littleEndian: boolean): void {
    const length = word(bytes, at + 8, littleEndian);
    // A file header read as a record has both lengths zero (time zone and accuracy), which no packet has.
    if (length === 0 && isPcapMagic(bytes, at) && word(bytes, at + 12, littleEndian) === 0) {
      this.#fail('header', 'a second pcap header stands where a packet was due');
      return;
    }
    if (length > this.#longest) {
      this.#fail('length', `a packet of ${length} bytes cannot be: the stream is damaged`);
      return;
    }
    this.#openSeconds = word(bytes, at, littleEndian);
    this.#openFraction = word(bytes, at + 4, littleEndian);
    this.#next += PCAP_RECORD_HEADER_LENGTH + length;
    this.#open = true;
  }

  /** The record that ends at #next is whole. */
  #close(): void {
    this.#open = false;
    this.wholeBytes = this.#next;
    if (this.packets === 0) {
      this.#firstSeconds = this.#openSeconds;
      this.#firstFraction = this.#openFraction;
    }
    this.#lastSeconds = this.#openSeconds;
    this.#lastFraction = this.#openFraction;
    this.packets++;
    if (this.limited) return;
    if (this.#next > this.#maxBytes) {
      this.limited = true;
      return;
    }
    this.keptBytes = this.#next;
    this.keptPackets++;
    if (this.keptPackets >= this.#maxPackets || this.keptBytes === this.#maxBytes) this.limited = true;
  }

  #notPcap(): void {
    this.#fail('magic', 'the stream does not begin as a pcap file');
  }

  #fail(kind: PcapFault['kind'], message: string): void {
    this.fault = { kind, offset: this.#next, message };
  }

  #time(seconds: number, fraction: number): Timestamp {
    return { seconds, nanoseconds: this.header?.precision === 'nano' ? fraction : fraction * 1000 };
  }
}

/** A tracker at the start of a stream. */
export function trackPcap(limits: TrackerLimits = {}): PcapTracker {
  return new Tracker(limits);
}

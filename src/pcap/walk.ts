import { PCAP_HEADER_LENGTH, PCAP_RECORD_HEADER_LENGTH, isPcapMagic, readPcapHeader } from './header.js';
import {
  BLOCK_EPB,
  BLOCK_IDB,
  BLOCK_ISB,
  BLOCK_NRB,
  BLOCK_SHB,
  BLOCK_SPB,
  BYTE_ORDER_MAGIC,
  idb,
} from './pcapng-blocks.js';
import type { Timestamp } from './types.js';
import { timeOf, WalkedInterface } from './walked-interface.js';
import { littleEndianHost } from './word.js';

/** What a piece of a capture file is: `preamble` has to stand at the start of every file that is cut from the same capture. */
export type RecordKind = 'preamble' | 'packet' | 'other';

/**
 * Walks a capture record by record, pcap or pcapng, in chunks that end where a record ends (as every chunk for a sink does). It knows
 * at every moment what a file that began there would have to begin with, so the capture can be cut between any two packets.
 * Costs no copy; the fields describe the record last read.
 */
export interface RecordWalker {
  /** Reads the record that begins at `at` and tells where it ends; undefined when what stands there is no whole record. */
  next(chunk: Uint8Array, at: number): number | undefined;
  readonly kind: RecordKind;
  /** Of a packet: LINKTYPE_ number of its interface; -1 when the interface was never described. */
  readonly linktype: number;
  /** Of a packet: where its bytes begin in the chunk, how many were kept, how many there were on the wire. */
  readonly dataAt: number;
  readonly capturedLength: number;
  readonly originalLength: number;
  /** Of a packet: its time stamp. */
  time(): Timestamp;
  /**
   * What a new file begins with from here on: the pcap file header, or section header, interfaces (their order is their number)
   * and names of pcapng. Empty at the start of the capture.
   */
  preamble(): Uint8Array;
  /**
   * What a pcapng file that ends here ends with: an Interface Statistics Block for each interface of which none came since the last
   * call. Counters run from the beginning of the capture, as the format has them. Empty for pcap.
   * @param spare The file ends before the packet last read.
   */
  statistics(spare: boolean): Uint8Array;
  /** Room that this may take. */
  readonly statisticsBytes: number;
}

/** Names beyond this are left out of later files, oldest first: they help to read packets and are needed by none. */
const MOST_NAME_BYTES = 1024 * 1024;

class Walker implements RecordWalker {
  kind: RecordKind = 'other';
  linktype = -1;
  dataAt = 0;
  capturedLength = 0;
  originalLength = 0;

  #chunk: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(this.#chunk.buffer);
  #littleEndian = true;
  /** undefined before the first record. */
  #format: 'pcap' | 'pcapng' | undefined;
  /** pcap: nanoseconds in one unit of the fraction. */
  #fraction = 1000;
  #high = 0;
  #low = 0;
  #units: bigint | undefined;
  /** pcap header, or section header and interfaces. */
  #head: Uint8Array[] = [];
  #names: Uint8Array[] = [];
  #nameBytes = 0;
  #interfaces: WalkedInterface[] = [];
  /** Of the packet last read. */
  #last: WalkedInterface | undefined;

  next(chunk: Uint8Array, at: number): number | undefined {
    if (chunk !== this.#chunk) {
      this.#chunk = chunk;
      this.#view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    this.kind = 'other';
    if (this.#format === undefined) {
      if (isPcapMagic(chunk, at)) return this.#fileHeader(at);
      if (at + 4 > chunk.length || this.#view.getUint32(at, true) !== BLOCK_SHB) return undefined;
    }
    return this.#format === 'pcap' ? this.#record(at) : this.#block(at);
  }

  time(): Timestamp {
    if (this.#units === undefined) return { seconds: this.#high, nanoseconds: this.#low * this.#fraction };
    return timeOf(this.#high, this.#low, this.#units);
  }

  preamble(): Uint8Array {
    return joined([...this.#head, ...this.#names]);
  }

  get statisticsBytes(): number {
    let sum = 0;
    for (const one of this.#interfaces) sum += one.statisticsBytes;
    return sum;
  }

  statistics(spare: boolean): Uint8Array {
    const last = spare && this.kind === 'packet' ? this.#last : undefined;
    const blocks = this.#interfaces.flatMap((one, id) => one.statistics(id, one === last));
    return joined(this.#littleEndian === littleEndianHost ? blocks : []);
  }

  #fileHeader(at: number): number | undefined {
    const header = readPcapHeader(this.#chunk, at);
    if (header === undefined) return undefined;
    this.#format = 'pcap';
    this.#littleEndian = header.littleEndian;
    this.#fraction = header.precision === 'nano' ? 1 : 1000;
    this.linktype = header.linktype;
    this.#head = [this.#chunk.slice(at, at + PCAP_HEADER_LENGTH)];
    this.kind = 'preamble';
    return at + PCAP_HEADER_LENGTH;
  }

  #record(at: number): number | undefined {
    const dataAt = at + PCAP_RECORD_HEADER_LENGTH;
    if (dataAt > this.#chunk.length) return undefined;
    const captured = this.#word(at + 8);
    if (dataAt + captured > this.#chunk.length) return undefined;
    this.#high = this.#word(at);
    this.#low = this.#word(at + 4);
    return this.#packet(dataAt, captured, this.#word(at + 12), dataAt + captured);
  }

  #block(at: number): number | undefined {
    const left = this.#chunk.length - at;
    if (left < 12) return undefined;
    if (this.#view.getUint32(at, true) === BLOCK_SHB) {
      const order = this.#view.getUint32(at + 8, true);
      if (order !== BYTE_ORDER_MAGIC && this.#view.getUint32(at + 8, false) !== BYTE_ORDER_MAGIC)
        return undefined;
      this.#littleEndian = order === BYTE_ORDER_MAGIC;
    }
    const length = this.#word(at + 4);
    if (length < 12 || length % 4 !== 0 || length > left) return undefined;
    const end = at + length;
    switch (this.#word(at)) {
      case BLOCK_SHB:
        return length < 28 ? undefined : this.#section(at, end);
      case BLOCK_IDB:
        return length < 20 ? undefined : this.#interface(at, end);
      case BLOCK_NRB:
        return this.#nameResolution(at, end);
      case BLOCK_EPB: {
        if (length < 32) return undefined;
        const captured = this.#word(at + 20);
        if (captured > length - 32) return undefined;
        this.#interfaceOf(this.#word(at + 8));
        this.#high = this.#word(at + 12);
        this.#low = this.#word(at + 16);
        this.#last?.packet(this.#high, this.#low);
        return this.#packet(at + 28, captured, this.#word(at + 24), end);
      }
      case BLOCK_SPB: {
        if (length < 16) return undefined;
        const original = this.#word(at + 8);
        const { snaplen } = this.#interfaceOf(0);
        this.#high = this.#low = 0;
        this.#last?.packet(0, 0);
        const kept = Math.min(original, snaplen === 0 ? original : snaplen, length - 16);
        return this.#packet(at + 12, kept, original, end);
      }
      case BLOCK_ISB:
        if (length >= 24) this.#interfaces[this.#word(at + 8)]?.tell(this.#chunk.slice(at, end));
        return end;
      default:
        return end;
    }
  }

  #packet(dataAt: number, captured: number, original: number, end: number): number {
    this.kind = 'packet';
    this.dataAt = dataAt;
    this.capturedLength = captured;
    this.originalLength = original;
    return end;
  }

  #section(at: number, end: number): number {
    this.#format = 'pcapng';
    this.kind = 'preamble';
    const header = this.#chunk.slice(at, end);
    // The section of another file is of another length: -1 is not said.
    header.fill(0xff, 16, 24);
    this.#head = [header];
    this.#names = [];
    this.#nameBytes = 0;
    this.#interfaces = [];
    return end;
  }

  #interface(at: number, end: number): number {
    this.kind = 'preamble';
    this.#head.push(this.#chunk.slice(at, end));
    const linktype = this.#view.getUint16(at + 8, this.#littleEndian);
    const unitsPerSecond = this.#unitsPerSecond(at + 16, end - 4);
    this.#interfaces.push(new WalkedInterface(linktype, this.#word(at + 12), unitsPerSecond));
    return end;
  }

  #nameResolution(at: number, end: number): number {
    this.kind = 'preamble';
    this.#names.push(this.#chunk.slice(at, end));
    this.#nameBytes += end - at;
    while (this.#nameBytes > MOST_NAME_BYTES)
      this.#nameBytes -= this.#names.shift()?.length ?? this.#nameBytes;
    return end;
  }

  /** `if_tsresol` among the options from `at` on: a power of ten, or of two when the upper bit is set. Default: microseconds. */
  #unitsPerSecond(at: number, end: number): bigint {
    for (let option = at; option + 4 <= end;) {
      const code = this.#view.getUint16(option, this.#littleEndian);
      const length = this.#view.getUint16(option + 2, this.#littleEndian);
      if (code === 0) break;
      if (code === idb.tsresol && length >= 1 && option + 4 < end) {
        const value = this.#view.getUint8(option + 4);
        return value >= 128 ? 1n << BigInt(value - 128) : 10n ** BigInt(value);
      }
      option += 4 + length + ((4 - (length % 4)) % 4);
    }
    return 1_000_000n;
  }

  #interfaceOf(id: number): { readonly snaplen: number } {
    const found = (this.#last = this.#interfaces[id]);
    this.linktype = found?.linktype ?? -1;
    this.#units = found?.unitsPerSecond ?? 1_000_000n;
    return { snaplen: found?.snaplen ?? 0 };
  }

  #word(at: number): number {
    return this.#view.getUint32(at, this.#littleEndian);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A walker at the start of a capture. */
export function walkRecords(): RecordWalker {
  return new Walker();
}

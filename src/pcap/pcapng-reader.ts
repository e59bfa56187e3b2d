import { byteQueue } from './byte-queue.js';
import {
  BLOCK_EPB,
  BLOCK_IDB,
  BLOCK_ISB,
  BLOCK_NRB,
  BLOCK_PB,
  BLOCK_SHB,
  BLOCK_SPB,
  BYTE_ORDER_MAGIC,
  VERSION_MAJOR,
} from './pcapng-blocks.js';
import {
  decodeInterface,
  decodeNames,
  decodePacket,
  decodeSection,
  decodeStatistics,
  type BlockBody,
} from './pcapng-decode.js';
import type { PcapngBlock, PcapngFault, PcapngInterface } from './pcapng-types.js';
import { word } from './word.js';

/** Wireshark's own limit; a longer block is a damaged length. */
const LONGEST_BLOCK = 16 * 1024 * 1024;
/** Interfaces of one section that are believed: each costs memory until the section is over. */
const MOST_INTERFACES = 100_000;

/** Reads a pcapng stream in chunks of any size: either byte order, any number of sections. */
export interface PcapngReader {
  /** The blocks that are whole now. Never throws; after a fault nothing more comes. */
  push(chunk: Uint8Array): PcapngBlock[];
  readonly fault: PcapngFault | undefined;
  /** Bytes of a block that is not whole: after the last chunk 0 unless the file was cut. */
  readonly trailingBytes: number;
  /** Blocks of types that are not read. */
  readonly skippedBlocks: number;
}

class Reader implements PcapngReader {
  fault: PcapngFault | undefined;
  skippedBlocks = 0;

  readonly #queue = byteQueue();
  #offset = 0;
  /** Undefined until the first section. */
  #littleEndian: boolean | undefined;
  #interfaces: PcapngInterface[] = [];

  get trailingBytes(): number {
    return this.#queue.limit - this.#queue.position;
  }

  push(chunk: Uint8Array): PcapngBlock[] {
    const queue = this.#queue;
    const blocks: PcapngBlock[] = [];
    if (this.fault !== undefined) return blocks;
    queue.append(chunk, 0, chunk.length);
    for (let length = this.#next(); length > 0; length = this.#next()) {
      const block = this.#decode(length);
      if (block !== undefined) blocks.push(block);
      queue.position += length;
      this.#offset += length;
    }
    queue.settle();
    return blocks;
  }

  /** The length of the block that stands next, 0 while it is not whole. */
  #next(): number {
    if (this.fault !== undefined) return 0;
    const { bytes, position: at, limit } = this.#queue;
    if (limit - at < 12) return 0;
    if (word(bytes, at, true) === BLOCK_SHB) {
      const little = word(bytes, at + 8, true) === BYTE_ORDER_MAGIC;
      if (!little && word(bytes, at + 8, false) !== BYTE_ORDER_MAGIC) {
        return this.#fail('magic', 'a section without the byte-order magic');
      }
      this.#littleEndian = little;
    }
    const littleEndian = this.#littleEndian;
    if (littleEndian === undefined) return this.#fail('magic', 'the stream does not begin as a pcapng file');
    const length = word(bytes, at + 4, littleEndian);
    if (length < 12 || length % 4 !== 0 || length > LONGEST_BLOCK) {
      return this.#fail('length', `a block of ${length} bytes cannot be`);
    }
    if (limit - at < length) return 0;
    if (word(bytes, at + length - 4, littleEndian) !== length) {
      return this.#fail('length', 'the two lengths of a block differ');
    }
    return length;
  }

  #decode(length: number): PcapngBlock | undefined {
    const { bytes, position: at } = this.#queue;
    const littleEndian = this.#littleEndian ?? true;
    const type = word(bytes, at, littleEndian);
    const inner = bytes.subarray(at + 8, at + length - 4);
    const view = new DataView(inner.buffer, inner.byteOffset, inner.length);
    const body = { bytes: inner, view, littleEndian };
    const block = this.#known(type, body);
    if (block === 'skipped') {
      this.skippedBlocks++;
      return undefined;
    }
    if (block === undefined && this.fault === undefined) {
      this.#fail('block', `a block of type ${type} that does not fit itself or the section`);
    }
    return block;
  }

  #known(type: number, body: BlockBody): PcapngBlock | 'skipped' | undefined {
    switch (type) {
      case BLOCK_SHB: {
        const section = decodeSection(body);
        if (section === undefined) return undefined;
        const major = body.view.getUint16(4, body.littleEndian);
        if (major !== VERSION_MAJOR) {
          this.#fail('version', `pcapng of version ${major} is not known`);
          return undefined;
        }
        this.#interfaces = [];
        return { kind: 'section', section };
      }
      case BLOCK_IDB: {
        const found = decodeInterface(body, this.#interfaces.length);
        if (found === undefined || found.id >= MOST_INTERFACES) return undefined;
        this.#interfaces.push(found);
        return { kind: 'interface', interface: found };
      }
      case BLOCK_EPB:
      case BLOCK_SPB:
      case BLOCK_PB: {
        const packet = decodePacket(type, body, this.#interfaces);
        return packet === undefined ? undefined : { kind: 'packet', packet };
      }
      case BLOCK_NRB:
        return { kind: 'names', ...decodeNames(body) };
      case BLOCK_ISB: {
        const statistics = decodeStatistics(body, this.#interfaces);
        return statistics === undefined ? undefined : { kind: 'statistics', statistics };
      }
      default:
        return 'skipped';
    }
  }

  #fail(kind: PcapngFault['kind'], message: string): 0 {
    this.fault = { kind, offset: this.#offset, message };
    return 0;
  }
}

/** A reader at the start of a stream. */
export function readPcapng(): PcapngReader {
  return new Reader();
}

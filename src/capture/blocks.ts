import type { Timestamp } from '../pcap/types.js';
import type { StreamLimits, Written } from './stream.js';

const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const OPTION_NAME = 2;
const OPTION_TSRESOL = 9;
/** Room that is kept for what still has to be said at the end: an Interface Statistics Block for each interface. */
const RESERVED_PER_INTERFACE = 256;

interface Interface {
  readonly name: string;
  readonly unitsPerSecond: bigint;
  packets: number;
  bytes: number;
  first: Timestamp | undefined;
}

/** Counts and cuts a pcapng stream of this program's own merger (one section, little-endian). */
export interface BlockLimiter {
  /** The part of these whole blocks that the limits allow; undefined when nothing is left. Statistics and comments outlive the packets. */
  pass(blocks: Uint8Array): Uint8Array | undefined;
  readonly limited: boolean;
  readonly written: Written;
  /** What was passed of the interfaces of this name. */
  of(name: string): Written;
}

/** A limiter at the start of a stream. */
export function limitBlocks({ maxBytes = Infinity, maxPackets = Infinity }: StreamLimits): BlockLimiter {
  const interfaces: Interface[] = [];
  const total = { packets: 0, bytes: 0, first: undefined as Timestamp | undefined };
  let limited = false;

  /** Whether a block goes through. */
  function admits(view: DataView, at: number, length: number): boolean {
    const type = view.getUint32(at, true);
    if (type !== ENHANCED_PACKET) {
      if (total.bytes + length > maxBytes) return false;
      if (type === INTERFACE_DESCRIPTION) interfaces.push(readInterface(view, at, length));
      total.bytes += length;
      return true;
    }
    if (limited) return false;
    if (total.bytes + length + interfaces.length * RESERVED_PER_INTERFACE > maxBytes) {
      limited = true;
      return false;
    }
    const from = interfaces[view.getUint32(at + 8, true)];
    if (from !== undefined) {
      from.first ??= timeOf(view, at, from.unitsPerSecond);
      total.first ??= from.first;
      from.packets++;
      from.bytes += length;
    }
    total.packets++;
    total.bytes += length;
    if (total.packets >= maxPackets) limited = true;
    return true;
  }

  return {
    pass: (blocks) => {
      const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.byteLength);
      const kept: Uint8Array[] = [];
      let from = 0;
      let at = 0;
      while (at < blocks.length) {
        const length = view.getUint32(at + 4, true);
        if (!admits(view, at, length)) {
          if (at > from) kept.push(blocks.subarray(from, at));
          from = at + length;
        }
        at += length;
      }
      if (from === 0) return blocks.length === 0 ? undefined : blocks;
      if (at > from) kept.push(blocks.subarray(from, at));
      return kept.length === 0 ? undefined : Buffer.concat(kept);
    },
    get limited() {
      return limited;
    },
    written: total,
    of: (name) => {
      const own = interfaces.filter((one) => one.name === name);
      return {
        packets: own.reduce((sum, { packets }) => sum + packets, 0),
        bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
        first: own.find(({ first }) => first !== undefined)?.first,
      };
    },
  };
}

function readInterface(view: DataView, at: number, length: number): Interface {
  let name = '';
  let unitsPerSecond = 1_000_000n;
  for (let option = at + 16; option + 4 <= at + length - 4;) {
    const code = view.getUint16(option, true);
    const size = view.getUint16(option + 2, true);
    if (code === 0) break;
    const start = view.byteOffset + option + 4;
    if (code === OPTION_NAME) name = new TextDecoder().decode(new Uint8Array(view.buffer, start, size));
    if (code === OPTION_TSRESOL) unitsPerSecond = 10n ** BigInt(view.getUint8(option + 4));
    option += 4 + Math.ceil(size / 4) * 4;
  }
  return { name, unitsPerSecond, packets: 0, bytes: 0, first: undefined };
}

function timeOf(view: DataView, at: number, unitsPerSecond: bigint): Timestamp {
  const units = (BigInt(view.getUint32(at + 12, true)) << 32n) | BigInt(view.getUint32(at + 16, true));
  const rest = units % unitsPerSecond;
  return {
    seconds: Number(units / unitsPerSecond),
    nanoseconds: Number((rest * 1_000_000_000n) / unitsPerSecond),
  };
}

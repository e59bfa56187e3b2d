import { addressText } from './address.js';
import { LONGEST_PACKET } from './header.js';
import type { NameRecord } from './merge-types.js';
import { BLOCK_PB, BLOCK_SPB, EPB_HEAD, idb, isb, nrb, opt, shb } from './pcapng-blocks.js';
import type { PcapngInterface, PcapngPacket, PcapngSection, PcapngStatistics } from './pcapng-types.js';
import type { Timestamp } from './types.js';

/** The body of a block: what stands between its first length and its last. Every decoder returns undefined for what does not fit it. */
export interface BlockBody {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly littleEndian: boolean;
}

type Options = ReadonlyMap<number, readonly Uint8Array[]>;

const decoder = new TextDecoder();

/** A Section Header Block. */
export function decodeSection(body: BlockBody): PcapngSection | undefined {
  if (body.bytes.length < 16) return undefined;
  const options = readOptions(body, 16);
  return {
    littleEndian: body.littleEndian,
    hardware: text(options, shb.hardware),
    os: text(options, shb.os),
    application: text(options, shb.userappl),
    comments: comments(options),
  };
}

/** An Interface Description Block, the `id`-th of its section. */
export function decodeInterface(body: BlockBody, id: number): PcapngInterface | undefined {
  if (body.bytes.length < 8) return undefined;
  const options = readOptions(body, 8);
  const resolution = options.get(idb.tsresol)?.[0]?.[0] ?? 6;
  const offset = options.get(idb.tsoffset)?.[0];
  const filter = options.get(idb.filter)?.[0];
  return {
    id,
    linktype: body.view.getUint16(0, body.littleEndian),
    snaplen: body.view.getUint32(4, body.littleEndian),
    name: text(options, idb.name),
    description: text(options, idb.description),
    filter: filter?.[0] === 0 ? decoder.decode(filter.subarray(1)) : undefined,
    os: text(options, idb.os),
    ticksPerSecond: (resolution & 0x80) === 0 ? 10n ** BigInt(resolution) : 2n ** BigInt(resolution & 0x7f),
    offsetSeconds: offset?.length === 8 ? BigInt.asIntN(64, quad(offset, body.littleEndian)) : 0n,
    comments: comments(options),
  };
}

/** A packet of any of the three blocks; its data are a copy. */
export function decodePacket(
  type: number,
  body: BlockBody,
  interfaces: readonly PcapngInterface[],
): PcapngPacket | undefined {
  const { bytes, view, littleEndian } = body;
  const simple = type === BLOCK_SPB;
  const head = simple ? 4 : EPB_HEAD - 8;
  if (bytes.length < head) return undefined;
  const word = (at: number): number => view.getUint32(at, littleEndian);
  const id = simple ? 0 : type === BLOCK_PB ? view.getUint16(0, littleEndian) : word(0);
  const from = interfaces[id];
  if (from === undefined) return undefined;
  const originalLength = word(simple ? 0 : 16);
  const most = from.snaplen === 0 ? Infinity : from.snaplen;
  const capturedLength = simple ? Math.min(originalLength, most, bytes.length - head) : word(12);
  if (capturedLength > LONGEST_PACKET || head + capturedLength > bytes.length) return undefined;
  const options = simple ? new Map<never, never>() : readOptions(body, head + ((capturedLength + 3) & ~3));
  const at = simple ? { seconds: 0, nanoseconds: 0 } : time(from, word(4), word(8));
  return {
    interfaceId: id,
    ...at,
    capturedLength,
    originalLength,
    data: bytes.slice(head, head + capturedLength),
    interface: from,
    comments: comments(options),
  };
}

/** The names and comments of a Name Resolution Block. */
export function decodeNames(body: BlockBody): { names: NameRecord[]; comments: string[] } {
  const { bytes, view, littleEndian } = body;
  const names: NameRecord[] = [];
  let at = 0;
  while (at + 4 <= bytes.length) {
    const type = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    at += 4;
    if (type === nrb.end || at + length > bytes.length) break;
    const size = type === nrb.ipv4 ? 4 : type === nrb.ipv6 ? 16 : undefined;
    if (size !== undefined && length > size) {
      const found = decoder.decode(bytes.subarray(at + size, at + length)).split('\0');
      names.push({
        address: addressText(bytes.subarray(at, at + size)),
        names: found.filter((name) => name !== ''),
      });
    }
    at += (length + 3) & ~3;
  }
  return { names, comments: comments(readOptions(body, at)) };
}

/** An Interface Statistics Block. */
export function decodeStatistics(
  body: BlockBody,
  interfaces: readonly PcapngInterface[],
): PcapngStatistics | undefined {
  const { bytes, view, littleEndian } = body;
  if (bytes.length < 12) return undefined;
  const from = interfaces[view.getUint32(0, littleEndian)];
  if (from === undefined) return undefined;
  const options = readOptions(body, 12);
  const counter = (code: number): number | undefined => {
    const value = options.get(code)?.[0];
    return value?.length === 8 ? Number(quad(value, littleEndian)) : undefined;
  };
  const stamp = (code: number): Timestamp | undefined => {
    const value = options.get(code)?.[0];
    if (value?.length !== 8) return undefined;
    const words = new DataView(value.buffer, value.byteOffset, 8);
    return time(from, words.getUint32(0, littleEndian), words.getUint32(4, littleEndian));
  };
  return {
    interface: from,
    time: time(from, view.getUint32(4, littleEndian), view.getUint32(8, littleEndian)),
    start: stamp(isb.starttime),
    end: stamp(isb.endtime),
    received: counter(isb.ifrecv),
    droppedByInterface: counter(isb.ifdrop),
    acceptedByFilter: counter(isb.filteraccept),
    droppedByKernel: counter(isb.osdrop),
    delivered: counter(isb.usrdeliv),
    comments: comments(options),
  };
}

/** Options from an offset to opt_endofopt, or as far as they fit. */
function readOptions({ bytes, view, littleEndian }: BlockBody, from: number): Options {
  const options = new Map<number, Uint8Array[]>();
  let at = from;
  while (at + 4 <= bytes.length) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    at += 4;
    if (code === opt.endofopt || at + length > bytes.length) break;
    const value = bytes.subarray(at, at + length);
    const found = options.get(code);
    if (found === undefined) options.set(code, [value]);
    else found.push(value);
    at += (length + 3) & ~3;
  }
  return options;
}

function text(options: Options, code: number): string | undefined {
  const value = options.get(code)?.[0];
  return value === undefined ? undefined : decoder.decode(value);
}

function comments(options: Options): string[] {
  return (options.get(opt.comment) ?? []).map((value) => decoder.decode(value));
}

function quad(bytes: Uint8Array, littleEndian: boolean): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, littleEndian);
}

/** Ticks of any resolution; what is finer than a nanosecond is cut. */
function time({ ticksPerSecond, offsetSeconds }: PcapngInterface, upper: number, lower: number): Timestamp {
  const ticks = (BigInt(upper) << 32n) | BigInt(lower);
  const nanoseconds = ((ticks % ticksPerSecond) * 1_000_000_000n) / ticksPerSecond;
  return { seconds: Number(ticks / ticksPerSecond + offsetSeconds), nanoseconds: Number(nanoseconds) };
}

import { addressBytes } from './address.js';
import type {
  InterfaceDescription,
  InterfaceStatistics,
  NameRecord,
  SectionDescription,
} from './merge-types.js';
import {
  BLOCK_EPB,
  BLOCK_IDB,
  BLOCK_ISB,
  BLOCK_NRB,
  BLOCK_SHB,
  BLOCK_TAIL,
  BYTE_ORDER_MAGIC,
  EPB_HEAD,
  TSRESOL_NANO,
  VERSION_MAJOR,
  VERSION_MINOR,
  idb,
  isb,
  nrb,
  opt,
  shb,
} from './pcapng-blocks.js';
import type { CaptureInterface, Packet, Timestamp } from './types.js';
import { littleEndianHost } from './word.js';

/** An option's code and value; an absent value is no option. */
type Option = readonly [code: number, value: Uint8Array | undefined];

/** The length of an option, and of a name record, is a 16-bit word. */
const LONGEST_VALUE = 0xffff;
/** Names of one block: far below the 16 MiB at which Wireshark gives up on a block. */
const NAMES_PER_BLOCK_BYTES = 256 * 1024;
const two32 = 2 ** 32;

/** A Section Header Block in the byte order of this machine, of unknown section length. */
export function writeSectionHeader(section: SectionDescription): Uint8Array {
  const made = block(BLOCK_SHB, 16, [
    ...comments(section.comments),
    [shb.hardware, text(section.hardware)],
    [shb.os, text(section.os)],
    [shb.userappl, text(section.application)],
  ]);
  made.view.setUint32(8, BYTE_ORDER_MAGIC, littleEndianHost);
  made.view.setUint16(12, VERSION_MAJOR, littleEndianHost);
  made.view.setUint16(14, VERSION_MINOR, littleEndianHost);
  made.bytes.fill(0xff, 16, 24);
  return made.bytes;
}

/** An Interface Description Block whose time stamps are nanoseconds. `linktype` is below 65536. */
export function writeInterfaceDescription(
  { linktype, snaplen }: Pick<CaptureInterface, 'linktype' | 'snaplen'>,
  { name, description, filter }: InterfaceDescription,
): Uint8Array {
  const made = block(BLOCK_IDB, 8, [
    [idb.name, text(name)],
    [idb.description, text(description)],
    [idb.tsresol, Uint8Array.of(TSRESOL_NANO)],
    [idb.filter, text(filter === undefined ? undefined : `\0${filter}`)],
  ]);
  made.view.setUint16(8, linktype, littleEndianHost);
  made.view.setUint32(12, snaplen, littleEndianHost);
  return made.bytes;
}

/** An Enhanced Packet Block, with comments. */
export function writeEnhancedPacket(
  packet: Omit<Packet, 'capturedLength'>,
  remarks: readonly string[] = [],
): Uint8Array {
  const { data } = packet;
  const made = block(BLOCK_EPB, EPB_HEAD - 8 + padded(data.length), comments(remarks));
  made.view.setUint32(8, packet.interfaceId, littleEndianHost);
  writeTime(made.view, 12, packet);
  made.view.setUint32(20, data.length, littleEndianHost);
  made.view.setUint32(24, packet.originalLength, littleEndianHost);
  made.bytes.set(data, EPB_HEAD);
  return made.bytes;
}

/** When an interface was seen working; absent for one that saw no packet. */
export interface InterfaceTimes {
  readonly first: Timestamp | undefined;
  readonly last: Timestamp | undefined;
}

/** An Interface Statistics Block. Its own time is that of the last packet, since nothing here knows a clock. */
export function writeInterfaceStatistics(
  interfaceId: number,
  { first, last }: InterfaceTimes,
  statistics: InterfaceStatistics,
  remarks: readonly string[] = [],
): Uint8Array {
  const made = block(BLOCK_ISB, 12, [
    ...comments(remarks),
    [isb.starttime, time(first)],
    [isb.endtime, time(last)],
    [isb.ifrecv, counter(statistics.received)],
    [isb.ifdrop, counter(statistics.droppedByInterface)],
    [isb.filteraccept, counter(statistics.acceptedByFilter)],
    [isb.osdrop, counter(statistics.droppedByKernel)],
    [isb.usrdeliv, counter(statistics.delivered)],
  ]);
  made.view.setUint32(8, interfaceId, littleEndianHost);
  if (last !== undefined) writeTime(made.view, 12, last);
  return made.bytes;
}

/**
 * Name Resolution Blocks, as many as it takes; none when there is nothing to say. What is no address is left out, as are
 * characters that no name has.
 */
export function writeNameResolution(
  records: readonly NameRecord[],
  remarks: readonly string[] = [],
): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  let length = 0;
  const flush = (options: readonly Option[]): void => {
    const made = block(BLOCK_NRB, length + 4, options);
    let at = 8;
    for (const part of parts) {
      made.bytes.set(part, at);
      at += part.length;
    }
    // The nrb_record_end after them is four zero bytes, which are there already.
    blocks.push(made.bytes);
    parts = [];
    length = 0;
  };
  for (const record of records.flatMap(nameRecord)) {
    if (length + record.length > NAMES_PER_BLOCK_BYTES) flush([]);
    parts.push(record);
    length += record.length;
  }
  if (length > 0 || remarks.length > 0) flush(comments(remarks));
  return blocks;
}

/** One address as nrb_record_ipv4 or nrb_record_ipv6; as many records as its names need. */
function nameRecord({ address, names }: NameRecord): Uint8Array[] {
  const bytes = addressBytes(address);
  const kept = names
    .map((name) => encoder.encode(`${name.replace(/[\0-\x1f\x7f]/g, '')}\0`))
    .filter((name) => name.length > 1 && name.length <= 256);
  if (bytes === undefined || kept.length === 0) return [];
  const most = Math.floor((LONGEST_VALUE - bytes.length) / 256);
  const records: Uint8Array[] = [];
  for (let from = 0; from < kept.length; from += most) {
    const some = kept.slice(from, from + most);
    const length = some.reduce((sum, name) => sum + name.length, bytes.length);
    const record = new Uint8Array(4 + padded(length));
    const view = new DataView(record.buffer);
    view.setUint16(0, bytes.length === 4 ? nrb.ipv4 : nrb.ipv6, littleEndianHost);
    view.setUint16(2, length, littleEndianHost);
    record.set(bytes, 4);
    let at = 4 + bytes.length;
    for (const name of some) {
      record.set(name, at);
      at += name.length;
    }
    records.push(record);
  }
  return records;
}

/** A block of the type, with `body` zero bytes after its type and length, then the options. */
function block(
  type: number,
  body: number,
  options: readonly Option[],
): { bytes: Uint8Array; view: DataView } {
  const present = options.filter((one): one is [number, Uint8Array] => one[1] !== undefined);
  const optionBytes = present.reduce((sum, [, value]) => sum + 4 + padded(value.length), 0);
  const length = 8 + body + optionBytes + (present.length > 0 ? 4 : 0) + BLOCK_TAIL;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, littleEndianHost);
  view.setUint32(4, length, littleEndianHost);
  view.setUint32(length - BLOCK_TAIL, length, littleEndianHost);
  let at = 8 + body;
  for (const [code, value] of present) {
    view.setUint16(at, code, littleEndianHost);
    view.setUint16(at + 2, value.length, littleEndianHost);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  return { bytes, view };
}

const encoder = new TextEncoder();

function text(value: string | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const bytes = encoder.encode(value);
  if (bytes.length <= LONGEST_VALUE) return bytes;
  let end = LONGEST_VALUE;
  // A character is not cut: 10xxxxxx goes on with one that began before.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

function comments(remarks: readonly string[] = []): Option[] {
  return remarks.map((remark) => [opt.comment, text(remark)]);
}

function counter(value: number | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.max(0, Math.round(value))), littleEndianHost);
  return bytes;
}

function time(value: Timestamp | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const bytes = new Uint8Array(8);
  writeTime(new DataView(bytes.buffer), 0, value);
  return bytes;
}

/** Upper word first, in either byte order; that is what the format asks for. */
function writeTime(view: DataView, at: number, { seconds, nanoseconds }: Timestamp): void {
  const { upper, lower } = nanosecondsSince1970(seconds);
  const sum = lower + nanoseconds;
  view.setUint32(at, upper + Math.floor(sum / two32), littleEndianHost);
  view.setUint32(at + 4, sum % two32, littleEndianHost);
}

/** Seconds (below 2^32) times 10^9 as two 32-bit words: the product does not fit a number. */
export function nanosecondsSince1970(seconds: number): { upper: number; lower: number } {
  const high = Math.floor(seconds / 65536) * 1e9;
  const low = (high % 65536) * 65536 + (seconds % 65536) * 1e9;
  return { upper: Math.floor(high / 65536) + Math.floor(low / two32), lower: low % two32 };
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

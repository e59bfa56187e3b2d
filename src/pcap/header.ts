import type { PcapHeader } from './types.js';

/** Length of the file header, bytes. */
export const PCAP_HEADER_LENGTH = 24;
/** Length of a record header, bytes: seconds, fraction, captured length, original length. */
export const PCAP_RECORD_HEADER_LENGTH = 16;
/** libpcap's MAXIMUM_SNAPLEN, bytes: no packet is longer, whatever the header says below it. Wireshark refuses longer ones. */
export const LONGEST_PACKET = 262_144;

const MAGIC_MICRO = 0xa1b2c3d4;
const MAGIC_NANO = 0xa1b23c4d;

/**
 * Reads the file header at `offset`. undefined when fewer than 24 bytes are there or when it is not a pcap header of
 * version 2. The upper bits of the link type word (FCS length) are left out.
 */
export function readPcapHeader(bytes: Uint8Array, offset = 0): PcapHeader | undefined {
  if (offset + PCAP_HEADER_LENGTH > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, PCAP_HEADER_LENGTH);
  const magic = view.getUint32(0, true);
  const swapped = view.getUint32(0, false);
  const littleEndian = magic === MAGIC_MICRO || magic === MAGIC_NANO;
  if (!littleEndian && swapped !== MAGIC_MICRO && swapped !== MAGIC_NANO) return undefined;
  const versionMajor = view.getUint16(4, littleEndian);
  if (versionMajor !== 2) return undefined;
  return {
    littleEndian,
    precision: (littleEndian ? magic : swapped) === MAGIC_NANO ? 'nano' : 'micro',
    versionMajor,
    versionMinor: view.getUint16(6, littleEndian),
    snaplen: view.getUint32(16, littleEndian),
    linktype: view.getUint32(20, littleEndian) & 0x0fffffff,
  };
}

/** True when the four bytes at `offset` are one of the pcap magic numbers, in either byte order. */
export function isPcapMagic(bytes: Uint8Array, offset = 0): boolean {
  if (offset + 4 > bytes.length) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 4);
  const little = view.getUint32(0, true);
  const big = view.getUint32(0, false);
  return little === MAGIC_MICRO || little === MAGIC_NANO || big === MAGIC_MICRO || big === MAGIC_NANO;
}

/** Writes the file header (version 2.4, time zone and accuracy zero). */
export function writePcapHeader(header: Omit<PcapHeader, 'versionMajor' | 'versionMinor'>): Uint8Array {
  const bytes = new Uint8Array(PCAP_HEADER_LENGTH);
  const view = new DataView(bytes.buffer);
  const le = header.littleEndian;
  view.setUint32(0, header.precision === 'nano' ? MAGIC_NANO : MAGIC_MICRO, le);
  view.setUint16(4, 2, le);
  view.setUint16(6, 4, le);
  view.setUint32(16, header.snaplen, le);
  view.setUint32(20, header.linktype, le);
  return bytes;
}

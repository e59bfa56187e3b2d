import fc from 'fast-check';
import { writePcapHeader } from '../../src/pcap/header.js';
import type { TimePrecision } from '../../src/pcap/types.js';
import { writePcapRecord } from '../../src/pcap/writer.js';

export interface MadePacket {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly originalLength: number;
  readonly data: Uint8Array;
}

export interface MadePcap {
  readonly littleEndian: boolean;
  readonly precision: TimePrecision;
  readonly linktype: number;
  readonly snaplen: number;
  readonly packets: readonly MadePacket[];
}

const packet: fc.Arbitrary<MadePacket> = fc
  .record({
    seconds: fc.integer({ min: 0, max: 0x7fffffff }),
    nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
    cut: fc.nat(2000),
    data: fc.uint8Array({ maxLength: 120 }),
  })
  .map(({ cut, data, ...time }) => ({ ...time, data, originalLength: data.length + cut }));

/** Any well-formed pcap file with up to twelve packets. */
export const madePcap: fc.Arbitrary<MadePcap> = fc.record({
  littleEndian: fc.boolean(),
  precision: fc.constantFrom<TimePrecision>('micro', 'nano'),
  linktype: fc.constantFrom(1, 113, 276),
  snaplen: fc.constantFrom(96, 65535, 262144),
  packets: fc.array(packet, { maxLength: 12 }),
});

/** The file, and the offsets at which it may be cut: after the header and after each record. */
export function encode(made: MadePcap): { bytes: Uint8Array; boundaries: number[] } {
  const parts = [writePcapHeader(made), ...made.packets.map((one) => writePcapRecord(made, one))];
  let end = 0;
  const boundaries = parts.map((part) => (end += part.length));
  return { bytes: Uint8Array.from(Buffer.concat(parts)), boundaries };
}

/** Cuts bytes at the given places (any numbers; taken modulo the length). */
export function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length));
}

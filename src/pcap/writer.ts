import { PCAP_RECORD_HEADER_LENGTH } from './header.js';
import type { Packet, PcapHeader } from './types.js';

/**
 * One packet as a pcap record. `interfaceId` has no place in pcap and is left out; with microsecond
 * precision the last three digits of the nanoseconds are cut, never rounded up into the next second.
 */
export function writePcapRecord(
  header: Pick<PcapHeader, 'littleEndian' | 'precision'>,
  packet: Omit<Packet, 'interfaceId' | 'capturedLength'>,
): Uint8Array {
  const bytes = new Uint8Array(PCAP_RECORD_HEADER_LENGTH + packet.data.length);
  const view = new DataView(bytes.buffer);
  const fraction = header.precision === 'nano' ? packet.nanoseconds : Math.floor(packet.nanoseconds / 1000);
  view.setUint32(0, packet.seconds, header.littleEndian);
  view.setUint32(4, fraction, header.littleEndian);
  view.setUint32(8, packet.data.length, header.littleEndian);
  view.setUint32(12, packet.originalLength, header.littleEndian);
  bytes.set(packet.data, PCAP_RECORD_HEADER_LENGTH);
  return bytes;
}

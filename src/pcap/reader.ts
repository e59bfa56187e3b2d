import { PCAP_HEADER_LENGTH, PCAP_RECORD_HEADER_LENGTH, readPcapHeader } from './header.js';
import { trackPcap } from './tracker.js';
import type { Packet, PcapFault, PcapHeader } from './types.js';

/** What a pcap file in memory holds. */
export interface PcapContent {
  readonly header: PcapHeader | undefined;
  /** The whole records, in file order. `data` are views into the bytes given. */
  readonly packets: readonly Packet[];
  readonly fault: PcapFault | undefined;
  /** Bytes after the last whole record: 0 when the file ends where it should. */
  readonly trailingBytes: number;
}

/** Reads a whole pcap file. Never throws: what is damaged or cut is told in the result. */
export function readPcap(bytes: Uint8Array): PcapContent {
  const tracker = trackPcap();
  tracker.push(bytes);
  const header = tracker.header === undefined ? undefined : readPcapHeader(bytes);
  const packets: Packet[] = [];
  if (header !== undefined) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const le = header.littleEndian;
    for (let at = PCAP_HEADER_LENGTH; at < tracker.wholeBytes;) {
      const fraction = view.getUint32(at + 4, le);
      const capturedLength = view.getUint32(at + 8, le);
      const start = at + PCAP_RECORD_HEADER_LENGTH;
      packets.push({
        interfaceId: 0,
        seconds: view.getUint32(at, le),
        nanoseconds: header.precision === 'nano' ? fraction : fraction * 1000,
        capturedLength,
        originalLength: view.getUint32(at + 12, le),
        data: bytes.subarray(start, start + capturedLength),
      });
      at = start + capturedLength;
    }
  }
  return { header, packets, fault: tracker.fault, trailingBytes: bytes.length - tracker.wholeBytes };
}

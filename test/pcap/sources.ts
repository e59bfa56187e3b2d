import { writePcapHeader } from '../../src/pcap/header.js';
import type { PcapngMerger } from '../../src/pcap/merge-types.js';
import { readPcapng } from '../../src/pcap/pcapng-reader.js';
import type { PcapngBlock, PcapngPacket } from '../../src/pcap/pcapng-types.js';
import { writePcapRecord } from '../../src/pcap/writer.js';

/** A header that tcpdump writes here. */
export const header = { littleEndian: true, precision: 'nano', snaplen: 262144, linktype: 1 } as const;
export const fileHeader = writePcapHeader(header);

/** One record; its data name it, so that packets can be told apart. */
export function record(nanoseconds: number, mark = 0, seconds = 1_700_000_000): Uint8Array {
  const data = Uint8Array.from([mark >> 8, mark & 0xff, 7]);
  return writePcapRecord(header, { seconds, nanoseconds, originalLength: 60, data });
}

/** All bytes the merge has ready, and every block in them. */
export function drain(merger: PcapngMerger): { bytes: Uint8Array; blocks: PcapngBlock[] } {
  const parts: Uint8Array[] = [];
  for (let part = merger.take(); part !== undefined; part = merger.take()) parts.push(part);
  const bytes = Uint8Array.from(Buffer.concat(parts));
  return { bytes, blocks: blocksOf(bytes) };
}

/** The blocks of a whole pcapng stream; throws for one that is none. */
export function blocksOf(bytes: Uint8Array): PcapngBlock[] {
  const reader = readPcapng();
  const blocks = reader.push(bytes);
  if (reader.fault !== undefined) throw new Error(reader.fault.message);
  if (reader.trailingBytes > 0) throw new Error(`${reader.trailingBytes} bytes too many`);
  return blocks;
}

export function packetsOf(blocks: readonly PcapngBlock[]): PcapngPacket[] {
  return blocks.flatMap((block) => (block.kind === 'packet' ? [block.packet] : []));
}

/** What a merge has written so far, each call with all of it: for merges whose output is looked at in between. */
export function recorder(merger: PcapngMerger): () => PcapngBlock[] {
  let all = new Uint8Array(0);
  return () => {
    all = Uint8Array.from(Buffer.concat([all, ...taken(merger)]));
    return blocksOf(all);
  };
}

function taken(merger: PcapngMerger): Uint8Array[] {
  const bytes = merger.take();
  if (bytes === undefined) return [];
  const copy = bytes.slice();
  // Given back at once: what is written later must not depend on it.
  bytes.fill(0xee);
  merger.recycle(bytes);
  return [copy];
}

import type { MergeSource, PcapngMerger } from '../pcap/merge-types.js';
import { limitBlocks } from './blocks.js';
import type { PacketStream, StreamLimits, StreamSource } from './stream.js';

/** Any number of sources as one pcapng section, in the order of time. The limits hold for what is written, statistics included. */
export function pcapngStream(merger: PcapngMerger, limits: StreamLimits): PacketStream {
  const limiter = limitBlocks(limits);
  return {
    format: 'pcapng',
    addSource: (description) =>
      streamSource(merger.addSource(description), () => limiter.of(description.name)),
    addNames: (names) => {
      merger.addNames(names);
    },
    tick: (nowMs) => {
      merger.tick(nowMs);
    },
    take: () => {
      const blocks = merger.take();
      return blocks === undefined ? undefined : limiter.pass(blocks);
    },
    // Only memory of the merger's own: what was cut at a limit is a copy, which the merger does not know.
    release: (taken) => {
      merger.recycle(taken);
    },
    end: () => {
      merger.end();
    },
    get heldBytes() {
      return merger.heldBytes;
    },
    get latePackets() {
      return merger.latePackets;
    },
    get limited() {
      return limiter.limited;
    },
    written: limiter.written,
  };
}

function streamSource(source: MergeSource, written: () => StreamSource['written']): StreamSource {
  return {
    push: (chunk) => {
      source.push(chunk);
    },
    comment: (text) => {
      source.comment(text);
    },
    end: (statistics) => {
      source.end(statistics);
    },
    get header() {
      return source.header;
    },
    get heldBytes() {
      return source.heldBytes;
    },
    get packets() {
      return source.packets;
    },
    get bytes() {
      return source.bytes;
    },
    get latePackets() {
      return source.latePackets;
    },
    get lastTime() {
      return source.lastTime;
    },
    get fault() {
      return source.fault;
    },
    get cutBytes() {
      return source.cutBytes;
    },
    get written() {
      return written();
    },
  };
}

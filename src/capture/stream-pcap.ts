import type { PacketStream, StreamLimits, StreamSource } from './stream.js';
import { wholeRecords } from './whole.js';

/**
 * One source as pcap, passed on as it came, record by record. There is no place for names, comments and statistics: they are
 * told in the summary only. A second source is refused by a TypeError.
 */
export function pcapStream(limits: StreamLimits): PacketStream {
  const records = wholeRecords(limits);
  const { tracker } = records;
  let ready: Uint8Array[] = [];
  let takenBytes = 0;
  let takenPackets = 0;
  let added = false;

  const written = {
    get packets() {
      return takenPackets;
    },
    get bytes() {
      return takenBytes;
    },
    get first() {
      return tracker.first;
    },
  };
  const source: StreamSource = {
    push: (chunk) => {
      ready.push(...records.push(chunk));
    },
    comment: () => undefined,
    end: () => undefined,
    get header() {
      return tracker.header;
    },
    get packets() {
      return tracker.packets;
    },
    get bytes() {
      return tracker.wholeBytes;
    },
    heldBytes: 0,
    latePackets: 0,
    get lastTime() {
      return tracker.last;
    },
    get fault() {
      const { fault } = tracker;
      return fault && `At byte ${fault.offset}, ${fault.message}; everything before it was kept.`;
    },
    get cutBytes() {
      return records.cutBytes;
    },
    written,
  };
  return {
    format: 'pcap',
    addSource: ({ name }) => {
      if (added) throw new TypeError(`pcap holds one source, not ${name} as well`);
      added = true;
      return source;
    },
    addNames: () => undefined,
    tick: () => undefined,
    take: () => {
      const [first, ...more] = ready;
      if (first === undefined) return undefined;
      ready = [];
      const bytes = more.length === 0 ? first : Buffer.concat([first, ...more]);
      takenBytes += bytes.length;
      takenPackets = tracker.keptPackets;
      return bytes;
    },
    release: () => undefined,
    end: () => undefined,
    heldBytes: 0,
    latePackets: 0,
    get limited() {
      return tracker.limited;
    },
    written,
  };
}

import { type RecordWalker, walkRecords } from '../pcap/walk.js';
import type { Timestamp } from '../pcap/types.js';
import { addressText, type Dissected, dissect, emptyDissection } from './dissect.js';

/** Packets, and bytes as they were on the wire, link headers included (what tshark counts). */
export interface Traffic {
  readonly packets: number;
  readonly bytes: number;
}

/** One end of a conversation. */
export interface Party {
  /** IPv4 or IPv6 in text. */
  readonly address: string;
  readonly port: number | undefined;
}

/** Everything between two ends by one protocol. `from` sent the first packet that was seen. */
export interface Conversation {
  /** e.g. `IPv4/TCP`. */
  readonly protocol: string;
  readonly from: Party;
  readonly to: Party;
  /** What `from` sent. */
  readonly sent: Traffic;
  /** What `to` sent. */
  readonly received: Traffic;
  readonly first: Timestamp;
  readonly last: Timestamp;
}

/** What `--stats` tells. */
export interface ConversationReport {
  readonly total: Traffic;
  /** By protocol, most bytes first; together they are the total. */
  readonly protocols: readonly (Traffic & { readonly protocol: string })[];
  /** Most bytes first. */
  readonly conversations: readonly Conversation[];
  /** Conversations that are not listed, and packets without addresses; with the listed ones they are the total. */
  readonly others: Traffic;
  /**
   * True when there were more conversations than are kept count of: small ones went to the others, and one that came back is counted
   * from then on. Large ones are exact.
   */
  readonly approximate: boolean;
}

/** Counts conversations as packets pass; memory is bounded whatever passes. */
export interface ConversationCounter {
  /** A tap for one capture, pcap or pcapng, in chunks that end at whole records. Never throws; what is no capture is not counted. */
  tap(): (chunk: Uint8Array) => void;
  /** @param most Conversations listed. */
  report(most: number): ConversationReport;
}

interface Counts {
  packets: number;
  bytes: number;
}

interface Entry {
  readonly protocol: string;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
  readonly sent: Counts;
  readonly received: Counts;
  readonly first: Timestamp;
  last: Timestamp;
}

/** Some 4 MB. */
const MOST_CONVERSATIONS = 16_384;
/** Packets whose fragments are still to come. */
const MOST_FRAGMENTED = 1024;
/** Words of protocols: there are not many, unless somebody makes them up. */
const MOST_PROTOCOLS = 512;

/** A counter of nothing yet. @param limit Conversations kept count of; half of them are given up when there are more. */
export function countConversations(limit: number = MOST_CONVERSATIONS): ConversationCounter {
  const total: Counts = { packets: 0, bytes: 0 };
  const others: Counts = { packets: 0, bytes: 0 };
  const protocols = new Map<string, Counts>();
  const entries = new Map<string, Entry>();
  const fragments = new Map<string, readonly [number, number]>();
  const out = emptyDissection();
  let approximate = false;

  /** The ports of a fragment that does not hold them, as its first one did. */
  function learnPorts(bytes: Uint8Array): void {
    if (out.fragmentId === undefined) return;
    const key = `${keyOfAddresses(bytes, out)}${out.protocol} ${out.fragmentId}`;
    if (out.laterFragment) {
      [out.sourcePort, out.destinationPort] = fragments.get(key) ?? [undefined, undefined];
    } else if (out.sourcePort !== undefined && out.destinationPort !== undefined) {
      fragments.set(key, [out.sourcePort, out.destinationPort]);
      if (fragments.size > MOST_FRAGMENTED) fragments.delete(fragments.keys().next().value ?? '');
    }
  }

  function count(walker: RecordWalker, bytes: Uint8Array): void {
    const length = walker.originalLength;
    dissect(walker.linktype, bytes, walker.dataAt, walker.dataAt + walker.capturedLength, out);
    add(total, length);
    const known = protocols.get(out.protocol);
    if (known !== undefined) add(known, length);
    else
      protocols.set(protocols.size < MOST_PROTOCOLS ? out.protocol : 'other', { packets: 1, bytes: length });
    if (out.addressLength === 0) {
      add(others, length);
      return;
    }
    learnPorts(bytes);
    const source = keyOfEnd(bytes, out.sourceAt, out.addressLength, out.sourcePort);
    const destination = keyOfEnd(bytes, out.destinationAt, out.addressLength, out.destinationPort);
    const key = source < destination ? source + destination : destination + source;
    const whole = `${out.protocol} ${key}`;
    const entry = entries.get(whole);
    const time = walker.time();
    if (entry === undefined) {
      entries.set(whole, entryOf(bytes, out, length, time));
      if (entries.size > limit) giveUpSmall();
      return;
    }
    entry.last = time;
    add(isFrom(entry, bytes, out) ? entry.sent : entry.received, length);
  }

  /** Half of the conversations, those of the fewest bytes, become others. */
  function giveUpSmall(): void {
    approximate = true;
    const bySize = [...entries].sort(([, a], [, b]) => bytesOf(b) - bytesOf(a));
    for (const [key, { sent, received }] of bySize.slice(Math.floor(limit / 2))) {
      entries.delete(key);
      others.packets += sent.packets + received.packets;
      others.bytes += sent.bytes + received.bytes;
    }
  }

  return {
    tap() {
      const walker = walkRecords();
      return (chunk) => {
        for (let at = 0; at < chunk.length;) {
          const end = walker.next(chunk, at);
          if (end === undefined) return;
          if (walker.kind === 'packet') count(walker, chunk);
          at = end;
        }
      };
    },
    report(most) {
      const sorted = [...entries.values()].sort((a, b) => bytesOf(b) - bytesOf(a));
      const unlisted = sorted.slice(most).reduce(
        (sum, { sent, received }) => ({
          packets: sum.packets + sent.packets + received.packets,
          bytes: sum.bytes + sent.bytes + received.bytes,
        }),
        others,
      );
      return {
        total: { ...total },
        protocols: [...protocols]
          .map(([protocol, counts]) => ({ protocol, ...counts }))
          .sort((a, b) => b.bytes - a.bytes || a.protocol.localeCompare(b.protocol)),
        conversations: sorted.slice(0, most).map(conversationOf),
        others: { ...unlisted },
        approximate,
      };
    },
  };
}

function entryOf(bytes: Uint8Array, out: Dissected, length: number, time: Timestamp): Entry {
  const { sourceAt, destinationAt, addressLength } = out;
  return {
    protocol: out.protocol,
    // Copies: the chunk is not to be held for the life of the capture.
    source: Uint8Array.from(bytes.subarray(sourceAt, sourceAt + addressLength)),
    destination: Uint8Array.from(bytes.subarray(destinationAt, destinationAt + addressLength)),
    sourcePort: out.sourcePort,
    destinationPort: out.destinationPort,
    sent: { packets: 1, bytes: length },
    received: { packets: 0, bytes: 0 },
    first: time,
    last: time,
  };
}

function conversationOf(entry: Entry): Conversation {
  const { protocol, source, destination, sourcePort, destinationPort, sent, received, first, last } = entry;
  const text = (address: Uint8Array): string => addressText(address, 0, address.length === 4 ? 4 : 16);
  return {
    protocol,
    from: { address: text(source), port: sourcePort },
    to: { address: text(destination), port: destinationPort },
    sent: { ...sent },
    received: { ...received },
    first,
    last,
  };
}

/** Whether a packet goes the way that the first one of its conversation went. */
function isFrom(entry: Entry, bytes: Uint8Array, { sourceAt, sourcePort }: Dissected): boolean {
  return sourcePort === entry.sourcePort && entry.source.every((byte, i) => byte === bytes[sourceAt + i]);
}

function keyOfEnd(bytes: Uint8Array, at: number, length: number, port: number | undefined): string {
  // Characters of one byte each: the cheapest key that an address makes.
  let key = '';
  for (let i = at; i < at + length; i++) key += String.fromCharCode(bytes[i] ?? 0);
  return port === undefined ? `${key}-` : key + String.fromCharCode(port);
}

function keyOfAddresses(bytes: Uint8Array, { sourceAt, destinationAt, addressLength }: Dissected): string {
  return (
    keyOfEnd(bytes, sourceAt, addressLength, undefined) +
    keyOfEnd(bytes, destinationAt, addressLength, undefined)
  );
}

function add(counts: Counts, bytes: number): void {
  counts.packets++;
  counts.bytes += bytes;
}

function bytesOf({ sent, received }: Entry): number {
  return sent.bytes + received.bytes;
}

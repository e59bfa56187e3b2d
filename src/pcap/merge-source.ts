import { byteQueue } from './byte-queue.js';
import {
  LONGEST_PACKET,
  PCAP_HEADER_LENGTH,
  PCAP_RECORD_HEADER_LENGTH,
  isPcapMagic,
  readPcapHeader,
} from './header.js';
import type { InterfaceDescription, InterfaceStatistics, MergeSource } from './merge-types.js';
import type { PcapHeader, Timestamp } from './types.js';
import { word } from './word.js';

/** More comments than this before one packet are counted instead of kept. */
const MOST_COMMENTS = 100;

/** What a source asks of the merge it belongs to. */
export interface SourceOwner {
  /** A header that differs from the one before: the packets that follow belong to a new interface. */
  opened(source: QueuedSource, header: PcapHeader): void;
  /** There may be a head now where there was none, or there will never be one again. */
  moved(source: QueuedSource): void;
  /** By the last tick; NaN before the first. */
  readonly nowMs: number;
}

/**
 * The pcap stream of one source, and its head: the record that is next in line. The head stands in plain fields, because
 * an object for each packet would cost more than copying it.
 */
export class QueuedSource implements MergeSource {
  header: PcapHeader | undefined;
  packets = 0;
  bytes = 0;
  latePackets = 0;
  fault: string | undefined;
  cutBytes = 0;

  /** Given by end(); the source is over when this is there and no head is left. */
  statistics: InterfaceStatistics | undefined;
  /** True while the fields below hold a whole record. */
  ready = false;
  seconds = 0;
  nanoseconds = 0;
  capturedLength = 0;
  originalLength = 0;
  /** Offsets in the stream where the head begins and ends. */
  offset = 0;
  headEnd = 0;
  /** All that came before this offset has waited for the window. */
  dueOffset = 0;
  /** Latest time so far: a source whose own order is broken is not late for that. */
  topSeconds = -1;
  topNanoseconds = 0;

  /** Number of the interface in the section; -1 before there is one. */
  interfaceId = -1;
  /** Time of the first packet on that interface. */
  first: Timestamp | undefined;
  /** Kept by the merge: it is in the heap; the others wait for it. */
  queued = false;
  awaited = true;

  readonly queue = byteQueue();
  readonly description: InterfaceDescription;
  /** Place among the sources: decides between packets of the same time. */
  readonly order: number;
  readonly #owner: SourceOwner;
  /** Bytes that the next thing in line has in all, as far as known. */
  #wanted = PCAP_HEADER_LENGTH;
  #streamBytes = 0;
  #lastSeconds = -1;
  #lastNanoseconds = 0;
  /** When what is queued came: up to `end`, by `atMs`. */
  readonly #marks: { end: number; atMs: number }[] = [];
  #comments: { after: number; text: string }[] = [];
  #commentsLeftOut = 0;
  #packetsBefore = 0;

  constructor(owner: SourceOwner, description: InterfaceDescription, order: number) {
    this.#owner = owner;
    this.description = description;
    this.order = order;
  }

  get lastTime(): Timestamp | undefined {
    if (this.#lastSeconds < 0) return undefined;
    return { seconds: this.#lastSeconds, nanoseconds: this.#lastNanoseconds };
  }

  /** Nothing will come of this source any more than what is queued. */
  get closed(): boolean {
    return this.statistics !== undefined || this.fault !== undefined;
  }

  get heldBytes(): number {
    return this.queue.limit - this.queue.position;
  }

  /** The head has waited for the whole window. */
  get due(): boolean {
    return this.ready && this.headEnd <= this.dueOffset;
  }

  /** Where the head's data begins in the bytes of the queue. */
  get dataStart(): number {
    return this.queue.position + PCAP_RECORD_HEADER_LENGTH;
  }

  /** Packets written on the present interface. */
  get delivered(): number {
    return this.packets - this.#packetsBefore;
  }

  /** There are comments that belong to the head. */
  get commented(): boolean {
    const next = this.#comments[0];
    return next !== undefined && next.after < this.headEnd;
  }

  /** The packets that follow belong to this interface. */
  open(interfaceId: number): void {
    this.interfaceId = interfaceId;
    this.first = undefined;
    this.#packetsBefore = this.packets;
  }

  push(chunk: Uint8Array): void {
    if (this.closed) return;
    const { queue } = this;
    // A plain view: a Buffer's subarray() costs several times as much.
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    this.#streamBytes += bytes.length;
    let from = 0;
    if (!this.ready && this.heldBytes > 0) {
      from = this.#complete(bytes);
      this.#owner.moved(this);
    }
    // A damaged stream was forgotten by now.
    if (this.fault !== undefined) return;
    if (this.heldBytes > 0) {
      queue.append(bytes, from, bytes.length);
    } else if (from < bytes.length) {
      queue.borrow(bytes, from);
      this.look();
    }
    this.#owner.moved(this);
    queue.settle();
    if (this.heldBytes > 0) this.#mark();
  }

  comment(text: string): void {
    if (this.#comments.length >= MOST_COMMENTS) this.#commentsLeftOut++;
    else this.#comments.push({ after: this.#streamBytes, text });
  }

  end(statistics: InterfaceStatistics): void {
    if (this.statistics !== undefined) return;
    this.statistics = statistics;
    this.#owner.moved(this);
  }

  /** The head was written: counts it and looks for the next one. */
  advance(): void {
    this.packets++;
    this.bytes += this.capturedLength;
    this.#lastSeconds = this.seconds;
    this.#lastNanoseconds = this.nanoseconds;
    this.queue.position += this.headEnd - this.offset;
    this.offset = this.headEnd;
    this.ready = false;
    this.look();
  }

  /** Comments that belong to the head; with no head, all that are left. */
  takeComments(): string[] {
    if (this.#comments.length === 0) return [];
    const until = this.ready ? this.headEnd : Infinity;
    const taken = this.#comments.filter(({ after }) => after < until);
    this.#comments = this.#comments.filter(({ after }) => after >= until);
    const texts = taken.map(({ text }) => text);
    if (this.#commentsLeftOut > 0 && this.#comments.length === 0) {
      texts.push(`${this.#commentsLeftOut} more comments are left out`);
      this.#commentsLeftOut = 0;
    }
    return texts;
  }

  /** What came until `untilMs` has waited long enough. */
  expire(untilMs: number): void {
    for (let mark = this.#marks[0]; mark !== undefined && mark.atMs <= untilMs; mark = this.#marks[0]) {
      this.dueOffset = mark.end;
      this.#marks.shift();
    }
  }

  /** The first tick tells when everything came that came before it. */
  firstTick(nowMs: number): void {
    for (const mark of this.#marks) mark.atMs = nowMs;
  }

  /** The source is over: what remains is a record that was cut. */
  close(): void {
    if (this.fault === undefined) this.cutBytes = this.heldBytes;
    this.queue.clear();
    this.#marks.length = 0;
  }

  /** Reads what stands next: a file header, a record's header, or too little of either. */
  look(): void {
    const { queue } = this;
    while (this.fault === undefined) {
      const { bytes, position: at, limit } = queue;
      if (this.header === undefined) {
        if (at + 4 <= limit && !isPcapMagic(bytes, at))
          this.#fail('the stream does not begin as a pcap file');
        else if (at + PCAP_HEADER_LENGTH > limit) return;
        else this.#open();
        continue;
      }
      this.#wanted = PCAP_RECORD_HEADER_LENGTH;
      if (at + PCAP_RECORD_HEADER_LENGTH > limit) return;
      const { littleEndian } = this.header;
      const captured = word(bytes, at + 8, littleEndian);
      const original = word(bytes, at + 12, littleEndian);
      // A file header read as a record has both lengths zero (time zone and accuracy), which no packet has.
      if (captured === 0 && original === 0 && isPcapMagic(bytes, at)) {
        this.#wanted = PCAP_HEADER_LENGTH;
        if (at + PCAP_HEADER_LENGTH > limit) return;
        this.#open();
        continue;
      }
      if (captured > LONGEST_PACKET) {
        this.#fail(`a packet of ${captured} bytes cannot be: the stream is damaged`);
        return;
      }
      this.#wanted = PCAP_RECORD_HEADER_LENGTH + captured;
      if (at + this.#wanted > limit) return;
      const fraction = word(bytes, at + 4, littleEndian);
      this.seconds = word(bytes, at, littleEndian);
      this.nanoseconds = this.header.precision === 'nano' ? fraction : fraction * 1000;
      this.capturedLength = captured;
      this.originalLength = original;
      this.headEnd = this.offset + this.#wanted;
      this.ready = true;
      return;
    }
  }

  #open(): void {
    const { queue } = this;
    const header = readPcapHeader(queue.bytes, queue.position);
    if (header === undefined) {
      this.#fail('the pcap header is of a version that is not known');
      return;
    }
    if (header.linktype > 0xffff) {
      this.#fail(`pcapng has no room for link type ${header.linktype}`);
      return;
    }
    const before = this.header;
    this.header = header;
    queue.position += PCAP_HEADER_LENGTH;
    this.offset += PCAP_HEADER_LENGTH;
    const same =
      before?.linktype === header.linktype &&
      before.snaplen === header.snaplen &&
      before.precision === header.precision;
    if (!same) this.#owner.opened(this, header);
  }

  /** Adds to the queue just what completes its record; returns how far the chunk was used. */
  #complete(chunk: Uint8Array): number {
    let from = 0;
    while (!this.closed && !this.ready && this.heldBytes > 0 && from < chunk.length) {
      const to = Math.min(chunk.length, from + Math.max(1, this.#wanted - this.heldBytes));
      this.queue.append(chunk, from, to);
      from = to;
      this.look();
    }
    return from;
  }

  #mark(): void {
    const { nowMs } = this.#owner;
    const last = this.#marks.at(-1);
    if (last !== undefined && Object.is(last.atMs, nowMs)) last.end = this.#streamBytes;
    else this.#marks.push({ end: this.#streamBytes, atMs: nowMs });
  }

  #fail(why: string): void {
    this.fault = `${why} (byte ${this.offset})`;
    this.queue.clear();
  }
}

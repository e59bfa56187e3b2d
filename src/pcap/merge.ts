import { QueuedSource, type SourceOwner } from './merge-source.js';
import type {
  InterfaceDescription,
  InterfaceStatistics,
  MergeSource,
  NameRecord,
  PcapngMerger,
  SectionDescription,
} from './merge-types.js';
import { BlockOutput } from './pcapng-output.js';
import {
  writeEnhancedPacket,
  writeInterfaceDescription,
  writeInterfaceStatistics,
  writeNameResolution,
  writeSectionHeader,
} from './pcapng-writer.js';
import { SourceHeap } from './source-heap.js';
import type { PcapHeader } from './types.js';

/** How long packets wait for a source that is silent, unless told otherwise. */
const DEFAULT_WINDOW_MS = 1000;
/** How much may wait for it, unless told otherwise: 0.3 s of twenty pods at 5 MB/s. */
const DEFAULT_HELD_LIMIT_BYTES = 32 * 1024 * 1024;

/** Bounds of what a merge holds back. */
export interface MergeOptions {
  /** Longest wait for a silent source, by the clock of `tick`. Default {@link DEFAULT_WINDOW_MS}. */
  readonly windowMs?: number | undefined;
  /** Above it packets go out as if they had waited for the whole window. Default {@link DEFAULT_HELD_LIMIT_BYTES}. */
  readonly heldLimitBytes?: number | undefined;
}

class Merger implements PcapngMerger, SourceOwner {
  latePackets = 0;
  nowMs = NaN;

  readonly #windowMs: number;
  readonly #heldLimitBytes: number;
  readonly #output = new BlockOutput();
  readonly #heap = new SourceHeap();
  /** All that are not over. */
  readonly #sources = new Set<QueuedSource>();
  #added = 0;
  #interfaces = 0;
  /** Sources that may still deliver and have no head: while there are some, the others wait. */
  #waiting = 0;
  /** Heads that have waited for the whole window. */
  #due = 0;
  /** The latest time written. */
  #topSeconds = -1;
  #topNanoseconds = 0;
  /** Name Resolution Blocks from before the first interface: editcap refuses a file in which they come first. */
  readonly #names: Uint8Array[] = [];
  /** What is to be said of sources that have no interface to say it on. */
  #notes: string[] = [];
  #ended = false;

  constructor(section: SectionDescription, options: MergeOptions) {
    this.#windowMs = options.windowMs ?? DEFAULT_WINDOW_MS;
    this.#heldLimitBytes = options.heldLimitBytes ?? DEFAULT_HELD_LIMIT_BYTES;
    this.#output.block(writeSectionHeader(section));
  }

  get heldBytes(): number {
    let sum = 0;
    for (const source of this.#sources) sum += source.heldBytes;
    return sum;
  }

  take(): Uint8Array | undefined {
    return this.#output.take();
  }

  recycle(taken: Uint8Array): void {
    this.#output.recycle(taken);
  }

  addSource(description: InterfaceDescription): MergeSource {
    const source = new QueuedSource(this, description, this.#added++);
    this.#sources.add(source);
    this.#waiting++;
    if (this.#ended) source.end({});
    return source;
  }

  addNames(names: readonly NameRecord[]): void {
    const blocks = writeNameResolution(names);
    if (this.#interfaces === 0) this.#names.push(...blocks);
    else this.#writeNames(blocks);
  }

  tick(nowMs: number): void {
    if (Number.isNaN(this.nowMs)) for (const source of this.#sources) source.firstTick(nowMs);
    this.nowMs = nowMs;
    for (const source of this.#sources) {
      source.expire(nowMs - this.#windowMs);
      if (source.due) this.#due++;
    }
    this.#pump();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    // Those without an interface first: what is to be said of them then finds a place with the others.
    const sources = [...this.#sources].sort((a, b) => a.interfaceId - b.interfaceId || a.order - b.order);
    for (const source of sources) source.end({});
    this.#writeNames([...this.#names.splice(0), ...writeNameResolution([], this.#takeNotes())]);
  }

  opened(source: QueuedSource, { linktype, snaplen }: PcapHeader): void {
    if (source.interfaceId >= 0) this.#writeStatistics(source, {}, []);
    source.open(this.#interfaces++);
    this.#output.block(writeInterfaceDescription({ linktype, snaplen }, source.description));
    this.#writeNames(this.#names.splice(0));
  }

  moved(source: QueuedSource): void {
    if (source.awaited && (source.ready || source.closed)) {
      source.awaited = false;
      this.#waiting--;
    }
    if (source.ready && !source.queued) {
      source.queued = true;
      this.#heap.add(source);
    }
    this.#pump();
    this.#finish(source);
  }

  /** Writes heads in the order of time, until one source has none and the others have not waited long enough for it. */
  #pump(): void {
    const heap = this.#heap;
    let excess = this.heldBytes - this.#heldLimitBytes;
    for (let source = heap.root; source !== undefined; source = heap.root) {
      if (this.#waiting > 0 && this.#due === 0 && excess <= 0) return;
      const wasDue = this.#due > 0 && source.due;
      excess -= source.headEnd - source.offset;
      this.#write(source);
      source.advance();
      if (wasDue && !source.due) this.#due--;
      if (source.ready) {
        heap.restore();
        continue;
      }
      heap.remove();
      source.queued = false;
      if (!source.closed) {
        source.awaited = true;
        this.#waiting++;
      }
      this.#finish(source);
    }
  }

  #write(source: QueuedSource): void {
    const { seconds, nanoseconds, interfaceId, capturedLength, originalLength } = source;
    this.#order(source, seconds, nanoseconds);
    source.first ??= { seconds, nanoseconds };
    const start = source.dataStart;
    if (!source.commented && this.#notes.length === 0) {
      const { bytes } = source.queue;
      this.#output.packet(interfaceId, seconds, nanoseconds, bytes, start, capturedLength, originalLength);
      return;
    }
    const data = source.queue.bytes.subarray(start, start + capturedLength);
    const remarks = [...source.takeComments(), ...this.#takeNotes()];
    this.#output.block(
      writeEnhancedPacket({ interfaceId, seconds, nanoseconds, originalLength, data }, remarks),
    );
  }

  /** Counts a packet as late when it is earlier than one written before, and that is not its own source's doing. */
  #order(source: QueuedSource, seconds: number, nanoseconds: number): void {
    const top = this.#topSeconds;
    if (seconds > top || (seconds === top && nanoseconds >= this.#topNanoseconds)) {
      source.topSeconds = this.#topSeconds = seconds;
      source.topNanoseconds = this.#topNanoseconds = nanoseconds;
      return;
    }
    if (
      seconds > source.topSeconds ||
      (seconds === source.topSeconds && nanoseconds > source.topNanoseconds)
    ) {
      source.topSeconds = seconds;
      source.topNanoseconds = nanoseconds;
    }
    if (source.topSeconds < top || source.topNanoseconds < this.#topNanoseconds) {
      source.latePackets++;
      this.latePackets++;
    }
  }

  /** Says what is to be said of a source that is over, once nothing of it is left. */
  #finish(source: QueuedSource): void {
    const { statistics } = source;
    if (statistics === undefined || source.ready || !this.#sources.delete(source)) return;
    source.close();
    const remarks = source.takeComments();
    if (source.fault !== undefined) remarks.push(`the stream was damaged: ${source.fault}`);
    if (source.cutBytes > 0)
      remarks.push(`the stream ended in a packet, ${source.cutBytes} bytes of it are left out`);
    if (source.interfaceId >= 0) {
      this.#writeStatistics(source, statistics, [...remarks, ...(this.#ended ? this.#takeNotes() : [])]);
      return;
    }
    for (const [name, count] of Object.entries(statistics)) {
      if (count !== undefined) remarks.push(`${name} ${String(count)}`);
    }
    const why = remarks.join('; ');
    this.#notes.push(`${source.description.name}: no capture came from here${why === '' ? '' : `: ${why}`}`);
  }

  #writeStatistics(source: QueuedSource, given: InterfaceStatistics, remarks: readonly string[]): void {
    const { first, interfaceId, delivered } = source;
    const last = delivered === 0 ? undefined : source.lastTime;
    const statistics = { ...given, delivered: given.delivered ?? delivered };
    this.#output.block(writeInterfaceStatistics(interfaceId, { first, last }, statistics, remarks));
  }

  #writeNames(blocks: readonly Uint8Array[]): void {
    for (const block of blocks) this.#output.block(block);
  }

  #takeNotes(): string[] {
    const notes = this.#notes;
    if (notes.length > 0) this.#notes = [];
    return notes;
  }
}

/**
 * A merge of pcap streams into one pcapng section (docs/decisions/0008): sources are queues, the earliest of their heads
 * is written, of equal times that of the source added first. While a source that may still deliver has no head, the others
 * wait for it, at most the window. One source alone never waits: that is the conversion from pcap to pcapng.
 */
export function createMerger(section: SectionDescription, options: MergeOptions = {}): PcapngMerger {
  return new Merger(section, options);
}

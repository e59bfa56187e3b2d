import { writeInterfaceStatistics } from './pcapng-writer.js';
import type { Timestamp } from './types.js';

/** More than a statistics block takes that holds every counter and no comment. */
const STATISTICS_BYTES = 128;
const NANO = 1_000_000_000n;

/** What a walk over a capture knows of one interface. Time stamps are the two words of the block. */
export class WalkedInterface {
  readonly linktype: number;
  readonly snaplen: number;
  /** Units of a time stamp in one second. */
  readonly unitsPerSecond: bigint;

  #packets = 0;
  #first: readonly [high: number, low: number] = [0, 0];
  #lastHigh = 0;
  #lastLow = 0;
  #beforeHigh = 0;
  #beforeLow = 0;
  /** The last Interface Statistics Block of it, and whether it came after the last call of `statistics`. */
  #told: Uint8Array | undefined;
  #toldNow = false;

  constructor(linktype: number, snaplen: number, unitsPerSecond: bigint) {
    this.linktype = linktype;
    this.snaplen = snaplen;
    this.unitsPerSecond = unitsPerSecond;
  }

  /** A packet of this interface was read. */
  packet(high: number, low: number): void {
    if (this.#packets++ === 0) this.#first = [high, low];
    this.#beforeHigh = this.#lastHigh;
    this.#beforeLow = this.#lastLow;
    this.#lastHigh = high;
    this.#lastLow = low;
  }

  /** Its statistics were read. */
  tell(block: Uint8Array): void {
    this.#told = block;
    this.#toldNow = true;
  }

  /** Room that `statistics` may take. */
  get statisticsBytes(): number {
    return this.#toldNow ? 0 : (this.#told?.length ?? STATISTICS_BYTES);
  }

  /**
   * What a file says at its end of this interface, where nothing was said since the last call: what was told at its end, else
   * packets and times since the capture began. @param spare Leave out the packet last read.
   */
  statistics(id: number, spare: boolean): readonly Uint8Array[] {
    const toldNow = this.#toldNow;
    this.#toldNow = false;
    if (toldNow) return [];
    if (this.#told !== undefined) return [this.#told];
    const delivered = this.#packets - (spare ? 1 : 0);
    const timed = delivered > 0 && this.unitsPerSecond === NANO;
    const last = spare
      ? timeOf(this.#beforeHigh, this.#beforeLow, NANO)
      : timeOf(this.#lastHigh, this.#lastLow, NANO);
    const times = timed
      ? { first: timeOf(...this.#first, NANO), last }
      : { first: undefined, last: undefined };
    return [writeInterfaceStatistics(id, times, { delivered })];
  }
}

/** The two words of a time stamp as a time. */
export function timeOf(high: number, low: number, unitsPerSecond: bigint): Timestamp {
  const units = (BigInt(high) << 32n) | BigInt(low);
  return {
    seconds: Number(units / unitsPerSecond),
    nanoseconds: Number(((units % unitsPerSecond) * NANO) / unitsPerSecond),
  };
}

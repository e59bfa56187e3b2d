const SMALLEST = 64 * 1024;
/** An empty queue gives back more than this. */
const KEPT_EMPTY = 256 * 1024;

/**
 * Bytes in the order they came, always in one piece from `position` to `limit` of `bytes`, so that a record is never
 * in two parts. A chunk can be borrowed: read where it lies, and copied only as far as it was not used up.
 */
export interface ByteQueue {
  readonly bytes: Uint8Array;
  /** Moved forward by the reader. */
  position: number;
  readonly limit: number;
  /** Copies a part of a chunk to the end of the queue. */
  append(chunk: Uint8Array, from: number, to: number): void;
  /** Reads a part of a chunk in place; only when nothing is queued, and only until {@link ByteQueue.settle}. */
  borrow(chunk: Uint8Array, from: number): void;
  /** Copies what was not used of a borrowed chunk. */
  settle(): void;
  /** Forgets everything. */
  clear(): void;
}

const none = new Uint8Array(0);

class Queue implements ByteQueue {
  bytes: Uint8Array = none;
  position = 0;
  limit = 0;
  #own: Uint8Array = none;

  append(chunk: Uint8Array, from: number, to: number): void {
    if (to <= from) return;
    this.#room(to - from);
    this.#own.set(chunk.subarray(from, to), this.limit);
    this.limit += to - from;
  }

  borrow(chunk: Uint8Array, from: number): void {
    this.bytes = chunk;
    this.position = from;
    this.limit = chunk.length;
  }

  settle(): void {
    const { bytes, position, limit } = this;
    if (bytes !== this.#own) {
      this.bytes = this.#own;
      this.position = this.limit = 0;
      this.append(bytes, position, limit);
    }
    if (this.position === this.limit && this.#own.length > KEPT_EMPTY) this.clear();
  }

  clear(): void {
    this.bytes = this.#own = none;
    this.position = this.limit = 0;
  }

  /** Makes room behind `limit`: by moving to the front while at most half is in use, else with a buffer of another size. */
  #room(size: number): void {
    const { position, limit } = this;
    if (limit + size <= this.#own.length) return;
    const queued = limit - position;
    // Room that a burst has taken is given back: of many sources each has its bursts, at other times.
    const oversized = (queued + size) * 8 <= this.#own.length && this.#own.length > KEPT_EMPTY;
    if ((queued + size) * 2 <= this.#own.length && !oversized) {
      this.#own.copyWithin(0, position, limit);
    } else {
      let length = SMALLEST;
      while (length < (queued + size) * 1.5) length *= 2;
      const other = new Uint8Array(length);
      other.set(this.#own.subarray(position, limit));
      this.bytes = this.#own = other;
    }
    this.position = 0;
    this.limit = queued;
  }
}

/** An empty queue. */
export function byteQueue(): ByteQueue {
  return new Queue();
}

import { BLOCK_EPB, BLOCK_TAIL, EPB_HEAD } from './pcapng-blocks.js';
import { nanosecondsSince1970 } from './pcapng-writer.js';

/** Large, so that what is not yet taken when a buffer is full is a small part of it. */
const BUFFER_BYTES = 512 * 1024;
/** Buffers that came back and wait for use: one is filled while another is being written. */
const MOST_SPARE = 2;
const two32 = 2 ** 32;

/** Collects blocks back to back. What was taken is not touched again unless it is given back. */
export class BlockOutput {
  #bytes: Uint8Array = new Uint8Array(0);
  /** The same memory in words: every block begins at a multiple of four. */
  #words: Uint32Array = new Uint32Array(0);
  #used = 0;
  #taken = 0;
  /** Parts of a buffer that were taken and have not come back. */
  readonly #lent = new WeakMap<ArrayBufferLike, number>();
  readonly #spare: Uint8Array[] = [];
  /** The second that the two words below belong to: most packets share it with the one before. */
  #second = -1;
  #upper = 0;
  #lower = 0;

  /** Everything since the last call, in one piece. */
  take(): Uint8Array | undefined {
    if (this.#used === this.#taken) return undefined;
    const taken = this.#bytes.subarray(this.#taken, this.#used);
    this.#taken = this.#used;
    this.#lent.set(taken.buffer, (this.#lent.get(taken.buffer) ?? 0) + 1);
    return taken;
  }

  /** The taker has no more use of these bytes: fresh memory for every buffer would cost more than filling it. */
  recycle({ buffer }: Uint8Array): void {
    const lent = this.#lent.get(buffer);
    if (lent === undefined) return;
    this.#lent.set(buffer, lent - 1);
    if (lent > 1) return;
    this.#lent.delete(buffer);
    if (buffer !== this.#bytes.buffer) {
      if (this.#spare.length < MOST_SPARE && buffer.byteLength === BUFFER_BYTES) {
        this.#spare.push(new Uint8Array(buffer));
      }
    } else if (this.#used === this.#taken) {
      this.#used = this.#taken = 0;
    }
  }

  /** A block that was made elsewhere. */
  block(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /**
   * An Enhanced Packet Block without options, its data taken from `from` at `start`. Numbers instead of a packet, because
   * this is called for every packet of every capture.
   */
  packet(
    interfaceId: number,
    seconds: number,
    nanoseconds: number,
    from: Uint8Array,
    start: number,
    capturedLength: number,
    originalLength: number,
  ): void {
    const length = EPB_HEAD + ((capturedLength + 3) & ~3) + BLOCK_TAIL;
    if (this.#used + length > this.#bytes.length) this.#room(length);
    if (seconds !== this.#second) this.#turn(seconds);
    const lower = this.#lower + nanoseconds;
    const words = this.#words;
    const at = this.#used >> 2;
    const end = at + (length >> 2) - 1;
    words[at] = BLOCK_EPB;
    words[at + 1] = length;
    words[at + 2] = interfaceId;
    words[at + 3] = lower < two32 ? this.#upper : this.#upper + Math.floor(lower / two32);
    words[at + 4] = lower;
    words[at + 5] = capturedLength;
    words[at + 6] = originalLength;
    // The padding first; the data then overwrites what of this word is not padding.
    words[end - 1] = capturedLength === 0 ? originalLength : 0;
    words[end] = length;
    this.#bytes.set(from.subarray(start, start + capturedLength), this.#used + EPB_HEAD);
    this.#used += length;
  }

  #turn(seconds: number): void {
    const { upper, lower } = nanosecondsSince1970(seconds);
    this.#second = seconds;
    this.#upper = upper;
    this.#lower = lower;
  }

  /** A new buffer, for one that was handed out cannot be used again; what was not yet taken moves along. */
  #room(length: number): void {
    if (this.#used + length <= this.#bytes.length) return;
    const waiting = this.#bytes.subarray(this.#taken, this.#used);
    let size = BUFFER_BYTES;
    while (size < (waiting.length + length) * 2) size *= 2;
    // Not zeroed: every byte before #used is written before it can be taken.
    const spare = size === BUFFER_BYTES ? this.#spare.pop() : undefined;
    const bytes = spare ?? Buffer.allocUnsafeSlow(size);
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, size);
    this.#words = new Uint32Array(bytes.buffer, bytes.byteOffset, size >> 2);
    this.#bytes.set(waiting);
    this.#used = waiting.length;
    this.#taken = 0;
  }
}

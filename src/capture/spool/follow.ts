import { PCAP_HEADER_LENGTH } from '../../pcap/header.js';
import type { PcapFault, PcapHeader } from '../../pcap/types.js';
import { wholeRecords, type WholeRecords } from '../whole.js';
import type { SpoolPosition } from './ring.js';

/**
 * Makes one pcap stream of the files of a spool: only whole records go out, and one file header, the first. It knows the place
 * where reading has to go on when the connection is lost. Pure.
 */
export interface SpoolFollower {
  /** Takes what was read at the place where the last chunk ended. Gives the bytes that may go on; none is an empty list. */
  push(chunk: Uint8Array): readonly Uint8Array[];
  /** The connection was lost: what had come of a record that is not whole is dropped, and reading goes on at `position`. */
  rewind(): void;
  /** The files up to there are gone: reading goes on at the start of another file. @param bytesBefore Of all files before it. */
  jump(file: number, bytesBefore: number): void;
  /** The end of the last whole record. */
  readonly position: SpoolPosition;
  /** Bytes of all files before `position.file`. */
  readonly bytesBefore: number;
  /** Bytes that went out; the first header counts. */
  readonly outBytes: number;
  readonly packets: number;
  readonly header: PcapHeader | undefined;
  /** Why the files are no pcap any more; everything before went out. */
  readonly fault: PcapFault | undefined;
}

class Follower implements SpoolFollower {
  outBytes = 0;
  bytesBefore = 0;
  header: PcapHeader | undefined;
  fault: PcapFault | undefined;

  #file: number;
  #records: WholeRecords = wholeRecords({});
  /** Bytes pushed into #records that stand before the place where reading began: the header of a file that is taken up again. */
  #base = 0;
  #headerBytes: Uint8Array | undefined;
  /** What comes next begins with the header of a file. */
  #atStart = true;
  #packetsBefore = 0;

  constructor(start: SpoolPosition, bytesBefore: number) {
    this.#file = start.file;
    this.bytesBefore = bytesBefore;
  }

  get position(): SpoolPosition {
    return { file: this.#file, offset: this.#base + this.#records.tracker.wholeBytes };
  }

  get packets(): number {
    return this.#packetsBefore + this.#records.tracker.packets;
  }

  push(chunk: Uint8Array): readonly Uint8Array[] {
    const out: Uint8Array[] = [];
    let rest = chunk;
    while (rest.length > 0 && this.fault === undefined) {
      const { tracker } = this.#records;
      const before = tracker.streamBytes;
      const held = before - tracker.wholeBytes;
      for (const whole of this.#records.push(rest)) this.#give(whole, out);
      if (tracker.fault?.kind !== 'header') {
        this.fault ??= tracker.fault;
        break;
      }
      // The next file begins at the fault. A part of its header may have come with an earlier chunk, and is held back.
      const at = tracker.fault.offset;
      const head = at < before ? this.#tail.subarray(this.#tail.length - held) : new Uint8Array(0);
      rest = Buffer.concat([head, rest.subarray(Math.max(0, at - before))]);
      this.jump(this.#file + 1, this.bytesBefore + this.#base + at);
    }
    this.#keepTail(rest);
    return out;
  }

  rewind(): void {
    this.#startAgain(this.position.offset);
  }

  jump(file: number, bytesBefore: number): void {
    this.#file = file;
    this.bytesBefore = bytesBefore;
    this.#startAgain(0);
  }

  #tail: Uint8Array = new Uint8Array(0);

  /** Remembers the last bytes, as many as a file header could have begun with. */
  #keepTail(chunk: Uint8Array): void {
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-PCAP_HEADER_LENGTH)]).subarray(
      -PCAP_HEADER_LENGTH,
    );
  }

  #startAgain(offset: number): void {
    this.#packetsBefore += this.#records.tracker.packets;
    this.#records = wholeRecords({});
    this.#base = 0;
    this.#atStart = true;
    this.#tail = new Uint8Array(0);
    if (offset < PCAP_HEADER_LENGTH || this.#headerBytes === undefined) return;
    this.#records.push(this.#headerBytes);
    this.#atStart = false;
    this.#base = offset - PCAP_HEADER_LENGTH;
  }

  #give(whole: Uint8Array, out: Uint8Array[]): void {
    if (!this.#atStart) {
      this.#add(whole, out);
      return;
    }
    this.#atStart = false;
    if (this.#headerBytes === undefined) {
      this.#headerBytes = Uint8Array.from(whole.subarray(0, PCAP_HEADER_LENGTH));
      this.header = this.#records.tracker.header;
      this.#add(whole, out);
      return;
    }
    if (!sameBytes(this.#headerBytes, whole.subarray(0, PCAP_HEADER_LENGTH))) {
      this.fault = {
        kind: 'header',
        offset: this.outBytes,
        message: 'a file of the spool has another header',
      };
      return;
    }
    this.#add(whole.subarray(PCAP_HEADER_LENGTH), out);
  }

  #add(bytes: Uint8Array, out: Uint8Array[]): void {
    if (bytes.length === 0) return;
    this.outBytes += bytes.length;
    out.push(bytes);
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** A follower that begins at the start of a file, by default the first. @param bytesBefore Of all files before it. */
export function followSpool(file = 0, bytesBefore = 0): SpoolFollower {
  return new Follower({ file, offset: 0 }, bytesBefore);
}

/** A client's end of a channel websocket with raw frames: it can leave without a close frame, reset, stop reading, and notes every frame it sees. */
import { randomBytes } from 'node:crypto';
import type net from 'node:net';
import type tls from 'node:tls';
import { resetConnection } from '../cluster/stream/wire.js';

/** A frame of the server. `channel` is absent for control frames; `payload` is without the channel byte. */
export interface Seen {
  readonly opcode: 'text' | 'binary' | 'close' | 'ping' | 'pong';
  readonly channel?: number;
  readonly payload: Buffer;
}

const names = { 1: 'text', 2: 'binary', 8: 'close', 9: 'ping', 10: 'pong' } as const;
const numbers = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A session after its 101. */
export class Recording {
  readonly seen: Seen[] = [];
  readonly protocol: string;
  /** The socket ended, by whomever. */
  readonly ended: Promise<void>;
  /** TCP ended from the server's side. */
  fin = false;
  readonly #socket: tls.TLSSocket;
  readonly #raw: net.Socket;
  readonly #watchers = new Set<() => void>();
  #rest: Buffer;

  constructor(socket: tls.TLSSocket, raw: net.Socket, head: Buffer, protocol: string) {
    this.#socket = socket;
    this.#raw = raw;
    this.#rest = head;
    this.protocol = protocol;
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => {
      this.fin = true;
      this.#tell();
    });
    socket.on('close', () => this.#tell());
    this.#receive(Buffer.alloc(0));
  }

  /** All payload of a channel so far. */
  data(channel: number): Buffer {
    return Buffer.concat(
      this.seen.filter((frame) => frame.channel === channel).map(({ payload }) => payload),
    );
  }

  /** The close frame's code, once it came. */
  get closeCode(): number | undefined {
    return this.seen.find(({ opcode }) => opcode === 'close')?.payload.readUInt16BE(0);
  }

  /** Whether the session is over: close frame, or end of TCP. */
  get over(): boolean {
    return this.closeCode !== undefined || this.fin || this.#socket.destroyed;
  }

  /** Waits for a state of this recording; rejects with what was seen instead. */
  until(what: string, predicate: () => boolean, timeoutMs = 15_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (predicate()) {
          clearTimeout(timer);
          this.#watchers.delete(check);
          resolve();
        }
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(check);
        reject(new Error(`${what}: not within ${timeoutMs} ms; seen ${this.toString()}`));
      }, timeoutMs);
      this.#watchers.add(check);
      check();
    });
  }

  toString(): string {
    const frames = this.seen.slice(-12).map(({ opcode, channel, payload }) => {
      return `${opcode} ${channel ?? ''} ${JSON.stringify(payload.toString().slice(0, 400))}`;
    });
    return `${frames.join('\n')}${this.fin ? '\n(FIN)' : ''}`;
  }

  /** Sends a data frame. */
  send(channel: number, data: Buffer | string): void {
    const payload = typeof data === 'string' ? Buffer.from(data) : data;
    this.frame('binary', Buffer.concat([Buffer.from([channel]), payload]));
  }

  /** Sends any frame, masked. */
  frame(opcode: keyof typeof numbers, payload: Buffer): void {
    const head = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
    head[0] = 0x80 | numbers[opcode];
    head[1] = 0x80 | (head.length === 2 ? payload.length : head.length === 4 ? 126 : 127);
    if (head.length === 4) {
      head.writeUInt16BE(payload.length, 2);
    } else if (head.length === 10) {
      head.writeBigUInt64BE(BigInt(payload.length), 2);
    }
    // A mask of zeros is a mask too, and spares bulk input the work.
    const mask = payload.length > 65_536 ? Buffer.alloc(4) : randomBytes(4);
    const masked =
      payload.length > 65_536 ? payload : payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0));
    this.#socket.write(Buffer.concat([head, mask, masked]));
  }

  close(code = 1000): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.frame('close', payload);
  }

  /** Leaves without a close frame. */
  destroy(how: 'fin' | 'reset' = 'fin'): void {
    if (how === 'reset') {
      resetConnection(this.#raw);
    }
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #tell(): void {
    this.#watchers.forEach((check) => check());
  }

  #receive(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (let size = this.#next(); size > 0; size = this.#next()) {
      this.#rest = this.#rest.subarray(size);
    }
    this.#tell();
  }

  /** Notes the first whole frame of the rest; returns its size, 0 when there is none. */
  #next(): number {
    const rest = this.#rest;
    const short = (rest[1] ?? 0) & 0x7f;
    const headSize = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (rest.length < headSize) {
      return 0;
    }
    const length =
      short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short;
    if (rest.length < headSize + length) {
      return 0;
    }
    const opcode = names[((rest[0] ?? 0) & 0x0f) as keyof typeof names];
    const payload = Buffer.from(rest.subarray(headSize, headSize + length));
    if (opcode === 'binary' || opcode === 'text') {
      const first = payload[0] ?? -1;
      this.seen.push({
        opcode,
        channel: opcode === 'text' ? first - 0x30 : first,
        payload: payload.subarray(1),
      });
    } else {
      this.seen.push({ opcode, payload });
    }
    return headSize + length;
  }
}

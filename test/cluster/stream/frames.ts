/**
 * RFC 6455 frames, the server's side: own code instead of a library, because tests need half frames, missing close
 * frames and exact sizes, which libraries are made to prevent.
 */

/** RFC 6455, section 5.2. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** golang.org/x/net/websocket: DefaultMaxPayloadBytes. A larger frame breaks the session. */
export const maxPayloadBytes = 32 * 1024 * 1024;

/** One whole message (fragments joined), unmasked. */
export interface Message {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The peer sent what the protocol does not allow; the session ends with a close frame and nothing else. */
export class FrameError extends Error {}

interface Header {
  readonly opcode: number;
  readonly final: boolean;
  readonly length: number;
  readonly mask: Buffer;
  readonly size: number;
}

/**
 * The head of an unmasked final frame, with room for `extra` bytes behind it (the channel byte).
 * `length` counts the payload with those bytes.
 */
export function frameHead(opcode: number, length: number, extra = 0): Buffer {
  const size = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const head = Buffer.allocUnsafe(size + extra);
  head[0] = 0x80 | opcode;
  if (size === 2) {
    head[1] = length;
  } else if (size === 4) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return head;
}

/** One small frame as one buffer: control frames and Status texts. */
export function frame(opcode: number, payload: Uint8Array): Buffer {
  return Buffer.concat([frameHead(opcode, payload.length), payload]);
}

/** The payload of a close frame: code (RFC 6455, section 7.4) and reason. */
export function closePayload(code: number, reason = ''): Buffer {
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code, 0);
  payload.write(reason, 2);
  return payload;
}

/** XORs `data` in place; `offset` is the position of its first byte in the frame's payload (RFC 6455, section 5.3). */
function unmask(data: Buffer, mask: Buffer, offset: number): void {
  for (let index = 0; index < data.length; index++) {
    data[index] = (data[index] ?? 0) ^ (mask[(offset + index) & 3] ?? 0);
  }
}

/** The head of a client's frame, or undefined while it is not all there. */
function parseHead(bytes: Buffer): Header | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) {
    return undefined;
  }
  if ((second & 0x80) === 0 || (first & 0x70) !== 0) {
    throw new FrameError('frames of a client are masked and use no extension');
  }
  const short = second & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  const size = 2 + lengthBytes + 4;
  if (bytes.length < size) {
    return undefined;
  }
  const length =
    lengthBytes === 0 ? short : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return {
    opcode: first & 0x0f,
    final: (first & 0x80) !== 0,
    length,
    mask: Buffer.from(bytes.subarray(size - 4, size)),
    size,
  };
}

/** Bytes of a client in, messages out. Holds at most one message and the head of the next. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);
  #header: Header | undefined;
  #payload: Buffer = Buffer.alloc(0);
  #filled = 0;
  #fragments: Buffer[] = [];
  #fragmentOpcode = 0;

  /** Messages completed by `chunk`. Throws FrameError. */
  *read(chunk: Buffer): Generator<Message> {
    let rest = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk;
    for (;;) {
      if (!this.#header) {
        const header = parseHead(rest);
        if (!header) {
          this.#pending = rest;
          return;
        }
        this.#begin(header);
        rest = rest.subarray(header.size);
      }
      rest = this.#fill(rest);
      if (this.#header && this.#filled < this.#header.length) {
        this.#pending = Buffer.alloc(0);
        return;
      }
      const message = this.#finish();
      if (message) {
        yield message;
      }
    }
  }

  #begin(header: Header): void {
    if (header.length + this.#fragments.reduce((sum, part) => sum + part.length, 0) > maxPayloadBytes) {
      throw new FrameError(`a frame of ${header.length} bytes is too large`);
    }
    this.#header = header;
    this.#payload = Buffer.allocUnsafe(header.length);
    this.#filled = 0;
  }

  #fill(bytes: Buffer): Buffer {
    const header = this.#header;
    if (!header) {
      return bytes;
    }
    const take = Math.min(bytes.length, header.length - this.#filled);
    bytes.copy(this.#payload, this.#filled, 0, take);
    unmask(this.#payload.subarray(this.#filled, this.#filled + take), header.mask, this.#filled);
    this.#filled += take;
    return bytes.subarray(take);
  }

  #finish(): Message | undefined {
    const header = this.#header;
    this.#header = undefined;
    if (!header) {
      return undefined;
    }
    if (header.opcode >= opcodes.close) {
      return { opcode: header.opcode, payload: this.#payload };
    }
    this.#fragments.push(this.#payload);
    if (header.opcode !== opcodes.continuation) {
      this.#fragmentOpcode = header.opcode;
    }
    if (!header.final) {
      return undefined;
    }
    const payload = this.#fragments.length === 1 ? this.#payload : Buffer.concat(this.#fragments);
    this.#fragments = [];
    return { opcode: this.#fragmentOpcode, payload };
  }
}

/**
 * The receiving side of RFC 6455 for a client, without any copying: payload is handed on piece by piece, as slices of the
 * chunks that came from the socket. ws parses whole messages; for a stream of 32 KiB frames over TLS records of 16 KiB this costs a
 * third more CPU (docs/decisions/0007-websocket-receiver.md).
 */
export interface FrameHandlers {
  /** A piece of a data message: its channel (the message's first byte), the bytes, and whether the message ends with them. */
  onData(channel: number, bytes: Buffer, last: boolean): void;
  onPing(payload: Buffer): void;
  onPong(): void;
  /** A close frame; nothing counts after it. `code` 1005 = none given. */
  onClose(code: number, reason: string): void;
}

/** The server broke RFC 6455; the connection cannot be used any more. */
export class FrameError extends Error {}

const CONTINUATION = 0x0;
const BINARY = 0x2;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0xa;
const MAX_CONTROL_BYTES = 125;

/** Makes the parser: feed it the socket's chunks in order, split anywhere. Throws {@link FrameError}. */
export function frameParser(handlers: FrameHandlers): (chunk: Buffer) => void {
  /** The header may come in pieces: 2 bytes, and 2 or 8 more for the length. */
  const header = Buffer.alloc(10);
  let headerBytes = 0;
  let opcode = 0;
  let final = true;
  /** Payload bytes of the present frame still to come; -1 = in the header. */
  let left = -1;
  /** Channel of the present message; -1 = its first byte has not come yet, -2 = no message is open. */
  let channel = -2;
  let control: Buffer = Buffer.alloc(0);
  let closed = false;

  function startFrame(): void {
    const [first = 0, second = 0] = header;
    opcode = first & 0x0f;
    final = (first & 0x80) !== 0;
    left = payloadLength(header, second & 0x7f);
    headerBytes = 0;
    if ((first & 0x70) !== 0) throw new FrameError('reserved bits are set');
    if ((second & 0x80) !== 0) throw new FrameError('a frame from the server is masked');
    if (opcode >= CLOSE) {
      if (!final || left > MAX_CONTROL_BYTES || opcode > PONG)
        throw new FrameError('a control frame is malformed');
      control = Buffer.alloc(0);
    } else if (opcode === CONTINUATION) {
      if (channel === -2) throw new FrameError('a continuation without a start');
    } else {
      if (channel !== -2 || opcode > BINARY) throw new FrameError(`unexpected opcode ${opcode}`);
      channel = -1;
    }
    if (left > 0) return;
    // A message may end with an empty frame; one that is empty altogether has no channel.
    if (opcode < CLOSE && final && channel >= 0) handlers.onData(channel, Buffer.alloc(0), true);
    endFrame();
  }

  function endFrame(): void {
    left = -1;
    if (opcode >= CLOSE) {
      endControl();
      return;
    }
    if (!final) return;
    channel = -2;
  }

  function endControl(): void {
    if (opcode === PING) handlers.onPing(control);
    else if (opcode === PONG) handlers.onPong();
    else {
      closed = true;
      const code = control.length >= 2 ? control.readUInt16BE(0) : 1005;
      handlers.onClose(code, control.subarray(2).toString('utf8'));
    }
  }

  function payload(chunk: Buffer, at: number): number {
    const end = Math.min(at + left, chunk.length);
    left -= end - at;
    if (opcode >= CLOSE) {
      control = Buffer.concat([control, chunk.subarray(at, end)]);
    } else {
      let from = at;
      if (channel === -1) {
        channel = chunk[from] ?? 0;
        from += 1;
      }
      handlers.onData(channel, chunk.subarray(from, end), left === 0 && final);
    }
    if (left === 0) endFrame();
    return end;
  }

  return (chunk) => {
    let at = 0;
    while (at < chunk.length && !closed) {
      if (left >= 0) {
        at = payload(chunk, at);
        continue;
      }
      header[headerBytes] = chunk[at] ?? 0;
      headerBytes += 1;
      at += 1;
      if (headerBytes >= 2 && headerBytes === headerLength(header[1] ?? 0)) startFrame();
    }
  };
}

function headerLength(second: number): number {
  const length = second & 0x7f;
  if (length === 126) return 4;
  return length === 127 ? 10 : 2;
}

function payloadLength(header: Buffer, short: number): number {
  if (short < 126) return short;
  if (short === 126) return header.readUInt16BE(2);
  const long = header.readBigUInt64BE(2);
  if (long > BigInt(Number.MAX_SAFE_INTEGER)) throw new FrameError('a frame is too long');
  return Number(long);
}

/** Faults on a connection's outgoing bytes: cut after so many, or slowed down. They sit on the socket, so requests, watches and streams all meet them. */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { closePayload, frame, opcodes } from './frames.js';

type Callback = (error?: Error | null) => void;

/** What a fault makes of outgoing bytes; `forward` writes to the real socket. */
interface Tap {
  write(chunk: Buffer, callback: Callback): boolean;
  end(): void;
}

function asBuffer(chunk: unknown, encoding: unknown): Buffer {
  return typeof chunk === 'string'
    ? Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
    : Buffer.from(chunk as Uint8Array);
}

/** Puts `make`'s tap between the writers of a socket and the socket. */
function tap(
  socket: Duplex,
  make: (forward: (chunk: Buffer, callback?: Callback) => boolean, end: () => void) => Tap,
): void {
  const write = socket.write.bind(socket) as (chunk: Buffer, callback?: Callback) => boolean;
  const end = socket.end.bind(socket);
  const tapped = make(write, () => end());
  socket.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    const callback = rest.find((argument): argument is Callback => typeof argument === 'function');
    return tapped.write(asBuffer(chunk, rest[0]), callback ?? (() => undefined));
  };
  socket.end = (...rest: unknown[]): Duplex => {
    if (rest[0] !== undefined && typeof rest[0] !== 'function') {
      tapped.write(asBuffer(rest[0], rest[1]), () => undefined);
    }
    tapped.end();
    return socket;
  };
}

/** Counts a server's frames as they go out, to tell where one ends. */
function frameBoundaries(): (chunk: Buffer, until: number) => number {
  let remaining = 0;
  // Returns the first end of a frame at or behind `until`, as an offset into the chunk; heads are never split by the writer.
  return (chunk, until) => {
    let offset = 0;
    while (offset < chunk.length) {
      if (remaining === 0) {
        if (offset >= until) {
          return offset;
        }
        const short = (chunk[offset + 1] ?? 0) & 0x7f;
        const head = short === 126 ? 4 : short === 127 ? 10 : 2;
        const length =
          short === 126
            ? chunk.readUInt16BE(offset + 2)
            : short === 127
              ? Number(chunk.readBigUInt64BE(offset + 2))
              : short;
        remaining = head + length;
      }
      const take = Math.min(remaining, chunk.length - offset);
      remaining -= take;
      offset += take;
    }
    return remaining === 0 && offset >= until ? offset : Infinity;
  };
}

/**
 * Ends a TCP connection by a RST alone. Node's own resetAndDestroy() sends a FIN before it when the socket is writable;
 * the flag is what it sets for destroy().
 */
export function resetConnection(raw: Socket): void {
  Object.assign(raw, { resetAndClosing: true });
  raw.destroy();
}

/** How and when a connection is cut. */
export interface Cut {
  /** Bytes that still pass, counted behind TLS and from the request on; absent: all until `afterMs`. */
  readonly afterBytes?: number;
  readonly afterMs?: number;
  /** A websocket close frame 1000 goes out first, at the end of a frame. */
  readonly closeFrame?: boolean;
}

/** Cuts a connection; `hangUp` is called when what may pass has been written. Returns a function that cuts now. */
export function cutConnection(socket: Duplex, cut: Cut, hangUp: () => void): () => void {
  let left = cut.afterBytes ?? Infinity;
  let over = false;
  const boundary = cut.closeFrame ? frameBoundaries() : undefined;
  let now = (): void => undefined;
  tap(socket, (forward, end) => {
    now = () => {
      if (!over) {
        over = true;
        forward(boundary ? frame(opcodes.close, closePayload(1000)) : Buffer.alloc(0), hangUp);
      }
    };
    return {
      write: (chunk, callback) => {
        if (over) {
          // Later, as a socket does: http takes a callback within the call for the end of the response.
          setImmediate(callback);
          return true;
        }
        // The 101 is no frame; it passes whole when frames are counted.
        const isHead = boundary !== undefined && chunk.subarray(0, 5).toString('latin1') === 'HTTP/';
        const until = isHead ? Infinity : (boundary?.(chunk, left) ?? left);
        left -= isHead ? 0 : chunk.length;
        if (until >= chunk.length && (until > chunk.length || left > 0)) {
          return forward(chunk, callback);
        }
        forward(chunk.subarray(0, until), callback);
        now();
        return true;
      },
      end: () => {
        if (!over) {
          end();
        }
      },
    };
  });
  if (cut.afterMs !== undefined) {
    setTimeout(() => now(), cut.afterMs).unref();
  }
  return () => now();
}

/** Lets no more than `bytesPerSecond` out. The writer sees a full buffer meanwhile, and `drain` when it is empty. */
export function throttleConnection(socket: Duplex, bytesPerSecond: number): void {
  const tickMs = 20;
  const portion = Math.max(1, Math.floor((bytesPerSecond * tickMs) / 1000));
  const queue: { chunk: Buffer; callback: Callback }[] = [];
  let queuedBytes = 0;
  let ending = false;
  let timer: NodeJS.Timeout | undefined;
  const passed = (): number =>
    Reflect.get(Object.getPrototypeOf(socket) as object, 'writableLength', socket) as number;
  Object.defineProperty(socket, 'writableLength', { configurable: true, get: () => passed() + queuedBytes });
  tap(socket, (forward, end) => {
    const step = (): void => {
      let room = portion;
      while (room > 0) {
        const first = queue[0];
        if (!first) {
          break;
        }
        const part = first.chunk.subarray(0, room);
        room -= part.length;
        queuedBytes -= part.length;
        if (part.length === first.chunk.length) {
          queue.shift();
          forward(part, first.callback);
        } else {
          forward(part);
          first.chunk = first.chunk.subarray(part.length);
        }
      }
      if (queue.length > 0) {
        return;
      }
      clearInterval(timer);
      timer = undefined;
      if (ending) {
        end();
      } else {
        socket.emit('drain');
      }
    };
    return {
      write: (chunk, callback) => {
        queue.push({ chunk, callback });
        queuedBytes += chunk.length;
        timer ??= setInterval(step, tickMs);
        return false;
      },
      end: () => {
        ending = true;
        if (!timer) {
          end();
        }
      },
    };
  });
  socket.once('close', () => clearInterval(timer));
}

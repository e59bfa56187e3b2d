/** Channels over one upgraded connection: output with the socket's backpressure, input as a queue with a limit, pings answered. */
import type { Duplex, Readable } from 'node:stream';
import { closePayload, frame, frameHead, FrameError, FrameReader, opcodes, type Message } from './frames.js';
import type { Protocol } from './protocols.js';

/** The largest data frame a server sends (`exec-bulk.json`). */
const maxFrameBytes = 32_768;

/** What the way swallows before the client's socket stalls: 16 MiB (`exec-bulk.json`, "firstStall"). */
const maxQueuedBytes = 16 * 1024 * 1024;

/** Output held for the client beyond the kernel's buffers before its source is paused. */
const maxUnsentBytes = 256 * 1024;

/** How long the client may take to end TCP once everything was sent. */
const lingerMs = 5_000;

/** How a session ended from the client's side: `closed` with a close frame, `cut` without. */
export type Loss = 'closed' | 'cut';

/** What a session does with what comes in. */
export interface ChannelEvents {
  /** A message on a channel; the next one comes when the promise resolves, or the client is gone. */
  data(channel: number, payload: Buffer): Promise<void>;
  /** The client is gone. At most once, and never after close(). */
  lost(how: Loss): void;
}

/** The server's end of a channel websocket. */
export class ChannelSocket {
  readonly #socket: Duplex;
  readonly #protocol: Protocol;
  readonly #events: ChannelEvents;
  readonly #reader = new FrameReader();
  readonly #queue: Message[] = [];
  readonly #sources = new Map<Readable, (chunk: Buffer) => void>();
  #queuedBytes = 0;
  #busy = false;
  #over = false;

  /** `head` is what came behind the upgrade request already. */
  constructor(socket: Duplex, head: Buffer, protocol: Protocol, events: ChannelEvents) {
    this.#socket = socket;
    this.#protocol = protocol;
    this.#events = events;
    socket.on('drain', () => this.#resumeSources());
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#lose('cut'));
    socket.on('error', () => this.#lose('cut'));
    socket.on('close', () => this.#lose('cut'));
    if (head.length > 0) {
      this.#receive(head);
    }
    if (socket.destroyed) {
      // The client left while the command was being started; the event has been.
      queueMicrotask(() => this.#lose('cut'));
    }
  }

  /** Sends one message, in frames of at most 32 KiB. Returns false when the source should wait for the client. */
  send(channel: number, data: Buffer): boolean {
    if (this.#over) {
      return true;
    }
    this.#socket.cork();
    for (let start = 0; start < data.length || start === 0; start += maxFrameBytes) {
      this.#sendFrame(channel, data.subarray(start, start + maxFrameBytes));
    }
    this.#socket.uncork();
    return this.#socket.writableLength < maxUnsentBytes;
  }

  /** Sends what `source` gives on `channel`, reading no faster than the client does. Resolves at its end, or when it fails. */
  pump(channel: number, source: Readable): Promise<void> {
    // One that ended without a word has no event left to tell of it.
    if (this.#over || source.destroyed || source.readableEnded) {
      return Promise.resolve();
    }
    const onData = (chunk: Buffer): void => {
      if (!this.send(channel, chunk)) {
        this.#sources.forEach((_, other) => other.pause());
      }
    };
    this.#sources.set(source, onData);
    source.on('data', onData);
    return new Promise((resolve) => {
      const done = (): void => {
        this.#sources.delete(source);
        resolve();
      };
      source.once('end', done).once('close', done).once('error', done);
    });
  }

  /** Ends the session: the last message, the close frame 1000, then TCP. Nothing is told to the session after this. */
  close(last?: { readonly channel: number; readonly text: string }): void {
    if (this.#over) {
      return;
    }
    if (last) {
      this.send(last.channel, Buffer.from(last.text));
    }
    this.#over = true;
    this.#end();
  }

  #sendFrame(channel: number, data: Buffer): void {
    if (this.#protocol.base64) {
      this.#socket.write(frame(opcodes.text, Buffer.from(String(channel) + data.toString('base64'))));
      return;
    }
    const head = frameHead(opcodes.binary, data.length + 1, 1);
    head[head.length - 1] = channel;
    this.#socket.write(head);
    if (data.length > 0) {
      this.#socket.write(data);
    }
  }

  #resumeSources(): void {
    if (!this.#over) {
      this.#sources.forEach((_, source) => source.resume());
    }
  }

  #receive(chunk: Buffer): void {
    if (this.#over) {
      return;
    }
    try {
      for (const message of this.#reader.read(chunk)) {
        this.#take(message);
      }
    } catch (error) {
      if (!(error instanceof FrameError)) {
        throw error;
      }
      this.breakSession();
    }
  }

  #take(message: Message): void {
    if (message.opcode === opcodes.ping) {
      this.#socket.write(frame(opcodes.pong, message.payload));
    } else if (message.opcode !== opcodes.pong) {
      // The close frame waits its turn, so that the command has all its input before it is left.
      this.#queue.push(message);
      this.#queuedBytes += message.payload.length;
      if (this.#queuedBytes > maxQueuedBytes) {
        this.#socket.pause();
      }
      void this.#work();
    }
  }

  /** Hands the queue over, one message after the other. */
  async #work(): Promise<void> {
    if (this.#busy) {
      return;
    }
    this.#busy = true;
    for (let message = this.#queue.shift(); message && !this.#over; message = this.#queue.shift()) {
      if (message.opcode === opcodes.close) {
        this.breakSession();
        break;
      }
      await this.#events.data(...this.#split(message.payload));
      this.#queuedBytes -= message.payload.length;
      if (this.#queuedBytes <= maxQueuedBytes && this.#socket.isPaused()) {
        this.#socket.resume();
      }
    }
    this.#busy = false;
  }

  #split(message: Buffer): [channel: number, data: Buffer] {
    const first = message[0] ?? -1;
    return this.#protocol.base64
      ? [first - 0x30, Buffer.from(message.subarray(1).toString('latin1'), 'base64')]
      : [first, message.subarray(1)];
  }

  /**
   * What the server does on a close frame, and with a client that breaks the protocol: close 1000 and no status
   * (`exec-stdin.json`, "CLOSE frame without a channel byte"; `exec-bulk.json`, 40 MiB in one frame).
   */
  breakSession(): void {
    if (!this.#over) {
      this.#lose('closed');
      this.#end();
    }
  }

  #end(): void {
    // What the client still sends must not hold the close up, and is read so that no RST overtakes it.
    this.#queue.length = 0;
    this.#socket.resume();
    this.#socket.end(frame(opcodes.close, closePayload(1000)));
    this.#socket.once('finish', () => {
      setTimeout(() => this.#socket.destroy(), lingerMs).unref();
    });
  }

  #lose(how: Loss): void {
    if (this.#over) {
      return;
    }
    this.#over = true;
    for (const [source, onData] of this.#sources) {
      source.off('data', onData);
      source.pause();
    }
    if (how === 'cut') {
      // What came before the cut still reaches the command, as it does through a kubelet; nobody waits for it.
      for (const { opcode, payload } of this.#queue.splice(0)) {
        if (opcode !== opcodes.close) {
          void this.#events.data(...this.#split(payload));
        }
      }
      this.#socket.destroy();
    }
    this.#events.lost(how);
  }
}

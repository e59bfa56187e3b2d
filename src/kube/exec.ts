import { Readable, Writable } from 'node:stream';
import { ExitCode, NetdebugError } from '../errors.js';
import type { ExecEnd, ExecRequest, ExecSession } from './api.js';
import {
  Channel,
  MAX_STATUS_BYTES,
  decodeStatus,
  encodeEndOfInput,
  encodeMessage,
  encodeResize,
  inputPieces,
} from './channel.js';
import { withDeadline } from './deadline.js';
import { podPath, queryString } from './paths.js';
import { ready } from './request.js';
import type { Endpoint } from './request.js';
import { refusedUpgrade } from './upgrade.js';
import { openChannelSocket } from './websocket.js';
import type { ChannelHandlers, ChannelSocket, Keepalive, Receiver } from './websocket.js';
import { ApiError } from './status.js';
import { cleanText } from './text.js';

/** What tests change. */
export interface ExecTuning {
  readonly keepalive?: Keepalive;
  readonly receiver?: Receiver;
}

const KEEPALIVE: Keepalive = { pingMs: 20_000, deadMs: 60_000 };
const OUTPUT_BUFFER_BYTES = 256 * 1024;
/** After the Status the server closes at once; we leave by ourselves when it does not. */
const AFTER_STATUS_MS = 2000;

/** Runs a command in a container; see {@link KubeApi.exec}. */
export async function openExec(
  endpoint: Endpoint,
  request: ExecRequest,
  tuning: ExecTuning = {},
): Promise<ExecSession> {
  await ready(endpoint, request.signal);
  return withDeadline(endpoint, request.timeoutMs ?? 30_000, request.signal, async (signal) => {
    try {
      return await upgrade(endpoint, request, tuning, signal);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 401 || !endpoint.credentials.renew()) throw error;
      return upgrade(endpoint, request, tuning, signal);
    }
  });
}

async function upgrade(
  endpoint: Endpoint,
  request: ExecRequest,
  tuning: ExecTuning,
  signal: AbortSignal,
): Promise<ExecSession> {
  const path = podPath(request.namespace, request.pod, 'exec');
  const { stdin = false, tty = false, stdout = true } = request;
  const stderr = !tty && (request.stderr ?? true);
  const query = { container: request.container, command: request.argv, stdin, stdout, stderr, tty };
  const credentials = await endpoint.credentials.current(signal);
  const session = new Session(request, stdin);
  const socket = await openChannelSocket(endpoint, credentials, `${path}${queryString(query)}`, session, {
    signal,
    keepalive: tuning.keepalive ?? KEEPALIVE,
    receiver: tuning.receiver ?? 'own',
  }).catch((error: unknown) => refusedUpgrade(error, endpoint.server, path, signal));
  session.start(socket);
  return session;
}

/**
 * One exec. Bytes go from the socket into stdout and stderr; when either is full the socket is paused, and what the server still sends waits in
 * TCP and, behind it, in the command itself.
 */
class Session implements ExecSession, ChannelHandlers {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly stdin: Writable;
  readonly done: Promise<ExecEnd>;
  readonly #request: ExecRequest;
  readonly #full = new Set<Readable>();
  #socket: ChannelSocket | undefined;
  #resolve: (end: ExecEnd) => void = () => undefined;
  #status: Buffer[] = [];
  #statusBytes = 0;
  #end: Exclude<ExecEnd, { kind: 'lost' }> | undefined;
  #stdoutBytes = 0;
  #outputEnded = false;
  #closedByUs = false;
  #gone = false;
  #leave: NodeJS.Timeout | undefined;

  constructor(request: ExecRequest, stdin: boolean) {
    this.#request = request;
    this.stdout = this.#output();
    this.stderr = this.#output();
    this.stdin = this.#input(stdin);
    this.done = new Promise((resolve) => (this.#resolve = resolve));
  }

  get protocol(): ExecSession['protocol'] {
    return this.#opened().protocol;
  }

  start(socket: ChannelSocket): void {
    this.#socket = socket;
    socket.resume();
    const { signal } = this.#request;
    if (!signal) return;
    const stop = () => this.close();
    signal.addEventListener('abort', stop, { once: true });
    void this.done.then(() => signal.removeEventListener('abort', stop));
    if (signal.aborted) stop();
  }

  resize(columns: number, rows: number): void {
    if (this.#request.tty && !this.#gone) this.#opened().send(encodeResize(columns, rows));
  }

  close(): void {
    if (this.#gone) return;
    this.#closedByUs = true;
    this.#socket?.close();
  }

  onData(channel: number, bytes: Buffer, last: boolean): void {
    if (channel === Channel.stdout) {
      this.#stdoutBytes += bytes.length;
      this.#deliver(this.stdout, bytes);
    } else if (channel === Channel.stderr) this.#deliver(this.stderr, bytes);
    else if (channel === Channel.status) this.#collectStatus(bytes, last);
    // Other channels are not ours; v5 closes channels with 255, which the Status tells as well.
  }

  onClosing(): void {
    this.#endOutput();
  }

  onEnd(error: Error | undefined): void {
    this.#gone = true;
    clearTimeout(this.#leave);
    this.#endOutput();
    this.stdin.destroy();
    const end = this.#end;
    if (!end) this.#resolve(this.#lost(error));
    // Who has left reads no more, so there is nothing to wait for.
    else if (this.#closedByUs) this.#resolve(end);
  }

  #deliver(stream: Readable, bytes: Buffer): void {
    if (bytes.length === 0 || stream.destroyed || this.#outputEnded) return;
    if (stream.push(bytes)) return;
    this.#full.add(stream);
    this.#opened().pause();
  }

  #output(): Readable {
    const stream: Readable = new Readable({
      highWaterMark: OUTPUT_BUFFER_BYTES,
      read: () => this.#roomIn(stream),
      destroy: (error, callback) => {
        // A consumer that goes away must not hold up the other stream and the Status.
        this.#roomIn(stream);
        callback(error);
      },
    });
    return stream;
  }

  #roomIn(stream: Readable): void {
    if (this.#full.delete(stream) && this.#full.size === 0) this.#socket?.resume();
  }

  #input(open: boolean): Writable {
    const stream = new Writable({
      highWaterMark: OUTPUT_BUFFER_BYTES,
      write: (bytes: Buffer, _encoding, callback) => this.#sendAll(inputPieces(bytes), callback),
      final: (callback) => {
        if (this.#socket?.protocol === 'v5.channel.k8s.io' && !this.#gone)
          this.#socket.send(encodeEndOfInput());
        callback();
      },
    });
    // That the command does not read any more is told by `done`; a pipe into it must not end the program.
    stream.on('error', () => undefined);
    if (!open) stream.destroy();
    return stream;
  }

  #sendAll(pieces: Generator<Uint8Array>, callback: (error?: Error) => void): void {
    const next = pieces.next();
    if (next.done) callback();
    else if (this.#gone) callback(new Error('the connection is gone'));
    else {
      this.#opened().send(encodeMessage(Channel.stdin, next.value), (error) =>
        error ? callback(error) : this.#sendAll(pieces, callback),
      );
    }
  }

  #collectStatus(bytes: Buffer, last: boolean): void {
    this.#statusBytes += bytes.length;
    if (this.#statusBytes <= MAX_STATUS_BYTES) this.#status.push(Buffer.from(bytes));
    if (!last || this.#end) return;
    const whole = Buffer.concat(this.#status);
    this.#status = [];
    this.#end = decodeStatus(whole, this.#request.container) ?? {
      kind: 'failed',
      error: unreadableStatus(whole),
    };
    this.#leaveLater();
  }

  /** Output may still come after the Status (it has channels of its own); the close frame ends it. */
  #leaveLater(): void {
    this.#leave = setTimeout(() => {
      if (this.#full.size > 0) this.#leaveLater();
      else this.#socket?.close();
    }, AFTER_STATUS_MS);
  }

  #endOutput(): void {
    if (this.#outputEnded) return;
    this.#outputEnded = true;
    this.stdout.push(null);
    this.stderr.push(null);
    const end = this.#end;
    if (end) void Promise.all([drained(this.stdout), drained(this.stderr)]).then(() => this.#resolve(end));
  }

  #lost(cause: Error | undefined): ExecEnd {
    const why = this.#closedByUs
      ? 'it was closed here'
      : cleanText(cause?.message ?? 'the server closed it without a status', 200);
    const error = new NetdebugError(`The connection to the command ended before the command did: ${why}.`, {
      exitCode: ExitCode.incomplete,
      hint: 'What came so far is whole, but it is not all. Run the command again.',
      cause,
    });
    return { kind: 'lost', error, stdoutBytes: this.#stdoutBytes, closedByUs: this.#closedByUs };
  }

  #opened(): ChannelSocket {
    if (!this.#socket) throw new TypeError('the websocket is not open yet');
    return this.#socket;
  }
}

function drained(stream: Readable): Promise<void> {
  if (stream.destroyed || stream.readableEnded || stream.readableLength === 0) return Promise.resolve();
  return new Promise((resolve) => stream.once('end', resolve).once('close', resolve));
}

function unreadableStatus(bytes: Buffer): NetdebugError {
  return new NetdebugError('The server told the end of the command in a way that cannot be read.', {
    exitCode: ExitCode.incomplete,
    details: [cleanText(bytes.toString('utf8', 0, 2000), 300)],
  });
}

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { PROTOCOLS } from './channel.js';
import type { ChannelProtocol } from './channel.js';
import { connectionError } from './connection-error.js';
import type { Credentials } from './credentials.js';
import { FrameError, frameParser } from './frames.js';
import { requestHeaders, tlsOptions } from './request.js';
import type { Endpoint } from './request.js';

/** A websocket whose messages begin with a channel byte. Nothing is read while it is paused, but for what is on its way already. */
export interface ChannelSocket {
  readonly protocol: ChannelProtocol;
  /** Sends one message. `done` is called when there is room for the next: at once, or when the socket has taken it. */
  send(message: Buffer, done?: (error?: Error) => void): void;
  pause(): void;
  resume(): void;
  /** Sends a close frame; a second later the socket is destroyed if the server has not ended it. */
  close(): void;
}

/** What comes in. `onEnd` is called once, last; bytes come in order and each only once. */
export interface ChannelHandlers {
  onData(channel: number, bytes: Buffer, last: boolean): void;
  /** The server has sent its close frame: no data comes any more. */
  onClosing(): void;
  /** The socket is gone. `error` says why, when it was not by a close frame. */
  onEnd(error: Error | undefined): void;
}

/** How patient a websocket is; all milliseconds. */
export interface Keepalive {
  /** Between two pings: load balancers cut idle streams after minutes, the kubelet after 4 h. */
  readonly pingMs: number;
  /** The peer is dead when nothing came for this long though we read. */
  readonly deadMs: number;
}

/** The upgrade was answered with an ordinary response. */
export class UpgradeRefused extends Error {
  readonly response: IncomingMessage;
  constructor(response: IncomingMessage) {
    super(`the upgrade was answered with HTTP ${response.statusCode ?? 0}`);
    this.response = response;
  }
}

/** Which side parses what comes in: ws (whole messages; the only way where ws keeps its socket to itself), or we (no copies). */
export type Receiver = 'ws' | 'own';

const ROOM_BYTES = 1024 * 1024;
const CLOSE_GRACE_MS = 1000;
/** Only ws's own receiver assembles messages; output comes in 32 KiB. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/**
 * Opens a channel websocket with v5, else v4. Rejects with {@link UpgradeRefused} (whose body is not read yet), a ConnectionError, or the
 * signal's reason. It is paused until `resume()`.
 */
export async function openChannelSocket(
  endpoint: Endpoint,
  credentials: Credentials,
  pathAndQuery: string,
  handlers: ChannelHandlers,
  options: { readonly signal: AbortSignal; readonly keepalive: Keepalive; readonly receiver: Receiver },
): Promise<ChannelSocket> {
  const { WebSocket: Ws } = await import('ws');
  options.signal.throwIfAborted();
  const ws = new Ws(`${endpoint.server.replace(/^http/, 'ws')}${pathAndQuery}`, [...PROTOCOLS], {
    ...tlsOptions(endpoint, credentials),
    agent: endpoint.agent,
    headers: requestHeaders(endpoint, credentials),
    perMessageDeflate: false,
    followRedirects: false,
    skipUTF8Validation: true,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  return new Promise((resolve, reject) => {
    let raw: Socket | undefined;
    let refused = false;
    const abort = () => {
      reject(options.signal.reason as Error);
      ws.terminate();
    };
    options.signal.addEventListener('abort', abort, { once: true });
    const settle = () => options.signal.removeEventListener('abort', abort);
    ws.on('upgrade', (response: IncomingMessage | undefined) => (raw = response?.socket));
    ws.on('unexpected-response', (_request, response) => {
      settle();
      refused = true;
      // Servers close after a refused upgrade; the agent must not give this connection to the next request.
      // (Bun's ws has no socket here.)
      (response.socket as Socket | null)?.emit('agentRemove');
      reject(new UpgradeRefused(response));
    });
    ws.on('error', (error) => {
      settle();
      if (!refused) reject(connectionError(error, endpoint.server));
    });
    ws.on('open', () => {
      settle();
      const { keepalive, receiver } = options;
      resolve(
        receiver === 'own' && raw
          ? ownSocket(ws, raw, handlers, keepalive)
          : wsSocket(ws, handlers, keepalive),
      );
    });
  });
}

/** Receiving by ws: whole messages. This is how it is under Bun, whose ws is native and quick. */
function wsSocket(ws: WebSocket, handlers: ChannelHandlers, keepalive: Keepalive): ChannelSocket {
  const guard = peerGuard(ws, keepalive);
  let failure: Error | undefined;
  ws.pause();
  ws.on('message', (data: Buffer) => {
    guard.heard();
    handlers.onData(data[0] ?? -1, data.subarray(1), true);
  });
  ws.on('pong', () => guard.heard());
  ws.on('error', (error) => (failure ??= error));
  ws.on('close', (code) => {
    guard.stop();
    // 1006: no close frame came.
    handlers.onEnd(
      failure ?? guard.failure() ?? (code === 1006 ? new Error('the connection was cut') : undefined),
    );
  });
  return sender(ws, {
    pause: () => ws.pause(),
    resume: () => ws.resume(),
    destroy: () => ws.terminate(),
    guard,
  });
}

/**
 * Receiving by our own parser, straight from the socket that ws has opened: ws does the handshake and everything that is sent.
 * Its 'data' listener is the one that feeds its receiver; it is taken off in the same turn in which ws put it on, so no byte is missed.
 */
function ownSocket(
  ws: WebSocket,
  raw: Socket,
  handlers: ChannelHandlers,
  keepalive: Keepalive,
): ChannelSocket {
  const guard = peerGuard(ws, keepalive);
  let failure: Error | undefined;
  let closeFrame = false;
  const parse = frameParser({
    onData: (channel, bytes, last) => handlers.onData(channel, bytes, last),
    onPing: (payload) => ws.pong(payload),
    onPong: () => undefined,
    onClose: () => {
      closeFrame = true;
      handlers.onClosing();
      ws.close(1000);
      // The server ends TCP by itself; one that does not is not waited for.
      raw.end().resume();
      const grace = setTimeout(() => raw.destroy(), CLOSE_GRACE_MS);
      raw.once('close', () => clearTimeout(grace));
    },
  });
  raw.removeAllListeners('data');
  raw.pause();
  raw.on('data', (chunk: Buffer) => {
    guard.heard();
    try {
      parse(chunk);
    } catch (error) {
      failure = error instanceof FrameError ? error : new Error('cannot read the stream', { cause: error });
      raw.destroy();
    }
  });
  raw.on('error', (error) => (failure ??= error));
  raw.on('close', () => {
    guard.stop();
    handlers.onEnd(
      failure ?? guard.failure() ?? (closeFrame ? undefined : new Error('the connection was cut')),
    );
  });
  return sender(ws, {
    pause: () => raw.pause(),
    resume: () => raw.resume(),
    destroy: () => raw.destroy(),
    guard,
  });
}

interface Receiving {
  pause(): void;
  resume(): void;
  destroy(): void;
  readonly guard: PeerGuard;
}

function sender(ws: WebSocket, receiving: Receiving): ChannelSocket {
  let closing = false;
  return {
    protocol: ws.protocol as ChannelProtocol,
    send(message, done) {
      const crowded = ws.bufferedAmount > ROOM_BYTES;
      ws.send(message, { binary: true }, (error) => {
        if (crowded) done?.(error ?? undefined);
      });
      // A failure of what is not waited for shows as the end of the connection.
      if (!crowded) done?.();
    },
    pause() {
      receiving.guard.reading(false);
      receiving.pause();
    },
    resume() {
      receiving.guard.reading(true);
      receiving.resume();
    },
    close() {
      if (closing) return;
      closing = true;
      ws.close(1000);
      // The answer to the close frame may lie behind output that nobody reads.
      const timer = setTimeout(() => receiving.destroy(), CLOSE_GRACE_MS);
      ws.once('close', () => clearTimeout(timer));
    },
  };
}

interface PeerGuard {
  heard(): void;
  reading(on: boolean): void;
  stop(): void;
  failure(): Error | undefined;
}

/** Pings in turn, and ends a connection from which nothing comes. Time in which we did not read does not count. */
function peerGuard(ws: WebSocket, { pingMs, deadMs }: Keepalive): PeerGuard {
  let silentMs = 0;
  let isReading = false;
  let failure: Error | undefined;
  const timer = setInterval(() => {
    if (isReading) silentMs += pingMs;
    if (silentMs > deadMs) {
      failure = new Error(`nothing came for ${Math.round(silentMs / 1000)} s, not even an answer to a ping`);
      ws.terminate();
    } else if (ws.readyState === ws.OPEN) ws.ping();
  }, pingMs);
  return {
    heard: () => (silentMs = 0),
    reading(on) {
      isReading = on;
      if (on) silentMs = 0;
    },
    stop: () => clearInterval(timer),
    failure: () => failure,
  };
}

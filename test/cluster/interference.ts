/** Puts the faults of a book between an API server and its clients: every request and upgrade passes here first. */
import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Fault as ApiFault } from './api/types.js';
import type { Fault, FaultBook } from './faults.js';
import { cutConnection, resetConnection, throttleConnection } from './stream/wire.js';

type Drop = Extract<Fault, { kind: 'drop' }>;
type StripUpgrade = Extract<Fault, { kind: 'strip-upgrade' }>;

const noticedAfterMs = 15_000;

/** What the API server's `intercept` is told of a request that has passed here. */
export type MetFaults = WeakMap<IncomingMessage, ApiFault>;

function hangUp(socket: Duplex, raw: Socket | undefined, drop: Drop): void {
  switch (drop.how) {
    case 'silent':
      socket.pause();
      setTimeout(() => socket.destroy(), drop.noticedAfterMs ?? noticedAfterMs).unref();
      return;
    case 'reset':
      if (raw) {
        resetConnection(raw);
      }
      socket.destroy();
      return;
    case 'end':
    case undefined:
      socket.destroy();
  }
}

function applyDrop(socket: Duplex, raw: Socket | undefined, drop: Drop): void {
  const atOnce = drop.afterBytes === undefined && drop.afterMs === undefined ? { afterMs: 0 } : {};
  cutConnection(socket, { ...drop, ...atOnce }, () => hangUp(socket, raw, drop));
}

/** What a proxy answers that took the upgrade for a plain request. */
function answerAsProxy(socket: Duplex, status: 200 | 400): void {
  const body = '<html><body>proxy</body></html>\n';
  const words = status === 200 ? 'OK' : 'Bad Request';
  socket.end(
    `HTTP/1.1 ${status} ${words}\r\nContent-Type: text/html\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function stripUpgrade(server: Server, request: IncomingMessage, socket: Socket, fault: StripUpgrade): void {
  if (fault.answer === 200 || fault.answer === 400) {
    answerAsProxy(socket, fault.answer);
    return;
  }
  delete request.headers.upgrade;
  delete request.headers.connection;
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.end());
  server.emit('request', request, response);
}

function asApiFault(fault: Fault): ApiFault | undefined {
  switch (fault.kind) {
    case 'status':
      return {
        kind: 'status',
        code: fault.code,
        ...(fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds }),
        ...(fault.message === undefined ? {} : { message: fault.message }),
      };
    case 'gone':
      return { kind: 'gone' };
    case 'reset':
    case 'drop':
    case 'throttle':
    case 'delay':
    case 'strip-upgrade':
    case 'slow-kubelet':
    case 'clock-skew':
      return undefined;
  }
}

/** Makes a server meet the faults of `book`. `rawOf` finds the TCP socket below a TLS one, for resets. */
export function interfere(
  server: Server,
  book: FaultBook,
  met: MetFaults,
  rawOf: (socket: Duplex) => Socket | undefined,
): void {
  const emit = server.emit.bind(server) as (event: string, ...values: unknown[]) => boolean;
  const onRequest = (event: string, request: IncomingMessage, values: unknown[]): void => {
    const { socket } = request;
    const faults = book.meet(request);
    for (const fault of faults) {
      if (fault.kind === 'drop') {
        applyDrop(socket, rawOf(socket), fault);
      } else if (fault.kind === 'throttle') {
        throttleConnection(socket, fault.bytesPerSecond);
      }
    }
    const inner = faults.map(asApiFault).find((fault) => fault !== undefined);
    if (inner) {
      met.set(request, inner);
    }
    if (faults.some(({ kind }) => kind === 'reset')) {
      hangUp(socket, rawOf(socket), { kind: 'drop', how: 'reset' });
      return;
    }
    const strip = faults.find((fault) => fault.kind === 'strip-upgrade');
    const go = (): void => {
      if (strip && event === 'upgrade') {
        stripUpgrade(server, request, socket, strip);
      } else {
        emit(event, request, ...values);
      }
    };
    const delayMs = faults.reduce((sum, fault) => sum + (fault.kind === 'delay' ? fault.ms : 0), 0);
    if (delayMs > 0) {
      setTimeout(go, delayMs);
    } else {
      go();
    }
  };
  server.emit = (event: string, ...values: unknown[]): boolean => {
    if (event !== 'request' && event !== 'upgrade') {
      return emit(event, ...values);
    }
    const [request, ...rest] = values;
    onRequest(event, request as IncomingMessage, rest);
    return true;
  };
}

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ServerResponse as Response } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { authenticate, impersonate } from './authn.js';
import { checkStream, PlainError } from './pods/streams.js';
import { attributesOf, authorize, refusal } from './rbac.js';
import { requestInfo } from './request.js';
import { resolve, routePath, routeResource } from './route.js';
import { asStatus, sendStatus, sendText } from './rest/respond.js';
import type { Api, Exchange } from './rest/exchange.js';
import { StatusError } from './status.js';
import type { ApiServer, ApiServerOptions, Fault, Identity } from './types.js';

const faultReasons: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  429: ['TooManyRequests', 'the server has received too many requests and has asked us to try again later'],
  500: ['InternalError', 'Internal error occurred: an injected fault'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: [
    'Timeout',
    'the server was unable to return a response in the time allotted, but may still be processing the request',
  ],
};

/** What an injected status looks like on the wire. */
function faultStatus(fault: Extract<Fault, { kind: 'status' }>): StatusError {
  const [reason, message] = faultReasons[fault.code] ?? [undefined, 'an injected fault'];
  const details = fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds };
  return new StatusError({ code: fault.code, reason, message: fault.message ?? message, details });
}

interface Setup {
  readonly api: Api;
  readonly options: ApiServerOptions;
  readonly token: (token: string) => Identity | undefined;
  /** The TCP socket below TLS: only that can be reset. */
  readonly rawOf: (socket: Socket) => Socket | undefined;
}

/** Applies the fault of a request, if any. `reset` destroys the socket; a status is thrown. */
async function interfere(setup: Setup, req: IncomingMessage): Promise<'go' | 'gone' | 'dead'> {
  const fault = setup.options.intercept?.(req);
  switch (fault?.kind) {
    case undefined:
      return 'go';
    case 'delay':
      await sleep(fault.ms);
      return 'go';
    case 'gone':
      return 'gone';
    case 'status':
      throw faultStatus(fault);
    case 'reset':
      setup.rawOf(req.socket)?.resetAndDestroy();
      req.socket.destroy();
      return 'dead';
  }
}

/** Everything between the bytes and the resource: faults, authentication, authorization. undefined: answered, or dead. */
async function enter(setup: Setup, req: IncomingMessage, res: ServerResponse): Promise<Exchange | undefined> {
  const state = await interfere(setup, req);
  if (state === 'dead') return undefined;
  const url = new URL(req.url ?? '/', 'https://api');
  const info = requestInfo(req.method ?? 'GET', url);
  const { store } = setup.api;
  const who = impersonate(req, store, authenticate(req, setup.token));
  const wanted = attributesOf(info);
  if (!authorize(store, who, wanted).allowed) throw refusal(who, wanted);
  return {
    api: setup.api,
    req,
    res,
    url,
    query: url.searchParams,
    info,
    who,
    warnings: [],
    gone: state === 'gone',
  };
}

function answerError(res: ServerResponse, error: unknown): void {
  if (res.headersSent) {
    res.destroy();
  } else if (error instanceof PlainError) {
    sendText(res, error.code, error.message);
  } else {
    sendStatus(res, asStatus(error));
  }
}

async function onRequest(setup: Setup, req: IncomingMessage, res: ServerResponse): Promise<void> {
  // A skewed cluster shows it in the Date header too.
  res.sendDate = false;
  res.setHeader('Date', new Date(setup.api.store.now()).toUTCString());
  try {
    const exchange = await enter(setup, req, res);
    if (exchange === undefined) return;
    if (exchange.info.resource === undefined) {
      const { localAddress = '', localPort = 0 } = req.socket;
      routePath(exchange, `${localAddress}:${localPort}`);
      return;
    }
    const resource = resolve(exchange);
    if (resource !== undefined) await routeResource(resource);
  } catch (error) {
    answerError(res, error);
  }
}

/** An upgrade that is refused is answered like any request, on a response made for its socket. */
async function onUpgrade(setup: Setup, req: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
  const res = new Response(req);
  res.shouldKeepAlive = false;
  const onError = (): void => {
    socket.destroy();
  };
  socket.on('error', onError);
  const refuse = (error: unknown): void => {
    res.assignSocket(socket);
    res.once('finish', () => socket.end());
    answerError(res, error);
  };
  try {
    const exchange = await enter(setup, req, res);
    if (exchange === undefined) return;
    const { resource } = exchange.info;
    if (resource?.resource !== 'pods' || setup.options.onStream === undefined) {
      res.assignSocket(socket);
      res.once('finish', () => socket.end());
      await onRequest(setup, req, res);
      return;
    }
    const resolved = resolve(exchange);
    if (resolved === undefined) return;
    const request = checkStream(resolved, socket, head);
    socket.off('error', onError);
    setup.options.onStream(request);
  } catch (error) {
    refuse(error);
  }
}

/** What cannot be read as HTTP: the words of Go's server. */
function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable) return;
  const text =
    error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${text}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${text}`,
  );
}

async function listen(
  server: Server,
  options: ApiServerOptions,
  onConnection: (socket: Socket) => void,
): Promise<AddressInfo> {
  if (options.listener !== undefined) {
    options.listener.on('connection', onConnection);
    return options.listener.address() as AddressInfo;
  }
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  return server.address() as AddressInfo;
}

/** Starts the API server and resolves when it listens. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const issued = new Map<string, Identity>();
  const api: Api = {
    store: options.store,
    kubelet: options.kubelet ?? (() => undefined),
    bookmarkMs: options.bookmarkMs ?? 60_000,
    futureRevisionMs: options.futureRevisionMs ?? 3_000,
    issueToken(identity) {
      const token = randomBytes(24).toString('base64url');
      issued.set(token, identity);
      return token;
    },
  };
  const { key, cert, ca } = options.tls;
  const server = createServer({
    key,
    cert,
    ca,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    // Arguments of an exec are in the URL: 100 KB of them pass on the real one.
    maxHeaderSize: 1024 * 1024,
    requestTimeout: 0,
    // Go closes idle connections this late as well; Node's five seconds would reset clients that pause.
    keepAliveTimeout: 90_000,
  });
  const raw = new Map<number, Socket>();
  server.on('connection', (socket: Socket) => {
    const port = socket.remotePort ?? 0;
    raw.set(port, socket);
    socket.once('close', () => raw.delete(port));
  });
  const setup: Setup = {
    api,
    options,
    token: (token) => options.token?.(token) ?? issued.get(token),
    rawOf: (socket) => raw.get(socket.remotePort ?? 0),
  };
  const sockets = new Set<Socket>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (req, res) => void onRequest(setup, req, res));
  server.on('upgrade', (req, socket, head) => void onUpgrade(setup, req, socket as unknown as Socket, head));
  server.on('clientError', onClientError);
  const onConnection = (socket: Socket): void => {
    server.emit('connection', socket);
  };
  const address = await listen(server, options, onConnection);
  const host = options.host ?? '127.0.0.1';
  return {
    host,
    port: address.port,
    url: `https://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    server,
    async close(graceMs = 0) {
      options.listener?.off('connection', onConnection);
      const closed = options.listener === undefined ? once(server, 'close') : Promise.resolve();
      if (options.listener === undefined) server.close();
      server.closeIdleConnections();
      const until = Date.now() + graceMs;
      while (sockets.size > 0 && Date.now() < until) {
        const ends = [...sockets].map(
          (socket) => new Promise<void>((done) => socket.once('close', () => done())),
        );
        await Promise.race([sleep(until - Date.now(), undefined, { ref: false }), ...ends]);
      }
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

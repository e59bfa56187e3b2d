import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import { createPki } from '../cluster/api/pki.js';
import type { KeyPair, Pki } from '../cluster/api/pki.js';

/** What a request looked like when it came. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** CN of the client certificate. */
  readonly clientName: string | undefined;
  /** Names one TCP connection. */
  readonly connection: string;
}

/** A hand-scripted API server: each test says what it answers. */
export interface FakeServer {
  readonly url: string;
  readonly port: number;
  readonly seen: Seen[];
  /** Closes everything, open connections included. */
  close(): Promise<void>;
}

export interface FakeOptions {
  readonly respond?: (seen: Seen, response: ServerResponse) => void | Promise<void>;
  /** The websocket, after the handshake; `protocols` limits what is accepted. */
  readonly exec?: (ws: WebSocket, seen: Seen, socket: Duplex) => void;
  readonly protocols?: readonly string[];
  /** Answers the upgrade by hand instead. */
  readonly upgrade?: (seen: Seen, socket: Duplex) => void;
  /** Certificate; absent = plain http. */
  readonly tls?: KeyPair;
  /** Asks for a client certificate of this CA. */
  readonly clientCa?: string;
  readonly host?: string;
}

/** One CA for all tests of a file: making one takes some milliseconds. */
export function testPki(): Promise<Pki> {
  return createPki();
}

export async function startFakeServer(options: FakeOptions): Promise<FakeServer> {
  const seen: Seen[] = [];
  const connections = new Set<Duplex>();
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    void readSeen(request).then((each) => {
      seen.push(each);
      if (options.respond) return options.respond(each, response);
      json(response, 404, {});
      return undefined;
    });
  };
  const server = options.tls
    ? https.createServer(
        {
          cert: options.tls.cert,
          key: options.tls.key,
          ca: options.clientCa,
          requestCert: options.clientCa !== undefined,
          rejectUnauthorized: false,
        },
        handler,
      )
    : http.createServer(handler);
  server.keepAliveTimeout = 60_000;
  server.on(options.tls ? 'secureConnection' : 'connection', (socket: Duplex) => {
    connections.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => connections.delete(socket));
  });
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered) =>
      (options.protocols ?? ['v5.channel.k8s.io', 'v4.channel.k8s.io']).find((each) => offered.has(each)) ??
      false,
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const each = describe(request, '');
    seen.push(each);
    if (options.upgrade) {
      options.upgrade(each, socket);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.on('error', () => undefined);
      options.exec?.(ws, each, socket);
    });
  });
  server.listen(0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${options.tls ? 'https' : 'http'}://${options.host ?? '127.0.0.1'}:${port}`,
    seen,
    async close() {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export function json(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers: http.OutgoingHttpHeaders = {},
): void {
  response.writeHead(code, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** An HTTP answer written by hand on a socket that asked for an upgrade. */
export function refuseUpgrade(
  socket: Duplex,
  code: number,
  contentType: string | undefined,
  body: string,
): void {
  const type = contentType === undefined ? '' : `Content-Type: ${contentType}\r\n`;
  socket.end(`HTTP/1.1 ${code} X\r\n${type}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

/** A channel message. */
export function message(channel: number, data: string | Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([channel]), Buffer.from(data)]);
}

async function readSeen(request: IncomingMessage): Promise<Seen> {
  let body = '';
  request.setEncoding('utf8');
  for await (const text of request as AsyncIterable<string>) body += text;
  return describe(request, body);
}

function describe(request: IncomingMessage, body: string): Seen {
  const url = new URL(request.url ?? '', 'http://fake');
  const { remotePort } = request.socket;
  const peer = (request.socket as Partial<TLSSocket>).getPeerCertificate?.();
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body,
    clientName: (peer?.subject as { CN?: string } | undefined)?.CN,
    connection: String(remotePort),
  };
}

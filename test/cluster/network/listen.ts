/**
 * What the image `registry.example/listen` runs: every argument is a listener.
 *   http://ADDRESS:PORT[?status=503][&delay=MS][&body=TEXT]   https://... (a certificate of nobody's)
 *   tcp://ADDRESS:PORT and udp://ADDRESS:PORT echo; tcp with ?silent reads and says nothing
 *   mtls://ADDRESS:PORT[?to=PORT]   as a mesh's proxy in STRICT mode: whoever has no client certificate is cut off; ?to: what it stands in front of
 * HTTP answers with one line: the host's name and the address that the request came from.
 */
import { createSocket } from 'node:dgram';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect, createServer as createTcp } from 'node:net';
import { hostname } from 'node:os';
import { createServer as createTls } from 'node:tls';
import type { Pki } from '../api/pki.js';

/** Loaded late: most listeners have no use for it. */
async function somePki(): Promise<Pki> {
  return (await import('../api/pki.js')).createPki();
}

function respond(query: URLSearchParams): RequestListener {
  const delayMs = Number(query.get('delay') ?? 0);
  return (request, response) => {
    const from = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
    setTimeout(() => {
      response.writeHead(Number(query.get('status') ?? 200), { 'content-type': 'text/plain' });
      response.end(`${query.get('body') ?? `${hostname()} ${from}`}\n`);
    }, delayMs);
  };
}

/** Takes the TLS of its own authority only; plain text is answered by a reset, as Envoy without a filter chain for it does. */
async function mutual(host: string, port: number, to: string | null): Promise<void> {
  const pki = await somePki();
  const inner = createTls(
    { ...(await pki.server()), ca: pki.ca, requestCert: true, rejectUnauthorized: true },
    (socket) => {
      const behind = connect(Number(to ?? port), '127.0.0.1');
      behind.on('error', () => socket.destroy());
      socket.on('error', () => behind.destroy());
      socket.pipe(behind).pipe(socket);
    },
  );
  inner.on('tlsClientError', (_, socket) => socket.destroy());
  createTcp((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (first) => {
      if (first[0] === 22) {
        socket.pause();
        socket.unshift(first);
        inner.emit('connection', socket);
        return;
      }
      const time = new Date().toISOString();
      console.log(
        `[${time}] "- - -" 0 NR filter_chain_not_found - "-" 0 0 0 - "-" "-" "-" "-" "-" - - ${socket.localAddress ?? ''}:${port} ${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0} - -`,
      );
      socket.resetAndDestroy();
    });
  }).listen(port, host);
}

async function listen(address: string): Promise<void> {
  // As http, for ports of other schemes are parsed differently.
  const url = new URL(address.replace(/^\w+:/, 'http:'));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port === '' ? 80 : url.port);
  const query = url.searchParams;
  const scheme = address.slice(0, address.indexOf(':'));
  if (scheme === 'mtls') return mutual(host, port, query.get('to'));
  if (scheme === 'udp') {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (message, from) => socket.send(message, from.port, from.address));
    socket.bind(port, host);
    return;
  }
  if (scheme === 'tcp') {
    createTcp((socket) => {
      socket.on('error', () => socket.destroy());
      if (query.has('silent')) socket.resume();
      else socket.pipe(socket);
    }).listen(port, host);
    return;
  }
  const server: Server =
    scheme === 'https'
      ? createHttps(await (await somePki()).server(), respond(query))
      : createHttp(respond(query));
  server.listen(port, host);
}

process.on('SIGTERM', () => process.exit(0));
await Promise.all(process.argv.slice(2).map(listen));

/**
 * What the image `registry.example/listen` runs: every argument is a listener.
 *   http://ADDRESS:PORT[?status=503][&delay=MS][&body=TEXT]   https://... (a certificate of nobody's)
 *   tcp://ADDRESS:PORT and udp://ADDRESS:PORT echo; tcp with ?silent reads and says nothing
 * HTTP answers with one line: the host's name and the address that the request came from.
 */
import { createSocket } from 'node:dgram';
import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp } from 'node:net';
import { hostname } from 'node:os';

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

async function listen(address: string): Promise<void> {
  // As http, for ports of other schemes are parsed differently.
  const url = new URL(address.replace(/^\w+:/, 'http:'));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port === '' ? 80 : url.port);
  const query = url.searchParams;
  const scheme = address.slice(0, address.indexOf(':'));
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
      ? createHttps(await (await (await import('../api/pki.js')).createPki()).server(), respond(query))
      : createHttp(respond(query));
  server.listen(port, host);
}

process.on('SIGTERM', () => process.exit(0));
await Promise.all(process.argv.slice(2).map(listen));

/**
 * What runs in the pods of the ingress controller: a proxy that routes by host and path, terminates TLS by the name that the client
 * asks for, and answers and logs its troubles as ingress-nginx does.
 */
import { readFileSync, watch } from 'node:fs';
import {
  createServer as createHttp,
  request as askHttp,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps, request as askHttps } from 'node:https';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { createPki } from '../../api/pki.js';
import { ingressDir } from './addon.js';
import type { IngressPath, IngressState } from './routes.js';

const file = join(ingressDir, 'state.json');
const upstreamTimeoutMs = 2000;
let state: IngressState = { hosts: {}, tls: [] };
let read = '';

function load(): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return;
  }
  if (text === read) return;
  read = text;
  state = JSON.parse(text) as IngressState;
  console.log(
    'I1123 02:00:00.000000       7 controller.go:196] "Configuration changes detected, backend reload required"',
  );
}

/** By its name, else by the wildcard that stands for its first label. */
function byHost<T>(host: string, find: (name: string) => T | undefined): T | undefined {
  return find(host) ?? find(host.replace(/^[^.]+/, '*'));
}

function pathOf(host: string, path: string): IngressPath | undefined {
  const fits = ({ type, path: own }: IngressPath): boolean => {
    const plain = own.replace(/\/+$/, '');
    return type === 'Exact' ? path === own : path === plain || path.startsWith(`${plain}/`);
  };
  const find = (name: string): IngressPath | undefined =>
    (state.hosts[name] ?? [])
      .filter(fits)
      .sort(
        (a, b) => Number(b.type === 'Exact') - Number(a.type === 'Exact') || b.path.length - a.path.length,
      )[0];
  return byHost(host, find) ?? find('');
}

function page(response: ServerResponse, status: number, title: string): void {
  response.writeHead(status, { 'content-type': 'text/html' });
  response.end(
    `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n<center><h1>${status} ${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
  );
}

const troubles: Readonly<Record<string, readonly [number, string, string]>> = {
  ECONNREFUSED: [
    502,
    'Bad Gateway',
    'connect() failed (111: Connection refused) while connecting to upstream',
  ],
  EHOSTUNREACH: [502, 'Bad Gateway', 'connect() failed (113: No route to host) while connecting to upstream'],
  ETIMEDOUT: [
    504,
    'Gateway Time-out',
    'upstream timed out (110: Operation timed out) while connecting to upstream',
  ],
};
const cut = [
  502,
  'Bad Gateway',
  'upstream prematurely closed connection while reading response header from upstream',
] as const;

function handle(request: IncomingMessage, response: ServerResponse): void {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  const url = request.url ?? '/';
  const path = pathOf(host, url.replace(/[?#].*$/, ''));
  const client = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  const [endpoint] = [...(path?.endpoints ?? [])].sort(() => Math.random() - 0.5);
  response.on('finish', () => {
    const upstream = endpoint === undefined ? '-' : `${endpoint.address}:${endpoint.port}`;
    console.log(
      `${client} - - [${new Date().toISOString()}] "${request.method ?? ''} ${url} HTTP/1.1" ${response.statusCode} 0 "-" "-" 0 0.000 [${path?.upstream ?? 'upstream-default-backend'}] [] ${upstream}`,
    );
  });
  if (path === undefined) {
    page(response, 404, 'Not Found');
    return;
  }
  if (endpoint === undefined) {
    page(response, 503, 'Service Temporarily Unavailable');
    return;
  }
  const ask = path.protocol === 'https' ? askHttps : askHttp;
  const upstream = ask(
    {
      host: endpoint.address,
      port: endpoint.port,
      method: request.method,
      path: url,
      headers: { ...request.headers, 'x-forwarded-for': client },
      rejectUnauthorized: false,
      timeout: upstreamTimeoutMs,
    },
    (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    },
  );
  upstream.on('timeout', () => upstream.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
  upstream.on('error', (error: NodeJS.ErrnoException) => {
    const [status, title, words] = troubles[error.code ?? ''] ?? cut;
    const at = new Date().toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');
    console.log(
      `${at} [error] 31#31: *1 ${words}, client: ${client}, server: ${host}, request: "${request.method ?? ''} ${url} HTTP/1.1", upstream: "${path.protocol}://${endpoint.address}:${endpoint.port}${url}", host: "${host}"`,
    );
    if (response.headersSent) response.destroy();
    else page(response, status, title);
  });
  request.pipe(upstream);
}

process.on('SIGTERM', () => process.exit(0));
load();
watch(ingressDir, load);
const pki = await createPki();
const fake = await pki.site('Kubernetes Ingress Controller Fake Certificate', ['ingress.local']);
createHttp(handle).listen(80);
createHttps(
  {
    ...fake,
    SNICallback: (name, done) => {
      const pair = byHost(name, (host) => state.tls.find((one) => one.host === host));
      done(null, createSecureContext(pair ?? fake));
    },
  },
  handle,
).listen(443);
createHttp((_, response) => response.end('ok')).listen(10_254);

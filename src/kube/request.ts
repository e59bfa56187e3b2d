import http from 'node:http';
import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { SecureContextOptions } from 'node:tls';
import { readBody } from './body.js';
import { connectionError } from './connection-error.js';
import type { CredentialSource, Credentials } from './credentials.js';
import type { OnSlow } from './deadline.js';
import { queryString } from './paths.js';
import { hostOf } from './proxy.js';
import { ApiError, parseStatus, retryAfter } from './status.js';
import type { Query } from './api.js';

/** An API server that requests can be sent to: where, through what, trusted how, as whom. */
export interface Endpoint {
  /** Base URL without a trailing slash. */
  readonly server: string;
  readonly agent: http.Agent;
  readonly tls: SecureContextOptions & {
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  readonly credentials: CredentialSource;
  readonly userAgent: string;
  /** Told while an answer is waited for. */
  readonly onSlow?: OnSlow | undefined;
}

/** One request; the body is text already. */
export interface Outgoing {
  readonly method: string;
  /** Path under the server's base URL, without query. */
  readonly path: string;
  readonly query?: Query | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Also ends the answer's body while it is read. */
  readonly signal: AbortSignal;
}

/** How much of a refusal's body is read. */
const ERROR_BODY_BYTES = 256 * 1024;

/**
 * Sends one request and resolves with the answer once its headers are there; the body is not read yet. Any status but 2xx becomes an
 * {@link ApiError}. After a 401 the credentials are renewed and the request is sent once more (it was not carried out).
 */
export async function exchange(endpoint: Endpoint, request: Outgoing): Promise<IncomingMessage> {
  try {
    return await attempt(endpoint, request);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 401 || !endpoint.credentials.renew()) throw error;
    return attempt(endpoint, request);
  }
}

/**
 * Has the credentials got before a call's deadline begins to run: a plugin may ask a person to log in, and
 * has a limit of its own.
 */
export async function ready(endpoint: Endpoint, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await endpoint.credentials.current(signal);
}

/** Options of node:https and ws alike for this endpoint and these credentials. */
export function tlsOptions(endpoint: Endpoint, credentials: Credentials): https.RequestOptions {
  const { cert, key } = credentials;
  return { ...endpoint.tls, ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
}

/** Credentials' headers in the form that node:http takes. */
export function requestHeaders(
  endpoint: Endpoint,
  credentials: Credentials,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'User-Agent': endpoint.userAgent };
  for (const [name, value] of Object.entries(credentials.headers))
    headers[name] = typeof value === 'string' ? value : [...value];
  return headers;
}

/** Reads a refusal to its end and turns it into the error to throw. */
export async function refusal(
  response: IncomingMessage,
  server: string,
  method: string,
  path: string,
): Promise<ApiError> {
  const code = response.statusCode ?? 0;
  const body = await readBody(response, ERROR_BODY_BYTES, 'cut').catch(() => '');
  const status = parseStatus(code, response.headers['content-type'], body);
  return new ApiError(
    code,
    status,
    { server, method, path },
    retryAfter(response.headers['retry-after'], status),
  );
}

async function attempt(endpoint: Endpoint, request: Outgoing): Promise<IncomingMessage> {
  const credentials = await endpoint.credentials.current(request.signal);
  const response = await transmit(endpoint, request, credentials).catch((error: unknown) => {
    if (request.signal.aborted) throw request.signal.reason;
    throw connectionError(error, endpoint.server);
  });
  const code = response.statusCode ?? 0;
  if (code >= 200 && code < 300) return response;
  throw await refusal(response, endpoint.server, request.method, request.path);
}

function transmit(endpoint: Endpoint, request: Outgoing, credentials: Credentials): Promise<IncomingMessage> {
  const url = new URL(endpoint.server);
  const { method, body, signal } = request;
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === 'https:' ? https : http).request({
      ...tlsOptions(endpoint, credentials),
      agent: endpoint.agent,
      method,
      host: hostOf(url),
      port: url.port || (url.protocol === 'https:' ? 443 : 80),
      path: `${url.pathname.replace(/\/$/, '')}${request.path}${queryString(request.query)}`,
      headers: {
        ...requestHeaders(endpoint, credentials),
        Accept: 'application/json',
        ...request.headers,
        ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }),
      },
    });
    const abort = () => sent.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    sent.once('response', (response) => {
      // An aborted call must not leave a body flowing.
      const abortBody = () => response.destroy(signal.reason instanceof Error ? signal.reason : undefined);
      signal.removeEventListener('abort', abort);
      signal.addEventListener('abort', abortBody, { once: true });
      response.once('close', () => signal.removeEventListener('abort', abortBody));
      resolve(response);
    });
    sent.on('error', (error) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    });
    sent.end(body);
  });
}

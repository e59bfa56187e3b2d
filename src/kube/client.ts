import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import type { Readable } from 'node:stream';
import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi, ReadOptions, SendOptions, SendResult } from './api.js';
import { readBody } from './body.js';
import { connectionError } from './connection-error.js';
import { withDeadline } from './deadline.js';
import type { Clock } from './deadline.js';
import { openExec } from './exec.js';
import { listAll } from './list.js';
import { exchange, ready } from './request.js';
import type { Endpoint } from './request.js';
import { retrying } from './retry.js';
import { parseWarnings } from './warnings.js';
import { watchFrom } from './watch.js';

/** What the client is made of. */
export interface ClientParts {
  readonly endpoint: Endpoint;
  readonly context: string;
  readonly namespace: string;
  /** Deadline of calls that name none, milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** The {@link KubeApi} over HTTPS. */
export function kubeClient(parts: ClientParts): KubeApi {
  const { endpoint, clock } = parts;
  const { server } = endpoint;
  const deadline = async <T>(options: ReadOptions, work: (signal: AbortSignal) => Promise<T>) => {
    await ready(endpoint, options.signal);
    return withDeadline(endpoint, options.timeoutMs ?? parts.timeoutMs, options.signal, work);
  };
  /** A read with its retries; `read` consumes the answer, so that a body that breaks off is read again as well. */
  const fetch = <T>(
    path: string,
    options: ReadOptions,
    accept: string,
    read: (answer: IncomingMessage) => Promise<T>,
  ) =>
    deadline(options, (signal) =>
      retrying(clock, signal, async () => {
        const answer = await exchange(endpoint, {
          method: 'GET',
          path,
          query: options.query,
          headers: { Accept: accept, ...(accept !== ANY_TYPE && { 'Accept-Encoding': 'gzip' }) },
          signal,
        });
        return read(answer).catch((error: unknown) => {
          if (signal.aborted) throw signal.reason;
          throw connectionError(error, server);
        });
      }),
    );
  const get = <T>(path: string, options: ReadOptions = {}): Promise<T> =>
    fetch(
      path,
      options,
      options.accept ?? JSON_TYPE,
      async (answer) => parseObject(await readBody(answer, MAX_ANSWER_BYTES, 'fail'), server) as T,
    );

  return {
    server,
    context: parts.context,
    namespace: parts.namespace,
    get,
    list: (path, options = {}) =>
      listAll((query, timeoutMs) => get(path, { ...options, query, timeoutMs }), options, parts),
    watch: (path, options) => watchFrom({ endpoint, clock, timeoutMs: parts.timeoutMs }, path, options),
    send: <T>(method: string, path: string, options: SendOptions = {}) =>
      deadline(options, (signal) => {
        const once = () => sendOnce<T>(endpoint, method, path, options, signal);
        return options.retry ? retrying(clock, signal, once) : once();
      }),
    text: (path, options = {}) =>
      fetch(path, options, ANY_TYPE, (answer) =>
        readBody(
          answer,
          options.limitBytes ?? MAX_ANSWER_BYTES,
          options.limitBytes === undefined ? 'fail' : 'cut',
        ),
      ),
    stream: (path, options = {}) =>
      fetch(path, options, ANY_TYPE, (answer) => Promise.resolve(answer)).then((answer) =>
        byteStream(answer, server, options.signal),
      ),
    exec: (request) => openExec(endpoint, request),
    close: () => endpoint.agent.destroy(),
  };
}

const JSON_TYPE = 'application/json';
const ANY_TYPE = '*/*';

async function sendOnce<T>(
  endpoint: Endpoint,
  method: string,
  path: string,
  options: SendOptions,
  signal: AbortSignal,
): Promise<SendResult<T>> {
  const { body, contentType = JSON_TYPE } = options;
  const answer = await exchange(endpoint, {
    method,
    path,
    query: options.query,
    headers: body === undefined ? {} : { 'Content-Type': contentType },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  const text = await readBody(answer, MAX_ANSWER_BYTES, 'fail').catch((error: unknown) => {
    if (signal.aborted) throw signal.reason;
    throw connectionError(error, endpoint.server);
  });
  return { object: parseObject(text, endpoint.server) as T, warnings: parseWarnings(answer.rawHeaders) };
}

/** The body as a stream of its own, whose errors are sentences and which ends with the caller's signal. */
function byteStream(answer: IncomingMessage, server: string, signal: AbortSignal | undefined): Readable {
  const out = new PassThrough();
  answer.on('error', (error) => out.destroy(connectionError(error, server)));
  const stop = () => out.destroy(signal?.reason instanceof Error ? signal.reason : undefined);
  signal?.addEventListener('abort', stop, { once: true });
  out.on('close', () => {
    signal?.removeEventListener('abort', stop);
    answer.destroy();
  });
  if (signal?.aborted) stop();
  return answer.pipe(out);
}

/** The server is trusted to answer with the kind that was asked for, but not to answer with JSON: proxies answer with login pages. */
function parseObject(text: string, server: string): object {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch {
    // Told below.
  }
  throw new NetdebugError(
    `What answers at ${server} is not a Kubernetes API server: the answer is not JSON.`,
    {
      exitCode: ExitCode.unreachable,
      hint: 'A proxy or a login page may stand in between: check HTTPS_PROXY, NO_PROXY and the server of this context.',
    },
  );
}

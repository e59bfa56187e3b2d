import type { IncomingMessage } from 'node:http';
import { ExitCode, NetdebugError } from '../errors.js';
import type { WatchOptions } from './api.js';
import { ConnectionError, connectionError } from './connection-error.js';
import { withDeadline } from './deadline.js';
import type { Clock } from './deadline.js';
import { lineSplitter } from './lines.js';
import { listQuery } from './list.js';
import { exchange, ready } from './request.js';
import type { Endpoint } from './request.js';
import { isWorthRetrying, retrying, waitMs } from './retry.js';
import { ApiError, isApiError, isStatus } from './status.js';
import type { KubeObject, WatchEvent, WatchEventType } from './types.js';

/** What a watch needs of its client. */
export interface WatchParts {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  /** Deadline for the answer's headers, milliseconds. */
  readonly timeoutMs: number;
}

/** The server ends a watch after this long, and we start the next: a dead connection is noticed in time. */
const TURN_SECONDS = 240;
/** A bookmark comes about every minute; when nothing at all has come for this long, the connection is taken for dead. */
const SILENCE_MS = 90_000;
/** Failing this many times in a row ends the watch: with waits up to 10 s about a minute and a half. */
const MAX_FAILURES = 12;
const MAX_LINE = 32 * 1024 * 1024;

/** The state of one watch across its connections. */
interface Position {
  resourceVersion: string | undefined;
  failures: number;
}

/**
 * Watches a list: ADDED, MODIFIED and DELETED, bookmarks kept back. A connection that ends is taken up again where it was; 410
 * (the server has forgotten the version) starts over, and then all objects come as ADDED again. Ends with the signal or after `timeoutMs`, both
 * without an error; throws when the server refuses, or cannot be reached for more than a minute.
 */
export async function* watchFrom<T>(
  parts: WatchParts,
  path: string,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const end = new AbortController();
  const stop = () => end.abort();
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted) stop();
  const timer = options.timeoutMs === undefined ? undefined : setTimeout(stop, options.timeoutMs);
  const position: Position = { resourceVersion: options.resourceVersion, failures: 0 };
  try {
    await ready(parts.endpoint, end.signal);
    // The first connection is a read like others: what is wrong with it is told at once.
    let answer = await retrying(parts.clock, end.signal, () =>
      open(parts, path, options, position, end.signal),
    ).catch((error: unknown) => {
      if (isApiError(error, 410)) return undefined;
      throw error;
    });
    if (!answer) position.resourceVersion = undefined;
    while (!end.signal.aborted) {
      const startedAt = parts.clock.now();
      if (answer) yield* turn<T>(answer, parts, position, end.signal);
      // A server that ends every watch at once must not be asked a thousand times a second.
      if (parts.clock.now() - startedAt < 1000)
        await parts.clock.sleep(waitMs(undefined, 3, parts.clock), end.signal);
      answer = await reopen(parts, path, options, position, end.signal);
    }
  } catch (error) {
    if (!end.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', stop);
    end.abort();
  }
}

function open(
  parts: WatchParts,
  path: string,
  options: WatchOptions,
  position: Position,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return withDeadline(parts.endpoint, parts.timeoutMs, signal, (limited) =>
    exchange(parts.endpoint, {
      method: 'GET',
      path,
      query: {
        ...listQuery(options),
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: position.resourceVersion,
        timeoutSeconds: TURN_SECONDS,
      },
      signal: limited,
    }),
  );
}

/** The next connection after one that ended; undefined when it failed in a way that may pass. */
async function reopen(
  parts: WatchParts,
  path: string,
  options: WatchOptions,
  position: Position,
  signal: AbortSignal,
): Promise<IncomingMessage | undefined> {
  try {
    return await open(parts, path, options, position, signal);
  } catch (error) {
    if (isApiError(error, 410)) {
      position.resourceVersion = undefined;
      return undefined;
    }
    position.failures += 1;
    // While an API server restarts, its port refuses connections.
    const mayPass = isWorthRetrying(error) || error instanceof ConnectionError;
    if (signal.aborted || !mayPass || position.failures > MAX_FAILURES) throw error;
    await parts.clock.sleep(waitMs(error, position.failures, parts.clock), signal);
    return undefined;
  }
}

/** The events of one connection, until it ends, breaks, falls silent, or the server says that the version is gone. */
async function* turn<T>(
  answer: IncomingMessage,
  parts: WatchParts,
  position: Position,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>> {
  const split = lineSplitter(MAX_LINE);
  const silence = setTimeout(() => answer.destroy(), SILENCE_MS);
  const stop = () => answer.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      silence.refresh();
      for (const line of split(chunk)) {
        if (signal.aborted) return;
        const event = parseEvent(line, parts.endpoint.server);
        if (event.type === 'ERROR') {
          const gone = eventError(event.object, parts.endpoint.server);
          if (gone.code !== 410) throw gone;
          position.resourceVersion = undefined;
          return;
        }
        position.failures = 0;
        position.resourceVersion =
          (event.object as KubeObject).metadata.resourceVersion ?? position.resourceVersion;
        if (event.type !== 'BOOKMARK') yield { type: event.type, object: event.object as T };
        // The consumer may take its time; that is not the server's silence.
        silence.refresh();
      }
    }
  } catch (error) {
    if (error instanceof NetdebugError) throw error;
    if (error instanceof RangeError) throw notAnEvent(parts.endpoint.server, error);
    // The connection broke; the caller goes on where it was.
    if (!isBroken(error)) throw connectionError(error, parts.endpoint.server);
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', stop);
    answer.destroy();
  }
}

const EVENT_TYPES: readonly string[] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'];

function parseEvent(
  line: string,
  server: string,
): { readonly type: WatchEventType | 'ERROR'; readonly object: unknown } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    throw notAnEvent(server, error);
  }
  const { type, object } = (parsed ?? {}) as { type?: unknown; object?: { metadata?: unknown } | null };
  const isObject = typeof object === 'object' && object !== null;
  const isWhole =
    isObject && (type === 'ERROR' || (typeof object.metadata === 'object' && object.metadata !== null));
  if (!isWhole || typeof type !== 'string' || !EVENT_TYPES.includes(type))
    throw notAnEvent(server, undefined);
  return { type: type as WatchEventType | 'ERROR', object };
}

function eventError(object: unknown, server: string): ApiError {
  const status = isStatus(object) ? object : { message: 'the watch ended with an error' };
  return new ApiError(status.code ?? 500, status, { server, method: 'GET', path: 'watch' });
}

function notAnEvent(server: string, cause: unknown): NetdebugError {
  return new NetdebugError(`The API server ${server} sent something that is not a watch event.`, {
    exitCode: ExitCode.unreachable,
    hint: 'A proxy in between may change the answers.',
    cause,
  });
}

function isBroken(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return (
    code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'EPIPE' || code === 'ETIMEDOUT'
  );
}

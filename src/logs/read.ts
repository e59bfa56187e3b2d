import type { Readable } from 'node:stream';
import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { podPath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import { scanLog, type LogScanner } from './scan.js';
import { type LogSource, sourceName } from './sources.js';
import type { LogHit } from './types.js';

export interface ReadLogsOptions {
  /** Goes on with what is written from now on, until the signal or the ends of all containers. */
  readonly follow: boolean;
  /** Lines wanted around each hit. */
  readonly around: number;
  /** Most logs read at once; following needs them all at once. */
  readonly parallel: number;
  readonly signal: AbortSignal;
  /** Waited for, so that a slow reader slows the reading. */
  readonly onHit: (hit: LogHit, source: LogSource) => Promise<void> | void;
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined;
}

export interface ReadProgress {
  readonly done: number;
  readonly of: number;
  readonly bytes: number;
}

/** How the reading of one log ended. */
export interface ReadLog extends LogSource {
  readonly bytes: number;
  readonly lines: number;
  readonly hits: number;
  /** Why it could not be read, or not to its end. */
  readonly error: NetdebugError | undefined;
}

/** What can be read of a log: a stream of bytes; for files as for the API. */
export type OpenLog = (
  source: LogSource,
  options: { readonly follow: boolean; readonly signal: AbortSignal },
) => Promise<Readable>;

/** Opens logs of a cluster, with time stamps. Rejects with an ApiError. */
export function clusterLogs(api: Pick<KubeApi, 'stream'>, sinceSeconds: number | undefined): OpenLog {
  return (source, { follow, signal }) =>
    api.stream(podPath(source.namespace, source.pod, 'log'), {
      query: {
        container: source.container,
        timestamps: true,
        previous: source.previous || undefined,
        follow: follow || undefined,
        sinceSeconds,
      },
      signal,
    });
}

/**
 * Reads logs, some at a time, and tells the lines that speak of trouble. A log that cannot be read does not stop the others: its
 * `error` says why. Memory does not depend on the size of the logs. Never rejects.
 */
export async function readLogs(
  sources: readonly LogSource[],
  open: OpenLog,
  options: ReadLogsOptions,
): Promise<readonly ReadLog[]> {
  const results: ReadLog[] = [];
  const progress = { done: 0, of: sources.length, bytes: 0 };
  const queue = [...sources.entries()];
  const onBytes = (count: number): void => {
    progress.bytes += count;
    options.onProgress?.({ ...progress });
  };
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [at, source] = next;
      if (options.signal.aborted) return;
      results[at] = await readLog(source, open, options, onBytes);
      progress.done++;
      options.onProgress?.({ ...progress });
    }
  };
  const workers = options.follow ? sources.length : Math.min(options.parallel, sources.length);
  await Promise.all(Array.from({ length: workers }, work));
  return results.filter((each: ReadLog | undefined) => each !== undefined);
}

async function readLog(
  source: LogSource,
  open: OpenLog,
  options: ReadLogsOptions,
  onBytes: (count: number) => void,
): Promise<ReadLog> {
  const found: LogHit[] = [];
  const counted = { hits: 0 };
  const scanner = scanLog({ timestamps: true, around: options.around, onHit: (hit) => found.push(hit) });
  const tell = async (): Promise<void> => {
    for (let hit = found.shift(); hit !== undefined; hit = found.shift()) {
      counted.hits++;
      await options.onHit(hit, source);
    }
  };
  let error: NetdebugError | undefined;
  try {
    const stream = await open(source, { follow: options.follow && !source.previous, signal: options.signal });
    await scanStream(stream, scanner, onBytes, tell);
  } catch (thrown) {
    if (!options.signal.aborted) error = failureOf(source, thrown);
  }
  scanner.end();
  await tell();
  return { ...source, bytes: scanner.bytes, lines: scanner.lines, hits: counted.hits, error };
}

async function scanStream(
  stream: Readable,
  scanner: LogScanner,
  onBytes: (count: number) => void,
  tell: () => Promise<void>,
): Promise<void> {
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    scanner.push(chunk);
    onBytes(chunk.length);
    await tell();
  }
}

function failureOf(source: LogSource, thrown: unknown): NetdebugError {
  const name = sourceName(source);
  if (isApiError(thrown, 403)) return thrown;
  if (thrown instanceof NetdebugError) {
    return new NetdebugError(`The log of ${name} could not be read: ${thrown.message}`, {
      exitCode: thrown.exitCode,
      hint: thrown.hint,
      cause: thrown,
    });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new NetdebugError(`The log of ${name} ended before its end: ${message}.`, {
    exitCode: ExitCode.incomplete,
    cause: thrown,
  });
}

import { Readable } from 'node:stream';
import type { Clock } from '../../debugger/types.js';
import type { KubeApi } from '../../kube/api.js';
import { podPath } from '../../kube/paths.js';
import { isApiError } from '../../kube/status.js';
import { type OpenLog, readLogs } from '../../logs/read.js';
import { type LogSource, sourceName } from '../../logs/sources.js';
import type { LogHit, LogPeer } from '../../logs/types.js';
import type { Observed, ObservedLog } from '../observed.js';
import { sampleOf } from './sample.js';

/** How much of each log is looked at, and how long everything may take. */
export const logLimits = {
  /** What is older is not about now; an instance that ended may have done so some restarts ago. */
  seconds: 600,
  previousSeconds: 3600,
  lines: 2000,
  bytes: 1024 * 1024,
  withinMs: 8000,
  parallel: 6,
  /** Pairs of pattern and peer in one log, the most frequent first. */
  groups: 30,
} as const;

/** What logs told, and what could not be read of them. */
export type ObservedLogs = Pick<Observed, 'logs' | 'failed'>;

/** Opens logs of a cluster, the newest lines of the last minutes. Rejects with an ApiError. */
export function recentLogs(api: Pick<KubeApi, 'stream'>): OpenLog {
  return ({ namespace, pod, container, previous }, { signal }) =>
    api.stream(podPath(namespace, pod, 'log'), {
      query: {
        container,
        timestamps: true,
        previous: previous || undefined,
        sinceSeconds: previous ? logLimits.previousSeconds : logLimits.seconds,
        tailLines: logLimits.lines,
        limitBytes: logLimits.bytes,
      },
      signal,
    });
}

/**
 * Looks through logs for lines that speak of network trouble, within the limits. What may not be read, or was not read in time, is
 * named and is no finding. Never rejects.
 * @param recent Leave out lines that are older than ten minutes before the newest of all, as in files, which nobody asked for by time.
 */
export async function observeLogs(
  sources: readonly LogSource[],
  open: OpenLog,
  options: { readonly clock: Clock; readonly signal: AbortSignal; readonly recent?: boolean },
): Promise<ObservedLogs> {
  if (sources.length === 0) return { logs: [], failed: [] };
  const over = new AbortController();
  const done = new AbortController();
  const late = { is: false };
  void options.clock.sleep(logLimits.withinMs, done.signal).then(() => {
    if (done.signal.aborted) return;
    late.is = true;
    over.abort();
  });
  const leave = (): void => over.abort();
  options.signal.addEventListener('abort', leave, { once: true });
  if (options.signal.aborted) leave();
  const hits: (readonly [LogHit, LogSource])[] = [];
  try {
    const read = await readLogs(sources, limited(open, over.signal), {
      follow: false,
      around: 0,
      parallel: logLimits.parallel,
      signal: over.signal,
      // Memory is bounded by this even where every line is a hit.
      onHit: (hit, source) => {
        if (hits.length < sources.length * logLimits.lines) hits.push([hit, source]);
      },
    });
    const newest = hits.reduce((last, [{ timeMs = 0 }]) => Math.max(last, timeMs), 0);
    const kept =
      options.recent === true
        ? hits.filter(
            ([{ timeMs }, { previous }]) =>
              previous || timeMs === undefined || timeMs >= newest - logLimits.seconds * 1000,
          )
        : hits;
    const failed = read.flatMap((log) =>
      log.error === undefined || isNotThere(log.error)
        ? []
        : [{ what: `log of ${sourceName(log)}`, ...gapOf(log.error) }],
    );
    return {
      logs: groupsOf(kept),
      failed: late.is ? [...once(failed), tooLate(read.length, sources.length)] : once(failed),
    };
  } finally {
    done.abort();
    options.signal.removeEventListener('abort', leave);
  }
}

function tooLate(read: number, all: number): Observed['failed'][number] {
  const left = all - read;
  return {
    what: left > 0 ? `${left} of ${all} logs` : 'the ends of some logs',
    why: `not read within ${logLimits.withinMs / 1000} s`,
    code: 'ND009',
  };
}

/** The right is missing, or the log is: neither says anything about the network. */
function gapOf(error: unknown): Pick<Observed['failed'][number], 'why' | 'code'> {
  if (isApiError(error, 403)) return { why: 'forbidden: get pods/log', code: 'ND001' };
  const text = error instanceof Error ? error.message : String(error);
  return { why: sampleOf(text).slice(0, 120), code: 'ND002' };
}

/** A container that has not begun has no log, and an instance that is gone may have none left: that is no gap. */
function isNotThere(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return [error, cause].some((one) => isApiError(one, 400) || isApiError(one, 404));
}

/** The same right is missing for many logs: that is one gap. */
function once(failed: Observed['failed']): Observed['failed'] {
  const forbidden = failed.filter(({ code }) => code === 'ND001');
  const [first] = forbidden;
  if (first === undefined || forbidden.length === 1) return failed;
  const others = failed.filter(({ code }) => code !== 'ND001');
  return [{ ...first, what: `logs of ${forbidden.length} containers` }, ...others];
}

/** A server that does not keep to limitBytes is kept to it here. */
function limited(open: OpenLog, over: AbortSignal): OpenLog {
  return async (source, options) => {
    const stream = await open(source, options);
    over.addEventListener('abort', () => stream.destroy(), { once: true });
    return Readable.from(within(stream, over), { objectMode: true });
  };
}

async function* within(stream: Readable, over: AbortSignal): AsyncGenerator<Uint8Array> {
  let left: number = logLimits.bytes;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      yield chunk.length > left ? chunk.subarray(0, left) : chunk;
      left -= chunk.length;
      if (left <= 0) return;
    }
  } catch (error) {
    if (!over.aborted) throw error;
  } finally {
    stream.destroy();
  }
}

/** Hits of one pattern about one peer in one log, counted. */
function groupsOf(hits: readonly (readonly [LogHit, LogSource])[]): readonly ObservedLog[] {
  const groups = new Map<string, Map<string, ObservedLog>>();
  for (const [{ pattern, peer, line }, source] of hits) {
    const name = sourceName(source);
    const own = groups.get(name) ?? new Map<string, ObservedLog>();
    groups.set(name, own);
    const key = `${pattern.name} ${peer?.host ?? ''} ${peer?.port ?? ''}`;
    own.set(key, {
      pod: `pod ${source.namespace}/${source.pod}`,
      container: source.container,
      previous: source.previous,
      pattern: pattern.name,
      codes: pattern.codes,
      ...(peer === undefined ? {} : { peer: peerOf(peer) }),
      count: (own.get(key)?.count ?? 0) + 1,
      sample: line,
    });
  }
  return [...groups.values()].flatMap((own) =>
    [...own.values()]
      .sort((a, b) => b.count - a.count)
      .slice(0, logLimits.groups)
      .map((log) => ({ ...log, sample: sampleOf(log.sample) })),
  );
}

function peerOf({ host, port }: LogPeer): NonNullable<ObservedLog['peer']> {
  return { host, ...(port === undefined ? {} : { port }) };
}

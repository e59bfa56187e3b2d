import type { Clock } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import { collect, isMissing, type Collected, type RunTool } from './run.js';
import { printable } from './text.js';

/** What every probe is given besides its request. */
export interface ProbeOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** What a probe that takes its time is given besides: whom it tells of each thing as it finds it. The result holds them all again. */
export interface TellingOptions<E> extends ProbeOptions {
  readonly onEvent?: ((event: E) => void) | undefined;
}

/** How an attempt to reach something ended. Expected negatives are values: only broken promises are thrown. */
export type Outcome =
  | 'connected'
  /** UDP: an answer came. */
  | 'answered'
  /** UDP: silence, which is how an open port and a dropped packet both look. */
  | 'noAnswer'
  /** TCP: a reset, or an ICMP port unreachable; UDP: an ICMP port unreachable. */
  | 'refused'
  /** Nothing came back within the time. */
  | 'timeout'
  /** EHOSTUNREACH: nobody answers ARP, or an ICMP host unreachable or prohibited. */
  | 'hostUnreachable'
  /** ENETUNREACH: no route, or none for this family. */
  | 'networkUnreachable'
  /** The connection was there and was cut. */
  | 'reset'
  /** EACCES or EPERM: a rule or a route in the pod forbids it. */
  | 'notPermitted'
  | 'unknownHost'
  | 'failed';

/** What strerror(3), getaddrinfo(3) and the programs say, whichever program it is. The first that fits counts. */
const WORDS: readonly (readonly [RegExp, Outcome, string | undefined])[] = [
  [/connection refused/i, 'refused', 'ECONNREFUSED'],
  [/no route to host|host is unreachable|host unreachable/i, 'hostUnreachable', 'EHOSTUNREACH'],
  [/network is unreachable|network unreachable/i, 'networkUnreachable', 'ENETUNREACH'],
  [/connection reset|reset by peer/i, 'reset', 'ECONNRESET'],
  [/permission denied/i, 'notPermitted', 'EACCES'],
  [/operation not permitted/i, 'notPermitted', 'EPERM'],
  [/cannot assign requested address|address not available/i, 'networkUnreachable', 'EADDRNOTAVAIL'],
  [
    /name or service not known|name resolution|bad address|could not resolve|getaddrinfo|no address associated|name does not resolve|unknown host/i,
    'unknownHost',
    undefined,
  ],
  [/timed? ?out|timeout/i, 'timeout', 'ETIMEDOUT'],
];

/** What the words of a program mean; undefined when they say nothing of a network. */
export function outcomeOfWords(
  text: string,
): { readonly outcome: Outcome; readonly errno: string | undefined } | undefined {
  const found = WORDS.find(([pattern]) => pattern.test(text));
  return found === undefined ? undefined : { outcome: found[1], errno: found[2] };
}

/**
 * The beginning of every script that takes the time: `now` sets `n` to seconds since 1970, as fine as the shell can (bash and
 * busybox know EPOCHREALTIME, GNU date knows %N; else whole seconds).
 */
export const nowFunction = `LC_ALL=C; export LC_ALL
now() {
  n=$EPOCHREALTIME
  [ -n "$n" ] || n=$(date +%s.%N)
}
`;

/**
 * For scripts that wait: `held COMMAND` runs it and gives its exit code, and a signal that ends the shell ends the command too. Without
 * it a shell dies alone, and what it started goes on until its own time is over.
 */
export const heldFunction = `held() { "$@" & wait $!; }
trap 'kill $! 2>/dev/null; exit 143' TERM INT HUP
`;

/** Runs a command and says how long it took, by the container's own clock; its stderr is among its stdout. */
const timedScript = `${nowFunction}${heldFunction}command -v "$1" >/dev/null || exit 127
now; echo "start $n"
held "$@" </dev/null 2>&1
r=$?
now; echo; echo "end $n $r"`;

/** argv of a command that is timed in the container; exit code 127 when the program is not there. */
export function timedArgv(argv: readonly string[]): string[] {
  return ['sh', '-c', timedScript, 'netdebug', ...argv];
}

/** What {@link timedArgv} printed. */
export function parseTimed(text: string): {
  readonly text: string;
  readonly ms: number | undefined;
  readonly code: number;
} {
  const start = /^start (\S+)\n/.exec(text);
  const end = /\n?end (\S+) (\d+)\n?$/.exec(text);
  const said = text.slice(start?.[0].length ?? 0, end?.index ?? text.length);
  return { text: said, ms: millisecondsBetween(start?.[1], end?.[1]), code: Number(end?.[2] ?? 255) };
}

/** Milliseconds between two times of {@link nowFunction}; undefined when one of them is no time or has no fraction. */
export function millisecondsBetween(start: string | undefined, end: string | undefined): number | undefined {
  const [from, to] = [start, end].map((text) => (/^\d+[.,]\d{3,9}$/.test(text ?? '') ? text : undefined));
  if (from === undefined || to === undefined) return undefined;
  const [[fromSeconds = '', fromPart = ''], [toSeconds = '', toPart = '']] = [from, to].map((text) =>
    text.split(/[.,]/),
  ) as [string[], string[]];
  const part = (text: string): number => Number(`0.${text}`) * 1000;
  const ms = (Number(toSeconds) - Number(fromSeconds)) * 1000 + part(toPart) - part(fromPart);
  return ms < 0 ? undefined : Math.round(ms * 1000) / 1000;
}

/** 128 + SIGKILL and SIGTERM: what a tool ends with when its container does. Scripts pass on no such code of what they run. */
const endedFromOutside: readonly number[] = [137, 143];

/** Like `collect`, but a command that does not end in time is a value. Its lines were lost then. Throws a NetdebugError (8) when something else ended it. */
export async function collectWithin(
  run: RunTool,
  argv: readonly string[],
  options: ProbeOptions & {
    readonly timeoutMs: number;
    readonly limitBytes: number;
    /** What the program is called in messages; default the first word. */
    readonly name?: string;
    /** Called for every line of stdout as it comes. */
    readonly onLine?: ((line: string) => void) | undefined;
    /** The same for stderr. */
    readonly onErrorLine?: ((line: string) => void) | undefined;
  },
): Promise<Collected | 'timeout'> {
  const over = new AbortController();
  const done = new AbortController();
  const late = { is: false };
  void options.clock.sleep(options.timeoutMs, done.signal).then(() => {
    if (done.signal.aborted) return;
    late.is = true;
    over.abort();
  });
  const leave = (): void => over.abort();
  options.signal?.addEventListener('abort', leave, { once: true });
  if (options.signal?.aborted === true) leave();
  try {
    // The limit of collect itself is never met: ours comes before.
    const { limitBytes, name, onLine, onErrorLine } = options;
    const limits = {
      limitBytes,
      onLine,
      onErrorLine,
      timeoutMs: options.timeoutMs + 60_000,
      ...(name === undefined ? {} : { name }),
    };
    const said = await collect(run, argv, { ...limits, clock: options.clock, signal: over.signal });
    if (said.end.kind === 'lost') throw said.end.error;
    if (endedFromOutside.includes(codeOf(said)))
      throw new NetdebugError(
        `${name ?? argv[0] ?? ''} was ended in the debug container before it had a result.`,
        {
          exitCode: ExitCode.incomplete,
        },
      );
    return said;
  } catch (error) {
    if (late.is) return 'timeout';
    throw error;
  } finally {
    done.abort();
    options.signal?.removeEventListener('abort', leave);
  }
}

/** Whether a program ran: it is in the image, and did not end with 126 or 127. */
export function ran(said: Collected | 'timeout'): said is Collected {
  return said !== 'timeout' && !isMissing(said.end);
}

/** The exit code; 255 when there is none. */
export function codeOf(said: Collected): number {
  return said.end.kind === 'exited' ? said.end.exitCode : 255;
}

/** The first line that says something, fit to be shown and not too long. */
export function firstWords(text: string): string {
  const line = text.split('\n').find((one) => printable(one).trim() !== '');
  return printable(line ?? '')
    .trim()
    .slice(0, 200);
}

/** Does `task` for every item, at most `limit` at once; results in the order of the items. */
export async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  task: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      results[at] = await task(items[at] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return results;
}

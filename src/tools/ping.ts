import { ExitCode, NetdebugError } from '../errors.js';
import type { ToolEnd } from '../debugger/types.js';
import { parsePingLine, type PingCounts, type PingEvent, type PingTimes } from './ping-parse.js';
import { isMissing, missingTool, type RunTool } from './run.js';
import { eachLine, printable } from './text.js';

export interface PingRequest {
  /** A host name or an address; references are resolved before. */
  readonly destination: string;
  /** Absent: until interrupted. */
  readonly count?: number | undefined;
  readonly intervalSeconds?: number | undefined;
  /** How long the last reply is waited for, whole seconds (busybox knows no parts). */
  readonly waitSeconds?: number | undefined;
  readonly sizeBytes?: number | undefined;
  readonly family?: 4 | 6 | undefined;
}

/** Why there was nothing to count. */
export type PingRefusal =
  /** The name has no address, or no name server answered. */
  | 'unknownHost'
  /** The pod has no route, or a rule there forbids the packet to leave. */
  | 'noRoute'
  /** This ping needs NET_RAW (busybox), or the group of the user is outside net.ipv4.ping_group_range. */
  | 'notPermitted'
  | 'other';

export interface PingSummary extends PingCounts {
  readonly kind: 'PingSummary';
  readonly destination: string;
  /** What the name resolved to, as seen in the pod. */
  readonly address: string | undefined;
  /** 0 to 100; 100 when nothing was sent. */
  readonly lossPercent: number;
  /** Absent when nothing came back. */
  readonly times: PingTimes | undefined;
  readonly refusal: { readonly reason: PingRefusal; readonly text: string } | undefined;
  /** False when the connection was lost or ping was killed: the counts are then ours, of what we saw. */
  readonly complete: boolean;
  /** One sentence when not complete. */
  readonly problem: string | undefined;
  readonly exit: ExitCode;
}

export interface PingOptions {
  readonly run: RunTool;
  /** Called for every line as it comes. A returned promise is backpressure. */
  readonly onEvent: (event: PingEvent) => Promise<void> | void;
  /** Ends ping in order: the summary still comes. */
  readonly signal?: AbortSignal | undefined;
}

/** argv that iputils and busybox both take; only iputils reports outstanding replies (`-O`), and busybox refuses the flag. */
export function pingArgv(request: PingRequest, flavour: 'iputils' | 'busybox' = 'iputils'): string[] {
  const argv = ['ping', '-n'];
  if (flavour === 'iputils') argv.push('-O');
  if (request.count !== undefined) argv.push('-c', String(request.count));
  if (request.intervalSeconds !== undefined) argv.push('-i', String(request.intervalSeconds));
  if (request.waitSeconds !== undefined) argv.push('-W', String(Math.max(1, Math.ceil(request.waitSeconds))));
  if (request.sizeBytes !== undefined) argv.push('-s', String(request.sizeBytes));
  if (request.family !== undefined) argv.push(`-${request.family}`);
  return [...argv, '--', request.destination];
}

/** What one run of ping said. */
interface Heard {
  readonly end: ToolEnd;
  readonly replies: number;
  readonly duplicates: number;
  readonly seen: ReadonlySet<number>;
  readonly address: string | undefined;
  readonly counts: PingCounts | undefined;
  readonly times: PingTimes | undefined;
  readonly stderr: readonly string[];
  readonly stopped: boolean;
}

/**
 * Pings from the debug container. Resolves with the summary; unreachable, unknown and forbidden are results, not errors.
 * Throws a {@link NetdebugError} when ping is not in the image (7) or does not take the arguments (2).
 */
export async function ping(request: PingRequest, options: PingOptions): Promise<PingSummary> {
  let heard = await listen(pingArgv(request), options);
  if (heard.address === undefined && heard.stderr.some((line) => line.includes('BusyBox v'))) {
    heard = await listen(pingArgv(request, 'busybox'), options);
  }
  if (isMissing(heard.end)) throw missingTool('ping', heard.end);
  if (heard.address === undefined && heard.stderr.some((line) => /usage/i.test(line))) {
    throw new NetdebugError('ping does not take these arguments.', {
      exitCode: ExitCode.usage,
      details: heard.stderr.slice(0, 1),
    });
  }
  return summarise(request, heard);
}

async function listen(argv: readonly string[], options: PingOptions): Promise<Heard> {
  const session = await options.run(argv);
  const seen = new Set<number>();
  const stderr: string[] = [];
  let replies = 0;
  let duplicates = 0;
  let address: string | undefined;
  let counts: PingCounts | undefined;
  let times: PingTimes | undefined;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    session.stop();
  };
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted === true) stop();
  const onLine = (line: string): Promise<void> | void => {
    const parsed = parsePingLine(line);
    if (parsed === undefined) return;
    if (parsed.kind === 'counts') counts = parsed;
    else if (parsed.kind === 'times') times = parsed;
    else {
      if (parsed.kind === 'PingStart') address = parsed.address;
      if (parsed.kind === 'PingReply') {
        if (parsed.duplicate) duplicates++;
        else replies++;
      }
      if ('sequence' in parsed && parsed.sequence !== undefined && seen.size < 1_000_000)
        seen.add(parsed.sequence);
      return options.onEvent(parsed);
    }
  };
  const onTrouble = (line: string): Promise<void> | void => {
    const text = printable(line).replace(/^ping6?: /, '');
    if (text.trim() === '') return undefined;
    if (stderr.length < 50) stderr.push(text);
    return address === undefined ? undefined : options.onEvent({ kind: 'PingTrouble', text });
  };
  try {
    await Promise.all([eachLine(session.stdout, onLine), eachLine(session.stderr, onTrouble)]);
    const end = await session.done;
    return { end, replies, duplicates, seen, address, counts, times, stderr, stopped };
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

function summarise(request: PingRequest, heard: Heard): PingSummary {
  // Without ping's own last lines the best there is are the packets whose fate was seen.
  const counts = heard.counts ?? {
    transmitted: heard.seen.size,
    received: heard.replies,
    duplicates: heard.duplicates,
    errors: 0,
  };
  const refusal = heard.counts === undefined ? refusalOf(request.destination, heard) : undefined;
  const problem = refusal === undefined ? problemOf(request, heard) : undefined;
  const exit = exitOf(counts, refusal?.reason, problem !== undefined, heard.stopped);
  return {
    kind: 'PingSummary',
    destination: request.destination,
    address: heard.address,
    transmitted: counts.transmitted,
    received: counts.received,
    duplicates: counts.duplicates,
    errors: counts.errors,
    lossPercent: lossOf(counts),
    times: heard.times === undefined ? undefined : timesOf(heard.times),
    refusal,
    complete: problem === undefined,
    problem,
    exit,
  };
}

function timesOf({ minMs, avgMs, maxMs, mdevMs }: PingTimes): PingTimes {
  return { minMs, avgMs, maxMs, mdevMs };
}

function lossOf({ transmitted, received }: PingCounts): number {
  return transmitted === 0 ? 100 : Math.max(0, Math.round((1 - received / transmitted) * 1e5) / 1e3);
}

/** ping ended by itself without having sent anything: its last words tell why. */
function refusalOf(destination: string, heard: Heard): PingSummary['refusal'] {
  const text = heard.stderr.at(-1);
  if (heard.end.kind !== 'exited' || heard.end.exitCode === 0 || heard.end.exitCode > 128) return undefined;
  if (text === undefined || heard.replies > 0) return undefined;
  return { reason: reasonOf(destination, text), text };
}

function reasonOf(destination: string, text: string): PingRefusal {
  if (/permission denied|not permitted|are you root/i.test(text)) return 'notPermitted';
  // iputils puts the name before what the resolver said, busybox after it; `connect:` is what the kernel said.
  if (text.startsWith(`${destination}:`) || text.startsWith('bad address')) return 'unknownHost';
  if (/^(connect|sendto|sendmsg|socket): /.test(text) || /unreachable|no route|broadcast/i.test(text))
    return 'noRoute';
  return 'other';
}

function problemOf({ count }: PingRequest, heard: Heard): string | undefined {
  if (heard.counts !== undefined) {
    const { transmitted } = heard.counts;
    if (heard.stopped || transmitted >= (count ?? Infinity)) return undefined;
    return `ping was ended in the pod by somebody else after ${transmitted} packets.`;
  }
  if (heard.end.kind === 'lost')
    return `${heard.end.error.message} The counts are of what was seen until then.`;
  if (heard.end.kind === 'exited' && heard.end.exitCode > 128)
    return 'ping was killed before it had summed up.';
  return 'ping ended without a summary.';
}

function exitOf(
  counts: PingCounts,
  refusal: PingRefusal | undefined,
  cut: boolean,
  stopped: boolean,
): ExitCode {
  if (refusal === 'notPermitted') return ExitCode.notAllowed;
  if (refusal === 'other') return ExitCode.incomplete;
  if (refusal !== undefined) return ExitCode.found;
  if (cut) return stopped ? ExitCode.interrupted : ExitCode.incomplete;
  if (counts.received === 0 && counts.transmitted > 0) return ExitCode.found;
  return stopped ? ExitCode.interrupted : ExitCode.ok;
}

import * as z from 'zod';
import type { Clock, ToolSession } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import { collectWithin, firstWords, outcomeOfWords, type Outcome, type ProbeOptions } from './probe.js';
import { interrupted, isMissing, missingTool, type RunTool } from './run.js';
import { eachLine, printable } from './text.js';

export interface ThroughputRequest {
  /** Where the server listens: the other pod's address. */
  readonly address: string;
  readonly port: number;
  readonly seconds: number;
  /** Connections at the same time. */
  readonly streams: number;
}

/** One second of a transfer. */
export interface ThroughputSample {
  /** Since the beginning. */
  readonly second: number;
  readonly mbitPerSecond: number;
  /** Known for what the client sends only. */
  readonly retransmits?: number;
}

/** `forward`: from the first pod to the second. */
export interface ThroughputDirection {
  readonly direction: 'forward' | 'reverse';
  /** As it was received, 10^6 bits. */
  readonly mbitPerSecond?: number;
  readonly retransmits?: number;
  readonly samples: readonly ThroughputSample[];
  readonly failure?: { readonly outcome: Outcome; readonly text: string };
}

export interface ThroughputResult extends Omit<ThroughputRequest, 'address'> {
  readonly kind: 'ThroughputResult';
  readonly via: 'iperf3';
  readonly address: string;
  readonly directions: readonly ThroughputDirection[];
}

/** argv of the client; -R lets the server send. */
export function iperfArgv(request: ThroughputRequest, direction: 'forward' | 'reverse'): string[] {
  const { address, port, seconds, streams } = request;
  const argv = [
    'iperf3',
    '-J',
    '-c',
    address,
    '-p',
    String(port),
    '-t',
    String(seconds),
    '-P',
    String(streams),
  ];
  return [...argv, '--connect-timeout', '5000', ...(direction === 'reverse' ? ['-R'] : [])];
}

/**
 * Sends as much as it can from one debug container to another, then back. The server lives as long as its session: it ends here,
 * and by the lifeline when we do. A connection that cannot be made is a result.
 * Throws a {@link NetdebugError}: 7 when iperf3 is not in an image, 8 when it fails otherwise or a connection is lost, 130.
 */
export async function throughput(
  client: RunTool,
  server: RunTool,
  request: ThroughputRequest,
  options: ProbeOptions,
): Promise<ThroughputResult> {
  const listening = await server(['iperf3', '-s', '-p', String(request.port), '--forceflush']);
  try {
    await untilListening(listening, options);
    const forward = await transfer(client, request, 'forward', options);
    const directions = [forward];
    // What cannot be reached is not tried twice.
    if (forward.failure === undefined) directions.push(await transfer(client, request, 'reverse', options));
    return { kind: 'ThroughputResult', via: 'iperf3', ...request, directions };
  } finally {
    listening.stop();
    await endOf(listening, options.clock);
  }
}

const LISTENING_WITHIN_MS = 15_000;

/** Waits for the server's first words; what it says later is read and dropped. Rejects with a NetdebugError. */
async function untilListening(session: ToolSession, { clock, signal }: ProbeOptions): Promise<void> {
  const words: string[] = [];
  let heard: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (heard = resolve));
  const listen = (line: string): void => {
    if (/listening/i.test(line)) heard();
    else if (words.length < 10 && line.trim() !== '') words.push(printable(line).slice(0, 200));
  };
  const both = Promise.all([eachLine(session.stdout, listen), eachLine(session.stderr, listen)]);
  const over = new AbortController();
  const stop = (): void => over.abort();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const first = await Promise.race([
      ready.then(() => 'ready' as const),
      both.then(() => session.done),
      clock.sleep(LISTENING_WITHIN_MS, over.signal).then(() => 'late' as const),
    ]);
    if (first === 'ready') return;
    if (signal?.aborted === true) throw interrupted();
    if (first !== 'late' && isMissing(first)) throw missingTool('iperf3', first);
    if (first !== 'late' && first.kind === 'lost') throw first.error;
    throw new NetdebugError('the iperf3 server did not begin to listen.', {
      exitCode: ExitCode.incomplete,
      details: words,
      hint: 'Another --port may be free.',
    });
  } finally {
    over.abort();
    signal?.removeEventListener('abort', stop);
  }
}

async function endOf(session: ToolSession, clock: Clock): Promise<void> {
  const over = new AbortController();
  await Promise.race([session.done, clock.sleep(10_000, over.signal)]);
  over.abort();
}

async function transfer(
  client: RunTool,
  request: ThroughputRequest,
  direction: 'forward' | 'reverse',
  options: ProbeOptions,
): Promise<ThroughputDirection> {
  const said = await collectWithin(client, iperfArgv(request, direction), {
    ...options,
    limitBytes: 16 * 1024 * 1024,
    timeoutMs: request.seconds * 1000 + 30_000,
  });
  if (said === 'timeout')
    return {
      direction,
      samples: [],
      failure: { outcome: 'timeout', text: 'the transfer did not end in time' },
    };
  if (isMissing(said.end)) throw missingTool('iperf3', said.end);
  const read = parseIperf(said.stdout, direction);
  if (read !== undefined) return read;
  throw new NetdebugError('iperf3 said nothing that can be read.', {
    exitCode: ExitCode.incomplete,
    details: [firstWords(said.stderr || said.stdout)],
  });
}

const sum = z.object({ bits_per_second: z.number(), retransmits: z.number().optional() });
const output = z.object({
  error: z.string().optional(),
  intervals: z.array(z.object({ sum: sum.extend({ end: z.number() }) })).optional(),
  end: z.object({ sum_sent: sum.optional(), sum_received: sum.optional() }).optional(),
});

/** Reads `iperf3 -J`; undefined when it is none. */
export function parseIperf(text: string, direction: 'forward' | 'reverse'): ThroughputDirection | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = output.safeParse(json);
  if (!read.success) return undefined;
  const { error, intervals = [], end } = read.data;
  const samples = intervals.slice(0, 10_000).map(({ sum: one }) => ({
    second: Math.round(one.end * 10) / 10,
    mbitPerSecond: mbit(one.bits_per_second),
    ...(one.retransmits === undefined ? {} : { retransmits: one.retransmits }),
  }));
  if (error !== undefined) {
    const words = printable(error).slice(0, 200);
    return {
      direction,
      samples,
      failure: { outcome: outcomeOfWords(words)?.outcome ?? 'failed', text: words },
    };
  }
  const received = end?.sum_received ?? end?.sum_sent;
  const retransmits = end?.sum_sent?.retransmits;
  return {
    direction,
    ...(received === undefined ? {} : { mbitPerSecond: mbit(received.bits_per_second) }),
    ...(retransmits === undefined ? {} : { retransmits }),
    samples,
  };
}

function mbit(bitsPerSecond: number): number {
  return Math.round(bitsPerSecond / 1e4) / 100;
}

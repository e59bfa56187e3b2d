import type { Clock, ToolSession } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import { collectWithin, firstWords, type ProbeOptions, type TellingOptions } from './probe.js';
import { interrupted, isMissing, type RunTool } from './run.js';
import { eachLine, printable } from './text.js';
import { throughputByNc } from './throughput-nc.js';
import { parseIperf, parseIperfInterval } from './throughput-parse.js';
import type {
  ThroughputDirection,
  ThroughputEvent,
  ThroughputRequest,
  ThroughputResult,
} from './throughput-types.js';

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
 * Sends as much as it can from one debug container to another, then back: by iperf3, and where one of the two has none by busybox's nc.
 * The server lives as long as its session: it ends here, and by the lifeline when we do. A connection that cannot be made is a result.
 * Throws a {@link NetdebugError}: 7 when an image has neither, 8 when it fails otherwise or a connection is lost, 130.
 */
export async function throughput(
  client: RunTool,
  server: RunTool,
  request: ThroughputRequest,
  options: TellingOptions<ThroughputEvent>,
): Promise<ThroughputResult> {
  const directions = await byIperf(client, server, request, options);
  return directions === undefined
    ? throughputByNc(client, server, request, options)
    : { kind: 'ThroughputResult', via: 'iperf3', ...request, directions };
}

/** Undefined when one of the two has no iperf3. */
async function byIperf(
  client: RunTool,
  server: RunTool,
  request: ThroughputRequest,
  { onEvent, ...options }: TellingOptions<ThroughputEvent>,
): Promise<readonly ThroughputDirection[] | undefined> {
  const { port, streams } = request;
  const listening = await server(['iperf3', '-s', '-f', 'm', '-p', String(port), '--forceflush']);
  let direction: ThroughputDirection['direction'] = 'forward';
  // The client sums up at its end; the server says each interval as it comes.
  const onLine = (line: string): void => {
    const sample = parseIperfInterval(line, streams);
    if (sample !== undefined) onEvent?.({ direction, sample });
  };
  try {
    if ((await untilListening(listening, onLine, options)) === 'missing') return undefined;
    const forward = await transfer(client, request, 'forward', options);
    // What cannot be reached is not tried twice.
    if (forward === undefined || forward.failure !== undefined) return forward && [forward];
    direction = 'reverse';
    const reverse = await transfer(client, request, 'reverse', options);
    return reverse && [forward, reverse];
  } finally {
    listening.stop();
    await endOf(listening, options.clock);
  }
}

const LISTENING_WITHIN_MS = 15_000;

/** Waits for the server's first words. Rejects with a NetdebugError. */
async function untilListening(
  session: ToolSession,
  onLine: (line: string) => void,
  { clock, signal }: ProbeOptions,
): Promise<'ready' | 'missing'> {
  const words: string[] = [];
  let heard: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (heard = resolve));
  const listen = (line: string): void => {
    onLine(line);
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
    if (first === 'ready') return 'ready';
    if (signal?.aborted === true) throw interrupted();
    if (first !== 'late' && isMissing(first)) return 'missing';
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

/** Waits for a session that was told to stop, ten seconds at most. */
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
): Promise<ThroughputDirection | undefined> {
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
  if (isMissing(said.end)) return undefined;
  const read = parseIperf(said.stdout, direction);
  if (read !== undefined) return read;
  throw new NetdebugError('iperf3 said nothing that can be read.', {
    exitCode: ExitCode.incomplete,
    details: [firstWords(said.stderr || said.stdout)],
  });
}

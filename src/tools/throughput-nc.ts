import type { ToolEnd, ToolSession } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import { nowFunction, outcomeOfWords, type ProbeOptions, type TellingOptions } from './probe.js';
import { interrupted, isMissing, type RunTool } from './run.js';
import { eachLine, printable } from './text.js';
import { mbit } from './throughput-parse.js';
import type {
  ThroughputDirection,
  ThroughputEvent,
  ThroughputRequest,
  ThroughputResult,
  ThroughputSample,
} from './throughput-types.js';

/**
 * One end of a connection: nc makes it and becomes dd, which reads or writes it without anybody between. dd says on USR1 how many blocks
 * it has read; the signal is ignored until dd takes it, so that it never kills. Retransmitted segments are counted by the kernel.
 * Parameters: listen or connect, host, port, seconds, send or receive.
 */
const script = `${nowFunction}role=$1 host=$2 port=$3 seconds=$4 how=$5
case $(nc -h 2>&1 </dev/null) in *BusyBox*'-e PROG'*) ;; *) echo 'via none'; exit 127 ;; esac
command -v dd >/dev/null && command -v timeout >/dev/null || { echo 'via none'; exit 127; }
segments() {
  x=
  while read -r a b c d e f g h i j k l m rest; do
    if [ "$a" = Tcp: ]; then x=$m; fi
  done </proc/net/snmp
  echo "segments $x"
}
case $how in
  send) set -- timeout "$seconds" dd if=/dev/zero bs=65536 ;;
  *) set -- dd of=/dev/null bs=65536 iflag=fullblock ;;
esac
set -- sh -c 'n=$EPOCHREALTIME; [ -n "$n" ] || n=$(date +%s.%N); echo "begin $n" >&2; exec "$@"' sh "$@"
case $role in
  listen) set -- nc -l -p "$port" -e "$@" ;;
  *) set -- nc -w 5 "$host" "$port" -e "$@" ;;
esac
segments
(trap '' USR1; exec "$@") 2>&1 </dev/null & pid=$!
trap 'kill $pid $ticker 2>/dev/null; exit 143' TERM INT HUP
if [ "$role" = listen ]; then
  hex=$(printf '%04X' "$port") i=0
  until grep -qs ":$hex 0*:0000 0A" /proc/net/tcp /proc/net/tcp6 || [ $i -ge 50 ]; do
    i=$((i + 1))
    sleep 0.1
  done
  echo listening
fi
(
  while sleep 1 >/dev/null 2>&1; do
    now; echo "tick $n"
    if [ "$how" = receive ]; then kill -USR1 $pid || exit; fi
  done 2>/dev/null
) & ticker=$!
wait $pid; r=$?
kill $ticker 2>/dev/null
now; echo "end $n $r"
segments`;

const BLOCK_BYTES = 65_536;

/** argv of one end of a transfer. */
export function ncArgv(
  { address, port, seconds }: ThroughputRequest,
  role: 'listen' | 'connect',
  how: 'send' | 'receive',
): string[] {
  return ['sh', '-c', script, 'netdebug', role, address, String(port), String(seconds), how];
}

/** What one end has said so far. */
export interface NcEnd {
  readonly samples: readonly ThroughputSample[];
  readonly mbitPerSecond: number | undefined;
  readonly retransmits: number | undefined;
  /** The exit code of nc; undefined while it runs. */
  readonly code: number | undefined;
  readonly words: readonly string[];
  /** Whether there was a connection. */
  readonly began: boolean;
}

/** Reads what an end says, line by line. Times are the container's own. */
export function followNc(onSample: (sample: ThroughputSample) => void): {
  readonly onLine: (line: string) => void;
  readonly end: () => NcEnd;
} {
  const samples: ThroughputSample[] = [];
  const words: string[] = [];
  const segments: number[] = [];
  let begin: number | undefined;
  let tick: number | undefined;
  let ended: number | undefined;
  let code: number | undefined;
  let blocks = 0;
  let last = { at: 0, blocks: 0 };
  const onLine = (line: string): void => {
    const [word = '', value = '', more = ''] = line.slice(0, 200).split(' ');
    const time = Number(value.replace(',', '.'));
    if (word === 'begin') {
      begin = time;
      last = { at: time, blocks: 0 };
    } else if (word === 'tick') tick = time;
    else if (word === 'end') [ended, code] = [time, Number(more)];
    else if (word === 'segments') segments.push(Number(value));
    else if (/^\d+\+\d+ records in$/.test(line)) {
      blocks = Number(/^\d+/.exec(line)?.[0]);
      // The last is said of the whole, at the end.
      if (begin === undefined || tick === undefined || tick - last.at < 0.5 || samples.length >= 10_000)
        return;
      const bits = (blocks - last.blocks) * BLOCK_BYTES * 8;
      const sample = {
        second: Math.round((tick - begin) * 10) / 10,
        mbitPerSecond: mbit(bits / (tick - last.at)),
      };
      last = { at: tick, blocks };
      samples.push(sample);
      onSample(sample);
    } else if (!/ records out$| copied|^listening$|^via |^$/.test(line) && words.length < 10)
      words.push(printable(line).slice(0, 200));
  };
  return {
    onLine,
    end: () => {
      const seconds = (ended ?? 0) - (begin ?? 0);
      const [first, second] = segments;
      const known = begin !== undefined && ended !== undefined && seconds > 0;
      return {
        samples,
        mbitPerSecond: known ? mbit((blocks * BLOCK_BYTES * 8) / seconds) : undefined,
        retransmits: first === undefined || second === undefined ? undefined : second - first,
        code,
        words,
        began: begin !== undefined,
      };
    },
  };
}

/**
 * Sends zeros from one debug container to the other and back, by busybox's nc and dd; one stream, whatever was asked for.
 * Throws a {@link NetdebugError}: 7 when one of the two has no such nc, 8 when the server cannot listen or a connection is lost, 130.
 */
export async function throughputByNc(
  client: RunTool,
  server: RunTool,
  request: ThroughputRequest,
  options: TellingOptions<ThroughputEvent>,
): Promise<ThroughputResult> {
  const directions: ThroughputDirection[] = [];
  for (const direction of ['forward', 'reverse'] as const) {
    const one = await transferByNc(client, server, request, direction, options);
    directions.push(one);
    if (one.failure !== undefined) break;
  }
  return { kind: 'ThroughputResult', via: 'nc', ...request, streams: 1, directions };
}

async function transferByNc(
  client: RunTool,
  server: RunTool,
  request: ThroughputRequest,
  direction: ThroughputDirection['direction'],
  { onEvent, clock, signal }: TellingOptions<ThroughputEvent>,
): Promise<ThroughputDirection> {
  const tell = (sample: ThroughputSample): void => onEvent?.({ direction, sample });
  const forward = direction === 'forward';
  const limits = { clock, signal };
  const there = await start(server, ncArgv(request, 'listen', forward ? 'receive' : 'send'), tell);
  let here: Running | undefined;
  try {
    await within(there.listening, LISTENING_WITHIN_MS, limits);
    const early = there.over();
    if (early !== undefined && isMissing(early)) throw noWay();
    here = await start(client, ncArgv(request, 'connect', forward ? 'send' : 'receive'), tell);
    const ended = await within(here.done, request.seconds * 1000 + 15_000, limits);
    if (ended !== 'late' && isMissing(ended)) throw noWay();
    if (ended !== 'late' && ended.kind === 'lost') throw ended.error;
    const own = here.said();
    if (!own.began) {
      // The server could not listen: then nobody, or somebody else, was there to be connected to.
      if (there.said().code !== undefined) throw notListening(there.said());
      const text = own.words[0] ?? 'nc made no connection';
      return {
        direction,
        samples: [],
        failure: { outcome: outcomeOfWords(text)?.outcome ?? 'failed', text },
      };
    }
    // What is on the way still arrives.
    await within(there.done, 10_000, limits);
    const [sent, received] = forward ? [here, there] : [there, here];
    const { samples, mbitPerSecond } = received.said();
    const { retransmits } = sent.said();
    if (mbitPerSecond === undefined) throw notListening(there.said());
    return { direction, mbitPerSecond, ...(retransmits === undefined ? {} : { retransmits }), samples };
  } finally {
    for (const one of [here, there]) one?.session.stop();
    await within(Promise.all([here?.done, there.done]), 10_000, { clock });
  }
}

const LISTENING_WITHIN_MS = 15_000;

/** One end that was started. */
interface Running {
  readonly session: ToolSession;
  /** Resolves when it listens, and when it has ended. */
  readonly listening: Promise<void>;
  readonly done: Promise<ToolEnd>;
  /** How it ended; undefined while it runs. */
  readonly over: () => ToolEnd | undefined;
  readonly said: () => NcEnd;
}

async function start(
  run: RunTool,
  argv: readonly string[],
  onSample: (sample: ThroughputSample) => void,
): Promise<Running> {
  const session = await run(argv);
  const follower = followNc(onSample);
  let end: ToolEnd | undefined;
  let heard: () => void = () => undefined;
  const listening = new Promise<void>((resolve) => (heard = resolve));
  const onLine = (line: string): void => {
    follower.onLine(line);
    if (line === 'listening') heard();
  };
  const read = Promise.all([eachLine(session.stdout, onLine), eachLine(session.stderr, onLine)]);
  const done = read.then(async () => {
    end = await session.done;
    heard();
    return end;
  });
  return { session, listening, done, over: () => end, said: follower.end };
}

/** The promise's value, or that it took too long. Throws 130 when the signal comes first. */
async function within<T>(
  promise: Promise<T>,
  milliseconds: number,
  { clock, signal }: ProbeOptions,
): Promise<T | 'late'> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  try {
    const late = clock.sleep(milliseconds, over.signal).then(() => 'late' as const);
    const first = await Promise.race([promise, late]);
    if (signal?.aborted === true) throw interrupted();
    return first;
  } finally {
    over.abort();
    signal?.removeEventListener('abort', stop);
  }
}

function noWay(): NetdebugError {
  return new NetdebugError(
    'the debug containers have neither iperf3, both, nor a busybox whose nc can listen.',
    {
      exitCode: ExitCode.container,
      hint: 'Choose an image that has iperf3 with --image, and --fresh so that the running debug container is not reused.',
    },
  );
}

function notListening({ words }: NcEnd): NetdebugError {
  return new NetdebugError('the other end did not listen, or ended before it had counted.', {
    exitCode: ExitCode.incomplete,
    details: words,
    hint: 'Another --port may be free.',
  });
}

import { ExitCode, NetdebugError } from '../errors.js';
import { collectWithin, firstWords, heldFunction, ran, type TellingOptions } from './probe.js';
import type { RunTool } from './run.js';
import { parsePingTrace, parseTracepath, parseTraceroute, type TraceHop } from './trace-parse.js';

export interface TraceRequest {
  /** An address. */
  readonly destination: string;
  readonly maxHops: number;
  /** For each hop, whole seconds. */
  readonly waitSeconds: number;
  /** What is sent; TCP goes to `port` and passes where a policy lets the connection pass. */
  readonly protocol: 'udp' | 'icmp' | 'tcp';
  readonly port: number | undefined;
}

export interface TraceResult {
  readonly kind: 'TraceResult';
  readonly destination: string;
  readonly via: 'traceroute' | 'tracepath' | 'ping';
  readonly hops: readonly TraceHop[];
  /** Whether the destination itself answered. */
  readonly reached: boolean;
}

/** Pings with TTL 1, 2, ... until the destination answers. Busybox's ping does not print who said "time exceeded". */
const pingScript = `${heldFunction}i=1
while [ $i -le $2 ]; do
  echo "hop $i"
  held ping -n -c 1 -W $3 -t $i "$1" 2>&1
  # 0: it answered; 2: it cannot be asked at all.
  case $? in 0|2) exit ;; esac
  i=$((i + 1))
done`;

/** argv of each way, in the order in which they are tried. */
export function traceArgv(request: TraceRequest, via: TraceResult['via'] = 'traceroute'): string[] {
  const { destination, protocol, port } = request;
  const [hops, wait] = [String(request.maxHops), String(request.waitSeconds)];
  if (via === 'ping') return ['sh', '-c', pingScript, 'netdebug', destination, hops, wait];
  if (via === 'tracepath') return ['tracepath', '-n', '-m', hops, destination];
  const how = { udp: [], icmp: ['-I'], tcp: ['-T', '-p', String(port ?? 80)] }[protocol];
  return ['traceroute', '-n', '-q', '2', '-w', wait, '-m', hops, ...how, destination];
}

const parsers = { traceroute: parseTraceroute, tracepath: parseTracepath, ping: parsePingTrace } as const;

/** An empty way is one too, but for ping: busybox's may not tell who answered. */
function isWay(hops: readonly TraceHop[], via: TraceResult['via']): boolean {
  const answered = hops.some(({ addresses }) => addresses.length > 0);
  return answered || (hops.length > 1 && via !== 'ping');
}

/** So many lines are read as they come; more are read at the end only. */
const mostLines = 300;

/** Tells of each hop as soon as nothing more will be said of it, and that it is a way at all. */
function followHops(
  via: TraceResult['via'],
  onHop: (hop: TraceHop) => void,
): { readonly onLine: (line: string) => void; readonly rest: (hops: readonly TraceHop[]) => void } {
  const lines: string[] = [];
  let told = 0;
  const rest = (hops: readonly TraceHop[]): void => {
    hops.slice(told).forEach(onHop);
    told = Math.max(told, hops.length);
  };
  const onLine = (line: string): void => {
    if (lines.length >= mostLines) return;
    lines.push(line.slice(0, 1000));
    const hops = parsers[via](lines.join('\n'));
    // tracepath may say more of its last hop, and ping has not said all of it.
    if (isWay(hops, via)) rest(via === 'traceroute' ? hops : hops.slice(0, -1));
  };
  return { onLine, rest };
}

/**
 * The hops to an address, by the first program that answers: traceroute, tracepath (UDP), ping (ICMP).
 * Throws a {@link NetdebugError}: 7 when the container has none that may, 8 when the connection was lost, 130.
 */
export async function trace(
  run: RunTool,
  request: TraceRequest,
  telling: TellingOptions<TraceHop>,
): Promise<TraceResult> {
  const { onEvent = () => undefined, ...options } = telling;
  const { destination, maxHops, waitSeconds, protocol } = request;
  const limits = { ...options, limitBytes: 256 * 1024, timeoutMs: maxHops * waitSeconds * 3_000 + 15_000 };
  const ways = (
    { udp: ['traceroute', 'tracepath', 'ping'], icmp: ['traceroute', 'ping'], tcp: ['traceroute'] } as const
  )[protocol];
  const details: string[] = [];
  for (const via of ways) {
    const follow = followHops(via, onEvent);
    const said = await collectWithin(run, traceArgv(request, via), { ...limits, onLine: follow.onLine });
    if (said === 'timeout')
      throw new NetdebugError(`${via} did not end in time.`, {
        exitCode: ExitCode.incomplete,
        hint: 'Fewer --max-hops or a shorter --timeout make it end sooner.',
      });
    const hops = ran(said) ? parsers[via](said.stdout) : [];
    if (isWay(hops, via)) {
      follow.rest(hops);
      return {
        kind: 'TraceResult',
        destination,
        via,
        hops,
        reached: hops.some((hop) => hop.addresses.includes(destination)),
      };
    }
    details.push(
      `${via}: ${firstWords(said.stderr) || firstWords(said.stdout.replace(/^hop .*$/gm, '')) || 'not in the image'}`,
    );
  }
  throw new NetdebugError('the way could not be traced from the debug container.', {
    exitCode: ExitCode.container,
    hint: 'Choose an image that has traceroute or tracepath with --image, and --fresh; TCP and ICMP need --profile netadmin or baseline.',
    details,
  });
}

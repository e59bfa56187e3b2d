import type { Clock } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import { collect, isMissing, type Collected, type RunTool } from './run.js';
import { parseNetstat, parseProcNet, parseSs, type Socket } from './sockets-parse.js';
import { printable } from './text.js';

export interface SocketsRequest {
  /** Only sockets that wait for peers: TCP in LISTEN, UDP without a peer. */
  readonly listening: boolean;
}

export interface SocketTable {
  readonly kind: 'SocketTable';
  /** How it was read: ss knows most, /proc/net neither processes nor backlogs. */
  readonly source: 'ss' | 'netstat' | 'proc';
  /** TCP first, listeners first, then by local port and peer: the same order whatever the source. */
  readonly sockets: readonly Socket[];
}

export interface SocketsOptions {
  readonly run: RunTool;
  readonly clock: Clock;
  /** For each of up to three attempts; default 30 s. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Way {
  readonly source: SocketTable['source'];
  readonly argv: readonly string[];
  readonly parse: (text: string) => Socket[];
  /** True when this output can be trusted. */
  readonly answered: (said: Collected) => boolean;
}

/**
 * netstat is asked with -W, because without it long IPv6 addresses are cut; a busybox that does not know the flag is
 * passed over, /proc/net tells more. A missing /proc/net/tcp6 (no IPv6 in the kernel) makes cat exit 1 after the rest.
 */
const WAYS: readonly Way[] = [
  { source: 'ss', argv: ['ss', '-H', '-tunape'], parse: parseSs, answered: (said) => succeeded(said) },
  {
    source: 'netstat',
    argv: ['netstat', '-tunapeW'],
    parse: parseNetstat,
    answered: (said) => succeeded(said),
  },
  {
    source: 'proc',
    argv: ['cat', '/proc/net/tcp', '/proc/net/tcp6', '/proc/net/udp', '/proc/net/udp6'],
    parse: parseProcNet,
    answered: (said) => said.end.kind === 'exited' && said.stdout.includes('local_address'),
  },
];

/** About 100,000 sockets. */
const LIMIT_BYTES = 32 * 1024 * 1024;

/**
 * The sockets of the pod's network namespace, by the first way that answers: ss, netstat, /proc/net.
 * Throws a {@link NetdebugError}: 8 when none does, or when the connection was lost.
 */
export async function sockets(request: SocketsRequest, options: SocketsOptions): Promise<SocketTable> {
  const refusals: string[] = [];
  for (const way of WAYS) {
    const said = await collect(options.run, way.argv, {
      limitBytes: LIMIT_BYTES,
      timeoutMs: options.timeoutMs ?? 30_000,
      clock: options.clock,
      signal: options.signal,
    });
    if (said.end.kind === 'lost') throw said.end.error;
    if (way.answered(said)) {
      const found = way.parse(said.stdout).filter((socket) => !request.listening || isListening(socket));
      return { kind: 'SocketTable', source: way.source, sockets: found.sort(order) };
    }
    refusals.push(`${way.argv.join(' ')}: ${refusalOf(said)}`);
  }
  throw new NetdebugError('The sockets of the pod could not be read in any way.', {
    exitCode: ExitCode.incomplete,
    hint: 'Choose an image that has ss with --image, and --fresh so that the running debug container is not reused.',
    details: refusals,
  });
}

/** TCP in LISTEN, or UDP without a peer. */
function isListening(socket: Socket): boolean {
  return socket.state === 'LISTEN' || socket.state === 'UNCONN';
}

function succeeded(said: Collected): boolean {
  return said.end.kind === 'exited' && said.end.exitCode === 0;
}

function refusalOf(said: Collected): string {
  const words = said.stderr.split('\n').find((line) => line.trim() !== '');
  if (words !== undefined) return printable(words).slice(0, 200);
  if (isMissing(said.end)) return 'not in the image';
  return said.end.kind === 'exited' ? `exit code ${said.end.exitCode}` : 'no answer';
}

function order(a: Socket, b: Socket): number {
  return (
    compare(a.protocol, b.protocol) ||
    Number(isListening(b)) - Number(isListening(a)) ||
    a.localPort - b.localPort ||
    compare(a.localAddress, b.localAddress) ||
    compare(a.remoteAddress, b.remoteAddress) ||
    a.remotePort - b.remotePort
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

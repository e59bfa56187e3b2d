/** One exec or attach stream: channels 0 stdin, 1 stdout, 2 stderr, 3 status, 4 resize, 255 half-close (v5). */
import type { Duplex } from 'node:stream';
import { KubeletError, type KubeletProcess } from '../types.js';
import { ChannelSocket, type Loss } from './channel-socket.js';
import type { Protocol } from './protocols.js';
import { statusText, type Ending } from './status.js';

/** What the query of the request asked for. */
export interface StreamOptions {
  readonly kind: 'exec' | 'attach';
  readonly argv: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The connection after the 101. */
export interface Upgraded {
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly protocol: Protocol;
}

const channels = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const;

/** The size in a resize message; undefined when it is not one, which the server ignores. Keys in any case, as Go reads them. */
export function terminalSize(payload: Buffer): { columns: number; rows: number } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  const sizes = new Map(Object.entries(value).map(([key, size]) => [key.toLowerCase(), size as unknown]));
  const columns = sizes.get('width');
  const rows = sizes.get('height');
  const valid = (size: unknown): size is number =>
    Number.isInteger(size) && Number(size) >= 0 && Number(size) <= 65_535;
  return valid(columns) && valid(rows) ? { columns, rows } : undefined;
}

function abandonment(protocol: Protocol, how: Loss): 'v5-closed' | 'v5-cut' | 'v4-closed' | 'v4-cut' {
  return `${protocol.version === 'v5' ? 'v5' : 'v4'}-${how}`;
}

/** The message handler of a session: input to the process, resize, half-close; all else is ignored as the server ignores it. */
function receiver(
  started: Promise<KubeletProcess | undefined>,
  protocol: Protocol,
  options: StreamOptions,
  breakSession: () => void,
): (channel: number, payload: Buffer) => Promise<void> {
  let inputOpen = options.stdin;
  return async (channel, payload) => {
    const process = await started;
    if (channel === channels.stdin && inputOpen && payload.length > 0) {
      // A process that has gone, or closed its stdin, is no fault of the session.
      await process?.write(payload).catch(() => undefined);
    } else if (channel === channels.resize && options.tty) {
      const size = terminalSize(payload);
      if (size) {
        process?.resize(size.columns, size.rows);
      }
    } else if (channel === channels.close && protocol.version === 'v5') {
      if (payload.length === 0) {
        breakSession();
      } else if (payload[0] === channels.stdin && inputOpen && !options.tty) {
        inputOpen = false;
        process?.endInput();
      }
    }
  };
}

/** Sends the output until every holder of it has closed it, and tells how the command ended. */
async function relay(
  socket: ChannelSocket,
  process: KubeletProcess,
  options: StreamOptions,
): Promise<Ending> {
  const output = [options.stdout ? socket.pump(channels.stdout, process.stdout) : drain(process.stdout)];
  if (process.stderr) {
    output.push(options.stderr ? socket.pump(channels.stderr, process.stderr) : drain(process.stderr));
  }
  const { code } = await process.exit;
  await Promise.all(output);
  // An attach never tells the exit code (attach.json).
  return code === 0 || options.kind === 'attach'
    ? { type: 'success' }
    : { type: 'exit', code, argv: options.argv };
}

/** Output nobody asked for goes where /dev/null is. */
function drain(output: KubeletProcess['stdout']): Promise<void> {
  output.resume();
  return Promise.resolve();
}

function asFailure(error: unknown): Ending {
  if (error instanceof KubeletError) {
    return { type: 'failure', message: error.message };
  }
  throw error;
}

/**
 * Runs the session to its end. `process` may still be starting: the first, empty frame says that the stream is set up,
 * not that the command runs (`exec-basic.json`). Never rejects because of the client or the command.
 */
export async function serveSession(
  upgraded: Upgraded,
  process: Promise<KubeletProcess>,
  options: StreamOptions,
): Promise<void> {
  const { protocol } = upgraded;
  const started = process.catch(() => undefined);
  const socket: ChannelSocket = new ChannelSocket(upgraded.socket, upgraded.head, protocol, {
    data: receiver(started, protocol, options, () => socket.breakSession()),
    lost: (how) => {
      void started.then((running) => running?.abandon(abandonment(protocol, how)));
    },
  });
  if (options.stdout || options.stderr) {
    socket.send(options.stdout ? channels.stdout : channels.stderr, Buffer.alloc(0));
  }
  const ending = await process.then((running) => relay(socket, running, options)).catch(asFailure);
  const text = statusText(ending, protocol);
  socket.close(text === undefined ? undefined : { channel: channels.status, text });
}

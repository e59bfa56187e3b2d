import type { AttachedSession } from '../src/debugger/attached.js';
import type { ToolEnd } from '../src/debugger/types.js';
import { ExitCode, NetdebugError } from '../src/errors.js';
import { stopReason, type Terminal } from './environment.js';
import { keyName } from './options/attach.js';
import { formatDuration } from './options/duration.js';
import { writeOut } from './print/out.js';
import { sanitizeText } from './print/sanitize.js';
import type { PodAddress, SessionContext } from './context.js';
import { openSession } from './session.js';

/** What is run in the debug container, and how it is tied to us. */
export interface AttachRequest {
  readonly argv: readonly string[];
  readonly label: string | undefined;
  readonly stdin: boolean;
  readonly tty: boolean;
  /** The byte that leaves; undefined: none does. */
  readonly detachKey: number | undefined;
}

/** Of a terminal that was never told its size. */
const defaultSize = { columns: 80, rows: 24 };

/**
 * Runs a command in the debug container of a pod with our stdin, stdout and stderr, in a terminal if that is asked for.
 * Resolves with the command's own exit code; 0 after a detach. Rejects with a NetdebugError.
 */
export async function attachIn(
  context: SessionContext,
  at: PodAddress,
  request: AttachRequest,
): Promise<number> {
  const { api, environment, status, debug } = context;
  const { clock, random, signal, env } = environment;
  const { dryRun, ttlSeconds } = debug;
  if (dryRun) return (await import('./dryrun.js')).printDryRun(context, at, 'none', request.argv);
  const terminal = request.tty ? environment.terminal : undefined;
  if (request.tty && terminal === undefined) throw noTerminal();
  const { container } = await openSession(context, at, 'none');
  const { attachTool } = await import('../src/debugger/attached.js');
  const session = await attachTool(api, container, request.argv, {
    clock,
    random,
    ttlSeconds,
    signal,
    stdin: request.stdin || request.tty,
    label: request.label,
    ...(terminal === undefined
      ? {}
      : {
          terminal: {
            ...(terminal.size() ?? defaultSize),
            term: /^[\w.+-]{1,64}$/.exec(env.TERM ?? '')?.[0] ?? 'xterm',
          },
        }),
  });
  if (terminal === undefined) return plain(context, session, request.stdin);
  const key = request.detachKey;
  if (key !== undefined)
    status.note(
      `${container.container} in ${at.namespace}/${at.pod}; ${keyName(key)} leaves and lets it run`,
    );
  const left = await inTerminal(context, session, terminal, key);
  if (left === 'detached') {
    status.note(
      `left running in ${container.container}; it ends with the container, in ${formatDuration(ttlSeconds * 1000)} unless that is used`,
    );
    return ExitCode.ok;
  }
  return codeOf(left, signal);
}

/** Streams apart; Ctrl-C here interrupts it there. */
async function plain(
  { environment }: SessionContext,
  session: AttachedSession,
  withInput: boolean,
): Promise<number> {
  const { signal, stdin, stdout, stderr, isTTY } = environment;
  const stop = (): void => session.stop();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  if (withInput) stdin.pipe(session.stdin);
  try {
    await Promise.all([
      copy(session.stdout, (chunk) => writeOut(stdout, isTTY.stdout ? clean(chunk) : chunk)),
      copy(session.stderr, (chunk) => writeOut(stderr, isTTY.stderr ? clean(chunk) : chunk)),
    ]);
    return codeOf(await session.done, signal);
  } finally {
    stdin.unpipe(session.stdin);
    stdin.pause();
    signal.removeEventListener('abort', stop);
  }
}

/** Keys there, screen here, until it ends or the person leaves. The terminal is given back in any case. */
async function inTerminal(
  { environment }: SessionContext,
  session: AttachedSession,
  terminal: Terminal,
  detachKey: number | undefined,
): Promise<ToolEnd | 'detached'> {
  const { signal, stdin, stdout } = environment;
  const resize = (): void => {
    const size = terminal.size();
    if (size !== undefined) session.resize(size.columns, size.rows);
  };
  const quit = (): void => session.hangUp();
  let leave: () => void = () => undefined;
  const detached = new Promise<'detached'>((resolve) => {
    leave = () => resolve('detached');
  });
  const onKeys = (keys: Buffer): void => {
    const at = detachKey === undefined ? -1 : keys.indexOf(detachKey);
    // What was typed before the key still goes there. Who types faster than the line takes is held back by the kernel.
    if (!session.stdin.write(at < 0 ? keys : keys.subarray(0, at))) {
      stdin.pause();
      session.stdin.once('drain', () => stdin.resume());
    }
    if (at < 0) return;
    session.detach();
    leave();
  };
  const offResize = terminal.onResize(resize);
  signal.addEventListener('abort', quit, { once: true });
  terminal.setRaw(true);
  stdin.on('data', onKeys);
  try {
    if (signal.aborted) quit();
    resize();
    const shown = copy(session.stdout, (chunk) => writeOut(stdout, chunk));
    const ended = Promise.all([session.done, shown]).then(([end]) => end);
    return await Promise.race([ended, detached]);
  } finally {
    terminal.setRaw(false);
    stdin.off('data', onKeys);
    stdin.pause();
    offResize();
    signal.removeEventListener('abort', quit);
  }
}

async function copy(
  stream: AsyncIterable<Uint8Array> & { readonly destroyed: boolean },
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<void> {
  try {
    for await (const chunk of stream) await write(chunk);
  } catch (error) {
    // A lost session destroys its streams; `done` tells how it ended.
    if (!stream.destroyed) throw error;
  }
}

function clean(chunk: Uint8Array): Uint8Array {
  return new TextEncoder().encode(sanitizeText(new TextDecoder().decode(chunk)));
}

function codeOf(end: ToolEnd, signal: AbortSignal): number {
  if (end.kind === 'exited') return end.exitCode;
  if (stopReason(signal)?.kind === 'interrupted') return ExitCode.interrupted;
  throw end.error;
}

function noTerminal(): NetdebugError {
  return new NetdebugError('stdin and stdout are not a terminal.', {
    exitCode: ExitCode.usage,
    hint: 'kubectl netdebug exec POD -- CMD runs one command without a terminal.',
  });
}

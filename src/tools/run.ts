import type { Readable } from 'node:stream';
import type { Clock, ToolEnd, ToolSession } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import { splitLines } from './text.js';

/** Starts a tool in the debug container. Rejects when it could not even be asked for (connection, rights). */
export type RunTool = (argv: readonly string[]) => Promise<ToolSession>;

export interface CollectOptions {
  /** Most bytes of stdout and of stderr, each. More makes the output incomplete. */
  readonly limitBytes: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** What the program is called in messages; default the first word. */
  readonly name?: string;
  /** Called for every line of stdout as it comes, the last one too. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** The same for stderr. */
  readonly onErrorLine?: ((line: string) => void) | undefined;
}

/** All that a short command said. */
export interface Collected {
  readonly stdout: string;
  readonly stderr: string;
  readonly end: ToolEnd;
}

/**
 * Runs a short command to its end and gives back its output.
 * Throws a {@link NetdebugError}: 8 when it took or said too much, 130 when the signal came.
 */
export async function collect(
  run: RunTool,
  argv: readonly string[],
  options: CollectOptions,
): Promise<Collected> {
  const session = await run(argv);
  const name = options.name ?? argv[0] ?? '';
  let refused: NetdebugError | undefined;
  const leave = (error: NetdebugError): void => {
    refused ??= error;
    session.abandon();
  };
  const over = new AbortController();
  void options.clock.sleep(options.timeoutMs, over.signal).then(() => {
    if (over.signal.aborted) return;
    const sentence = `${name} did not end within ${options.timeoutMs / 1000} s.`;
    leave(new NetdebugError(sentence, { exitCode: ExitCode.incomplete }));
  });
  const onAbort = (): void => leave(interrupted());
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted === true) onAbort();
  const tooMuch = (): void =>
    leave(
      new NetdebugError(`${name} printed more than ${options.limitBytes} bytes.`, {
        exitCode: ExitCode.incomplete,
      }),
    );
  try {
    const [stdout, stderr, end] = await Promise.all([
      readAll(session.stdout, options.limitBytes, tooMuch, options.onLine),
      readAll(session.stderr, options.limitBytes, tooMuch, options.onErrorLine),
      session.done,
    ]);
    if (refused !== undefined) throw refused;
    return { stdout, stderr, end };
  } finally {
    over.abort();
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** The error of a command that Ctrl-C ended before it had a result. */
export function interrupted(): NetdebugError {
  return new NetdebugError('Interrupted.', { exitCode: ExitCode.interrupted });
}

/** True when the program could not be started at all: it is not in the image, or cannot run there. */
export function isMissing(end: ToolEnd): boolean {
  return end.kind === 'failed' || (end.kind === 'exited' && (end.exitCode === 127 || end.exitCode === 126));
}

/** The failure of a program that is not in the debug image. */
export function missingTool(name: string, end: ToolEnd): NetdebugError {
  return new NetdebugError(`${name} could not be started in the debug container.`, {
    exitCode: ExitCode.container,
    hint: `Choose an image that has ${name} with --image, and --fresh so that the running debug container is not reused.`,
    details: end.kind === 'failed' ? [end.error.message, ...end.error.details] : [],
    cause: end.kind === 'failed' ? end.error : undefined,
  });
}

async function readAll(
  stream: Readable,
  limitBytes: number,
  tooMuch: () => void,
  onLine: (line: string) => void = () => undefined,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  const lines = splitLines();
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > limitBytes) {
        tooMuch();
        break;
      }
      chunks.push(chunk);
      lines.push(chunk).forEach((line) => onLine(line));
    }
  } catch (error) {
    // abandon() destroys the streams; how the tool ended is told by `done`.
    if (!stream.destroyed) throw error;
  }
  lines.end().forEach((line) => onLine(line));
  return new TextDecoder().decode(concat(chunks, Math.min(length, limitBytes)));
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

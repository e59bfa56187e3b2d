import { ExitCode, type NetdebugError } from '../errors.js';
import type { RunTool } from './run.js';
import { parseTcpdumpLine, tcpdumpFailure, textArgv } from './tcpdump.js';
import { eachLine } from './text.js';

export interface TcpdumpTextOptions {
  readonly run: RunTool;
  /** A line of packets; a returned promise is backpressure. Not yet stripped of control characters. */
  readonly onPacket: (line: string) => Promise<void> | void;
  /** A line that tcpdump said beside: what it listens on, counters, warnings. Not yet stripped. */
  readonly onWords: (line: string) => void;
  /** Ends tcpdump in order: its counters still come. */
  readonly signal?: AbortSignal | undefined;
}

/** How a text tcpdump ended. */
export interface TcpdumpTextEnd {
  readonly exit: ExitCode;
  /** Present when it failed; its words were given to `onWords` already. */
  readonly error: NetdebugError | undefined;
}

/** Live text of tcpdump with the person's own arguments. Throws a NetdebugError (2) for `-w`. */
export async function tcpdumpText(
  args: readonly string[],
  options: TcpdumpTextOptions,
): Promise<TcpdumpTextEnd> {
  const session = await options.run(textArgv(args));
  const words: string[] = [];
  const seen = { listening: false, stopped: false };
  const stop = (): void => {
    seen.stopped = true;
    session.stop();
  };
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted === true) stop();
  try {
    await Promise.all([
      eachLine(session.stdout, options.onPacket),
      eachLine(session.stderr, (line) => {
        const parsed = parseTcpdumpLine(line);
        if (parsed.kind === 'listening') seen.listening = true;
        if (parsed.kind === 'words' && words.length < 50) words.push(parsed.text);
        options.onWords(line);
      }),
    ]);
    const end = await session.done;
    if (end.kind === 'exited' && end.exitCode === 0) {
      return { exit: seen.stopped ? ExitCode.interrupted : ExitCode.ok, error: undefined };
    }
    // Without a word of listening it never began: the arguments after the flags are what it may have disliked.
    const filter = seen.listening ? undefined : args.filter((word) => !word.startsWith('-')).join(' ');
    const error = tcpdumpFailure(words, end, { filter });
    return { exit: error.exitCode, error };
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

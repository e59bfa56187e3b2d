import type { Readable, Writable } from 'node:stream';
import type { Clock as DebuggerClock } from '../src/debugger/types.js';

/** Time as the commands see it; tests pass one that they move by hand. */
export interface Clock extends DebuggerClock {
  /** Calls back every so many milliseconds until the returned function is called; never keeps the program alive. */
  every(milliseconds: number, call: () => void): () => void;
}

/** Why everything under way has to end, as the `reason` of {@link Environment.signal}. */
export type StopReason =
  /** Ctrl-C, SIGTERM or SIGHUP. */
  | { readonly kind: 'interrupted'; readonly signal: string }
  /** The reader of stdout went away (`| head`). */
  | { readonly kind: 'output-closed' }
  /** stdout refused what was written, e.g. a full disk behind `> file`. */
  | { readonly kind: 'output-failed'; readonly error: Error };

/** A terminal that a remote program may take over. */
export interface Terminal {
  /** Raw: every key goes to the program, Ctrl-C too. It is given back when this program ends in any case. */
  setRaw(raw: boolean): void;
  /** Size now; undefined for a terminal that was never told. */
  size(): { readonly columns: number; readonly rows: number } | undefined;
  /** Calls back when the size changes, until the returned function is called. */
  onResize(call: () => void): () => void;
}

/** Everything that a command may know about the process it runs in. Made in plugin/main.ts and nowhere else. */
export interface Environment {
  /** The words after the program's name. */
  readonly argv: readonly string[];
  /** What to run to start this program again: the executable, or Node and the script. */
  readonly program?: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Which of the three are terminals. */
  readonly isTTY: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  /** The terminal that stdin and stdout are; undefined where one of them is none. */
  readonly terminal?: Terminal | undefined;
  /** Width of the terminal now, in columns; 80 where there is none. */
  readonly columns: () => number;
  readonly cwd: string;
  readonly homeDir: string;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** Aborts once, with a {@link StopReason}: end in order. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Uniform in [0, 1), as Math.random. */
  readonly random: () => number;
}

/** The reason of an aborted signal of {@link Environment}; undefined while nothing asked to stop. */
export function stopReason(signal: AbortSignal): StopReason | undefined {
  return signal.aborted ? (signal.reason as StopReason) : undefined;
}

import type { Readable, Writable } from 'node:stream';
import type { ExecSession, KubeApi } from '../kube/api.js';
import { attachedCommand, type AttachedCommand, guardCommand } from './attached-script.js';
import { escalate, heartbeat, startExec, toolEnd } from './lifeline.js';
import type { Clock, ContainerAddress, ToolEnd } from './types.js';

export interface AttachOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** What this use sets the lease to, seconds. */
  readonly ttlSeconds: number;
  /** Gives up the start; once it runs, use `stop`, `hangUp` or `detach`. */
  readonly signal?: AbortSignal | undefined;
  /** Our stdin is its stdin. */
  readonly stdin: boolean;
  /** It gets a terminal of this size. */
  readonly terminal?: { readonly columns: number; readonly rows: number; readonly term: string } | undefined;
  /** How `list` shows it; default the command itself. */
  readonly label?: string | undefined;
}

/** A command in the debug container with an input of its own, or a terminal. It ends when we do, unless it is let go. */
export interface AttachedSession {
  readonly stdout: Readable;
  /** Empty with a terminal: all comes on stdout then. */
  readonly stderr: Readable;
  /** `end()` is an end of file there (over v5). */
  readonly stdin: Writable;
  readonly done: Promise<ToolEnd>;
  resize(columns: number, rows: number): void;
  /** Ends it in order: SIGINT, TERM after 2 s, KILL after 4 s; its last output still arrives. */
  stop(): void;
  /** Leaves at once: a terminal's shell is hung up, anything else interrupted, and killed a second later. */
  hangUp(): void;
  /** Leaves it running until the debug container ends. */
  detach(): void;
}

/**
 * Starts a command with its own stdin, or in a terminal, beside a guard that ends it when this program is gone, for whatever reason.
 * Rejects with a NetdebugError as runTool does.
 * @param argv Never passed through a shell.
 */
export async function attachTool(
  api: Pick<KubeApi, 'exec' | 'get'>,
  at: ContainerAddress,
  argv: readonly string[],
  options: AttachOptions,
): Promise<AttachedSession> {
  const { terminal, clock } = options;
  const command: AttachedCommand = {
    ttlSeconds: options.ttlSeconds,
    token: Array.from({ length: 16 }, () => Math.floor(options.random() * 36).toString(36)).join(''),
    label: options.label ?? argv.join(' '),
    term: terminal?.term ?? '',
    tty: terminal !== undefined,
  };
  const { namespace, pod, container } = at;
  return startExec(api, at, options, async (signal) => {
    const address = { namespace, pod, container, signal };
    const session = await api.exec({
      ...address,
      argv: attachedCommand(command, argv),
      stdin: options.stdin,
      tty: command.tty,
    });
    if (terminal !== undefined) session.resize(terminal.columns, terminal.rows);
    try {
      const guard = await api.exec({ ...address, argv: guardCommand(command), stdin: true });
      return attached(session, guard, argv[0] ?? '', at, clock);
    } catch (error) {
      session.close();
      throw error;
    }
  });
}

function attached(
  session: ExecSession,
  guard: ExecSession,
  program: string,
  at: ContainerAddress,
  clock: Clock,
): AttachedSession {
  const over = new AbortController();
  const say = (word: 'h' | 'i' | 't' | 'k' | 'd'): void => {
    if (guard.stdin.writable) guard.stdin.write(`${word}\n`);
  };
  // What the guard prints is of no interest, but must be read.
  guard.stdout.resume();
  guard.stderr.resume();
  const done = session.done.then((end) => {
    over.abort();
    // The command has ended, or nobody knows: at the end of its input the guard ends what is left.
    guard.stdin.end();
    return toolEnd(end, program, at, undefined);
  });
  void heartbeat(clock, over.signal, () => say('h'));
  void guard.done.then(() => over.abort());
  let stopping = false;
  return {
    stdout: session.stdout,
    stderr: session.stderr,
    stdin: session.stdin,
    done,
    resize: (columns, rows) => session.resize(columns, rows),
    stop: () => {
      if (stopping) return;
      stopping = true;
      say('i');
      void escalate(clock, over.signal, say);
    },
    hangUp: () => {
      guard.stdin.end();
      session.close();
    },
    detach: () => {
      say('d');
      // The guard has read it when it ends; only then may our own connection go.
      void guard.done.then(() => session.close());
    },
  };
}

import { ExitCode, NetdebugError } from '../errors.js';
import type { ExecEnd, ExecSession, KubeApi } from '../kube/api.js';
import { podPath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import { cleanText } from '../kube/text.js';
import type { Pod } from '../kube/types.js';
import { withRole } from './ladder.js';
import { heartbeatSeconds } from './lease.js';
import { lifelineCommand, NOT_IN_IMAGE } from './lifeline-script.js';
import { statusOf, describeTerminated } from './status.js';
import type { Clock, ContainerAddress, ToolEnd, ToolSession } from './types.js';

export interface ToolOptions {
  readonly clock: Clock;
  /** What this use sets the lease to, seconds. Default 900. */
  readonly ttlSeconds?: number | undefined;
  /** What it is called in messages; default `debug container`. */
  readonly called?: 'container' | 'debug container' | undefined;
  /** Gives up the start of the tool; once it runs, use `stop` or `abandon`. */
  readonly signal?: AbortSignal | undefined;
}

const termAfterMs = 2_000;
const killAfterMs = 4_000;
/** After SIGKILL the end comes at once, behind what is still to be read. When neither comes for this long, nobody is there any more. */
const leaveAfterMs = 8_000;

/**
 * Starts a tool in a debug container, under the lifeline: it ends when its websocket is gone, for whatever reason.
 * Rejects with a NetdebugError when it cannot be started at all: not allowed (5), the container is not running (7), no connection (4).
 * @param argv Never passed through a shell.
 */
export async function runTool(
  api: Pick<KubeApi, 'exec' | 'get'>,
  at: ContainerAddress,
  argv: readonly string[],
  options: ToolOptions,
): Promise<ToolSession> {
  return startExec(api, at, options, async (signal) => {
    const session = await api.exec({
      namespace: at.namespace,
      pod: at.pod,
      container: at.container,
      argv: lifelineCommand(argv, options.ttlSeconds ?? 900),
      stdin: true,
      signal,
    });
    return toolSession(session, argv[0] ?? '', at, options);
  });
}

/**
 * Starts something in a container by exec. The signal ends the start only: what runs is stopped in order, so that its last output still
 * arrives. A refusal is told with what became of the container, or with the rights to ask for.
 */
export async function startExec<T>(
  api: Pick<KubeApi, 'get'>,
  at: ContainerAddress,
  { signal, called }: Pick<ToolOptions, 'signal' | 'called'>,
  begin: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const start = new AbortController();
  const giveUp = (): void => start.abort(signal?.reason);
  if (signal?.aborted === true) giveUp();
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    return await begin(start.signal);
  } catch (error) {
    throw (await whyNotRunning(api, at, called, error)) ?? withRole(at.namespace, error);
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

function toolSession(
  session: ExecSession,
  program: string,
  at: ContainerAddress,
  { clock, called }: ToolOptions,
): ToolSession {
  const over = new AbortController();
  const say = (word: 'h' | 'i' | 't' | 'k' | 'u'): void => {
    if (session.stdin.writable) session.stdin.write(`${word}\n`);
  };
  // A write into a connection that just went away: `done` tells it.
  session.stdin.on('error', () => undefined);
  const done = session.done.then((end) => {
    over.abort();
    return toolEnd(end, program, at, called);
  });
  void heartbeat(clock, over.signal, () => {
    say('h');
  });
  let stopping = false;
  return {
    stdout: session.stdout,
    stderr: session.stderr,
    done,
    stop: () => {
      if (stopping) return;
      stopping = true;
      say('i');
      void escalate(clock, over.signal, say).then(() => leaveWhenSilent(clock, over.signal, session));
    },
    signal: () => {
      say('u');
    },
    abandon: () => {
      session.close();
    },
  };
}

/** Calls every few seconds, as the lease wants to hear of its clients, until it is over. */
export async function heartbeat(clock: Clock, over: AbortSignal, beat: () => void): Promise<void> {
  while (!(await overAfter(clock, heartbeatSeconds * 1000, over))) beat();
}

/** SIGTERM after two seconds and SIGKILL after four, unless it is over before. */
export async function escalate(
  clock: Clock,
  over: AbortSignal,
  say: (word: 't' | 'k') => void,
): Promise<void> {
  if (await overAfter(clock, termAfterMs, over)) return;
  say('t');
  if (await overAfter(clock, killAfterMs - termAfterMs, over)) return;
  say('k');
}

/** Leaves a connection that carries nothing any more: a network that was cut without a word is else noticed after a minute only. */
async function leaveWhenSilent(clock: Clock, over: AbortSignal, session: ExecSession): Promise<void> {
  const stepMs = leaveAfterMs / 4;
  for (let silentMs = 0; silentMs < leaveAfterMs;) {
    if (await overAfter(clock, stepMs, over)) return;
    // What lies here unread came from somebody, and who reads it may be slow.
    const unread = session.stdout.readableLength + session.stderr.readableLength;
    silentMs = unread > 0 ? 0 : silentMs + stepMs;
  }
  session.close();
}

async function overAfter(clock: Clock, milliseconds: number, over: AbortSignal): Promise<boolean> {
  await clock.sleep(milliseconds, over);
  return over.aborted;
}

/** How an exec ended, as the end of the tool that ran under it. */
export function toolEnd(
  end: ExecEnd,
  program: string,
  at: ContainerAddress,
  called: ToolOptions['called'] = 'debug container',
): ToolEnd {
  if (end.kind !== 'exited') return { kind: end.kind, error: end.error };
  if (end.exitCode !== NOT_IN_IMAGE) return { kind: 'exited', exitCode: end.exitCode };
  return {
    kind: 'failed',
    error: new NetdebugError(
      `${cleanText(program, 100)} is not in the image of the ${called} ${at.container} in pod ${at.namespace}/${at.pod}.`,
      {
        exitCode: ExitCode.incomplete,
        hint:
          called === 'container'
            ? 'The debug container has more: leave -c out.'
            : 'Name an image that has it with --image (with --fresh when one runs already).',
      },
    ),
  };
}

/** The container was running when it was looked at, and the exec says it is not: say what became of it. */
async function whyNotRunning(
  api: Pick<KubeApi, 'get'>,
  at: ContainerAddress,
  called: ToolOptions['called'],
  error: unknown,
): Promise<NetdebugError | undefined> {
  if (!isApiError(error, 500) || !error.status.message?.startsWith('container not found')) return undefined;
  const pod = await api.get<Pod>(podPath(at.namespace, at.pod)).catch(() => undefined);
  const state = pod && statusOf(pod, at.container)?.state;
  const became = state?.terminated ? describeTerminated(state.terminated) : 'it is not running';
  return new NetdebugError(
    `The ${called ?? 'debug container'} ${at.container} in pod ${at.namespace}/${at.pod} cannot be used: ${became}.`,
    called === 'container'
      ? { exitCode: ExitCode.target, cause: error }
      : {
          exitCode: ExitCode.container,
          hint: 'Run the command again: a new one will be started.',
          cause: error,
        },
  );
}

import { ExitCode, NetdebugError } from '../../errors.js';
import { inParallel, type ProbeOptions } from '../../tools/probe.js';
import { interrupted, type RunTool } from '../../tools/run.js';
import { nothingObserved, type Observed } from '../observed.js';
import { type Planned, planProbes } from './plan.js';
import { placeText, type ProbePlace, type ProbePlan, type ProbeTask, taskKey, taskText } from './task.js';
import { runConnects, runTask } from './tools.js';

/** Gets at a place: the debug container is found or started. The signal ends the start, and what runs in it later. */
export type OpenPlace = (place: ProbePlace, signal: AbortSignal) => Promise<RunTool>;

export interface ProbesOptions extends ProbeOptions {
  /** For everything together, the start of debug containers included, milliseconds. */
  readonly budgetMs: number;
  /** Attempts at the Service and at each endpoint; absent: a few. */
  readonly count?: number | undefined;
  readonly onProgress: (done: number, of: number) => void;
}

/** Tasks at once in one place: each is an exec of its own. */
const atOnce = 6;
/** One task may take this long, milliseconds. */
const taskMs = 15_000;

/**
 * Probes in rounds, as {@link planProbes} asks for them, until nothing more is to be tried or the time is over. What cannot be done
 * stands in `failed`. Throws a NetdebugError (130) when the signal came, and for no other reason.
 */
export async function probe(planned: Planned, open: OpenPlace, options: ProbesOptions): Promise<Observed> {
  const { clock, signal } = options;
  const over = new AbortController();
  const done = new AbortController();
  void clock.sleep(options.budgetMs, done.signal).then(() => {
    if (!done.signal.aborted) over.abort();
  });
  const stop = (): void => over.abort();
  if (signal?.aborted === true) stop();
  signal?.addEventListener('abort', stop, { once: true });
  const tried = new Set<string>();
  const sessions = new Map<string, Promise<RunTool>>();
  let observed = nothingObserved;
  try {
    for (let round = 0; round < 4; round++) {
      const plan = planProbes(planned, observed, options.count);
      const tasks = plan.tasks.filter((task) => !tried.has(taskKey(task)));
      if (round === 0) observed = { ...observed, failed: plan.unprobed };
      if (tasks.length === 0) break;
      for (const task of tasks) tried.add(taskKey(task));
      const told = await runProbes({ tasks, unprobed: [] }, open, {
        ...options,
        sessions,
        over: over.signal,
      });
      if (signal?.aborted === true) throw interrupted();
      observed = merged(observed, told);
    }
    return observed;
  } finally {
    done.abort();
    // Nothing of ours goes on, whatever became of it.
    over.abort();
    signal?.removeEventListener('abort', stop);
  }
}

/** What several rounds told, as one. */
export function merged(one: Observed, other: Observed): Observed {
  return {
    connects: [...one.connects, ...other.connects],
    dns: [...one.dns, ...other.dns],
    listeners: [...one.listeners, ...other.listeners],
    http: [...one.http, ...other.http],
    mtu: [...one.mtu, ...other.mtu],
    kernel: [...one.kernel, ...other.kernel],
    logs: [...one.logs, ...other.logs],
    failed: [...one.failed, ...other.failed],
  };
}

interface RoundOptions extends ProbesOptions {
  /** Places that are open already, by key; those of this round are added. */
  readonly sessions: Map<string, Promise<RunTool>>;
  /** The time for everything is over. */
  readonly over: AbortSignal;
}

/** Carries out one round, every place for itself. Never rejects: what fails is named. */
async function runProbes(plan: ProbePlan, open: OpenPlace, options: RoundOptions): Promise<Observed> {
  const { sessions, over, onProgress } = options;
  const byPlace = new Map<string, { readonly at: ProbePlace; readonly tasks: ProbeTask[] }>();
  for (const task of plan.tasks) {
    const group = byPlace.get(task.at.key) ?? { at: task.at, tasks: [] };
    byPlace.set(task.at.key, group);
    group.tasks.push(task);
  }
  let done = 0;
  const told: Observed[] = [];
  await Promise.all(
    [...byPlace.values()].map(async ({ at, tasks }) => {
      let run: RunTool;
      try {
        const session = sessions.get(at.key) ?? within(open(at, over), over);
        sessions.set(at.key, session);
        run = await session;
      } catch (error) {
        // One place is told of once, however many rounds ask for it.
        told.push({
          ...nothingObserved,
          failed: [{ what: `probes in ${placeText(at)}`, ...reason(error, over, 'open') }],
        });
        done += tasks.length;
        return;
      }
      await inParallel(jobsOf(tasks), atOnce, async (job) => {
        told.push(await oneJob(run, job, options));
        done += job.tasks.length;
        onProgress(done, plan.tasks.length);
      });
    }),
  );
  return told.reduce(merged, { ...nothingObserved, failed: plan.unprobed });
}

/** What goes into the container together. */
interface Job {
  readonly tasks: readonly ProbeTask[];
  readonly act: (run: RunTool, options: ProbeOptions) => Promise<Partial<Observed>>;
}

/** All connections of a place are one job: each exec costs more than what it does. */
function jobsOf(tasks: readonly ProbeTask[]): Job[] {
  const connects = tasks.filter((task) => task.kind === 'connect');
  const others = tasks.filter((task) => task.kind !== 'connect');
  const together: Job = {
    tasks: connects,
    act: (run, options) => runConnects(run, connects, options),
  };
  return [
    ...(connects.length === 0 ? [] : [together]),
    ...others.map((task): Job => ({ tasks: [task], act: (run, options) => runTask(run, task, options) })),
  ];
}

async function oneJob(run: RunTool, { tasks, act }: Job, { clock, over }: RoundOptions): Promise<Observed> {
  const end = new AbortController();
  const done = new AbortController();
  const stop = (): void => end.abort();
  void clock.sleep(taskMs, done.signal).then(() => {
    if (!done.signal.aborted) stop();
  });
  if (over.aborted) stop();
  over.addEventListener('abort', stop, { once: true });
  try {
    const found = await within(act(run, { clock, signal: end.signal }), end.signal);
    return { ...nothingObserved, ...found };
  } catch (error) {
    const why = reason(error, end.signal, 'run');
    return { ...nothingObserved, failed: tasks.map((task) => ({ what: taskText(task), ...why })) };
  } finally {
    done.abort();
    over.removeEventListener('abort', stop);
  }
}

/** The promise's result unless the signal comes first; what it still does is left to end by the same signal. */
function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(interrupted());
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function reason(
  error: unknown,
  over: AbortSignal,
  step: 'open' | 'run',
): { readonly why: string; readonly code: string } {
  if (over.aborted)
    return {
      why: step === 'open' ? 'no debug container was running in time' : 'it did not end in time',
      code: 'ND009',
    };
  const [first = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const why = first.replace(/\.$/, '').slice(0, 300);
  if (!(error instanceof NetdebugError)) return { why, code: 'ND009' };
  const exec = /\bpods\/exec\b/.test(why);
  const codes: Partial<Record<ExitCode, string>> = {
    [ExitCode.notAllowed]: exec ? 'ND004' : 'ND005',
    [ExitCode.container]: step === 'open' ? 'ND005' : 'ND007',
    [ExitCode.target]: 'ND005',
    [ExitCode.unreachable]: 'ND002',
  };
  return { why, code: codes[error.exitCode] ?? 'ND009' };
}

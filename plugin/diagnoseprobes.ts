import { setMaxListeners } from 'node:events';
import type { Diagnosis } from '../src/diagnose/diagnose.js';
import { nothingObserved, type Observed } from '../src/diagnose/observed.js';
import { isThrough, probeOutside } from '../src/diagnose/probes/outside-run.js';
import { merged, probe } from '../src/diagnose/probes/run.js';
import { planProbes } from '../src/diagnose/probes/plan.js';
import { placeText, type ProbePlace, taskText } from '../src/diagnose/probes/task.js';
import type { RunTool } from '../src/tools/run.js';
import type { PodAddress, SessionContext } from './context.js';
import type { DryRunTarget } from './dryrun.js';
import { openSession } from './session.js';
import type { StatusLine } from './print/statusline.js';

/** What was observed, and how long it took altogether. */
export interface Probed {
  readonly observed: Observed;
  readonly probesMs: number;
}

/** Attempts at each address from outside, where nobody asks for more. */
const usualCount = 3;
/** The share of the time that the way from outside gets before the pods behind it are looked into. */
const outsideShare = 0.6;

/**
 * Sends the packets that tell more than the objects do: from this machine to what is to be had from outside, and from debug containers
 * in the pods of the flow. What cannot be done is part of what is observed. Rejects with a NetdebugError (130) when the signal came.
 * @param budgetMs For everything together.
 * @param count Attempts at each address; undefined: a few.
 */
export async function probeDiagnosis(
  context: SessionContext,
  diagnosis: Diagnosis,
  budgetMs: number,
  count?: number,
): Promise<Probed> {
  const { environment, status } = context;
  const { clock, signal } = environment;
  const began = clock.now();
  // Every exec listens for the end.
  setMaxListeners(500, signal);
  const show = (done: number, of: number): void => status.show('probes', `probing: ${done} of ${of} done`);
  try {
    const { outside } = diagnosis.facts;
    const here =
      outside?.client === 'outside'
        ? await probeOutside(outside, {
            count: count ?? usualCount,
            now: () => clock.now(),
            signal,
            withinMs: budgetMs * outsideShare,
            onProgress: show,
          })
        : undefined;
    const before: Observed = { ...nothingObserved, ...here };
    // Where everything answers from outside there is no reason to start anything in a pod.
    if (here !== undefined && isThrough(here))
      return { observed: before, probesMs: Math.round(clock.now() - began) };
    const inside = await probe(diagnosis, (place, over) => open(context, place, over, budgetMs), {
      clock,
      signal,
      budgetMs: budgetMs - (clock.now() - began),
      count,
      onProgress: show,
    });
    const observed = merged(before, inside);
    return { observed, probesMs: Math.round(clock.now() - began) };
  } finally {
    status.clear();
  }
}

/** Where the first probes would run, and which they are. */
export function probeTargets(diagnosis: Diagnosis, namespace: string): readonly DryRunTarget[] {
  const { tasks } = planProbes(diagnosis);
  const places = new Map(tasks.map(({ at }) => [at.key, at]));
  return [...places].map(([key, place]) => ({
    key,
    at: addressOf(place, namespace),
    run: [],
    more: { probes: tasks.filter(({ at }) => at.key === key).map(taskText) },
  }));
}

function addressOf(place: ProbePlace, namespace: string): PodAddress {
  return place.kind === 'pod'
    ? { namespace: place.namespace, pod: place.name }
    : { namespace, pod: `node/${place.name}`, node: place.name };
}

async function open(
  context: SessionContext,
  place: ProbePlace,
  over: AbortSignal,
  budgetMs: number,
): Promise<RunTool> {
  const { environment, debug } = context;
  setMaxListeners(500, over);
  const within: SessionContext = {
    ...context,
    status: prefixed(context.status, placeText(place)),
    environment: { ...environment, signal: over },
    debug: { ...debug, startTimeoutMs: Math.min(debug.startTimeoutMs, budgetMs) },
  };
  const at = addressOf(place, context.api.namespace);
  return (await openSession(within, at, 'none')).run;
}

/** Several debug containers are waited for at once: each line says which it is about, and what is over is told by the result. */
function prefixed(status: StatusLine, place: string): StatusLine {
  return {
    note: (text) => status.note(`${place}: ${text}`),
    show: (kind, text, plainEveryMs) => status.show(`${place} ${kind}`, `${place}: ${text}`, plainEveryMs),
    clear: () => undefined,
  };
}

import { setMaxListeners } from 'node:events';
import type { Diagnosis } from '../src/diagnose/diagnose.js';
import type { Observed } from '../src/diagnose/observed.js';
import { probe } from '../src/diagnose/probes/run.js';
import { placeText, type ProbePlace } from '../src/diagnose/probes/task.js';
import type { RunTool } from '../src/tools/run.js';
import type { SessionContext } from './context.js';
import { openSession } from './session.js';
import type { StatusLine } from './print/statusline.js';

/** What was observed, and how long it took altogether. */
export interface Probed {
  readonly observed: Observed;
  readonly probesMs: number;
}

/**
 * Sends the packets that tell more than the objects do, from debug containers in the pods of the flow. What cannot be done is part of
 * what is observed. Rejects with a NetdebugError (130) when the signal came.
 * @param budgetMs For everything together.
 */
export async function probeDiagnosis(
  context: SessionContext,
  diagnosis: Diagnosis,
  budgetMs: number,
): Promise<Probed> {
  const { environment, status } = context;
  const { clock, signal } = environment;
  const began = clock.now();
  // Every exec listens for the end.
  setMaxListeners(500, signal);
  const show = (done: number, of: number): void => status.show('probes', `probing: ${done} of ${of} done`);
  try {
    const observed = await probe(diagnosis, (place, over) => open(context, place, over, budgetMs), {
      clock,
      signal,
      budgetMs,
      onProgress: show,
    });
    return { observed, probesMs: Math.round(clock.now() - began) };
  } finally {
    status.clear();
  }
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
  const at =
    place.kind === 'pod'
      ? { namespace: place.namespace, pod: place.name }
      : { namespace: context.api.namespace, pod: `node/${place.name}`, node: place.name };
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

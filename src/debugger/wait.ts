import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { eventsPath, podPath, podsPath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import { cleanText } from '../kube/text.js';
import type { KubeEvent, Pod } from '../kube/types.js';
import { eventsOf, podFailure, startFailure, waitingFor } from './failure.js';
import { interruptedStart } from './interrupted.js';
import { statusOf } from './status.js';
import type { Clock, ContainerAddress, OnProgress } from './types.js';

export interface WaitRequest {
  readonly at: ContainerAddress;
  /** The pod as the injection answered. */
  readonly pod: Pod;
  readonly image: string;
  readonly startTimeoutMs: number;
  readonly onProgress: OnProgress;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** What to do when it does not start in time; by default what helps with a container that stays. */
  readonly lateHint?: string | undefined;
  /** The error for an interruption; by default that of a container that stays. */
  readonly onInterrupt?: (() => NetdebugError) | undefined;
  /** Told of every state of the pod that is seen. */
  readonly onPod?: ((pod: Pod) => void) | undefined;
}

/** How often the pod is read where it cannot be watched, and its events in any case. */
const pollMs = 1_000;
/** The first look at the events is early: a wrong image name is known within a second. */
const firstEventsMs = 400;
/** When it has failed already, its events are not waited for any longer than this. */
const lastEventsMs = 2_000;

/**
 * Waits until the container runs. Rejects with a NetdebugError: it cannot start or not in time (exit 7, with the kubelet's
 * message and events), the pod went away (6), not allowed to look (5), interrupted (130).
 */
export async function waitUntilRunning(
  api: Pick<KubeApi, 'get' | 'list' | 'watch'>,
  request: WaitRequest,
): Promise<void> {
  const { at, clock, onProgress, startTimeoutMs, signal } = request;
  const began = clock.now();
  const elapsedMs = () => clock.now() - began;
  const over = new AbortController();
  let pod = request.pod;
  let events: readonly KubeEvent[] = [];

  try {
    await new Promise<void>((resolve, reject) => {
      const failure = () => {
        const state = statusOf(pod, at.container)?.state;
        return goneAway(pod) ?? startFailure(at, request.image, state, events) ?? podFailure(pod);
      };
      const look = (): void => {
        if (statusOf(pod, at.container)?.state?.running !== undefined) {
          resolve();
          return;
        }
        const found = failure();
        if (found === undefined) return;
        if (events.length > 0) {
          reject(found);
          return;
        }
        // The state was faster than the events, which say it better and belong into the report: one look at them.
        readEvents(api, at, lastEventsMs, undefined).then(
          (seen) => {
            events = eventsOf(seen, at.container, request.pod.metadata.uid);
            reject(failure() ?? found);
          },
          () => {
            reject(found);
          },
        );
      };
      const report = (): void => {
        if (over.signal.aborted) return;
        const state = statusOf(pod, at.container)?.state;
        onProgress({ kind: 'waiting', what: waitingFor(state, events), elapsedMs: elapsedMs() });
      };
      const seePod = (seen: Pod): void => {
        pod = seen;
        request.onPod?.(seen);
        look();
      };
      const seeEvents = (seen: readonly KubeEvent[]): void => {
        events = eventsOf(seen, at.container, request.pod.metadata.uid);
        look();
      };
      const timeOut = async (): Promise<void> => {
        await clock.sleep(startTimeoutMs, over.signal);
        if (over.signal.aborted) return;
        reject(notInTime(request, waitingFor(statusOf(pod, at.container)?.state, events), events));
      };
      const interrupted = (): void => {
        reject(request.onInterrupt?.() ?? interruptedStart(at));
      };
      if (signal?.aborted) interrupted();
      signal?.addEventListener('abort', interrupted, { once: true, signal: over.signal });
      look();
      followPod(api, request, over.signal, seePod).catch(reject);
      followEvents(api, request, over.signal, seeEvents, report).catch(reject);
      timeOut().catch(reject);
    });
  } finally {
    over.abort();
  }
}

/** Every state of the pod, by watch; by reading it again and again where watching is not allowed. */
async function followPod(
  api: Pick<KubeApi, 'get' | 'watch'>,
  { at, clock, startTimeoutMs, pod }: WaitRequest,
  over: AbortSignal,
  see: (pod: Pod) => void,
): Promise<void> {
  const isOver = () => over.aborted;
  const check = (seen: Pod): void => {
    if (seen.metadata.uid !== pod.metadata.uid) throw deleted(pod);
    see(seen);
  };
  try {
    const changes = api.watch<Pod>(podsPath(at.namespace), {
      fieldSelector: `metadata.name=${at.pod}`,
      resourceVersion: pod.metadata.resourceVersion,
      timeoutMs: startTimeoutMs,
      signal: over,
    });
    for await (const { type, object } of changes) {
      if (isOver()) return;
      if (type === 'BOOKMARK' || object.metadata.name !== at.pod) continue;
      if (type === 'DELETED') throw deleted(pod);
      check(object);
    }
  } catch (error) {
    if (isOver()) return;
    if (!isApiError(error, 403)) throw error;
  }
  while (!isOver()) {
    const seen = await api
      .get<Pod>(podPath(at.namespace, at.pod), { signal: over })
      .catch((error: unknown) => {
        if (isOver()) return undefined;
        throw isApiError(error, 404) ? deleted(pod) : error;
      });
    if (seen) check(seen);
    await clock.sleep(pollMs, over);
  }
}

/** The pod's events, read again and again; silently without them where they may not be listed. */
async function followEvents(
  api: Pick<KubeApi, 'list'>,
  { at, clock }: WaitRequest,
  over: AbortSignal,
  see: (events: readonly KubeEvent[]) => void,
  report: () => void,
): Promise<void> {
  const events = { allowed: true };
  await clock.sleep(firstEventsMs, over);
  while (!over.aborted) {
    if (events.allowed) {
      // Events are only the faster way: the pod's own state tells the same later, and it is its errors that count.
      const seen = await readEvents(api, at, undefined, over).catch((error: unknown) => {
        events.allowed = !isApiError(error, 403);
        return undefined;
      });
      if (seen) see(seen);
    }
    report();
    await clock.sleep(pollMs, over);
  }
}

async function readEvents(
  api: Pick<KubeApi, 'list'>,
  at: ContainerAddress,
  timeoutMs: number | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly KubeEvent[]> {
  const fieldSelector = `involvedObject.kind=Pod,involvedObject.name=${at.pod}`;
  return (await api.list<KubeEvent>(eventsPath(at.namespace), { fieldSelector, timeoutMs, signal })).items;
}

function goneAway(pod: Pod): NetdebugError | undefined {
  return pod.metadata.deletionTimestamp === undefined ? undefined : deleted(pod);
}

function deleted(pod: Pod): NetdebugError {
  return new NetdebugError(
    `Pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name} was deleted while its debug container was starting.`,
    { exitCode: ExitCode.target },
  );
}

function notInTime(request: WaitRequest, what: string, events: readonly KubeEvent[]): NetdebugError {
  const { at, startTimeoutMs } = request;
  return new NetdebugError(
    `The debug container ${at.container} in pod ${at.namespace}/${at.pod} did not start within ${startTimeoutMs / 1000} s; last it was: ${what}.`,
    {
      exitCode: ExitCode.container,
      details: events.map((event) => `event ${event.reason ?? ''}: ${cleanText(event.message ?? '', 600)}`),
      hint:
        request.lateHint ??
        `Wait longer with --start-timeout: the next command takes up the same container. Or see what is in its way: kubectl netdebug doctor ${at.namespace}/pod/${at.pod}`,
    },
  );
}

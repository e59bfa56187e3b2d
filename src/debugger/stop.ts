import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import { podPath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import { cleanText } from '../kube/text.js';
import type { Pod } from '../kube/types.js';
import { finalWaiting } from './failure.js';
import { endLease } from './inspect.js';
import type { ListedContainer } from './list.js';
import { removeNodePod } from './node-remove.js';
import { statusOf } from './status.js';
import type { Clock } from './types.js';

/** What became of one debug container that was to be stopped. */
export type Stopped =
  | { readonly kind: 'stopped'; readonly container: ListedContainer }
  /** It never ran and will not: nothing is there to be stopped, and the API takes nothing out of a pod. */
  | { readonly kind: 'never-started'; readonly container: ListedContainer }
  | { readonly kind: 'failed'; readonly container: ListedContainer; readonly error: NetdebugError };

/** Its tools may take 2 s to end, and the kubelet a second or two to say so. */
const limitMs = 20_000;
const pollMs = 250;
/** A lease that has just begun does not listen yet: process 1 gets no signal that it does not catch. So it is told again. */
const askAgainMs = 2_000;

/**
 * Ends debug containers, and removes debug pods of nodes, all at once, and looks in each pod's status whether it is true. A container that cannot be ended is
 * told of, and the others are ended all the same.
 */
export async function stopDebugContainers(
  api: Pick<KubeApi, 'exec' | 'get' | 'send'>,
  containers: readonly ListedContainer[],
  clock: Clock,
): Promise<readonly Stopped[]> {
  return Promise.all(
    containers.map(async (container): Promise<Stopped> => {
      if (neverStarts(container)) return { kind: 'never-started', container };
      try {
        if (container.nodePod === true) await removeNodePod(api, container);
        else await stopOne(api, container, clock);
        return { kind: 'stopped', container };
      } catch (error) {
        return { kind: 'failed', container, error: asNetdebugError(container, error) };
      }
    }),
  );
}

/** Whether the kubelet waits for something that will not come (it tries for ever); should it come, the lease ends by itself. */
export function neverStarts({ state, waitingReason, nodePod }: ListedContainer): boolean {
  return nodePod !== true && state === 'waiting' && finalWaiting(waitingReason);
}

async function stopOne(api: Pick<KubeApi, 'exec' | 'get'>, at: ListedContainer, clock: Clock): Promise<void> {
  const end = clock.now() + limitMs;
  if (at.state === 'waiting') {
    throw new NetdebugError(
      `${at.container} in pod ${at.namespace}/${at.pod} has not started, so it cannot be stopped.`,
      {
        exitCode: ExitCode.target,
        hint: 'It is just starting: try again. It ends by itself when its --ttl is over.',
      },
    );
  }
  let refusal: unknown;
  let askAt = clock.now();
  while (!(await hasEnded(api, at))) {
    // A 500 says that it has ended in between, which the status will tell too.
    if (refusal !== undefined && !isApiError(refusal, 500)) throw refusal as Error;
    if (clock.now() >= end) throw stillRuns(at, refusal);
    if (clock.now() >= askAt) {
      refusal = await endLease(api, at, at.sharedProcesses, 10_000).then(
        () => undefined,
        (error: unknown) => error,
      );
      askAt = clock.now() + askAgainMs;
    } else await clock.sleep(pollMs);
  }
}

function stillRuns(at: ListedContainer, refusal: unknown): NetdebugError {
  return new NetdebugError(
    `${at.container} in pod ${at.namespace}/${at.pod} was told to end, but still runs after ${limitMs / 1000} s.`,
    {
      exitCode: ExitCode.container,
      hint: 'It ends by itself when its --ttl is over. Deleting the pod ends it in any case.',
      cause: refusal,
    },
  );
}

async function hasEnded(api: Pick<KubeApi, 'get'>, at: ListedContainer): Promise<boolean> {
  try {
    const pod = await api.get<Pod>(podPath(at.namespace, at.pod));
    return statusOf(pod, at.container)?.state?.terminated !== undefined;
  } catch (error) {
    if (isApiError(error, 404)) return true;
    throw error;
  }
}

function asNetdebugError(at: ListedContainer, error: unknown): NetdebugError {
  if (error instanceof NetdebugError) return error;
  const words = error instanceof Error ? cleanText(error.message, 300) : 'unknown';
  return new NetdebugError(
    `${at.container} in pod ${at.namespace}/${at.pod} could not be stopped: ${words}.`,
    {
      exitCode: ExitCode.container,
      cause: error,
    },
  );
}

import type { KubeApi } from '../kube/api.js';
import { podPath, podsPath } from '../kube/paths.js';
import { isApiError } from '../kube/status.js';
import { cleanText } from '../kube/text.js';
import type { ContainerStatus, Pod } from '../kube/types.js';
import { isFinished, podName } from '../target/pods.js';
import type { PodList } from '../target/resolve.js';
import type { Departure } from './source-summary.js';
import type { CaptureSource } from './source.js';
import { isLeaving, placeOf, type TargetPlace } from './targets.js';

/** What the watched pods do. */
export interface FollowListener {
  /** A pod runs that was not there before. */
  readonly onPod: (place: TargetPlace) => void;
  readonly onGone: (uid: string, departure: Departure) => void;
  /** Something happened in a pod, e.g. `container main restarted`. */
  readonly onEvent: (uid: string, event: string) => void;
  /** This list cannot be watched (any more). */
  readonly onBlind: (error: unknown) => void;
}

/** Follows pods until the signal. */
export interface PodFollower {
  /** What became of the pod of a source whose tcpdump ended. Never rejects. */
  fate(source: CaptureSource): Promise<Departure | undefined>;
  /** Watches until the signal. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

interface Known {
  readonly member: boolean;
  readonly restarts: Map<string, number>;
}

/** Looking is only for the words of an end, which is not to wait for them. */
const LOOK_TIMEOUT_MS = 3_000;

/** @param places Those that are captured from the start. */
export function followPods(
  api: Pick<KubeApi, 'get' | 'watch'>,
  places: readonly TargetPlace[],
  lists: readonly PodList[],
  listener: FollowListener,
): PodFollower {
  const known = new Map<string, Known>();
  for (const { pod, member } of places) if (pod !== undefined) remember(pod, member);

  function remember(pod: Pod, member: boolean): Known {
    const restarts = new Map(containersOf(pod).map(({ name, restartCount = 0 }) => [name, restartCount]));
    const one = { member, restarts };
    known.set(placeOf(pod).uid, one);
    return one;
  }
  function seen(pod: Pod, deleted: boolean): void {
    const { uid } = placeOf(pod);
    const before = known.get(uid);
    if (before === undefined) {
      // Before it runs nothing can be started in it, and one that goes already is no new one.
      if (deleted || isLeaving(pod) || pod.status?.phase !== 'Running') return;
      remember(pod, true);
      listener.onPod({ place: placeOf(pod), pod, member: true });
      return;
    }
    for (const event of restartsOf(pod, before.restarts)) listener.onEvent(uid, event);
    const gone = deleted
      ? 'was deleted'
      : isFinished(pod)
        ? `has finished (${pod.status?.phase ?? ''})`
        : undefined;
    if (gone === undefined) return;
    known.delete(uid);
    listener.onGone(uid, { why: `pod ${podName(pod)} ${gone}`, expected: before.member });
  }
  async function watch(
    list: Partial<PodList> & { readonly fieldSelector?: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { namespace, ...options } = list;
    try {
      for await (const { type, object } of api.watch<Pod>(podsPath(namespace), { ...options, signal })) {
        seen(object, type === 'DELETED');
      }
    } catch (error) {
      if (!signal.aborted) listener.onBlind(error);
    }
  }
  return {
    async run(signal) {
      // Pods that were named are watched one by one: a list of names cannot be asked for.
      const named = places.flatMap(({ pod, member }) => (pod === undefined || member ? [] : pod));
      await Promise.all([
        ...lists.map((list) => watch(list, signal)),
        ...named.map(({ metadata: { namespace, name, resourceVersion } }) =>
          watch(
            {
              namespace,
              fieldSelector: `metadata.name=${name}`,
              ...(resourceVersion === undefined ? {} : { resourceVersion }),
            },
            signal,
          ),
        ),
      ]);
    },
    async fate({ place }) {
      if (place.kind !== 'pod') return undefined;
      const { namespace, pod: name, uid } = place;
      const expected = known.get(uid)?.member ?? true;
      const gone = (what: string): Departure => ({ why: `pod ${namespace}/${name} ${what}`, expected });
      try {
        const pod = await api.get<Pod>(podPath(namespace, name), { timeoutMs: LOOK_TIMEOUT_MS });
        if (placeOf(pod).uid !== uid) return gone('was deleted');
        if (pod.metadata.deletionTimestamp !== undefined) return gone('is being deleted');
        const reason = pod.status?.reason === undefined ? '' : `: ${cleanText(pod.status.reason, 60)}`;
        return isFinished(pod) ? gone(`has finished (${pod.status?.phase ?? ''}${reason})`) : undefined;
      } catch (error) {
        return isApiError(error, 404) ? gone('was deleted') : undefined;
      }
    },
  };
}

function containersOf({ status }: Pod): readonly ContainerStatus[] {
  return [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
}

/** Restarts that are not known yet, in words; from now on they are. */
function restartsOf(pod: Pod, known: Map<string, number>): string[] {
  return containersOf(pod).flatMap(({ name, restartCount = 0, lastState }) => {
    const before = known.get(name) ?? 0;
    known.set(name, restartCount);
    if (restartCount <= before) return [];
    const end = lastState?.terminated;
    const reason = end?.reason === undefined ? '' : `, ${cleanText(end.reason, 60)}`;
    const why = end === undefined ? '' : `; it had ended with exit code ${end.exitCode}${reason}`;
    return [
      `container ${cleanText(name, 63)} of pod ${podName(pod)} restarted (restart ${restartCount}${why})`,
    ];
  });
}

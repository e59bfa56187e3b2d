import { ExitCode, NetdebugError } from '../errors.js';
import type { KubeApi } from '../kube/api.js';
import type { Pod } from '../kube/types.js';
import { isFinished, podName } from '../target/pods.js';
import { formatReference } from '../target/reference.js';
import { resolvePods, type PodList, type PodQuery } from '../target/resolve.js';
import type { SourcePlace } from './source.js';

/** One pod or node that is to be captured. */
export interface TargetPlace {
  readonly place: SourcePlace;
  /** Of a pod. */
  readonly pod: Pod | undefined;
  /** It was not named itself, but belongs to what was: it may go, and others may come. */
  readonly member: boolean;
}

/** A target that stands for nothing. */
export interface FailedTarget {
  readonly name: string;
  readonly error: NetdebugError;
}

/** All that the targets stand for. */
export interface ResolvedTargets {
  /** Each once, in the order in which they were named. */
  readonly places: readonly TargetPlace[];
  /** Where further pods may come from. */
  readonly lists: readonly PodList[];
  readonly failed: readonly FailedTarget[];
  /** What was chosen, for stderr. */
  readonly notes: readonly string[];
}

/**
 * Everything that these queries stand for, each pod once. A target that stands for nothing does not stop the others, unless it is
 * the only one. Rejects with a NetdebugError: what cannot be meant (2), more than `most` pods (2), the first failure when all fail.
 */
export async function resolveTargets(
  api: Pick<KubeApi, 'get' | 'list'>,
  queries: readonly PodQuery[],
  most: number,
): Promise<ResolvedTargets> {
  const answers = await Promise.all(queries.map((query) => resolveOne(api, query)));
  const failed = answers.filter((answer) => 'error' in answer);
  const usage = failed.find(({ error }) => error.exitCode === ExitCode.usage);
  const [first] = failed;
  if (usage !== undefined) throw usage.error;
  if (first !== undefined && failed.length === answers.length) throw first.error;
  const found = answers.filter((answer) => 'places' in answer);
  const places = new Map<string, TargetPlace>();
  for (const one of found.flatMap((answer) => answer.places)) {
    const key = one.place.kind === 'pod' ? one.place.uid : `node/${one.place.node}`;
    const before = places.get(key);
    // Who is named as well as a member is missed when it goes.
    if (before === undefined || (before.member && !one.member)) places.set(key, one);
  }
  const all = [...places.values()];
  if (all.length > most) throw tooMany(all, most);
  return {
    places: all,
    lists: found.flatMap(({ list }) => list ?? []),
    failed,
    notes: found.flatMap(({ notes }) => notes),
  };
}

interface Found {
  readonly places: readonly TargetPlace[];
  readonly list: PodList | undefined;
  readonly notes: readonly string[];
}

async function resolveOne(
  api: Pick<KubeApi, 'get' | 'list'>,
  query: PodQuery,
): Promise<Found | FailedTarget> {
  const name = 'reference' in query ? formatReference(query.reference) : `-l ${query.labelSelector}`;
  if ('reference' in query && query.reference.kind === 'node') {
    const place: SourcePlace = { kind: 'node', node: query.reference.name, addresses: [] };
    return { places: [{ place, pod: undefined, member: false }], list: undefined, notes: [] };
  }
  try {
    const { pods, choice, listed } = await resolvePods(api, query);
    const member = listed !== undefined;
    const alive = member ? pods.filter((pod) => !isLeaving(pod)) : pods;
    if (alive.length === 0) throw onlyLeaving(name, pods);
    const places = alive.map((pod) => ({ place: placeOf(pod), pod, member }));
    // Which one is the first does not matter when all are captured.
    const notes = choice === undefined ? [] : [toldChoice(choice, pods.length - alive.length)];
    return { places, list: listed, notes };
  } catch (error) {
    if (error instanceof NetdebugError) return { name, error };
    throw error;
  }
}

/** Whether nothing can be started in a pod any more. */
export function isLeaving(pod: Pod): boolean {
  return isFinished(pod) || pod.metadata.deletionTimestamp !== undefined;
}

/** What is told of a pod. */
export function placeOf(pod: Pod): Extract<SourcePlace, { kind: 'pod' }> {
  const { metadata, spec, status } = pod;
  const listed = status?.podIPs?.map(({ ip }) => ip) ?? [];
  return {
    kind: 'pod',
    namespace: metadata.namespace ?? '',
    pod: metadata.name,
    uid: metadata.uid ?? podName(pod),
    node: spec.nodeName,
    podIPs: listed.length > 0 ? listed : [status?.podIP ?? ''].filter((ip) => ip !== ''),
    owner: ownerOf(pod),
    labels: metadata.labels ?? {},
  };
}

/** `deployment/web`: of a ReplicaSet that a Deployment made, the Deployment, which its name tells. */
function ownerOf({ metadata }: Pod): string | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const hash = metadata.labels?.['pod-template-hash'];
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return `deployment/${owner.name.slice(0, -hash.length - 1)}`;
  }
  return `${owner.kind.toLowerCase()}/${owner.name}`;
}

function toldChoice(choice: string, left: number): string {
  const [what = choice] = choice.split('; the first is ');
  return left === 0
    ? what
    : `${what}; ${left} of them ${left === 1 ? 'has finished or is' : 'have finished or are'} being deleted`;
}

function onlyLeaving(name: string, pods: readonly Pod[]): NetdebugError {
  return new NetdebugError(
    `${name} stands for ${pods.length} pods, which all have finished or are being deleted.`,
    {
      exitCode: ExitCode.target,
      hint: 'Nothing can be started in them any more; kubectl logs tells what they said.',
    },
  );
}

function tooMany(places: readonly TargetPlace[], most: number): NetdebugError {
  const names = places.flatMap(({ pod }) => (pod === undefined ? [] : podName(pod)));
  return new NetdebugError(
    `These targets stand for ${places.length} pods; at most ${most} are captured at once.`,
    {
      exitCode: ExitCode.usage,
      details: [`the first are ${names.slice(0, 5).join(', ')}`],
      hint: `Which of them? Name up to ${most} (pod/NAME, or -l with more labels), or take all: --max-pods ${places.length}`,
    },
  );
}

import { isLeaving } from '../src/capture/targets.js';
import { pick, podsOfReference, required, type Scene } from '../src/diagnose/flows/party.js';
import { createScene, runningPods } from '../src/diagnose/flows/scene.js';
import { wantsOfFlow, wantsOfHostNetwork, wantsOfMatrix } from '../src/diagnose/flows/wants.js';
import { compileSelector, matches } from '../src/diagnose/policy/selector.js';
import { Tri } from '../src/diagnose/policy/tri.js';
import { readCluster, type Want } from '../src/diagnose/snapshot/cluster.js';
import type { SnapshotService } from '../src/diagnose/snapshot/types.js';
import { ExitCode, NetdebugError } from '../src/errors.js';
import { podsPath, resourcePath } from '../src/kube/paths.js';
import { isApiError } from '../src/kube/status.js';
import type { Pod } from '../src/kube/types.js';
import { declaresPorts } from '../src/matrix/plan.js';
import { parseLabelSelector } from '../src/target/labels.js';
import { formatReference, type ObjectReference, type Reference } from '../src/target/reference.js';
import { readReference, resolvePods } from '../src/target/resolve.js';
import type { SessionContext } from './context.js';
import { unlessStopped } from './interrupt.js';
import type { KubeRequest } from './options/kube.js';
import type { PodTarget } from './options/pod.js';

/** What the targets stand for, each once. */
export interface MatrixSelection {
  readonly pods: readonly Pod[];
  /** Services that were named, or all where everything is meant. */
  readonly services: readonly SnapshotService[];
}

/** Whom a matrix is about. */
export interface MatrixTargets {
  readonly kube: KubeRequest;
  /** `all`: everything there is, with --static only. */
  readonly targets: readonly PodTarget[] | 'all';
  readonly allNamespaces: boolean;
}

/** The pods and Services of the targets, as the cluster has them now. Rejects with a NetdebugError when one of them is not there. */
export async function selectFromCluster(
  { api, environment, status }: SessionContext,
  request: MatrixTargets,
): Promise<MatrixSelection> {
  const { targets, allNamespaces } = request;
  const where = allNamespaces ? undefined : api.namespace;
  const parts =
    targets === 'all'
      ? [
          Promise.all([
            api.list<Pod>(podsPath(where), {}),
            api.list<SnapshotService>(resourcePath({ resource: 'services', namespace: where }), {}),
          ]).then(([pods, services]) => ({ pods: pods.items, services: services.items })),
        ]
      : targets.map((target) => selectOne(api, target));
  const selected = selectionOf(await unlessStopped(environment.signal, Promise.all(parts)));
  const left = selected.pods.filter(isLeaving).length;
  if (left > 0)
    status.note(`note: ${left} ${left === 1 ? 'pod has' : 'pods have'} finished or are being deleted`);
  return living(selected);
}

async function selectOne(api: SessionContext['api'], target: PodTarget): Promise<MatrixSelection> {
  if (target.kind === 'labels') {
    const namespace = target.allNamespaces ? undefined : api.namespace;
    return { ...(await resolvePods(api, { labelSelector: target.selector, namespace })), services: [] };
  }
  const { reference } = target;
  const query = { reference, namespace: api.namespace };
  if (reference.kind !== 'service') return { ...(await resolvePods(api, query)), services: [] };
  const service = await readReference<SnapshotService>(api, reference, api.namespace);
  // A Service without pods is still a place to connect to.
  const pods = await resolvePods(api, query).catch((error: unknown) => {
    if (error instanceof NetdebugError && error.exitCode === ExitCode.target) return { pods: [] };
    throw error;
  });
  return { pods: pods.pods, services: [service] };
}

/** The same of objects that were read from files. */
export function selectFromScene(
  scene: Scene,
  { targets, allNamespaces, kube }: MatrixTargets,
): MatrixSelection {
  const { snapshot } = scene;
  // Files are all there is to see, unless a namespace is named.
  const where = allNamespaces || kube.namespace === undefined ? undefined : kube.namespace;
  if (targets === 'all')
    return living({
      pods: runningPods(snapshot, where),
      services: required(snapshot.read('services', where), 'services'),
    });
  const parts = targets.map((target): MatrixSelection => {
    if (target.kind === 'labels') {
      const selector = compileSelector(parseLabelSelector(target.selector));
      const pods = runningPods(snapshot, target.allNamespaces ? undefined : where).filter(
        (pod) => matches(selector, { labels: pod.metadata.labels ?? {}, complete: true }) === Tri.yes,
      );
      if (pods.length > 0) return { pods, services: [] };
      throw new NetdebugError(`No pod in the files has the labels ${target.selector}.`, {
        exitCode: ExitCode.target,
      });
    }
    const { reference } = target;
    if (reference.kind !== 'service') return { pods: podsOfReference(scene, reference), services: [] };
    return { pods: podsOfService(scene, reference), services: [serviceOf(scene, reference)] };
  });
  return living(selectionOf(parts));
}

function podsOfService(scene: Scene, reference: ObjectReference): readonly Pod[] {
  try {
    return podsOfReference(scene, reference);
  } catch (error) {
    if (error instanceof NetdebugError && error.exitCode === ExitCode.target) return [];
    throw error;
  }
}

function serviceOf({ snapshot, namespace }: Scene, reference: ObjectReference): SnapshotService {
  const shown = formatReference(reference);
  return pick(
    required(snapshot.read('services', reference.namespace ?? namespace), shown),
    reference.name,
    shown,
  );
}

function selectionOf(parts: readonly MatrixSelection[]): MatrixSelection {
  const unique = <T extends Pod | SnapshotService>(all: readonly T[]): T[] => [
    ...new Map(all.map((one) => [`${one.metadata.namespace ?? ''}/${one.metadata.name}`, one])).values(),
  ];
  return {
    pods: unique(parts.flatMap(({ pods }) => pods)),
    services: unique(parts.flatMap(({ services }) => services)),
  };
}

/** Without pods in which nothing can be started any more. Throws when that leaves none. */
function living({ pods, services }: MatrixSelection): MatrixSelection {
  const alive = pods.filter((pod) => !isLeaving(pod));
  if (alive.length > 0) return { pods: alive, services };
  throw new NetdebugError('These targets stand for no running pod to connect from.', {
    exitCode: ExitCode.target,
  });
}

/** The Services that tell the ports of pods which declare none; none of them where they may not be listed. */
export async function knownServices(
  { api, status }: SessionContext,
  { pods }: MatrixSelection,
): Promise<readonly SnapshotService[]> {
  const asking = pods
    .filter((pod) => !declaresPorts(pod))
    .map(({ metadata }) => metadata.namespace ?? api.namespace);
  const lists = [...new Set(asking)].map(async (namespace) => {
    try {
      return (await api.list<SnapshotService>(resourcePath({ resource: 'services', namespace }), {})).items;
    } catch (error) {
      if (!isApiError(error, 403)) throw error;
      status.note(
        `note: the Services of namespace ${namespace} may not be listed: ports are those that pods declare`,
      );
      return [];
    }
  });
  return (await Promise.all(lists)).flat();
}

/** Everything of the cluster that policies over these pods and Services depend on. */
export async function readScene(
  { api, environment, status }: SessionContext,
  { allNamespaces }: Pick<MatrixTargets, 'allNamespaces'>,
  { pods, services }: MatrixSelection,
): Promise<Scene> {
  const namespaces = [
    ...new Set([...pods, ...services].map(({ metadata }) => metadata.namespace ?? api.namespace)),
  ];
  const wants: Want[] = allNamespaces
    ? [...wantsOfMatrix(undefined), { kind: 'services' }, { kind: 'endpointslices' }]
    : wantsOfFlow(
        namespaces.flatMap((namespace): Reference[] =>
          (services.length > 0 ? (['pod', 'service'] as const) : (['pod'] as const)).map((kind) => ({
            type: 'object',
            kind,
            namespace,
            name: 'any',
            protocol: 'tcp',
          })),
        ),
        api.namespace,
      );
  const snapshot = await unlessStopped(environment.signal, readCluster(api, wants, wantsOfHostNetwork));
  for (const namespace of namespaces) {
    const reading = snapshot.read('networkpolicies', namespace);
    if (reading.state === 'unknown')
      status.note(`note: the policies of ${namespace} are not known: ${reading.why}`);
  }
  return createScene(snapshot, api.namespace);
}

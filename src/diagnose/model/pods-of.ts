import { ExitCode, NetdebugError } from '../../errors.js';
import { inOrderOfChoice, isFinished } from '../../target/pods.js';
import type { ObjectReference } from '../../target/reference.js';
import { objectText, pick } from '../flows/party.js';
import { itemsOf } from '../reading.js';
import { workloadKinds } from '../snapshot/kinds.js';
import { hasLabels, isPodOf } from '../snapshot/templates.js';
import type { SnapshotKind, SnapshotPod, SnapshotTypes, Workload } from '../snapshot/types.js';
import type { Place } from './service.js';

/** The scene, and where to say what could not be read of it. */
export type Asking = Place & {
  readonly unread: (what: string, why: string, code: string | undefined) => void;
};

/** What a reference stands for. */
interface Stands {
  readonly pods: readonly SnapshotPod[];
  readonly workload?: { readonly kind: string; readonly object: Workload };
  /** The object itself, or its pods, could not be read. */
  readonly unread: boolean;
}

/** The pods of a reference: a named one whatever its state, of a workload or a Service those that have not finished. None where they could not be read. */
export function podsOf(place: Asking, reference: ObjectReference): Stands {
  const { snapshot, namespace: fallback } = place;
  const namespace = reference.namespace ?? fallback;
  const shown = objectText(reference, namespace);
  const reading = snapshot.read('pods', namespace);
  const unread = reading.state !== 'there';
  if (reference.kind === 'pod')
    return { pods: unread ? [] : [pick(reading.items, reference.name, shown)], unread };
  const running = (isOne: (pod: SnapshotPod) => boolean): readonly SnapshotPod[] =>
    inOrderOfChoice(itemsOf(reading).filter((pod) => isOne(pod) && !isFinished(pod)));
  if (reference.kind === 'service') {
    const services = readOwners(place, 'services', namespace);
    if (services === undefined) return { pods: [], unread: true };
    const { selector } = pick(services, reference.name, shown).spec;
    return { pods: running((pod) => hasLabels(pod, selector)), unread };
  }
  const kind = workloadKinds.find((one) => one === `${reference.kind}s`);
  if (kind === undefined) {
    throw new NetdebugError(
      `${shown}: an end of a flow is a pod, a workload, a Service, a node or an address.`,
      { exitCode: ExitCode.usage },
    );
  }
  const owners = readOwners(place, kind, namespace);
  if (owners === undefined) return { pods: [], unread: true };
  const object = pick(owners, reference.name, shown);
  return { pods: running((pod) => isPodOf(object, pod)), workload: { kind: reference.kind, object }, unread };
}

/** The pods that send. Throws a NetdebugError, exit 6, where it is known that there are none: there is no way to look at. */
export function senders(place: Asking, reference: ObjectReference): readonly SnapshotPod[] {
  const { pods, workload, unread } = podsOf(place, reference);
  if (pods.length > 0 || unread) return pods;
  const namespace = reference.namespace ?? place.namespace;
  const object = `${reference.kind} ${reference.name}`;
  throw new NetdebugError(`${objectText(reference, namespace)} has no pods: nobody is there to send from.`, {
    exitCode: ExitCode.target,
    hint:
      workload?.object.spec.replicas === 0
        ? `It is scaled to 0: kubectl -n ${namespace} scale ${object} --replicas=1`
        : `kubectl -n ${namespace} describe ${object} shows what its pods are chosen by, and what keeps them from being made.`,
  });
}

function readOwners<K extends SnapshotKind>(
  { snapshot, unread }: Asking,
  kind: K,
  namespace: string,
): readonly SnapshotTypes[K][] | undefined {
  const reading = snapshot.read(kind, namespace);
  if (reading.state === 'there') return reading.items;
  const known = reading.state === 'unknown' ? reading.why : 'the cluster has no such kind';
  unread(`${kind} of ${namespace}`, known, reading.state === 'unknown' ? undefined : 'ND003');
  return undefined;
}

import { ExitCode, NetdebugError } from '../../errors.js';
import type { Pod } from '../../kube/types.js';
import type { ReferenceKind } from '../../target/kinds.js';
import { kindInfo } from '../../target/kinds.js';
import { nearNames } from '../../target/near.js';
import { inOrderOfChoice, isFinished } from '../../target/pods.js';
import type { ObjectReference } from '../../target/reference.js';
import { formatReference } from '../../target/reference.js';
import { parseAddress } from '../policy/address.js';
import type { AddressEnd } from '../policy/end.js';
import type { PolicyModel } from '../policy/model.js';
import type { Reading } from '../reading.js';
import { itemsOf } from '../reading.js';
import { workloadKinds } from '../snapshot/kinds.js';
import { hasLabels, isPodOf } from '../snapshot/templates.js';
import type { Snapshot } from '../snapshot/types.js';

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** A snapshot and what was made of its policies, with the namespace of references that carry none. */
export interface Scene {
  readonly snapshot: Snapshot;
  readonly model: PolicyModel;
  readonly namespace: string;
}

/**
 * The pods that a reference stands for, ready ones first, finished ones never. Throws a NetdebugError: no such object, or none of
 * its pods (6); a kind that stands for no pods (2); or whatever kept them from being read.
 */
export function podsOfReference(
  { snapshot, namespace: fallback }: Scene,
  reference: ObjectReference,
): readonly Pod[] {
  const namespace = reference.namespace ?? fallback;
  const shown = objectText(reference, namespace);
  const pods = required(snapshot.read('pods', namespace), shown);
  const workload = workloadKinds.find((kind) => kind === `${reference.kind}s`);
  let found: readonly Pod[];
  if (reference.kind === 'pod') {
    const pod = pick(pods, reference.name, shown);
    if (isFinished(pod)) {
      throw new NetdebugError(
        `${shown} has finished (${pod.status?.phase ?? ''}): it has no network any more.`,
        { exitCode: ExitCode.target },
      );
    }
    return [pod];
  } else if (reference.kind === 'service') {
    const service = pick(required(snapshot.read('services', namespace), shown), reference.name, shown);
    found = pods.filter((pod) => hasLabels(pod, service.spec.selector));
  } else if (workload === undefined) {
    throw new NetdebugError(`${shown}: ${article(reference.kind)} is no end that policies judge.`, {
      exitCode: ExitCode.usage,
      hint: 'Name the pods behind it: a pod, a workload or a Service.',
    });
  } else {
    const owner = pick(required(snapshot.read(workload, namespace), shown), reference.name, shown);
    found = pods.filter((pod) => isPodOf(owner, pod));
  }
  const running = inOrderOfChoice(found).filter((pod) => !isFinished(pod));
  if (running.length > 0) return running;
  throw new NetdebugError(`${shown} stands for no pods.`, { exitCode: ExitCode.target });
}

/** `shop/pod/web-0`: an object without the port that was asked of it. */
export function objectText({ kind, name }: ObjectReference, namespace: string): string {
  return `${namespace}/${kind}/${name}`;
}

/** The addresses of a node. Throws a NetdebugError, exit 6, when there is no such node or it has none. */
export function nodeEnd({ snapshot, model }: Scene, reference: ObjectReference): AddressEnd {
  const shown = formatReference(reference);
  const node = pick(required(snapshot.read('nodes'), shown), reference.name, shown);
  const texts = (node.status?.addresses ?? [])
    .filter(({ type }) => type === 'InternalIP')
    .map(({ address }) => address);
  const address = texts.flatMap((text) => parseAddress(text) ?? [])[0];
  if (address !== undefined) return model.ends.address(address);
  throw new NetdebugError(`${shown} has no address.`, { exitCode: ExitCode.target });
}

/** The pod of the pod network that has this address. Host-network pods share theirs with their node. */
export function podAt({ snapshot }: Pick<Scene, 'snapshot'>, address: string): Pod | undefined {
  const wanted = parseAddress(address)?.value.toString();
  return itemsOf(snapshot.read('pods')).find(
    (pod) =>
      pod.spec.hostNetwork !== true &&
      !isFinished(pod) &&
      [pod.status?.podIP ?? '', ...(pod.status?.podIPs ?? []).map(({ ip }) => ip)].some(
        (ip) => parseAddress(ip)?.value.toString() === wanted,
      ),
  );
}

/** What was read, or why nothing can be said without it. */
export function required<T>(reading: Reading<T>, shown: string): readonly T[] {
  if (reading.state === 'there') return reading.items;
  if (reading.state === 'unknown' && reading.cause instanceof NetdebugError) throw reading.cause;
  const why = reading.state === 'unknown' ? reading.why : 'the cluster has no such kind';
  throw new NetdebugError(`${shown} could not be looked up: ${why}.`, { exitCode: ExitCode.undetermined });
}

/** The object of this name. Throws a NetdebugError, exit 6, with names that are near. */
export function pick<T extends Named>(items: readonly T[], name: string, shown: string): T {
  const found = items.find(({ metadata }) => metadata.name === name);
  if (found !== undefined) return found;
  const near = nearNames(
    name,
    items.map(({ metadata }) => metadata.name),
  );
  throw new NetdebugError(`There is no ${shown}.`, {
    exitCode: ExitCode.target,
    hint: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : undefined,
  });
}

function article(kind: ReferenceKind): string {
  const { kind: name } = kindInfo(kind);
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}

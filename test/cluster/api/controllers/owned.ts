import { createHash } from 'node:crypto';
import type { Stored } from '../../types.js';
import { recordEvent } from '../events.js';
import { copy, objectOf, objectsOf, stringsOf, type JsonObject } from '../json.js';
import { completePod } from '../pods/defaults.js';
import { podOf } from '../pods/types.js';
import { policyOf, violations } from '../podsecurity/levels.js';
import type { ApiStore } from '../types.js';

export const pods = { group: '', resource: 'pods' };

/** A key of the apps group. */
export const apps = (resource: string): { group: string; resource: string } => ({ group: 'apps', resource });

/** The controller reference of an object that belongs to `owner`. */
export function controlledBy(owner: Stored): JsonObject {
  const { name, uid } = owner.metadata;
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

export function isOwnedBy(object: Stored, owner: Stored): boolean {
  return (object.metadata.ownerReferences ?? []).some((item) => item.uid === owner.metadata.uid);
}

export function isReady(pod: Stored): boolean {
  return (
    podOf(pod).status.conditions?.some((item) => item.type === 'Ready' && item.status === 'True') ?? false
  );
}

/** Neither ended nor on its way out. */
export function isActive(pod: Stored): boolean {
  const { phase } = podOf(pod).status;
  return pod.metadata.deletionTimestamp === undefined && phase !== 'Succeeded' && phase !== 'Failed';
}

/** Ten characters that stand for a pod template: the pod-template-hash. */
export function templateHash(template: unknown): string {
  const digest = createHash('sha256').update(JSON.stringify(template)).digest();
  const alphabet = 'bcdf2456789';
  return [...digest.subarray(0, 10)].map((byte) => alphabet.charAt(byte % alphabet.length)).join('');
}

export interface NewPod {
  readonly name?: string;
  readonly extraLabels?: Readonly<Record<string, string>>;
  readonly nodeName?: string;
  /** Its own name below that of a headless Service. */
  readonly hostname?: string;
  readonly subdomain?: string;
}

/** Creates a pod from the template of `owner`, or writes the event that says why Pod Security refuses it. */
export function createPod(store: ApiStore, owner: Stored, input: NewPod = {}): void {
  const template = objectOf(copy(objectOf(owner.spec).template));
  const given = objectOf(template.metadata);
  const spec = objectOf(template.spec);
  if (input.nodeName !== undefined) spec.nodeName = input.nodeName;
  if (input.hostname !== undefined) spec.hostname = input.hostname;
  if (input.subdomain !== undefined) spec.subdomain = input.subdomain;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(input.name === undefined ? { generateName: `${owner.metadata.name}-` } : { name: input.name }),
      namespace: owner.metadata.namespace,
      generation: 1,
      labels: { ...stringsOf(given.labels), ...input.extraLabels },
      ...(given.annotations === undefined ? {} : { annotations: given.annotations }),
      ownerReferences: [controlledBy(owner)],
    },
    spec,
  };
  completePod(pod);
  const namespace = store.get(
    { group: '', resource: 'namespaces' },
    undefined,
    owner.metadata.namespace ?? '',
  );
  const component = `${owner.kind.toLowerCase()}-controller`;
  const refused = violations({ metadata: podOf(pod).metadata, spec }, policyOf(namespace, 'enforce'));
  if (refused !== undefined) {
    const message = `Error creating: pods "${owner.metadata.name}-" is forbidden: violates ${refused}`;
    // Once is enough: this runs again at every change.
    const known = store
      .list({ group: '', resource: 'events' }, owner.metadata.namespace)
      .some((event) => event.message === message);
    if (!known)
      recordEvent(store, { object: owner, type: 'Warning', reason: 'FailedCreate', message, component });
    return;
  }
  const created = store.create(pods, pod);
  const message = `Created pod: ${created.metadata.name}`;
  recordEvent(store, { object: owner, type: 'Normal', reason: 'SuccessfulCreate', message, component });
}

/** The pods of an owner, in the order of their names. */
export function podsOf(store: ApiStore, owner: Stored): Stored[] {
  return store.list(pods, owner.metadata.namespace).filter((pod) => isOwnedBy(pod, owner));
}

/** Sets the status, in which zeros are left out as omitempty does. */
export function setStatus(
  store: ApiStore,
  resource: string,
  group: string,
  object: Stored,
  status: JsonObject,
): void {
  const kept = Object.fromEntries(Object.entries(status).filter(([, value]) => value !== 0));
  store.update({ group, resource }, object.metadata.namespace, object.metadata.name, (next) => {
    next.status = { ...kept, observedGeneration: next.metadata.generation };
  });
}

/** The names in `spec.template` are not read here; selectors of workloads are matchLabels mostly. */
export function conditionsOf(object: Stored): JsonObject[] {
  return objectsOf(objectOf(object.status).conditions);
}

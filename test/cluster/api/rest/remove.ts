import type { Stored } from '../../types.js';
import { isObject, numberOf, objectOf, textOf, type JsonObject } from '../json.js';
import { podOf } from '../pods/types.js';
import { groupVersion, resourceTypes, type ResourceType } from '../resources.js';
import { preconditionFailed } from '../status.js';
import { timestamp } from '../store.js';
import type { ApiStore } from '../types.js';
import { readValue } from './body.js';
import { representation, type ResourceExchange } from './exchange.js';
import { selection, theObject } from './read.js';
import { representList } from './represent.js';
import { sendJson, sendObject } from './respond.js';

interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly dryRun: boolean;
}

async function readOptions(exchange: ResourceExchange): Promise<DeleteOptions> {
  const { query } = exchange;
  const body = objectOf(
    await readValue(exchange, (said) => `couldn't get version/kind; json parse error: ${said}`),
  );
  const inQuery = query.get('gracePeriodSeconds');
  const { uid, resourceVersion } = objectOf(body.preconditions);
  const dryRun = Array.isArray(body.dryRun) ? body.dryRun : query.getAll('dryRun');
  return {
    gracePeriodSeconds: numberOf(body.gracePeriodSeconds) ?? (inQuery === null ? undefined : Number(inQuery)),
    uid: textOf(uid),
    resourceVersion: textOf(resourceVersion),
    dryRun: dryRun.includes('All'),
  };
}

function check(type: ResourceType, object: Stored, options: DeleteOptions): void {
  const { name, uid, resourceVersion } = object.metadata;
  if (options.uid !== undefined && options.uid !== uid)
    throw preconditionFailed(type.kind, name, 'UID', options.uid, uid);
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    throw preconditionFailed(type.kind, name, 'ResourceVersion', options.resourceVersion, resourceVersion);
  }
}

/** How long the kubelet gets: 0 when no kubelet has the pod, or it has ended already. */
function graceSeconds(object: Stored, asked: number | undefined): number {
  const { spec, status } = podOf(object);
  if (spec.nodeName === undefined || status.phase === 'Succeeded' || status.phase === 'Failed') return 0;
  return Math.max(0, asked ?? spec.terminationGracePeriodSeconds ?? 30);
}

function markDeleted(store: ApiStore, object: Stored, seconds: number): void {
  const { metadata } = object;
  // A deletion may be made quicker, never slower.
  if (metadata.deletionTimestamp !== undefined && (metadata.deletionGracePeriodSeconds ?? 0) <= seconds)
    return;
  if (metadata.deletionTimestamp === undefined) metadata.generation = (metadata.generation ?? 0) + 1;
  metadata.deletionTimestamp = timestamp(store.now() + seconds * 1000);
  metadata.deletionGracePeriodSeconds = seconds;
}

/**
 * Deletes as the API server does: a pod on a node is marked, and its kubelet removes it; with grace 0 it goes at once,
 * and the container lives on until the kubelet sees to it. A namespace is marked and its controller empties it.
 * Anything else goes at once. Returns the object as the answer shows it.
 */
export function deleteStored(
  store: ApiStore,
  type: ResourceType,
  object: Stored,
  gracePeriodSeconds?: number,
): Stored {
  const { name, namespace } = object.metadata;
  if (type.resource === 'namespaces') {
    const marked = store.update(type.key, undefined, name, (copy) => {
      markDeleted(store, copy, 0);
      Reflect.deleteProperty(copy.metadata, 'deletionGracePeriodSeconds');
      copy.status = { phase: 'Terminating' };
    });
    return marked ?? object;
  }
  if (type.resource !== 'pods') {
    store.remove(type.key, namespace, name);
    return object;
  }
  const seconds = graceSeconds(object, gracePeriodSeconds);
  const marked =
    store.update(type.key, namespace, name, (copy) => markDeleted(store, copy, seconds)) ?? object;
  if (seconds === 0) store.remove(type.key, namespace, name);
  return marked;
}

/** Kinds whose DELETE answers with the object; others answer with a Status. */
const answersWithObject = new Set(['pods', 'namespaces', 'services', 'serviceaccounts']);

function success(type: ResourceType, object: Stored): JsonObject {
  const { name, uid } = object.metadata;
  const group = type.group === '' ? {} : { group: type.group };
  const details = { name, ...group, kind: type.resource, uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

/** DELETE of an object. */
export async function deleteObject(exchange: ResourceExchange): Promise<void> {
  const { api, type } = exchange;
  const options = await readOptions(exchange);
  const object = theObject(exchange);
  check(type, object, options);
  const deleted = options.dryRun ? object : deleteStored(api.store, type, object, options.gracePeriodSeconds);
  if (answersWithObject.has(type.resource)) sendObject(exchange, 200, deleted);
  else sendJson(exchange.res, 200, success(type, object));
}

/** DELETE of a collection: what the selectors select. */
export async function deleteCollection(exchange: ResourceExchange): Promise<void> {
  const { api, type, wanted } = exchange;
  const options = await readOptions(exchange);
  const { predicate } = selection(exchange);
  const chosen = api.store.list(type.key, type.namespaced ? wanted.namespace : undefined).filter(predicate);
  const deleted = options.dryRun
    ? chosen
    : chosen.map((object) => deleteStored(api.store, type, object, options.gracePeriodSeconds));
  const form = { format: representation(exchange).format };
  const metadata = { resourceVersion: String(api.store.revision) };
  sendJson(
    exchange.res,
    200,
    representList(type, deleted, metadata, form, { now: api.store.now(), includeObject: null }),
    form.format,
  );
}

/** The resource type of a stored object, by its kind. */
export function typeOf(object: Stored): ResourceType | undefined {
  if (!isObject(object)) return undefined;
  return resourceTypes.find((type) => type.kind === object.kind && groupVersion(type) === object.apiVersion);
}

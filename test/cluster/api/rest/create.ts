import { randomUUID } from 'node:crypto';
import type { Stored } from '../../types.js';
import { copy, objectOf, textOf, type JsonObject } from '../json.js';
import { completeOther, completePod } from '../pods/defaults.js';
import { podOf } from '../pods/types.js';
import { labelErrors, newPodErrors, subdomainErrors } from '../pods/validate.js';
import type { ResourceType } from '../resources.js';
import { completeService } from '../services.js';
import { alreadyExists, badRequest, field, internal, invalid, type FieldError } from '../status.js';
import { generatedName, timestamp } from '../store.js';
import { admitIntoNamespace, admitPod, warnOfTemplate } from './admit.js';
import { decodeBody, readObject } from './body.js';
import type { ResourceExchange } from './exchange.js';
import { warnOfDeprecation } from './read.js';
import { sendObject } from './respond.js';

const withGeneration = new Set([
  'pods',
  'deployments',
  'replicasets',
  'statefulsets',
  'daemonsets',
  'jobs',
  'cronjobs',
  'ingresses',
  'networkpolicies',
  'endpointslices',
  'poddisruptionbudgets',
]);

/** Objects of this type count the changes of their spec in metadata.generation. */
export function hasGeneration(type: ResourceType): boolean {
  return withGeneration.has(type.resource);
}

/** What the metadata of a new object must not say, and what it begins with. */
function beginMetadata(exchange: ResourceExchange, object: JsonObject): JsonObject {
  const { type, wanted } = exchange;
  const metadata = objectOf(object.metadata);
  const namespace = textOf(metadata.namespace);
  if (type.namespaced && namespace !== undefined && namespace !== wanted.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  if (metadata.resourceVersion !== undefined)
    throw internal('resourceVersion should not be set on objects to be created');
  for (const name of [
    'uid',
    'selfLink',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
    'managedFields',
  ]) {
    Reflect.deleteProperty(metadata, name);
  }
  if (type.namespaced) metadata.namespace = wanted.namespace;
  else Reflect.deleteProperty(metadata, 'namespace');
  const prefix = textOf(metadata.generateName);
  if (textOf(metadata.name) === undefined && prefix !== undefined) metadata.name = generatedName(prefix);
  if (hasGeneration(type)) metadata.generation = 1;
  return metadata;
}

const looseNames = new Set(['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings']);

/** What is wrong with the name of an object, by its type. */
function nameErrors(type: ResourceType, name: string): FieldError[] {
  if (name === '') return [field.required('metadata.name', 'name or generateName is required')];
  if (looseNames.has(type.resource)) return [];
  return type.resource === 'namespaces' || type.resource === 'services'
    ? labelErrors('metadata.name', name)
    : subdomainErrors('metadata.name', name);
}

/** Completes a decoded object and checks it, as a create does. Throws 422 and 403. */
function prepare(exchange: ResourceExchange, object: JsonObject, name: string): void {
  const { api, type } = exchange;
  const errors = nameErrors(type, name);
  if (type.resource === 'pods') {
    completePod(object);
    errors.push(...newPodErrors(podOf(object)));
  } else if (type.resource === 'services') {
    completeService(api.store, object);
  } else {
    completeOther(type, object);
  }
  if (errors.length > 0) throw invalid(type.kind, type.group, name, errors);
  if (type.resource === 'pods') admitPod(exchange, object, name);
  else warnOfTemplate(exchange, object);
}

/** Stores a decoded object, or with dryRun=All says what would be stored. */
export function createDecoded(exchange: ResourceExchange, decoded: JsonObject): Stored {
  const { api, type, query } = exchange;
  const object = copy(decoded);
  object.metadata = beginMetadata(exchange, object);
  const name = textOf(objectOf(object.metadata).name) ?? '';
  admitIntoNamespace(exchange, name);
  prepare(exchange, object, name);
  if (query.get('dryRun') !== 'All') return api.store.create(type.key, object);
  const namespace = type.namespaced ? exchange.wanted.namespace : undefined;
  const existing = api.store.get(type.key, namespace, name);
  if (existing !== undefined)
    throw alreadyExists(type, name, existing.metadata.deletionTimestamp !== undefined);
  const metadata = {
    ...objectOf(object.metadata),
    uid: randomUUID(),
    creationTimestamp: timestamp(api.store.now()),
  };
  return { ...object, metadata } as unknown as Stored;
}

/** POST to a collection. */
export async function createObject(exchange: ResourceExchange): Promise<void> {
  const body = await readObject(exchange);
  warnOfDeprecation(exchange);
  sendObject(exchange, 201, createDecoded(exchange, decodeBody(exchange, body)));
}

import { isDeepStrictEqual } from 'node:util';
import type { Stored } from '../../types.js';
import { copy, objectOf, textOf, type JsonObject } from '../json.js';
import { readPatch, applyPatch, patchTypes } from '../patch/patch.js';
import { completeOther, defaultPodSpec } from '../pods/defaults.js';
import { ephemeralUpdateErrors, podUpdateErrors } from '../pods/ephemeral.js';
import { podOf } from '../pods/types.js';
import { mediaType, readBody } from '../request.js';
import { badRequest, conflict, field, invalid, StatusError, type FieldError } from '../status.js';
import { admitPod, warnOfTemplate } from './admit.js';
import { decodeBody, decodePatched, readObject } from './body.js';
import { createDecoded, hasGeneration } from './create.js';
import type { ResourceExchange } from './exchange.js';
import { completeService } from '../services.js';
import { theObject, warnOfDeprecation } from './read.js';
import { sendObject } from './respond.js';

const fixed = [
  'name',
  'namespace',
  'uid',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'generateName',
];

function isStatusKept(exchange: ResourceExchange): boolean {
  return (
    exchange.wanted.subresource === '' && exchange.type.subresources.some((item) => item.name === 'status')
  );
}

/** What of the proposed object may become the new one: everything, its status, or its ephemeral containers. */
function merged(exchange: ResourceExchange, current: Stored, proposed: JsonObject): JsonObject {
  const next: JsonObject = copy(current);
  const kept = objectOf(copy(current.metadata));
  switch (exchange.wanted.subresource) {
    case 'status':
      next.status = proposed.status;
      return next;
    case 'ephemeralcontainers': {
      const spec = objectOf(next.spec);
      const containers = objectOf(proposed.spec).ephemeralContainers;
      if (containers === undefined) Reflect.deleteProperty(spec, 'ephemeralContainers');
      else spec.ephemeralContainers = containers;
      defaultPodSpec(spec);
      return next;
    }
    default: {
      const metadata = { ...objectOf(proposed.metadata) };
      for (const name of fixed) {
        if (kept[name] === undefined) Reflect.deleteProperty(metadata, name);
        else metadata[name] = kept[name];
      }
      const result: JsonObject = {
        ...proposed,
        metadata: { ...metadata, resourceVersion: kept.resourceVersion },
      };
      if (isStatusKept(exchange)) result.status = next.status;
      if (exchange.type.resource === 'pods') defaultPodSpec(objectOf(result.spec));
      else if (exchange.type.resource === 'services') {
        result.spec = copy(result.spec);
        completeService(exchange.api.store, result);
      } else if (exchange.type.resource !== 'namespaces') completeOther(exchange.type, result);
      return result;
    }
  }
}

function checkMetadata(exchange: ResourceExchange, current: Stored, proposed: JsonObject): void {
  const { type, wanted } = exchange;
  const { name, resourceVersion, uid } = objectOf(proposed.metadata);
  if (name !== wanted.name) {
    throw badRequest(
      `the name of the object (${textOf(name) ?? ''}) does not match the name on the URL (${wanted.name})`,
    );
  }
  if (textOf(resourceVersion) !== undefined && resourceVersion !== current.metadata.resourceVersion)
    throw conflict(type, wanted.name);
  if (
    textOf(uid) !== undefined &&
    uid !== current.metadata.uid &&
    wanted.subresource !== 'ephemeralcontainers'
  ) {
    const why = `Precondition failed: UID in precondition: ${String(uid)}, UID in object meta: ${current.metadata.uid}`;
    const refused = conflict(type, wanted.name);
    throw new StatusError({
      code: 409,
      reason: 'Conflict',
      message: refused.message.replace(/: the object.*$/, `: ${why}`),
      details: refused.status.details,
    });
  }
}

function updateErrors(
  exchange: ResourceExchange,
  current: Stored,
  next: JsonObject,
  proposed: JsonObject,
): FieldError[] {
  const { type, wanted } = exchange;
  if (type.resource === 'pods') {
    if (wanted.subresource === 'ephemeralcontainers') {
      return ephemeralUpdateErrors(podOf(current), podOf(next), textOf(objectOf(proposed.metadata).uid));
    }
    return wanted.subresource === '' ? podUpdateErrors(podOf(current), podOf(next)) : [];
  }
  const selector = (object: unknown): unknown => objectOf(objectOf(object).spec).selector;
  if (type.group === 'apps' && !isDeepStrictEqual(selector(current), selector(next))) {
    return [field.invalid('spec.selector', selector(next), 'field is immutable')];
  }
  if (
    type.group === 'rbac.authorization.k8s.io' &&
    !isDeepStrictEqual(objectOf(current).roleRef, next.roleRef)
  ) {
    return [field.invalid('roleRef', next.roleRef, 'cannot change roleRef')];
  }
  return [];
}

/** Takes a decoded proposal for an existing object through checks and admission into the store. */
function updateDecoded(exchange: ResourceExchange, current: Stored, proposed: JsonObject): Stored {
  const { api, type, wanted, query } = exchange;
  checkMetadata(exchange, current, proposed);
  const next = merged(exchange, current, proposed);
  const errors = updateErrors(exchange, current, next, proposed);
  if (errors.length > 0) throw invalid(type.kind, type.group, wanted.name, errors);
  const specChanged = !isDeepStrictEqual(JSON.parse(JSON.stringify(next.spec ?? null)), current.spec ?? null);
  if (specChanged && hasGeneration(type))
    objectOf(next.metadata).generation = (current.metadata.generation ?? 0) + 1;
  if (type.resource === 'pods' && wanted.subresource !== 'status') admitPod(exchange, next, wanted.name);
  else warnOfTemplate(exchange, next);
  if (query.get('dryRun') === 'All') return next as unknown as Stored;
  const namespace = type.namespaced ? wanted.namespace : undefined;
  const stored = api.store.update(type.key, namespace, wanted.name, (object) => {
    for (const name of Object.keys(object)) if (!(name in next)) Reflect.deleteProperty(object, name);
    Object.assign(object, next);
  });
  return stored ?? theObject(exchange);
}

/** PUT of an object, or of one of its subresources. */
export async function replaceObject(exchange: ResourceExchange): Promise<void> {
  const body = await readObject(exchange);
  warnOfDeprecation(exchange);
  const decoded = decodeBody(exchange, body);
  sendObject(exchange, 200, updateDecoded(exchange, theObject(exchange), decoded));
}

/** PATCH of an object, or of one of its subresources. Server-side apply creates what is absent. */
export async function patchObject(exchange: ResourceExchange): Promise<void> {
  const { type, wanted, query, api } = exchange;
  const media = mediaType(exchange.req);
  const patch = readPatch(media, (await readBody(exchange.req)).toString(), query.get('fieldManager'));
  warnOfDeprecation(exchange);
  const existing = api.store.get(type.key, type.namespaced ? wanted.namespace : undefined, wanted.name);
  if (existing === undefined && media === patchTypes.apply && wanted.subresource === '') {
    const applied = objectOf(patch.body);
    const metadata = { ...objectOf(applied.metadata), name: wanted.name };
    sendObject(exchange, 201, createDecoded(exchange, decodeBody(exchange, { ...applied, metadata })));
    return;
  }
  const current = theObject(exchange);
  const proposed = decodePatched(exchange, applyPatch(current, patch), patch.body);
  sendObject(exchange, 200, updateDecoded(exchange, current, proposed));
}

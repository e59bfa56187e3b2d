import { applyPatch as applyJsonPatch, type Operation } from 'rfc6902';
import { copy, isObject, objectOf, type JsonObject } from '../json.js';
import { parseText } from '../request.js';
import { badRequest, field, internal, invalid, StatusError } from '../status.js';
import { applyConfiguration } from './apply.js';
import { mergePatch } from './merge.js';
import { strategicMerge } from './strategic.js';

export const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

function unsupported(): StatusError {
  return new StatusError({
    code: 415,
    reason: 'UnsupportedMediaType',
    message: '415: Unsupported Media Type',
    details: {},
  });
}

function jsonPatch(original: JsonObject, operations: unknown): JsonObject {
  if (!Array.isArray(operations))
    throw badRequest('json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  const target = copy(original);
  const failures = applyJsonPatch(target, operations as Operation[]).filter((failure) => failure !== null);
  if (failures.length > 0) {
    const message = 'the server rejected our request due to an error in our request';
    throw new StatusError({ code: 422, reason: 'Invalid', message, details: {} });
  }
  return target;
}

/** A patch as it was sent. */
export interface Patch {
  readonly type: string;
  readonly body: unknown;
}

/** Reads a PATCH body. 415 for a media type that is no patch, 400 for text that is none, 422 for apply without fieldManager. */
export function readPatch(media: string, text: string, fieldManager: string | null): Patch {
  const types: readonly string[] = Object.values(patchTypes);
  if (!types.includes(media)) throw unsupported();
  if (media === patchTypes.apply && !fieldManager) {
    const wrong = field.required('fieldManager', 'is required for apply patch');
    throw invalid('PatchOptions', 'meta.k8s.io', '', [wrong]);
  }
  const said =
    media === patchTypes.apply
      ? (words: string) => `error decoding YAML: ${words}`
      : (words: string) => words;
  return { type: media, body: parseText(text, media, said) };
}

/** The object with the patch applied. `original` is left as it is. */
export function applyPatch(original: unknown, patch: Patch): JsonObject {
  const from = objectOf(original);
  if (patch.type === patchTypes.json) return jsonPatch(from, patch.body);
  if (!isObject(patch.body))
    throw internal('json: cannot unmarshal array into Go value of type map[string]interface {}');
  if (patch.type === patchTypes.merge) return objectOf(mergePatch(from, patch.body));
  if (patch.type === patchTypes.apply) return objectOf(applyConfiguration(from, patch.body));
  return strategicMerge(from, patch.body);
}

import { isDeepStrictEqual } from 'node:util';
import { isObject, listOf, objectsOf, textOf, type JsonObject } from '../json.js';
import { goPrint } from '../json.js';
import { badRequest, internal } from '../status.js';

/** Lists that are merged by a key, by the name of their field (the `patchMergeKey` of the API types). */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  env: 'name',
  imagePullSecrets: 'name',
  secrets: 'name',
  resourceClaims: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  hostAliases: 'ip',
  podIPs: 'ip',
  hostIPs: 'ip',
  conditions: 'type',
  addresses: 'type',
  ownerReferences: 'uid',
  topologySpreadConstraints: 'topologyKey',
};

/** Lists of plain values that are merged as sets. */
const sets = new Set(['finalizers', 'podCIDRs']);

const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';

function mergeKey(name: string, item: unknown): string | undefined {
  if (name !== 'ports') return mergeKeys[name];
  return isObject(item) && 'containerPort' in item ? 'containerPort' : 'port';
}

function keyOf(item: unknown, key: string | undefined): unknown {
  return key === undefined ? item : isObject(item) ? item[key] : undefined;
}

function indexIn(order: readonly unknown[], item: unknown, key: string | undefined): number {
  const wanted = keyOf(item, key);
  return order.findIndex((other) => isDeepStrictEqual(keyOf(other, key), wanted));
}

function sortedBy(items: readonly unknown[], order: readonly unknown[], key: string | undefined): unknown[] {
  const place = (item: unknown): number => {
    const index = indexIn(order, item, key);
    return index < 0 ? order.length : index;
  };
  return [...items].sort((a, b) => place(a) - place(b));
}

/**
 * Orders a merged list as the real one does (`normalizeElementOrder`): what the patch names keeps the patch's order,
 * what only the server has keeps the server's, and between the two an item that the server does not know comes first.
 */
function ordered(
  merged: readonly unknown[],
  patchOrder: readonly unknown[],
  serverOrder: readonly unknown[],
  key: string | undefined,
): unknown[] {
  const inPatch = merged.filter((item) => indexIn(patchOrder, item, key) >= 0);
  const right = sortedBy(inPatch, patchOrder, key);
  const left = sortedBy(
    merged.filter((item) => !inPatch.includes(item)),
    serverOrder,
    key,
  );
  const result: unknown[] = [];
  while (left.length > 0 && right.length > 0) {
    const l = indexIn(serverOrder, left[0], key);
    const r = indexIn(serverOrder, right[0], key);
    result.push(l >= 0 && r >= 0 && l < r ? left.shift() : right.shift());
  }
  return [...result, ...left, ...right];
}

function mergeMaps(
  original: readonly unknown[],
  patch: readonly JsonObject[],
  key: string,
  field: string,
): unknown[] {
  if (patch.some((item) => item.$patch === 'replace'))
    return patch.filter((item) => item.$patch === undefined);
  let merged: unknown[] = [...original];
  for (const item of patch) {
    if (item[key] === undefined)
      throw internal(`map: ${goPrint(item)} does not contain declared merge key: ${key}`);
    const index = indexIn(merged, item, key);
    if (item.$patch === 'delete') {
      merged = merged.filter((_, place) => place !== index);
    } else if (index >= 0) {
      merged[index] = mergeObject(isObject(merged[index]) ? merged[index] : {}, item);
    } else {
      merged.push(mergeObject({}, item));
    }
  }
  return ordered(merged, patch, original, mergeKey(field, patch[0]) ?? key);
}

function mergeList(field: string, original: unknown, patch: unknown[]): unknown[] {
  if (sets.has(field)) return [...new Set([...listOf(original), ...patch])];
  const key = mergeKey(field, patch[0] ?? listOf(original)[0]);
  if (key === undefined) return patch;
  return mergeMaps(listOf(original), objectsOf(patch), key, field);
}

function mergeValue(field: string, original: unknown, patch: unknown): unknown {
  if (Array.isArray(patch)) return mergeList(field, original, patch as unknown[]);
  return isObject(patch) ? mergeObject(isObject(original) ? original : {}, patch) : patch;
}

function mergeObject(original: JsonObject, patch: JsonObject): JsonObject {
  const directive = textOf(patch.$patch);
  if (directive === 'replace') return without(patch, ['$patch']);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw badRequest(`Unknown patch type: ${directive}`);
  const retain = Array.isArray(patch.$retainKeys)
    ? new Set(listOf(patch.$retainKeys).map(String))
    : undefined;
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(original)) if (retain?.has(name) ?? true) result[name] = value;
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith('$')) continue;
    if (value === null) Reflect.deleteProperty(result, name);
    else result[name] = mergeValue(name, result[name], value);
  }
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(deletePrefix)) {
      const list = name.slice(deletePrefix.length);
      result[list] = listOf(result[list]).filter((item) => !listOf(value).includes(item));
    }
    if (name.startsWith(orderPrefix)) {
      const list = name.slice(orderPrefix.length);
      const order = listOf(value);
      const key = isObject(order[0]) ? mergeKey(list, order[0]) : undefined;
      if (result[list] !== undefined)
        result[list] = ordered(listOf(result[list]), order, listOf(original[list]), key);
    }
  }
  return result;
}

function without(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

/** Strategic merge patch, as `k8s.io/apimachinery/pkg/util/strategicpatch` applies it. Does not change its arguments. */
export function strategicMerge(original: JsonObject, patch: JsonObject): JsonObject {
  return mergeObject(original, patch);
}

import { isObject, objectsOf, type JsonObject } from '../json.js';

/** Lists that server-side apply merges by a key; every other list is replaced as a whole. */
const mapKeys: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  env: 'name',
  imagePullSecrets: 'name',
  volumeMounts: 'mountPath',
  conditions: 'type',
  ownerReferences: 'uid',
};

function applyList(original: unknown, applied: readonly unknown[], key: string): unknown[] {
  const result: unknown[] = [...objectsOf(original)];
  for (const item of objectsOf(applied)) {
    const index = result.findIndex((other) => isObject(other) && other[key] === item[key]);
    if (index < 0) result.push(item);
    else result[index] = applyConfiguration(result[index], item);
  }
  return result;
}

/**
 * Server-side apply for one applier who forces: fields given are set, lists with keys are merged with new items last.
 * Ownership of fields is not tracked, so nothing is removed by leaving it out, and there are no conflicts.
 */
export function applyConfiguration(original: unknown, applied: unknown): unknown {
  if (!isObject(applied)) return applied;
  const result: JsonObject = isObject(original) ? { ...original } : {};
  for (const [name, value] of Object.entries(applied)) {
    const key = mapKeys[name];
    if (Array.isArray(value) && key !== undefined)
      result[name] = applyList(result[name], value as unknown[], key);
    else if (value !== null) result[name] = applyConfiguration(result[name], value);
  }
  return result;
}

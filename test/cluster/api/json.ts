/** Narrow readers for JSON of unknown shape. */

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value if it is an object, else an empty one. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

/** The value if it is a list, else an empty one. */
export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** The objects of a list; anything else in it is passed over. */
export function objectsOf(value: unknown): JsonObject[] {
  return listOf(value).filter(isObject);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The strings of an object of strings (labels, annotations). */
export function stringsOf(value: unknown): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [key, item] of Object.entries(objectOf(value))) if (typeof item === 'string') result[key] = item;
  return result;
}

/** Reads along a path of field names. */
export function at(value: unknown, ...path: string[]): unknown {
  let here = value;
  for (const name of path) here = objectOf(here)[name];
  return here;
}

/** The values at a path that goes through lists on its way. */
export function allAt(value: unknown, path: readonly string[]): unknown[] {
  const [name, ...rest] = path;
  if (name === undefined) return [value];
  const next = objectOf(value)[name];
  if (Array.isArray(next)) return (next as unknown[]).flatMap((item) => allAt(item, rest));
  return next === undefined ? [] : allAt(next, rest);
}

/** A deep copy of JSON; what is undefined is left out. */
export function copy<T>(value: T): T {
  // Not structuredClone: under a test runner its objects are of another realm, and equal to none of ours.
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Freezes an object of JSON and all in it, so that a mistaken mutation throws where it happens. */
export function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) freeze(item);
  }
  return value;
}

/** As Go prints a value with %v: `map[a:1 b:[x y]]`, keys sorted. The API server quotes patches in this form. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${(value as unknown[]).map(goPrint).join(' ')}]`;
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    return `map[${keys.map((key) => `${key}:${goPrint(value[key])}`).join(' ')}]`;
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

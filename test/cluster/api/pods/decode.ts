import { listOf, objectOf, type JsonObject } from '../json.js';
import type { ResourceType } from '../resources.js';
import { other, pod, workload, type Fields, type Shape } from './shape.js';

/** What decoding found besides the object. */
export interface Decoded {
  /** Cleaned: without unknown fields, nulls and empty values. */
  readonly object: JsonObject;
  /** Paths of fields that do not exist. */
  readonly unknown: readonly string[];
  /** The first value of a wrong type. */
  readonly wrong: WrongType | undefined;
}

export interface WrongType {
  readonly path: string;
  /** What it is: string, bool, int64, float64, map, slice. */
  readonly is: string;
  /** What it should be. */
  readonly wanted: string;
}

interface Findings {
  readonly unknown: string[];
  readonly wrong: WrongType[];
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'slice';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'map';
}

function wantedKind(shape: Shape): string {
  if (typeof shape === 'string') return shape.replace('?', '');
  if ('fields' in shape) return 'struct';
  return 'map' in shape ? 'map' : 'slice';
}

function clean(value: unknown, shape: Shape, path: string, found: Findings): unknown {
  if (value === null || value === undefined || shape === 'any') return value ?? undefined;
  const is = goKind(value);
  const wanted = wantedKind(shape);
  const fits = wanted === is || (wanted === 'struct' && is === 'map') || (wanted === 'int' && is === 'int64');
  if (!fits) {
    found.wrong.push({ path, is, wanted });
    return undefined;
  }
  if (shape === 'string' || shape === 'bool' || shape === 'int')
    return value === '' || value === false || value === 0 ? undefined : value;
  if (typeof shape !== 'object') return value;
  if ('list' in shape) return cleanList(listOf(value), shape.list, path, found);
  return 'map' in shape
    ? cleanMap(objectOf(value), shape.map, path, found)
    : cleanObject(objectOf(value), shape, path, found);
}

function cleanList(value: readonly unknown[], inner: Shape, path: string, found: Findings): unknown {
  const items = value.map((item, index) => {
    const cleaned = clean(item, inner, `${path}[${index}]`, found);
    return cleaned ?? (inner === 'string' ? '' : cleaned);
  });
  return items.length === 0 ? undefined : items;
}

function cleanMap(value: JsonObject, inner: Shape, path: string, found: Findings): unknown {
  const entries = Object.entries(value).map(([name, item]) => {
    const cleaned = clean(item, inner, `${path}.${name}`, found);
    return [name, cleaned ?? (inner === 'string' ? '' : cleaned)] as const;
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function cleanObject(value: JsonObject, shape: Fields, path: string, found: Findings): JsonObject {
  const result: JsonObject = {};
  const prefix = path === '' ? '' : `${path}.`;
  for (const [name, item] of Object.entries(value)) {
    const known = shape.fields[name];
    if (known === undefined) {
      found.unknown.push(`${prefix}${name}`);
      continue;
    }
    const cleaned = clean(item, known, `${prefix}${name}`, found);
    if (cleaned !== undefined) result[name] = cleaned;
  }
  return result;
}

const workloads = new Set(['deployments', 'replicasets', 'daemonsets', 'statefulsets', 'jobs']);

function shapeOf(type: ResourceType): Fields {
  if (type.resource === 'pods') return pod;
  return workloads.has(type.resource) ? workload : other;
}

/** Reads an object of this type as the API server's decoder does. */
export function decode(type: ResourceType, value: JsonObject): Decoded {
  const found: Findings = { unknown: [], wrong: [] };
  const shape = shapeOf(type);
  if (shape === other) {
    const metadata = clean(value.metadata ?? {}, other.fields.metadata ?? 'any', 'metadata', found);
    return { object: { ...value, metadata }, unknown: found.unknown, wrong: found.wrong[0] };
  }
  const object = cleanObject(value, shape, '', found);
  return { object, unknown: found.unknown, wrong: found.wrong[0] };
}

import { randomBytes, randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ResourceKey, StoreEvent, Stored } from '../types.js';
import { copy, freeze, isObject } from './json.js';
import { alreadyExists, badRequest } from './status.js';
import type { ApiStore } from './types.js';

export interface StoreOptions {
  /** Milliseconds since the epoch; default the machine's clock. Skewed clocks are made here. */
  readonly now?: () => number;
  readonly uuid?: () => string;
  /** How many changes are remembered, default 20 000. */
  readonly historyLimit?: number;
}

const nameAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** A name for `metadata.generateName`: five random characters behind it, as the API server's name generator makes them. */
export function generatedName(prefix: string): string {
  const tail = [...randomBytes(5)].map((byte) => nameAlphabet.charAt(byte % nameAlphabet.length)).join('');
  return `${prefix.slice(0, 58)}${tail}`;
}

/** RFC 3339 in whole seconds, as metav1.Time is written. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function path(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

function inOrder(objects: Iterable<[string, Stored]>): Stored[] {
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

function revisionOf(event: StoreEvent): number {
  return Number(event.object.metadata.resourceVersion);
}

/** An empty store whose first change is resourceVersion 2. Objects it gives out are frozen. */
export function createStore(options: StoreOptions = {}): ApiStore {
  const now = options.now ?? Date.now;
  const uuid = options.uuid ?? randomUUID;
  const limit = options.historyLimit ?? 20_000;
  const tables = new Map<string, Map<string, Stored>>();
  const listeners = new Set<(event: StoreEvent) => void>();
  let history: StoreEvent[] = [];
  let revision = 1;
  let compacted = 0;

  const table = (key: ResourceKey): Map<string, Stored> => {
    const id = `${key.group}/${key.resource}`;
    let found = tables.get(id);
    if (found === undefined) tables.set(id, (found = new Map<string, Stored>()));
    return found;
  };

  const compact = (upTo: number): void => {
    compacted = Math.max(compacted, Math.min(upTo, revision));
    history = history.filter((event) => revisionOf(event) > compacted);
  };

  const record = (event: StoreEvent): void => {
    history.push(event);
    // A tenth at a time, so that dropping costs nothing worth counting.
    if (history.length > limit) {
      const last = history[Math.ceil(limit / 10)];
      if (last !== undefined) compact(revisionOf(last));
    }
    for (const listener of [...listeners]) listener(event);
  };

  const place = (key: ResourceKey, object: Stored, previous: Stored | undefined): Stored => {
    revision += 1;
    object.metadata.resourceVersion = String(revision);
    table(key).set(path(object.metadata.namespace, object.metadata.name), freeze(object));
    record(
      previous === undefined ? { type: 'ADDED', key, object } : { type: 'MODIFIED', key, object, previous },
    );
    return object;
  };

  return {
    get revision() {
      return revision;
    },
    get compacted() {
      return compacted;
    },
    now,
    get: (key, namespace, name) => table(key).get(path(namespace, name)),
    list(key, namespace) {
      const all = inOrder(table(key));
      return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
    },
    create(key, given) {
      const object = copy(given) as Stored;
      if (!isObject(object.metadata)) throw badRequest('metadata is missing');
      const { name, generateName, namespace } = object.metadata as {
        name?: string;
        generateName?: string;
        namespace?: string;
      };
      if (!name) {
        if (!generateName) throw badRequest('name or generateName is required');
        object.metadata.name = generatedName(generateName);
      }
      const existing = table(key).get(path(namespace, object.metadata.name));
      if (existing !== undefined) {
        throw alreadyExists(key, object.metadata.name, existing.metadata.deletionTimestamp !== undefined);
      }
      object.metadata.uid = uuid();
      object.metadata.creationTimestamp = timestamp(now());
      return place(key, object, undefined);
    },
    update(key, namespace, name, change) {
      const previous = table(key).get(path(namespace, name));
      if (previous === undefined) return undefined;
      const object = copy(previous);
      change(object);
      object.metadata.resourceVersion = previous.metadata.resourceVersion;
      // Written and read back, as JSON would be: a field set to undefined is an absent one.
      const stored = copy(object);
      return isDeepStrictEqual(stored, previous) ? previous : place(key, stored, previous);
    },
    remove(key, namespace, name) {
      const previous = table(key).get(path(namespace, name));
      if (previous === undefined) return undefined;
      table(key).delete(path(namespace, name));
      revision += 1;
      const object = copy(previous);
      object.metadata.resourceVersion = String(revision);
      record({ type: 'DELETED', key, object: freeze(object), previous });
      return object;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    since: (from) => (from < compacted ? undefined : history.filter((event) => revisionOf(event) > from)),
    at(key, namespace, wanted) {
      if (wanted < compacted) return undefined;
      const objects = new Map(table(key));
      for (const event of [...history].reverse()) {
        if (revisionOf(event) <= wanted) break;
        if (event.key.group !== key.group || event.key.resource !== key.resource) continue;
        const id = path(event.object.metadata.namespace, event.object.metadata.name);
        if (event.previous === undefined) objects.delete(id);
        else objects.set(id, event.previous);
      }
      const all = inOrder(objects);
      return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
    },
    compact: (upTo) => compact(upTo ?? revision),
  };
}

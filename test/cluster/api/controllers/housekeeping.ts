import { resourceTypes } from '../resources.js';
import { deleteStored } from '../rest/remove.js';
import type { ApiStore } from '../types.js';

const types = resourceTypes.filter((type) => !type.review && type.group !== 'events.k8s.io');

/** Removes what belongs to owners that are gone, as the garbage collector does in the background. */
export function collectGarbage(store: ApiStore): void {
  const owned = types.flatMap((type) =>
    store
      .list(type.key)
      .filter((object) => (object.metadata.ownerReferences ?? []).length > 0)
      .map((object) => ({ type, object })),
  );
  if (owned.length === 0) return;
  const uids = new Set(types.flatMap((type) => store.list(type.key).map((object) => object.metadata.uid)));
  for (const { type, object } of owned) {
    const orphan = (object.metadata.ownerReferences ?? []).every((owner) => !uids.has(String(owner.uid)));
    if (orphan && object.metadata.deletionTimestamp === undefined) deleteStored(store, type, object);
  }
}

/** Empties namespaces that are being deleted, and removes them when nothing is left. */
export function emptyNamespaces(store: ApiStore): void {
  const namespaces = { group: '', resource: 'namespaces' };
  const going = store.list(namespaces).filter((item) => item.metadata.deletionTimestamp !== undefined);
  for (const { metadata } of going) {
    const inside = types
      .filter((type) => type.namespaced)
      .flatMap((type) => store.list(type.key, metadata.name).map((object) => ({ type, object })));
    for (const { type, object } of inside)
      if (object.metadata.deletionTimestamp === undefined) deleteStored(store, type, object);
    const left = types.some((type) => type.namespaced && store.list(type.key, metadata.name).length > 0);
    if (!left) store.remove(namespaces, undefined, metadata.name);
  }
}

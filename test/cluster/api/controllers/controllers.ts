import type { ApiStore } from '../types.js';
import { reconcileEndpoints } from './endpoints.js';
import { collectGarbage, emptyNamespaces } from './housekeeping.js';
import { reconcileWorkloads } from './workloads.js';

const ignored = new Set(['events', 'leases']);

/**
 * Runs the controllers: after any change of an object they all look at everything again, until nothing changes any
 * more. Clusters here are small. Returns a function that stops them.
 */
export function startControllers(store: ApiStore): () => void {
  let scheduled: NodeJS.Immediate | undefined;
  const run = (): void => {
    scheduled = undefined;
    reconcileWorkloads(store);
    reconcileEndpoints(store);
    collectGarbage(store);
    emptyNamespaces(store);
  };
  const schedule = (): void => {
    scheduled ??= setImmediate(run);
  };
  const end = store.subscribe((event) => {
    if (!ignored.has(event.key.resource)) schedule();
  });
  schedule();
  return () => {
    end();
    if (scheduled !== undefined) clearImmediate(scheduled);
  };
}

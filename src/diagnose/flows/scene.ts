import type { Pod } from '../../kube/types.js';
import { isFinished } from '../../target/pods.js';
import { createModel } from '../policy/model.js';
import type { Snapshot } from '../snapshot/types.js';
import { policyObjects } from './objects.js';
import { required, type Scene } from './party.js';

/** A snapshot with its policies compiled. `namespace` is that of references which carry none. */
export function createScene(snapshot: Snapshot, namespace: string): Scene {
  return { snapshot, namespace, model: createModel(policyObjects(snapshot)) };
}

/** The pods that have not finished, of one namespace or of all, by namespace and name. Throws when they could not be read. */
export function runningPods(snapshot: Snapshot, namespace: string | undefined): readonly Pod[] {
  const pods = required(snapshot.read('pods', namespace), 'pods').filter((pod) => !isFinished(pod));
  const key = ({ metadata }: Pod): string => `${metadata.namespace ?? ''}/${metadata.name}`;
  return pods.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

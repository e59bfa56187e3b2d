/** What the node controller does when a kubelet stops to post its status, and when it is back. */
import { objectOf, objectsOf } from '../api/json.js';
import type { Store } from '../types.js';

const nodes = { group: '', resource: 'nodes' };
const pods = { group: '', resource: 'pods' };
const taint = 'node.kubernetes.io/unreachable';

/** Marks a node as lost, with its pods no longer ready, or as ready again: then the kubelet writes of its pods itself. */
export function markNode(store: Store, name: string, down: boolean): void {
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  store.update(nodes, undefined, name, (node) => {
    const status = objectOf(node.status as unknown);
    const spec = objectOf(node.spec as unknown);
    status.conditions = objectsOf(status.conditions).map((condition) => ({
      ...condition,
      ...(down
        ? {
            status: 'Unknown',
            reason: 'NodeStatusUnknown',
            message: 'Kubelet stopped posting node status.',
            lastTransitionTime: now,
          }
        : condition.type === 'Ready'
          ? {
              status: 'True',
              reason: 'KubeletReady',
              message: 'kubelet is posting ready status',
              lastTransitionTime: now,
            }
          : { status: 'False', lastTransitionTime: now }),
    }));
    if (down) {
      spec.taints = ['NoSchedule', 'NoExecute'].map((effect) => ({ key: taint, effect, timeAdded: now }));
    } else {
      Reflect.deleteProperty(spec, 'taints');
    }
  });
  if (!down) return;
  for (const pod of store.list(pods).filter(({ spec }) => objectOf(spec as unknown).nodeName === name)) {
    store.update(pods, pod.metadata.namespace, pod.metadata.name, (object) => {
      const status = objectOf(object.status as unknown);
      status.conditions = objectsOf(status.conditions).map((condition) =>
        condition.type === 'Ready' ? { ...condition, status: 'False', lastTransitionTime: now } : condition,
      );
    });
  }
}

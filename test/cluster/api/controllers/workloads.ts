import type { Stored } from '../../types.js';
import { copy, numberOf, objectOf, stringsOf, textOf } from '../json.js';
import { podOf } from '../pods/types.js';
import { typeOf, deleteStored } from '../rest/remove.js';
import { timestamp } from '../store.js';
import type { ApiStore } from '../types.js';
import {
  apps,
  conditionsOf,
  controlledBy,
  createPod,
  isActive,
  isOwnedBy,
  isReady,
  podsOf,
  setStatus,
  templateHash,
} from './owned.js';

function replicasOf(object: Stored): number {
  return numberOf(objectOf(object.spec).replicas) ?? 1;
}

function removePod(store: ApiStore, pod: Stored): void {
  const type = typeOf(pod);
  if (type !== undefined) deleteStored(store, type, pod);
}

/** As many active pods as the ReplicaSet wants; those not ready go first. */
function reconcileReplicaSet(store: ApiStore, set: Stored): void {
  const active = podsOf(store, set).filter(isActive);
  const wanted = set.metadata.deletionTimestamp === undefined ? replicasOf(set) : 0;
  for (let missing = wanted - active.length; missing > 0; missing -= 1) createPod(store, set);
  const surplus = [...active]
    .sort((a, b) => Number(isReady(a)) - Number(isReady(b)))
    .slice(0, Math.max(0, active.length - wanted));
  for (const pod of surplus) removePod(store, pod);
  const now = podsOf(store, set).filter(isActive);
  const ready = now.filter(isReady).length;
  setStatus(store, 'replicasets', 'apps', set, {
    // Kept although zero: the real one says replicas always.
    ...objectOf({ replicas: now.length }),
    fullyLabeledReplicas: now.length,
    readyReplicas: ready,
    availableReplicas: ready,
  });
}

/** The ReplicaSet of a Deployment's present template; made when it is not there. */
function currentSet(store: ApiStore, deployment: Stored): Stored {
  const spec = objectOf(copy(deployment.spec) as unknown);
  const template = objectOf(spec.template);
  const hash = templateHash(template);
  const { namespace } = deployment.metadata;
  const name = `${deployment.metadata.name}-${hash}`;
  const existing = store.get(apps('replicasets'), namespace, name);
  if (existing !== undefined) return existing;
  const labels = { ...stringsOf(objectOf(template.metadata).labels), 'pod-template-hash': hash };
  const matchLabels = { ...stringsOf(objectOf(spec.selector).matchLabels), 'pod-template-hash': hash };
  return store.create(apps('replicasets'), {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace,
      generation: 1,
      labels,
      annotations: {
        'deployment.kubernetes.io/desired-replicas': String(replicasOf(deployment)),
        'deployment.kubernetes.io/revision': '1',
      },
      ownerReferences: [controlledBy(deployment)],
    },
    spec: {
      replicas: replicasOf(deployment),
      selector: { ...objectOf(spec.selector), matchLabels },
      template: { ...template, metadata: { ...objectOf(template.metadata), labels } },
    },
    status: { replicas: 0 },
  });
}

function setReplicas(store: ApiStore, set: Stored, replicas: number): void {
  store.update(apps('replicasets'), set.metadata.namespace, set.metadata.name, (next) => {
    const spec = objectOf(next.spec);
    if (spec.replicas === replicas) return;
    spec.replicas = replicas;
    next.metadata.generation = (next.metadata.generation ?? 0) + 1;
  });
}

/** One ReplicaSet for the present template has all replicas; older ones go to zero at once. No rolling, no rollback. */
function reconcileDeployment(store: ApiStore, deployment: Stored): void {
  const wanted = replicasOf(deployment);
  const current = currentSet(store, deployment);
  const sets = store
    .list(apps('replicasets'), deployment.metadata.namespace)
    .filter((set) => isOwnedBy(set, deployment));
  for (const set of sets) setReplicas(store, set, set.metadata.name === current.metadata.name ? wanted : 0);
  const all = sets.flatMap((set) => podsOf(store, set)).filter(isActive);
  const updated = all.filter((pod) => isOwnedBy(pod, current)).length;
  const ready = all.filter(isReady).length;
  setStatus(store, 'deployments', 'apps', deployment, {
    replicas: all.length,
    updatedReplicas: updated,
    readyReplicas: ready,
    availableReplicas: ready,
    unavailableReplicas: Math.max(0, wanted - ready),
    conditions: [available(store, deployment, ready >= wanted)],
  });
}

function available(store: ApiStore, deployment: Stored, is: boolean): object {
  const status = is ? 'True' : 'False';
  const before = conditionsOf(deployment).find((item) => item.type === 'Available' && item.status === status);
  if (before !== undefined) return before;
  const now = timestamp(store.now());
  const reason = is ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable';
  const message = is
    ? 'Deployment has minimum availability.'
    : 'Deployment does not have minimum availability.';
  return { type: 'Available', status, lastUpdateTime: now, lastTransitionTime: now, reason, message };
}

/** name-0, name-1, ... each when the one before it is ready. */
function reconcileStatefulSet(store: ApiStore, set: Stored): void {
  const wanted = replicasOf(set);
  const own = podsOf(store, set);
  for (let index = 0; index < wanted; index += 1) {
    const name = `${set.metadata.name}-${index}`;
    const pod = own.find((item) => item.metadata.name === name);
    if (pod === undefined) {
      const subdomain = textOf(objectOf(set.spec).serviceName);
      createPod(store, set, {
        name,
        hostname: name,
        ...(subdomain === undefined || subdomain === '' ? {} : { subdomain }),
        extraLabels: {
          'statefulset.kubernetes.io/pod-name': name,
          'apps.kubernetes.io/pod-index': String(index),
        },
      });
    }
    if (pod === undefined || !isReady(pod)) break;
  }
  for (const pod of own.filter(isActive)) {
    if (Number(pod.metadata.name.slice(set.metadata.name.length + 1)) >= wanted) removePod(store, pod);
  }
  const active = podsOf(store, set).filter(isActive);
  const ready = active.filter(isReady).length;
  setStatus(store, 'statefulsets', 'apps', set, {
    replicas: active.length,
    readyReplicas: ready,
    availableReplicas: ready,
  });
}

/** One pod on every node. */
function reconcileDaemonSet(store: ApiStore, set: Stored): void {
  const nodes = store.list({ group: '', resource: 'nodes' });
  const active = podsOf(store, set).filter(isActive);
  for (const { metadata } of nodes) {
    const there = active.some((pod) => podOf(pod).spec.nodeName === metadata.name);
    if (!there) createPod(store, set, { nodeName: metadata.name });
  }
  const now = podsOf(store, set).filter(isActive);
  setStatus(store, 'daemonsets', 'apps', set, {
    desiredNumberScheduled: nodes.length,
    currentNumberScheduled: now.length,
    numberReady: now.filter(isReady).length,
    numberAvailable: now.filter(isReady).length,
  });
}

/** Pods until enough of them have succeeded, or backoffLimit have failed. */
function reconcileJob(store: ApiStore, job: Stored): void {
  const spec = objectOf(job.spec as unknown);
  const own = podsOf(store, job);
  const phase = (name: string): number => own.filter((pod) => podOf(pod).status.phase === name).length;
  const succeeded = phase('Succeeded');
  const failed = phase('Failed');
  const wanted = numberOf(spec.completions) ?? 1;
  const active = own.filter(isActive).length;
  const gaveUp = failed > (numberOf(spec.backoffLimit) ?? 6);
  const more = gaveUp ? 0 : Math.min(numberOf(spec.parallelism) ?? 1, wanted - succeeded) - active;
  const extraLabels = { 'batch.kubernetes.io/job-name': job.metadata.name, 'job-name': job.metadata.name };
  for (let index = 0; index < more; index += 1) createPod(store, job, { extraLabels });
  const done = succeeded >= wanted;
  const now = timestamp(store.now());
  const status = objectOf(job.status as unknown);
  setStatus(store, 'jobs', 'batch', job, {
    startTime: status.startTime ?? now,
    active: podsOf(store, job).filter(isActive).length,
    succeeded,
    failed,
    ...(done
      ? { completionTime: status.completionTime ?? now, conditions: [{ type: 'Complete', status: 'True' }] }
      : {}),
  });
}

/** Brings every workload one step nearer to what it wants. */
export function reconcileWorkloads(store: ApiStore): void {
  for (const deployment of store.list(apps('deployments'))) reconcileDeployment(store, deployment);
  for (const set of store.list(apps('replicasets'))) reconcileReplicaSet(store, set);
  for (const set of store.list(apps('statefulsets'))) reconcileStatefulSet(store, set);
  for (const set of store.list(apps('daemonsets'))) reconcileDaemonSet(store, set);
  for (const job of store.list({ group: 'batch', resource: 'jobs' })) reconcileJob(store, job);
}

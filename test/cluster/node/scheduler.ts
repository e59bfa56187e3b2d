/** The scheduler: gives pods without a node one that matches their nodeSelector, the emptiest first. */
import type { Store, Stored } from '../types.js';
import { asPod, pods, type Pod } from './pod.js';

const nodes = { group: '', resource: 'nodes' } as const;
const events = { group: '', resource: 'events' } as const;

export interface SchedulerOptions {
  readonly store: Store;
  readonly now: () => number;
}

function matches(node: Stored, pod: Pod): boolean {
  const ready = (node.status as { conditions?: { type: string; status: string }[] } | undefined)?.conditions;
  return (
    ready?.find(({ type }) => type === 'Ready')?.status === 'True' &&
    (node.spec as { unschedulable?: boolean } | undefined)?.unschedulable !== true &&
    Object.entries(pod.spec.nodeSelector ?? {}).every(
      ([name, value]) => node.metadata.labels?.[name] === value,
    )
  );
}

function say(options: SchedulerOptions, pod: Pod, type: string, reason: string, message: string): void {
  const now = options.now();
  const { name, namespace, uid, resourceVersion } = pod.metadata;
  const microseconds = String(process.hrtime.bigint() % 1000n).padStart(3, '0');
  options.store.create(events, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: `${name}.${(BigInt(now) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n)).toString(16)}`,
      namespace,
    },
    involvedObject: { kind: 'Pod', namespace, name, uid, apiVersion: 'v1', resourceVersion },
    reason,
    message,
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    type,
    eventTime: `${new Date(now).toISOString().slice(0, -1)}${microseconds}Z`,
    action: reason === 'Scheduled' ? 'Binding' : 'Scheduling',
    reportingComponent: 'default-scheduler',
    reportingInstance: 'default-scheduler-local',
  });
}

function bind(options: SchedulerOptions, pod: Pod, node: string): void {
  const { store } = options;
  const { name, namespace } = pod.metadata;
  store.update(pods, namespace, name, (object) => {
    object.spec = { ...(object.spec as object), nodeName: node };
  });
  say(options, pod, 'Normal', 'Scheduled', `Successfully assigned ${namespace}/${name} to ${node}`);
}

function refuse(options: SchedulerOptions, pod: Pod, count: number): void {
  const why = "node(s) didn't match Pod's node affinity/selector";
  const message =
    `0/${count} nodes are available: ${count} ${why}. no new claims to deallocate, ` +
    `preemption: 0/${count} nodes are available: ${count} Preemption is not helpful for scheduling.`;
  if (pod.status.conditions?.some(({ type }) => type === 'PodScheduled')) {
    return;
  }
  const { generation } = pod.metadata;
  options.store.update(pods, pod.metadata.namespace, pod.metadata.name, (object) => {
    const status = object.status as Pod['status'];
    const condition = {
      type: 'PodScheduled',
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      status: 'False',
      lastProbeTime: null,
      lastTransitionTime: `${new Date(options.now()).toISOString().slice(0, 19)}Z`,
      reason: 'Unschedulable',
      message,
    };
    object.status = { ...status, conditions: [...(status.conditions ?? []), condition] };
  });
  say(options, pod, 'Warning', 'FailedScheduling', message);
}

/** Looks at one pod, which has no node yet. */
export function schedule(options: SchedulerOptions, object: Stored): void {
  const pod = asPod(object);
  const scheduler = pod.spec.schedulerName ?? 'default-scheduler';
  if (scheduler !== 'default-scheduler' || pod.metadata.deletionTimestamp !== undefined) {
    return;
  }
  const all = options.store.list(nodes);
  const fit = all.filter((node) => matches(node, pod)).map(({ metadata }) => metadata.name);
  const placed = options.store.list(pods).map((other) => asPod(other).spec.nodeName);
  const load = (name: string): number => placed.filter((node) => node === name).length;
  const [best] = fit.sort((a, b) => load(a) - load(b) || (a < b ? -1 : 1));
  if (best === undefined) {
    refuse(options, pod, all.length);
  } else {
    bind(options, pod, best);
  }
}

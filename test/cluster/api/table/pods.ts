import type { Stored } from '../../types.js';
import { listOf } from '../json.js';
import { podOf, type ContainerStatus, type Pod } from '../pods/types.js';
import { ageOf } from './age.js';
import type { Column } from './column.js';

function initReason(pod: Pod): string | undefined {
  const statuses = pod.status.initContainerStatuses ?? [];
  const restartable = new Set(
    (pod.spec.initContainers ?? [])
      .filter((item) => item.restartPolicy === 'Always')
      .map((item) => item.name),
  );
  for (const [index, { name, state, ready }] of statuses.entries()) {
    const terminated = state?.terminated;
    if (terminated?.exitCode === 0) continue;
    if (restartable.has(name) && ready) continue;
    if (terminated !== undefined) {
      if (terminated.reason) return `Init:${terminated.reason}`;
      return terminated.signal ? `Init:Signal:${terminated.signal}` : `Init:ExitCode:${terminated.exitCode}`;
    }
    const waiting = state?.waiting?.reason;
    if (waiting !== undefined && waiting !== '' && waiting !== 'PodInitializing') return `Init:${waiting}`;
    return `Init:${index}/${(pod.spec.initContainers ?? []).length}`;
  }
  return undefined;
}

function mainReason(pod: Pod, fallback: string): string {
  let reason = fallback;
  let running = false;
  for (const { state, ready } of [...(pod.status.containerStatuses ?? [])].reverse()) {
    if (state?.waiting?.reason) reason = state.waiting.reason;
    else if (state?.terminated?.reason) reason = state.terminated.reason;
    else if (state?.terminated) {
      const { signal, exitCode } = state.terminated;
      reason = signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
    } else if (ready && state?.running) running = true;
  }
  if (reason !== 'Completed' || !running) return reason;
  const isReady = pod.status.conditions?.some((item) => item.type === 'Ready' && item.status === 'True');
  return isReady ? 'Running' : 'NotReady';
}

/** The word in the STATUS column. Source: k8s.io/kubernetes/pkg/printers/internalversion, printPod. */
function podReason(object: Stored): string {
  const pod = podOf(object);
  const { status } = pod;
  const base = status.reason ?? status.phase ?? 'Unknown';
  const gated = status.conditions?.some(
    (item) => item.type === 'PodScheduled' && item.reason === 'SchedulingGated',
  );
  const reason = initReason(pod) ?? mainReason(pod, gated ? 'SchedulingGated' : base);
  if (pod.metadata.deletionTimestamp === undefined) return reason;
  if (status.reason === 'NodeLost') return 'Unknown';
  return status.phase === 'Succeeded' || status.phase === 'Failed' ? reason : 'Terminating';
}

function ready(object: Stored): string {
  const { spec, status } = podOf(object);
  const count = (status.containerStatuses ?? []).filter(
    (item) => item.ready && item.state?.running !== undefined,
  ).length;
  return `${count}/${(spec.containers ?? []).length}`;
}

function restarts(object: Stored, now: number): string {
  const { status } = podOf(object);
  const statuses: ContainerStatus[] = status.containerStatuses ?? [];
  const count = statuses.reduce((sum, item) => sum + (item.restartCount ?? 0), 0);
  const last = statuses
    .map((item) => item.lastState?.terminated?.finishedAt)
    .filter((time) => time !== undefined)
    .sort()
    .at(-1);
  return count > 0 && last !== undefined ? `${count} (${ageOf(last, now)} ago)` : String(count);
}

function gates({ spec, status }: Stored): string {
  const wanted = listOf((spec as { readinessGates?: unknown }).readinessGates) as { conditionType: string }[];
  if (wanted.length === 0) return '<none>';
  const conditions = (status as Pod['status']).conditions ?? [];
  const met = wanted.filter((gate) =>
    conditions.some((item) => item.type === gate.conditionType && item.status === 'True'),
  );
  return `${met.length}/${wanted.length}`;
}

const about = {
  ready: 'The aggregate readiness state of this pod for accepting traffic.',
  status: 'The aggregate status of the containers in this pod.',
  restarts:
    'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
  ip: 'podIP address allocated to the pod. Routable at least within the cluster. Empty if not yet allocated.',
  node: 'NodeName indicates in which node this pod is scheduled. If empty, this pod is a candidate for scheduling by the scheduler defined in schedulerName. Once this field is set, the kubelet for this node becomes responsible for the lifecycle of this pod. This field should not be used to express a desire for the pod to be scheduled on a specific node. https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#nodename',
  nominated:
    'nominatedNodeName is set only when this pod preempts other pods on the node, but it cannot be scheduled right away as preemption victims receive their graceful termination periods. This field does not guarantee that the pod will be scheduled on this node. Scheduler may decide to place the pod elsewhere if other nodes become available sooner. Scheduler may also decide to give the resources on this node to a higher priority pod that is created after preemption. As a result, this field may be different than PodSpec.nodeName when the pod is scheduled.',
  gates:
    'If specified, all readiness gates will be evaluated for pod readiness. A pod is ready when all its containers are ready AND all conditions specified in the readiness gates have status equal to "True" More info: https://git.k8s.io/enhancements/keps/sig-network/580-pod-readiness-gates',
};

/** Between NAME and AGE. */
export const podColumns: readonly Column[] = [
  { name: 'Ready', description: about.ready, cell: ready },
  { name: 'Status', description: about.status, cell: podReason },
  { name: 'Restarts', description: about.restarts, cell: restarts },
];

/** Behind AGE. */
export const widePodColumns: readonly Column[] = [
  {
    name: 'IP',
    description: about.ip,
    priority: 1,
    cell: (object) => podOf(object).status.podIP ?? '<none>',
  },
  {
    name: 'Node',
    description: about.node,
    priority: 1,
    cell: (object) => podOf(object).spec.nodeName ?? '<none>',
  },
  {
    name: 'Nominated Node',
    description: about.nominated,
    priority: 1,
    cell: (object) => podOf(object).status.nominatedNodeName ?? '<none>',
  },
  { name: 'Readiness Gates', description: about.gates, priority: 1, cell: gates },
];

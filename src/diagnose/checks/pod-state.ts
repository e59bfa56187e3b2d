import { isFinished } from '../../target/pods.js';
import { kubectl } from '../command.js';
import type { Finding, HopName } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { eventEvidence, eventsOf } from '../model/events.js';
import { addressesOf, ageText, isManifest } from '../model/pods.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** Pods that have no network: finished, not yet started, without an address. Behind a Service that is the matter of ND303. */
export const podState: Check = {
  name: 'pod-state',
  codes: ['ND815', 'ND111'],
  reads: [...inputs('source', 'pods'), ...inputs('destination', 'pods')],
  mayRead: [...inputs('source', 'events'), ...inputs('destination', 'events')],
  concerns: ({ sources, destination }) => sources.length > 0 || destination.service === undefined,
  find: (facts) => {
    const { now, sources, destination } = facts;
    const ends: readonly (readonly [SnapshotPod | undefined, HopName, string])[] = [
      ...sources.map(({ pod, key }) => [pod, 'source', key] as const),
      ...(destination.service === undefined ? destination.endpoints : []).map(
        ({ pod, key }) => [pod, 'endpoint', key] as const,
      ),
    ];
    // A workload whose other pods run is in a rollout, and somebody else answers.
    const down = (hop: HopName): boolean =>
      ends
        .filter(([, at]) => at === hop)
        .every(([pod]) => pod !== undefined && stateOf(pod, now) !== undefined);
    return ends.flatMap(([pod, hop, key]) => {
      const state = pod === undefined ? undefined : stateOf(pod, now);
      if (pod === undefined || state === undefined) return [];
      const alone = ends.filter(([, at]) => at === hop).length === 1 || down(hop);
      const said = isFinished(pod) ? [] : eventsOf(facts, pod).slice(0, 1);
      const plain = findingOf(pod, state, hop, key, alone);
      const finding = { ...plain, evidence: [...plain.evidence, ...said.map((one) => eventEvidence(one))] };
      const clash = portClash(pod);
      return clash === undefined ? [finding] : [{ ...finding, ...clash }, finding];
    });
  },
};

interface State {
  readonly field: string;
  readonly value: string;
  readonly sentence: string;
}

function stateOf(pod: SnapshotPod, now: number): State | undefined {
  const { status, metadata } = pod;
  if (isManifest(pod)) return undefined;
  const phase = status?.phase ?? '';
  if (isFinished(pod))
    return {
      field: 'status.phase',
      value: phase,
      sentence: `has finished (${phase}): it has no network any more`,
    };
  if (metadata.deletionTimestamp !== undefined && addressesOf(pod).length === 0)
    return {
      field: 'metadata.deletionTimestamp',
      value: metadata.deletionTimestamp,
      sentence: 'is being deleted',
    };
  if (addressesOf(pod).length > 0) return undefined;
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const waiting = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].find(
    ({ state }) => state?.waiting !== undefined,
  )?.state?.waiting;
  const why =
    scheduled?.status === 'False'
      ? `it is on no node: ${scheduled.message ?? scheduled.reason ?? 'not scheduled'}`
      : (waiting?.message ?? waiting?.reason ?? 'its node has not given it one');
  const age = ageText(metadata.creationTimestamp, now);
  return {
    field: 'status.podIP',
    value: '',
    sentence: `is ${phase}${age === undefined ? '' : ` since ${age}`} and has no address; ${why}`,
  };
}

function findingOf(pod: SnapshotPod, state: State, hop: HopName, key: string, alone: boolean): Finding {
  const { namespace = '', name } = pod.metadata;
  return {
    code: 'ND815',
    severity: alone ? 'error' : 'warning',
    confidence: 'proven',
    object: { kind: 'Pod', namespace, name, fieldPath: state.field, value: state.value },
    message: `Pod ${namespace}/${name} ${state.sentence}`,
    evidence: [fromApi(`pod ${namespace}/${name}`, `${state.field}: ${state.value || '(absent)'}`)],
    fix: {
      text: isFinished(pod) ? 'ask about a pod that runs' : 'see why it does not start',
      commands: [kubectl(namespace, 'describe', 'pod', name)],
    },
    hop,
    touches: [objectKey('pod', pod.metadata)],
    blocks: { model: 'fail', ...(hop === 'source' ? { sources: [key] } : { endpoints: [key] }) },
  };
}

/** What the scheduler says when the ports that a pod wants of its node are taken. */
function portClash(pod: SnapshotPod): Partial<Finding> | undefined {
  const message = pod.status?.conditions?.find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  )?.message;
  if (!message?.includes("didn't have free ports")) return undefined;
  const { namespace = '', name } = pod.metadata;
  const ports = pod.spec.containers.flatMap(({ ports: all }) =>
    (all ?? []).flatMap(({ hostPort, containerPort }) =>
      hostPort !== undefined ? [hostPort] : pod.spec.hostNetwork === true ? [containerPort] : [],
    ),
  );
  return {
    code: 'ND111',
    object: {
      kind: 'Pod',
      namespace,
      name,
      fieldPath: pod.spec.hostNetwork === true ? 'spec.hostNetwork' : 'spec.containers[].ports[].hostPort',
      value: ports.join(', '),
    },
    message: `Pod ${namespace}/${name} waits for ${ports.length === 0 ? 'ports' : `port ${ports.join(', ')}`} of a node that another pod has taken`,
    evidence: [fromApi(`pod ${namespace}/${name}`, `PodScheduled=False: ${message}`)],
    fix: {
      text: 'drop hostPort or hostNetwork, or run at most one such pod on a node',
      commands: [kubectl(namespace, 'describe', 'pod', name)],
    },
  };
}

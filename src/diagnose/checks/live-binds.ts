import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { readyCondition, runningContainers, statusesOf } from '../model/pods.js';
import type { ObservedLog } from '../observed.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { fromLog, logsOf } from './live-log-lines.js';
import { connectsTo, listening, observedOf, onPort, socketsOf, together } from './live-seen.js';

/** Ports that a container of the destination may not listen on, or that are taken, in its own words. */
export const liveBinds: Check = {
  name: 'live-binds',
  codes: ['ND101', 'ND108', 'ND111'],
  live: true,
  reads: inputs('destination', 'pods'),
  concerns: (facts) => observedOf(facts).logs.length > 0,
  find: (facts) =>
    facts.destination.endpoints.flatMap(({ pod, key, port }) =>
      pod === undefined ? [] : bindsOf(facts, pod, key, port),
    ),
};

function bindsOf(facts: Facts, pod: SnapshotPod, key: string, port: number | undefined): Finding[] {
  const lines = logsOf(facts, [key]).filter((line) => isStillSo(facts, pod, key, port, line));
  const taken = lines.find(({ pattern }) => pattern === 'address-in-use');
  const forbidden = lines.find(({ pattern }) => pattern === 'bind-not-permitted');
  return [
    ...(taken === undefined ? [] : [inUse(pod, key, taken)]),
    ...(forbidden === undefined ? [] : [notPermitted(facts, pod, key, port, forbidden)]),
  ];
}

/** A bind that failed once and came about later is over. */
function isStillSo(
  facts: Facts,
  pod: SnapshotPod,
  key: string,
  port: number | undefined,
  { container }: ObservedLog,
): boolean {
  const status = statusesOf(pod).find(({ name }) => name === container);
  if (status?.ready === true && readyCondition(pod)) {
    // Ready without a readiness probe says nothing of a port: then what is seen of the port decides.
    const sockets = socketsOf(facts, key);
    const seen = together(connectsTo(facts, key));
    return (
      port !== undefined &&
      sockets !== undefined &&
      seen !== 'ok' &&
      seen !== 'mixed' &&
      onPort(sockets, facts.destination.protocol, port).length === 0
    );
  }
  return true;
}

function base(pod: SnapshotPod, key: string): Pick<Finding, 'object' | 'hop' | 'touches' | 'blocks'> {
  const { namespace = '', name } = pod.metadata;
  return {
    object: { kind: 'Pod', namespace, name },
    hop: 'endpoint',
    touches: [key],
    blocks: { model: 'fail', endpoints: [key] },
  };
}

function inUse(pod: SnapshotPod, key: string, line: ObservedLog): Finding {
  const { namespace = '', name } = pod.metadata;
  const ofNode = pod.spec.hostNetwork === true;
  const port = line.peer?.port;
  const where = port === undefined ? 'a port' : `port ${port}`;
  const siblings = runningContainers(pod).filter((one) => one.name !== line.container);
  return {
    ...base(pod, key),
    code: ofNode ? 'ND111' : 'ND101',
    severity: 'error',
    // In a pod network of one container it can only be that container itself, started twice.
    confidence: ofNode || siblings.length > 0 ? 'proven' : 'likely',
    message: ofNode
      ? `container ${line.container} of pod ${namespace}/${name} cannot listen on ${where}: on the network of the node it is taken`
      : `container ${line.container} of pod ${namespace}/${name} cannot listen on ${where}, which another process of the pod${siblings.length === 0 ? '' : ` (containers ${siblings.map((one) => one.name).join(', ')})`} has taken`,
    evidence: [fromLog(line)],
    fix: {
      text: ofNode ? 'choose another port, or drop hostNetwork' : 'give one of them another port',
      commands: [
        kubectl(
          namespace,
          'logs',
          name,
          '-c',
          line.container,
          ...(line.previous ? ['--previous'] : []),
          '--tail=20',
        ),
      ],
    },
  };
}

function notPermitted(
  facts: Facts,
  pod: SnapshotPod,
  key: string,
  port: number | undefined,
  line: ObservedLog,
): Finding {
  const { namespace = '', name } = pod.metadata;
  const sockets = socketsOf(facts, key);
  const container = pod.spec.containers.find((one) => one.name === line.container);
  const said = line.peer?.port ?? port;
  const low = said !== undefined && said < 1024 ? `port ${said}` : 'a port below 1024';
  return {
    ...base(pod, key),
    code: 'ND108',
    severity: 'error',
    confidence: 'proven',
    message: `container ${line.container} of pod ${namespace}/${name} may not listen on ${low}${container?.securityContext?.runAsNonRoot === true ? ' (runAsNonRoot)' : ''}`,
    evidence: [fromLog(line), ...(sockets === undefined ? [] : [listening(key, sockets)])],
    fix: {
      text: 'listen on a port of 1024 or above and set targetPort to it, or add the capability NET_BIND_SERVICE',
      commands: [],
    },
  };
}

import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { readyCondition, runningContainers, statusesOf } from '../model/pods.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { isLoopback, isStarting, listening, observedOf, socketsOf } from './live-seen.js';

/** A readiness probe that knocks where nothing listens, by what the pod was seen to listen on. */
export const liveReadiness: Check = {
  name: 'live-readiness',
  codes: ['ND109'],
  live: true,
  reads: inputs('destination', 'pods'),
  concerns: (facts) => observedOf(facts).listeners.length > 0,
  find: (facts) =>
    facts.destination.endpoints.flatMap(({ pod, key }) =>
      pod === undefined ? [] : misaimed(facts, pod, key),
    ),
};

function misaimed(facts: Facts, pod: SnapshotPod, key: string): Finding[] {
  const sockets = socketsOf(facts, key);
  if (sockets === undefined || readyCondition(pod) || pod.status?.phase !== 'Running') return [];
  if (isStarting(facts, pod)) return [];
  const { namespace = '', name } = pod.metadata;
  const reachable = sockets.filter((one) => one.protocol === 'TCP' && !isLoopback(one.address));
  return pod.spec.containers.flatMap((container, index): Finding[] => {
    const status = statusesOf(pod).find((one) => one.name === container.name);
    if (status?.ready === true || status?.state?.running === undefined) return [];
    const kind = (['httpGet', 'tcpSocket', 'grpc'] as const).find(
      (one) => container.readinessProbe?.[one] !== undefined,
    );
    const { httpGet, tcpSocket, grpc } = container.readinessProbe ?? {};
    const probe = httpGet ?? tcpSocket ?? grpc;
    // A probe with a host of its own knocks somewhere else.
    if ((httpGet ?? tcpSocket)?.host !== undefined) return [];
    const named = runningContainers(pod).flatMap(({ ports }) => ports ?? []);
    const port =
      typeof probe?.port === 'string'
        ? named.find((one) => one.name === probe.port)?.containerPort
        : probe?.port;
    if (port === undefined) return [];
    if (reachable.some((one) => one.port === port)) return [];
    const others = [...new Set(reachable.map((one) => one.port))].sort((a, b) => a - b);
    return [
      {
        code: 'ND109',
        severity: 'error',
        confidence: 'proven',
        object: {
          kind: 'Pod',
          namespace,
          name,
          fieldPath: `spec.containers[${index}].readinessProbe.${kind ?? ''}.port`,
          value: String(port),
        },
        message: `the readiness probe of container ${container.name} of pod ${namespace}/${name} knocks at port ${port}, where nothing listens for it; listening: ${others.join(', ') || 'nothing that the kubelet can reach'}`,
        evidence: [
          listening(key, sockets),
          fromApi(`pod ${namespace}/${name}`, `container ${container.name} runs, ready: false`),
        ],
        fix: {
          text:
            others.length === 0
              ? 'let the application listen where the probe knocks, on all addresses'
              : `let the probe knock at ${others.join(' or ')}, or the application listen on ${port}`,
          commands: [`kubectl netdebug netstat ${name} -n ${namespace}`],
        },
        hop: 'endpoint',
        touches: [key],
      },
    ];
  });
}

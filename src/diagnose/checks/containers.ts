import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { crashOf, readyCondition, runningContainers, statusesOf } from '../model/pods.js';
import { protocolOf } from '../policy/compile-namespaced.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { isLoopback, socketsOf } from './live-seen.js';

/** What is wrong inside the pods of the destination: crashed containers, ports bound twice, probes that knock at the wrong port. */
export const containers: Check = {
  name: 'containers',
  codes: ['ND101', 'ND107', 'ND109', 'ND110'],
  reads: inputs('destination', 'pods'),
  concerns: ({ destination }) => destination.namespace !== undefined,
  find: (facts) =>
    podsOf(facts).flatMap((pod) => {
      const twice = boundTwice(pod, facts);
      return [...twice, ...crashed(pod, facts), ...misaimed(pod, facts), ...reserved(pod, facts)];
    }),
};

/** Pods that do not answer; of those behind a Service that has ready ones only the port matters. */
function podsOf({ destination }: Facts): readonly SnapshotPod[] {
  const pods = new Map<string, SnapshotPod>();
  for (const { pod } of destination.endpoints) if (pod !== undefined) pods.set(pod.metadata.name, pod);
  return [...pods.values()];
}

function base(pod: SnapshotPod): Pick<Finding, 'hop' | 'touches'> {
  return { hop: 'endpoint', touches: [objectKey('pod', pod.metadata)] };
}

/** A crash counts where the pod is not Ready because of it. */
function crashed(pod: SnapshotPod, { destination }: Facts): Finding[] {
  if (readyCondition(pod)) return [];
  const { namespace = '', name } = pod.metadata;
  return statusesOf(pod).flatMap((status): Finding[] => {
    const how = crashOf(status);
    if (how === undefined) return [];
    const index = pod.spec.containers.findIndex((container) => container.name === status.name);
    return [
      {
        ...base(pod),
        code: 'ND107',
        severity: destination.service === undefined ? 'warning' : 'error',
        confidence: 'proven',
        object: {
          kind: 'Pod',
          namespace,
          name,
          fieldPath: `status.containerStatuses[${Math.max(index, 0)}].state`,
          value: how,
        },
        message: `container ${status.name} of pod ${namespace}/${name} does not run: ${how}`,
        evidence: [
          fromApi(
            `pod ${namespace}/${name}`,
            `container ${status.name}: ${how}, ready: ${status.ready === true}`,
          ),
        ],
        fix: {
          text: 'see why it ended in its last log lines',
          commands: [kubectl(namespace, 'logs', name, '-c', status.name, '--previous', '--tail=20')],
        },
      },
    ];
  });
}

/** Two containers that declare one port, one of which crashes: declarations alone prove nothing. */
function boundTwice(pod: SnapshotPod, facts: Facts): Finding[] {
  const declared = runningContainers(pod).flatMap(({ name, ports }) =>
    (ports ?? []).map(({ containerPort, protocol }) => ({
      container: name,
      port: `${containerPort}/${protocolOf(protocol) ?? 'TCP'}`,
    })),
  );
  const byPort = new Map<string, Set<string>>();
  for (const { container, port } of declared)
    byPort.set(port, (byPort.get(port) ?? new Set()).add(container));
  const down = new Set(crashed(pod, facts).map(({ message }) => /^container (\S+) /.exec(message)?.[1]));
  const { namespace = '', name } = pod.metadata;
  return [...byPort].flatMap(([port, names]): Finding[] => {
    const [first = '', second] = names;
    const failing = [...names].filter((one) => down.has(one));
    if (second === undefined || failing.length === 0) return [];
    return [
      {
        ...base(pod),
        code: 'ND101',
        severity: 'error',
        confidence: 'likely',
        object: {
          kind: 'Pod',
          namespace,
          name,
          fieldPath: 'spec.containers[].ports[].containerPort',
          value: port,
        },
        message: `containers ${first} and ${second} of pod ${namespace}/${name} both declare port ${port} of the one network they share, and ${failing.join(', ')} crashes`,
        evidence: [
          fromApi(`pod ${namespace}/${name}`, `${[...names].join(', ')} declare ${port}`),
          ...crashed(pod, facts).flatMap(({ evidence }) => evidence),
        ],
        fix: {
          text: `give one of them another port; its log says "address already in use" if this is it`,
          commands: [kubectl(namespace, 'logs', name, '-c', failing[0] ?? '', '--previous', '--tail=20')],
        },
      },
    ];
  });
}

/** A pod that runs and is not Ready, whose readiness probe knocks at a port that none of its containers declares, while they declare others. */
function misaimed(pod: SnapshotPod, facts: Facts): Finding[] {
  if (readyCondition(pod) || pod.status?.phase !== 'Running') return [];
  const { namespace = '', name } = pod.metadata;
  const all = runningContainers(pod).flatMap(({ ports }) => ports ?? []);
  return pod.spec.containers.flatMap((container, index): Finding[] => {
    const probe = container.readinessProbe;
    const status = statusesOf(pod).find((one) => one.name === container.name);
    const kind = (['httpGet', 'tcpSocket', 'grpc'] as const).find((one) => probe?.[one] !== undefined);
    const port = kind === undefined ? undefined : probe?.[kind]?.port;
    if (
      kind === undefined ||
      port === undefined ||
      status?.ready === true ||
      status?.state?.running === undefined
    )
      return [];
    const own = container.ports ?? [];
    // Seen to listen there: the declarations say nothing then.
    const sockets = socketsOf(facts, objectKey('pod', pod.metadata)) ?? [];
    if (sockets.some((one) => one.port === port && !isLoopback(one.address))) return [];
    const known =
      typeof port === 'string'
        ? own.some((one) => one.name === port)
        : all.some(({ containerPort }) => containerPort === port);
    if (known || all.length === 0) return [];
    const listed = all
      .map((one) => `${one.containerPort}${one.name === undefined ? '' : ` (${one.name})`}`)
      .join(', ');
    return [
      {
        ...base(pod),
        code: 'ND109',
        severity: 'error',
        confidence: typeof port === 'string' ? 'proven' : 'possible',
        object: {
          kind: 'Pod',
          namespace,
          name,
          fieldPath: `spec.containers[${index}].readinessProbe.${kind}.port`,
          value: String(port),
        },
        message: `the readiness probe of container ${container.name} of pod ${namespace}/${name} knocks at port ${port}; its containers declare ${listed}`,
        evidence: [fromApi(`pod ${namespace}/${name}`, `container ${container.name} runs, ready: false`)],
        fix: {
          text: `let the probe knock where the application listens; \`kubectl netdebug netstat\` shows where that is`,
          commands: [`kubectl netdebug netstat ${name} -n ${namespace}`],
        },
      },
    ];
  });
}

/** Ports and the user that istio-proxy keeps for itself. Source: istio.io, "Ports used by Istio". */
function reserved(pod: SnapshotPod, { destination }: Facts): Finding[] {
  const all = runningContainers(pod);
  if (!all.some((container) => container.name === 'istio-proxy')) return [];
  const { namespace = '', name } = pod.metadata;
  const taken = [15_000, 15_001, 15_002, 15_004, 15_006, 15_008, 15_020, 15_021, 15_053, 15_090];
  const port = destination.endpoints.find((endpoint) => endpoint.pod === pod)?.port;
  return all.flatMap((container): Finding[] => {
    if (container.name === 'istio-proxy') return [];
    const clash = container.ports?.find(({ containerPort }) => taken.includes(containerPort))?.containerPort;
    const user = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser;
    if (clash === undefined && user !== 1337) return [];
    return [
      {
        ...base(pod),
        code: 'ND110',
        severity: 'error',
        confidence: 'likely',
        object: {
          kind: 'Pod',
          namespace,
          name,
          fieldPath:
            clash === undefined
              ? 'spec.containers[].securityContext.runAsUser'
              : 'spec.containers[].ports[].containerPort',
          value: String(clash ?? user),
        },
        message:
          clash === undefined
            ? `container ${container.name} of pod ${namespace}/${name} runs as user 1337, which is istio-proxy's: its connections go around the mesh`
            : `container ${container.name} of pod ${namespace}/${name} declares port ${clash}, which is istio-proxy's`,
        evidence: [fromApi(`pod ${namespace}/${name}`, 'container istio-proxy is in the pod')],
        fix: { text: clash === undefined ? 'run it as another user' : 'choose another port', commands: [] },
        ...(clash !== undefined && clash === port
          ? { blocks: { model: 'unknown', endpoints: [objectKey('pod', pod.metadata)] } }
          : {}),
      },
    ];
  });
}

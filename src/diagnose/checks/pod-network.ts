import { isFinished } from '../../target/pods.js';
import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { objectKey } from '../finding.js';
import { eventEvidence, eventsOf } from '../model/events.js';
import type { Facts } from '../model/facts.js';
import { addressesOf, isManifest } from '../model/pods.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/**
 * What address managers say when they have none left: host-local ("no IP addresses available in range set"), Calico ("no more free
 * IPs", "failed to allocate for range"), aws-node ("failed to assign an IP address to container"), Azure and Cilium alike.
 */
const usedUp =
  /no (more )?(free )?(ip addresses|ips|addresses) (are )?(left|available)|no more free ips|no available ips?|failed to allocate for range|failed to assign an ip address|insufficientcidrblocks|insufficientfreeaddresses|range is full|ipam.{0,40}exhausted/i;

/** Pods that get no network, because the node has no address left for them: the events of their sandboxes say so. */
export const podNetwork: Check = {
  name: 'pod-network',
  codes: ['ND804'],
  reads: [...inputs('source', 'pods', 'events'), ...inputs('destination', 'pods', 'events')],
  concerns: (facts) => waiting(facts).length > 0,
  find: (facts) => {
    const byNode = new Map<string, SnapshotPod[]>();
    for (const pod of waiting(facts)) {
      const node = pod.spec.nodeName ?? '';
      byNode.set(node, [...(byNode.get(node) ?? []), pod]);
    }
    return [...byNode].flatMap(([node, pods]): Finding[] => {
      const events = pods.flatMap((pod) =>
        eventsOf(facts, pod).filter(
          ({ reason, message }) => reason === 'FailedCreatePodSandBox' && usedUp.test(message ?? ''),
        ),
      );
      const [latest] = events;
      if (latest === undefined) return [];
      return [
        {
          code: 'ND804',
          severity: 'error',
          confidence: 'likely',
          object: { kind: 'Node', name: node, fieldPath: 'spec.podCIDRs' },
          message: `node ${node} has no address left for pods: ${pods
            .slice(0, 3)
            .map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`)
            .join(', ')} cannot start`,
          evidence: events.slice(0, 3).map((event) => eventEvidence(event)),
          fix: {
            text: 'enlarge the range of the node or the pool; addresses that leaked are freed by a restart of the agent of the network plugin',
            commands: [
              kubectl(
                undefined,
                'get',
                'pods',
                '-A',
                '-o',
                'wide',
                '--field-selector',
                `spec.nodeName=${node}`,
              ),
            ],
          },
          hop: 'node',
          touches: pods.map((pod) => objectKey('pod', pod.metadata)),
        },
      ];
    });
  },
};

/** What plugins say when they are not there, or when their agent on the node does not answer. */
const signs: readonly {
  readonly sign: RegExp;
  readonly code: string;
  readonly what: string;
  readonly fix: string;
}[] = [
  {
    sign: /failed to find plugin|cni (plugin )?(config )?(not initialized|uninitialized)|no networks found in|network is not ready/i,
    code: 'ND802',
    what: 'no network plugin has set it up',
    fix: 'see whether the DaemonSet of the network plugin runs there',
  },
  {
    sign: /calico\/node container is running|cilium(\.sock|-agent)|\/run\/flannel\/subnet\.env|127\.0\.0\.1:50051|antrea.{0,40}(cni\.sock|connection refused)|ovn-?kube.{0,60}(cni-server|sock)/i,
    code: 'ND803',
    what: 'the agent of the network plugin does not answer there',
    fix: 'see whether the pod of the agent runs there, and its log',
  },
];

/** The same pods, where the network plugin or its agent is what is missing. */
export const podPlugin: Check = {
  name: 'pod-plugin',
  codes: ['ND802', 'ND803'],
  live: true,
  reads: podNetwork.reads,
  concerns: podNetwork.concerns,
  find: (facts) =>
    waiting(facts).flatMap((pod): Finding[] => {
      const node = pod.spec.nodeName ?? '';
      const [event] = eventsOf(facts, pod).filter(({ reason }) =>
        /^(FailedCreatePodSandBox|NetworkNotReady)$/.test(reason ?? ''),
      );
      const found = signs.find(({ sign }) => sign.test(event?.message ?? ''));
      if (event === undefined || found === undefined || usedUp.test(event.message ?? '')) return [];
      return [
        {
          code: found.code,
          severity: 'error',
          confidence: 'likely',
          object: { kind: 'Node', name: node },
          message: `node ${node} cannot give pods a network: ${found.what}; pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name} waits for it`,
          evidence: [eventEvidence(event)],
          fix: {
            text: found.fix,
            commands: [
              kubectl(
                'kube-system',
                'get',
                'pods',
                '-o',
                'wide',
                '--field-selector',
                `spec.nodeName=${node}`,
              ),
            ],
          },
          hop: 'node',
          touches: [objectKey('node', { name: node }), objectKey('pod', pod.metadata)],
        },
      ];
    }),
};

/** Pods of the flow that are on a node and have no address there. */
function waiting({ sources, destination }: Facts): readonly SnapshotPod[] {
  const all = [
    ...sources.map(({ pod }) => pod),
    ...destination.endpoints.map(({ pod }) => pod),
    ...(destination.service?.selected ?? []),
  ];
  const pods = new Map(
    all.flatMap((pod) => (pod === undefined ? [] : [[objectKey('pod', pod.metadata), pod]])),
  );
  return [...pods.values()].filter(
    (pod) =>
      pod.spec.nodeName !== undefined &&
      !isManifest(pod) &&
      !isFinished(pod) &&
      addressesOf(pod).length === 0,
  );
}

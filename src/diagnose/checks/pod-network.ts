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

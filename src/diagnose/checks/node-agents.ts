import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { nodesOf } from '../model/nodes.js';
import { readyCondition, systemNamespace } from '../model/pods.js';
import { itemsOf } from '../reading.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** Agents that set up the network of a node, and kube-proxy, by the names of their DaemonSets. */
const agents: readonly {
  readonly sign: RegExp;
  readonly code: string;
  readonly what: string;
  readonly effect: string;
}[] = [
  {
    sign: /^(calico-node|canal|cilium|kube-flannel(-ds.*)?|ovnkube-node|aws-node|antrea-agent|kube-router|weave-net|kindnet)$/,
    code: 'ND803',
    what: 'the agent of the network plugin',
    effect: 'routes and policies of new pods may be missing or stale there',
  },
  {
    sign: /^kube-proxy$/,
    code: 'ND812',
    what: 'kube-proxy',
    effect: 'addresses of Services lead from there to where endpoints once were, or nowhere',
  },
];

/** The agents on the nodes of the flow: crashing, or not there although the other nodes have one. */
export const nodeAgents: Check = {
  name: 'node-agents',
  codes: ['ND803', 'ND812'],
  reads: inputs('system', 'pods'),
  concerns: (facts) => nodesOf(facts).length > 0,
  find: (facts) => {
    const pods = itemsOf(facts.read('pods', systemNamespace));
    const service = facts.destination.service;
    return nodesOf(facts).flatMap(({ name: node, sources, endpoints }) =>
      agents.flatMap(({ sign, code, what, effect }): Finding[] => {
        // kube-proxy matters where the client is, and only on the way to a Service.
        if (code === 'ND812' && facts.sources.length > 0 && (service === undefined || sources.length === 0))
          return [];
        const all = pods.filter((pod) => sign.test(daemonOf(pod) ?? ''));
        const here = all.filter(({ spec }) => spec.nodeName === node);
        const failing = here.find((pod) => isCrashing(pod));
        if (failing === undefined || here.some((pod) => readyCondition(pod))) return [];
        const { name } = failing.metadata;
        return [
          {
            code,
            severity: 'warning',
            confidence: 'likely',
            object: {
              kind: 'Pod',
              namespace: systemNamespace,
              name,
              fieldPath: 'status.containerStatuses',
              value: 'CrashLoopBackOff',
            },
            message: `${what} on node ${node} (pod ${name}) crashes: ${effect}`,
            evidence: [fromApi(`pod ${systemNamespace}/${name}`, `on ${node}, CrashLoopBackOff`)],
            fix: {
              text: 'see why it ends',
              commands: [kubectl(systemNamespace, 'logs', name, '--previous', '--tail=30')],
            },
            hop: 'node',
            touches: [objectKey('node', { name: node })],
            blocks: {
              model: 'unknown',
              ...(endpoints.length > 0 && code !== 'ND812' ? { endpoints } : { sources }),
            },
          },
        ];
      }),
    );
  },
};

function daemonOf({ metadata }: SnapshotPod): string | undefined {
  return metadata.ownerReferences?.find(({ kind }) => kind === 'DaemonSet')?.name;
}

/** A rollout of the agent also leaves its pod not Ready for a while; only one that keeps crashing is told. */
function isCrashing({ status }: SnapshotPod): boolean {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].some(
    ({ state }) => state?.waiting?.reason === 'CrashLoopBackOff',
  );
}

import { logSources, type LogSource } from '../../logs/sources.js';
import { objectKey } from '../finding.js';
import { usesDns } from '../model/dns-use.js';
import type { Facts } from '../model/facts.js';
import { nodesOf } from '../model/nodes.js';
import { readyCondition, systemNamespace } from '../model/pods.js';
import { itemsOf } from '../reading.js';
import type { SnapshotPod } from '../snapshot/types.js';

/** Pods of each part of the way, and altogether, whose logs are read. */
const most = { sources: 2, endpoints: 4, dns: 2, agents: 4, pods: 12 } as const;

/** kube-proxy and the agents of network plugins, by their DaemonSets. */
const agents =
  /^(kube-proxy|calico-node|canal|cilium|kube-flannel(-ds.*)?|ovnkube-node|aws-node|antrea-agent|kube-router|weave-net|kindnet|node-local-dns)$/;

/** The pods whose logs may say why this flow fails: its ends, those that are not Ready first, DNS servers, and agents of its nodes. */
export function logPods(facts: Facts): readonly SnapshotPod[] {
  const { sources, destination, dns } = facts;
  const nodes = new Set(nodesOf(facts).map(({ name }) => name));
  const system = itemsOf(facts.read('pods', systemNamespace));
  const chosen = [
    ...existing(sources.map(({ pod }) => pod)).slice(0, most.sources),
    ...unreadyFirst(existing(destination.endpoints.map(({ pod }) => pod))).slice(0, most.endpoints),
    ...(usesDns(facts) ? unreadyFirst(dns?.pods ?? []).slice(0, most.dns) : []),
    ...unreadyFirst(
      system.filter(
        ({ metadata, spec }) =>
          nodes.has(spec.nodeName ?? '') &&
          metadata.ownerReferences?.some(({ kind, name }) => kind === 'DaemonSet' && agents.test(name)) ===
            true,
      ),
    ).slice(0, most.agents),
  ];
  return [...new Map(chosen.map((pod) => [objectKey('pod', pod.metadata), pod])).values()].slice(
    0,
    most.pods,
  );
}

/** The logs of these pods, instances before a restart among them; debug containers are left out, which hold nothing but probes. */
export function logsOfPods(pods: readonly SnapshotPod[]): readonly LogSource[] {
  return pods.flatMap((pod) => {
    const own = new Set([...pod.spec.containers, ...(pod.spec.initContainers ?? [])].map(({ name }) => name));
    return logSources([pod]).filter(({ container }) => own.has(container));
  });
}

function existing(pods: readonly (SnapshotPod | undefined)[]): readonly SnapshotPod[] {
  return pods.filter((pod) => pod !== undefined);
}

function unreadyFirst(pods: readonly SnapshotPod[]): readonly SnapshotPod[] {
  return pods.toSorted((a, b) => Number(readyCondition(a)) - Number(readyCondition(b)));
}

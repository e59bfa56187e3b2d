import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { kubeletDns } from '../model/cluster-zone.js';
import { asksCluster, usesDns } from '../model/dns-use.js';
import type { Facts } from '../model/facts.js';
import { crashOf, readyCondition, statusesOf, systemNamespace } from '../model/pods.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

const cache = 'node-local-dns';
/** What its manifest leaves to whoever installs it. The others are filled in by the program itself when it starts. */
const leftovers = /__PILLAR__(LOCAL__DNS|DNS__SERVER|DNS__DOMAIN)__/;

/** The DNS cache of the node of the client: not running, or never set up. */
export const dnsNodeCache: Check = {
  name: 'dns-node-cache',
  codes: ['ND408'],
  reads: [
    ...inputs('source', 'pods'),
    ...inputs('system', 'pods', 'services'),
    { kind: 'configmaps', where: 'system', name: cache },
  ],
  mayRead: [{ kind: 'configmaps', where: 'system', name: 'kubelet-config' }],
  concerns: (facts) => usesDns(facts) && cachePods(facts).length > 0,
  find: (facts) => [...unfilled(facts), ...down(facts)],
};

function cachePods({ read }: Facts) {
  return itemsOf(read('pods', systemNamespace)).filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ kind, name }) => kind === 'DaemonSet' && name === cache),
  );
}

function clients(facts: Facts) {
  return facts.sources.filter(({ pod }) => pod !== undefined && asksCluster(facts, pod));
}

function unfilled(facts: Facts): Finding[] {
  const text = itemsOf(facts.read('configmaps', systemNamespace, cache))[0]?.data?.Corefile ?? '';
  const found = leftovers.exec(text)?.[0];
  if (found === undefined) return [];
  return [
    {
      code: 'ND408',
      severity: 'error',
      confidence: 'likely',
      object: {
        kind: 'ConfigMap',
        namespace: systemNamespace,
        name: cache,
        fieldPath: 'data.Corefile',
        value: found,
      },
      message: `the Corefile of NodeLocalDNS still has ${found}, which whoever installs it has to replace: the cache listens nowhere, or forwards to nobody`,
      evidence: [fromApi(`configmap ${systemNamespace}/${cache}`, found)],
      fix: {
        text: 'replace __PILLAR__LOCAL__DNS__, __PILLAR__DNS__SERVER__ and __PILLAR__DNS__DOMAIN__ as its installation guide says',
        commands: [kubectl(systemNamespace, 'edit', 'configmap', cache)],
      },
      hop: 'dns',
      touches: ['dns'],
      blocks: { model: 'unknown', sources: clients(facts).map(({ key }) => key) },
    },
  ];
}

/** On the node of a client its pod crashes. One that is just being replaced is not told. */
function down(facts: Facts): Finding[] {
  // Pods ask it at a link-local address that their kubelet gives them, or at that of kube-dns, which it takes over.
  const only = kubeletDns(facts).servers.some((one) => one.startsWith('169.254.'));
  const nodes = new Set(clients(facts).map(({ pod }) => pod?.spec.nodeName ?? ''));
  return [...nodes].flatMap((node): Finding[] => {
    const here = cachePods(facts).filter(({ spec }) => spec.nodeName === node);
    if (here.some((pod) => readyCondition(pod))) return [];
    for (const pod of here) {
      const how = statusesOf(pod)
        .map((status) => crashOf(status))
        .find((one) => one !== undefined);
      if (how === undefined) continue;
      const { name } = pod.metadata;
      return [
        {
          code: 'ND408',
          severity: only ? 'error' : 'warning',
          confidence: 'likely',
          object: {
            kind: 'Pod',
            namespace: systemNamespace,
            name,
            fieldPath: 'status.containerStatuses',
            value: how,
          },
          message: `NodeLocalDNS on node ${node} (pod ${name}) does not run: ${how}; ${only ? 'it is the only DNS server that pods there ask' : 'whether pods there still reach kube-dns depends on the rules that it left'}`,
          evidence: [
            fromApi(`pod ${systemNamespace}/${name}`, `on ${node}, ${how}`),
            ...(only
              ? [
                  fromApi(
                    `configmap ${systemNamespace}/kubelet-config`,
                    `clusterDNS: ${kubeletDns(facts).servers.join(', ')}`,
                  ),
                ]
              : []),
          ],
          fix: {
            text: 'see why it ends',
            commands: [kubectl(systemNamespace, 'logs', name, '--previous', '--tail=30')],
          },
          hop: 'dns',
          touches: ['dns', objectKey('node', { name: node })],
          blocks: {
            model: 'unknown',
            sources: clients(facts)
              .filter(({ pod: one }) => one?.spec.nodeName === node)
              .map(({ key }) => key),
          },
        },
      ];
    }
    return [];
  });
}

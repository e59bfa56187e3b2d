import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { istioNamespace } from '../mesh/config.js';
import type { Facts } from '../model/facts.js';
import { ageText, isManifest, readyCondition, statusesOf } from '../model/pods.js';
import { itemsOf } from '../reading.js';
import type { SnapshotPod } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { inMesh } from './mesh-say.js';

/** A proxy may take this long to get its first configuration. */
const startMs = 60_000;

/** Proxies that are not ready: those in pods, those of nodes (ztunnel), and what gives both their configuration. */
export const meshProxy: Check = {
  name: 'mesh-proxy',
  codes: ['ND708'],
  reads: [],
  mayRead: inputs('cluster', 'pods'),
  concerns: inMesh,
  find: (facts) => {
    const system = itemsOf(facts.read('pods', istioNamespace));
    return [...sidecars(facts), ...ztunnels(facts, system), ...control(facts, system)];
  },
};

function ends({ sources, destination }: Facts) {
  const all = [
    ...sources.map((one) => ({ ...one, from: true })),
    ...destination.endpoints.map((one) => ({ ...one, from: false })),
  ];
  return [...new Map(all.map((one) => [one.key, one])).values()];
}

function sidecars(facts: Facts): Finding[] {
  return ends(facts).flatMap(({ key, pod, from }): Finding[] => {
    const member = facts.mesh?.members.get(key);
    if (pod === undefined || member?.kind !== 'sidecar') return [];
    const status = statusesOf(pod).find(({ name }) => name === member.proxy);
    const since = Date.parse(status?.state?.running?.startedAt ?? '');
    // One that has just begun, or that crashes (which is told of every container), is something else.
    if (status?.ready !== false || Number.isNaN(since) || facts.now - since < startMs) return [];
    const { namespace = '', name } = pod.metadata;
    return [
      {
        code: 'ND708',
        severity: 'error',
        confidence: 'likely',
        object: {
          kind: 'Pod',
          namespace,
          name,
          fieldPath: 'status.containerStatuses[].ready',
          value: 'false',
        },
        message: `the proxy of pod ${namespace}/${name} (container ${status.name}) runs for ${ageText(status.state?.running?.startedAt, facts.now) ?? ''} and is not ready: it has no configuration from istiod`,
        evidence: [fromApi(`pod ${namespace}/${name}`, `container ${status.name}: running, ready: false`)],
        fix: {
          text: 'see why it gets none: its log, and whether it reaches istiod (TCP 15012)',
          commands: [
            kubectl(namespace, 'logs', name, '-c', status.name, '--tail=20'),
            kubectl(istioNamespace, 'get', 'pods', '-l', 'app=istiod'),
          ],
        },
        hop: 'mesh',
        touches: [key, ...serviceKey(facts)],
        blocks: from ? { model: 'fail', sources: [key] } : { model: 'fail', endpoints: [key] },
      },
    ];
  });
}

function serviceKey({ destination: { service } }: Facts): readonly string[] {
  return service?.object === undefined ? [] : [objectKey('service', service.object.metadata)];
}

/** Every connection of an ambient pod passes the ztunnel of its node. */
function ztunnels(facts: Facts, system: readonly SnapshotPod[]): Finding[] {
  const tunnels = system.filter(({ metadata }) => metadata.labels?.app === 'ztunnel');
  if (tunnels.length === 0) return [];
  const byNode = new Map<string, ReturnType<typeof ends>>();
  for (const end of ends(facts)) {
    const node = end.pod?.spec.nodeName;
    if (node === undefined || facts.mesh?.members.get(end.key)?.kind !== 'ambient') continue;
    byNode.set(node, [...(byNode.get(node) ?? []), end]);
  }
  return [...byNode].flatMap(([node, there]): Finding[] => {
    const own = tunnels.filter(({ spec }) => spec.nodeName === node);
    const [first] = own;
    if (own.some((pod) => readyCondition(pod) || isManifest(pod))) return [];
    const name = first?.metadata.name;
    const both = there.some(({ from }) => from) && there.some(({ from }) => !from);
    return [
      {
        code: 'ND708',
        severity: 'error',
        confidence: 'likely',
        object: {
          kind: 'Pod',
          namespace: istioNamespace,
          name: name ?? 'ztunnel',
          fieldPath: 'status.conditions',
          value: 'not Ready',
        },
        message: `${first === undefined ? `no ztunnel runs on node ${node}` : `ztunnel of node ${node} (pod ${istioNamespace}/${name ?? ''}) is not Ready`}: ${there.map(({ text }) => text).join(' and ')} in the ambient mesh ${there.length === 1 ? 'is' : 'are'} cut off there`,
        evidence: [
          fromApi(
            `pods of ${istioNamespace}, app=ztunnel, node ${node}`,
            name === undefined ? 'none' : `${name} not Ready`,
          ),
        ],
        fix: {
          text: 'see why it does not run',
          commands:
            name === undefined
              ? [kubectl(istioNamespace, 'get', 'daemonset', 'ztunnel')]
              : [kubectl(istioNamespace, 'describe', 'pod', name)],
        },
        hop: 'mesh',
        touches: [...there.map(({ key }) => key), objectKey('node', { name: node })],
        blocks: {
          model: 'fail',
          ...(both
            ? {}
            : there.some(({ from }) => from)
              ? { sources: there.map(({ key }) => key) }
              : { endpoints: there.map(({ key }) => key) }),
        },
      },
    ];
  });
}

/** Without istiod proxies go on with what they have: what changed since then they do not know. */
function control(facts: Facts, system: readonly SnapshotPod[]): Finding[] {
  const istiod = system.filter(({ metadata }) => metadata.labels?.app === 'istiod');
  const [first] = istiod;
  const used = [...(facts.mesh?.members.values() ?? [])].some(
    ({ kind }) => kind === 'sidecar' || kind === 'ambient',
  );
  if (!used || first === undefined || istiod.some((pod) => readyCondition(pod) || isManifest(pod))) return [];
  return [
    {
      code: 'ND708',
      severity: 'warning',
      confidence: 'likely',
      object: {
        kind: 'Pod',
        namespace: istioNamespace,
        name: first.metadata.name,
        fieldPath: 'status.conditions',
        value: 'not Ready',
      },
      message: `none of the ${istiod.length} pods of istiod is Ready: proxies go on with the configuration that they have, and new ones get none`,
      evidence: istiod
        .slice(0, 3)
        .map(({ metadata }) => fromApi(`pod ${istioNamespace}/${metadata.name}`, 'not Ready')),
      fix: {
        text: 'see why istiod does not run',
        commands: [kubectl(istioNamespace, 'describe', 'pod', first.metadata.name)],
      },
      hop: 'mesh',
      touches: ['istiod'],
    },
  ];
}

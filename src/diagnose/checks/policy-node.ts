import { kubectl } from '../command.js';
import { fromApi, objectKey } from '../finding.js';
import type { Endpoint, Facts } from '../model/facts.js';
import { endText } from '../policy/end.js';
import { circumstancesOf } from '../policy/judge.js';
import type { Policy } from '../policy/rule.js';
import { policyText } from '../policy/rule.js';
import { Tri } from '../policy/tri.js';
import { portsOfFlow } from '../policy/verdict.js';
import type { Check } from './check.js';
import { inputs } from './check.js';

/** Clients outside whom policies at the pods see as a node, because the Service replaces their address. */
export const policyNode: Check = {
  name: 'policy-node',
  codes: ['ND216'],
  reads: inputs('destination', 'services', 'networkpolicies'),
  concerns: ({ sources, destination: { service } }) => {
    const { type, externalTrafficPolicy = 'Cluster' } = service?.object?.spec ?? {};
    const published = type === 'NodePort' || type === 'LoadBalancer';
    // From inside nobody replaces the address of a pod.
    const fromOutside = sources.every(
      ({ pod, end }) => pod === undefined && end.kind === 'address' && end.role !== 'node',
    );
    return published && externalTrafficPolicy === 'Cluster' && fromOutside;
  },
  find: (facts) => {
    const { service, endpoints } = facts.destination;
    const object = service?.object;
    if (object === undefined) return [];
    const found = endpoints
      .map((endpoint) => ({ endpoint, policies: byAddress(facts, endpoint) }))
      .find(({ policies }) => policies.length > 0);
    if (found === undefined) return [];
    const { namespace = '', name } = object.metadata;
    const [policy] = found.policies;
    const asked = facts.sources.length > 0;
    return [
      {
        code: 'ND216',
        severity: asked ? 'warning' : 'info',
        confidence: 'possible',
        object: {
          kind: 'Service',
          namespace,
          name,
          fieldPath: 'spec.externalTrafficPolicy',
          value: 'Cluster',
        },
        message: `${policy === undefined ? '' : policyText(policy.reference)} admits clients outside by their address, and through Service ${namespace}/${name} (externalTrafficPolicy Cluster) they come with the address of a node: the own node of ${found.endpoint.text} passes, others do not`,
        evidence: [
          fromApi(
            `service ${namespace}/${name}`,
            `type: ${object.spec.type ?? ''}, externalTrafficPolicy: Cluster`,
          ),
          ...found.policies.map(({ reference }) =>
            fromApi(
              policyText(reference),
              `isolates ${endText(found.endpoint.end)}, admits ipBlocks and no nodes`,
            ),
          ),
        ],
        fix: {
          text: 'keep the address of the client (externalTrafficPolicy Local), or admit the addresses of the nodes as well',
          commands: [
            kubectl(namespace, 'patch', 'service', name, '-p', '{"spec":{"externalTrafficPolicy":"Local"}}'),
          ],
        },
        hop: 'ingress',
        touches: [objectKey('service', object.metadata)],
        ...(asked
          ? { blocks: { model: 'unknown', endpoints: endpoints.map(({ key }) => key) } as const }
          : {}),
      },
    ];
  },
};

/** The policies that isolate an endpoint and let in addresses on its port, where none of them lets in a node other than its own. */
function byAddress({ model }: Facts, { end, port }: Endpoint): readonly Policy[] {
  if (end.kind !== 'pod' || port === undefined) return [];
  const policies = model.isolating(end, 'ingress');
  const node = model.ends.behindNode();
  const circumstances = circumstancesOf(model, node, end)[0];
  if (circumstances === undefined) return [];
  const asked = portsOfFlow(model, { protocol: 'TCP', port });
  const rules = policies.flatMap((policy) =>
    policy.ingress
      .filter(
        (rule) => model.ports.intersect(asked, model.portsOf(rule, end, circumstances)) !== model.ports.none,
      )
      .map((rule) => ({ policy, rule })),
  );
  const open = rules.some(
    ({ rule }) =>
      rule.peers === 'anyone' ||
      rule.peers.some(
        (peer) => peer.kind === 'ipBlock' && peer.cidr.prefixLength === 0 && peer.except.length === 0,
      ),
  );
  const admitsNode = rules.some(({ rule }) => model.matching(node, circumstances)(rule) === Tri.yes);
  if (open || admitsNode) return [];
  return [
    ...new Set(
      rules
        .filter(
          ({ rule }) =>
            rule.peers !== 'anyone' &&
            rule.peers.some((peer) => peer.kind === 'ipBlock' && isOutside(peer.cidr.text)),
        )
        .map(({ policy }) => policy),
    ),
  ];
}

/** A block of public addresses: private ones may well be those of the nodes. */
function isOutside(cidr: string): boolean {
  return !/^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|127\.|169\.254\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cde])/i.test(
    cidr,
  );
}

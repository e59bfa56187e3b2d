import { containsBlock, parseCidr } from './address.js';
import { protocolOf } from './compile-namespaced.js';
import type {
  ClusterPolicy,
  ClusterSubject,
  LabelSelector,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from './objects.js';
import { lastPort } from './ports.js';
import type { PolicyKind } from './rule.js';

/** Something that the API server would refuse. */
export interface Invalid {
  /** Where it stands, e.g. `spec.ingress[0].from[1]`. */
  readonly field: string;
  /** What is wrong, e.g. `has neither podSelector, namespaceSelector nor ipBlock`. */
  readonly message: string;
}

/** What the API server would refuse of a NetworkPolicy. Source: pkg/apis/networking/validation of Kubernetes. */
export function validateNetworkPolicy({ spec }: NetworkPolicy): Invalid[] {
  const types = (spec?.policyTypes ?? []).flatMap((type, index) =>
    type === 'Ingress' || type === 'Egress'
      ? []
      : [
          {
            field: `spec.policyTypes[${index}]`,
            message: `${JSON.stringify(type)} is neither Ingress nor Egress`,
          },
        ],
  );
  const rules = (['ingress', 'egress'] as const).flatMap((direction) =>
    (spec?.[direction] ?? []).flatMap((rule, index) => {
      const field = `spec.${direction}[${index}]`;
      const side = direction === 'ingress' ? 'from' : 'to';
      return [
        ...(rule?.ports ?? []).flatMap((port, at) => validatePort(port, `${field}.ports[${at}]`)),
        ...(rule?.[side] ?? []).flatMap((peer, at) => validatePeer(peer, `${field}.${side}[${at}]`)),
      ];
    }),
  );
  return [...validateSelector(spec?.podSelector, 'spec.podSelector'), ...types, ...rules];
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, field: string): Invalid[] {
  const found: Invalid[] = [];
  if (protocolOf(protocol) === undefined) {
    found.push({
      field: `${field}.protocol`,
      message: `${JSON.stringify(protocol)} is none of TCP, UDP, SCTP`,
    });
  }
  if (typeof port === 'number' && !isPort(port))
    found.push({ field: `${field}.port`, message: `${port} is no port number` });
  if (endPort == null) return found;
  if (typeof port !== 'number')
    found.push({ field: `${field}.endPort`, message: 'needs a port given as a number' });
  else if (!isPort(endPort) || endPort < port) {
    found.push({
      field: `${field}.endPort`,
      message: `${endPort} is not between port ${port} and ${lastPort}`,
    });
  }
  return found;
}

function validatePeer(
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  field: string,
): Invalid[] {
  const selectors = [
    ...validateSelector(podSelector, `${field}.podSelector`),
    ...validateSelector(namespaceSelector, `${field}.namespaceSelector`),
  ];
  if (ipBlock == null) {
    if (podSelector != null || namespaceSelector != null) return selectors;
    return [{ field, message: 'has neither podSelector, namespaceSelector nor ipBlock' }];
  }
  if (podSelector != null || namespaceSelector != null) {
    return [{ field, message: 'has an ipBlock together with a selector' }];
  }
  const cidr = parseCidr(ipBlock.cidr);
  if (cidr === undefined)
    return [{ field: `${field}.ipBlock.cidr`, message: `${JSON.stringify(ipBlock.cidr)} is no CIDR` }];
  return (ipBlock.except ?? []).flatMap((text, index): Invalid[] => {
    const except = parseCidr(text);
    const at = `${field}.ipBlock.except[${index}]`;
    if (except === undefined) return [{ field: at, message: `${JSON.stringify(text)} is no CIDR` }];
    const inside = containsBlock(cidr, except) && except.prefixLength > cidr.prefixLength;
    return inside ? [] : [{ field: at, message: `${text} is not a part of ${cidr.text}` }];
  });
}

/**
 * What the API server would refuse of a cluster-scoped policy. A peer or protocol that this program does not know is not among
 * it: a newer server may take it, and it fails closed. Source: policy.networking.k8s.io CRDs (kubernetes-sigs/network-policy-api).
 */
export function validateClusterPolicy(
  kind: Exclude<PolicyKind, 'NetworkPolicy'>,
  { metadata, spec }: ClusterPolicy,
): Invalid[] {
  const found: Invalid[] = [];
  const say = (field: string, message: string): void => void found.push({ field, message });
  const baseline = kind === 'BaselineAdminNetworkPolicy';
  if (baseline && metadata.name !== 'default')
    say('metadata.name', 'has to be default: there is one such policy in a cluster');
  if (kind === 'ClusterNetworkPolicy' && spec?.tier !== 'Admin' && spec?.tier !== 'Baseline') {
    say('spec.tier', `${JSON.stringify(spec?.tier)} is neither Admin nor Baseline`);
  }
  const priority = spec?.priority;
  if (
    !baseline &&
    (priority === undefined || !Number.isInteger(priority) || priority < 0 || priority > 1000)
  ) {
    say('spec.priority', `${JSON.stringify(priority)} is not between 0 and 1000`);
  }
  const { namespaces, pods } = spec?.subject ?? {};
  if ((namespaces == null) === (pods == null))
    say('spec.subject', 'needs exactly one of namespaces and pods');
  found.push(...validateSubject(spec?.subject ?? {}, 'spec.subject'));
  const actions =
    kind === 'ClusterNetworkPolicy'
      ? ['Accept', 'Deny', 'Pass']
      : baseline
        ? ['Allow', 'Deny']
        : ['Allow', 'Deny', 'Pass'];
  for (const direction of ['ingress', 'egress'] as const) {
    const side = direction === 'ingress' ? 'from' : 'to';
    for (const [index, rule] of (spec?.[direction] ?? []).entries()) {
      const field = `spec.${direction}[${index}]`;
      if (!actions.includes(rule.action ?? ''))
        say(`${field}.action`, `${JSON.stringify(rule.action)} is none of ${actions.join(', ')}`);
      if ((rule[side] ?? []).length === 0) say(`${field}.${side}`, 'needs at least one peer');
      for (const [at, peer] of (rule[side] ?? []).entries()) {
        found.push(...validateSubject(peer, `${field}.${side}[${at}]`));
        found.push(...validateSelector(peer.nodes, `${field}.${side}[${at}].nodes`));
        for (const text of peer.networks ?? []) {
          if (parseCidr(text) === undefined)
            say(`${field}.${side}[${at}].networks`, `${JSON.stringify(text)} is no CIDR`);
        }
      }
    }
  }
  return found;
}

function validateSubject({ namespaces, pods }: ClusterSubject, field: string): Invalid[] {
  return [
    ...validateSelector(namespaces, `${field}.namespaces`),
    ...validateSelector(pods?.namespaceSelector, `${field}.pods.namespaceSelector`),
    ...validateSelector(pods?.podSelector, `${field}.pods.podSelector`),
  ];
}

function validateSelector(selector: LabelSelector | null | undefined, field: string): Invalid[] {
  return (selector?.matchExpressions ?? []).flatMap(({ operator, values }, index): Invalid[] => {
    const at = `${field}.matchExpressions[${index}]`;
    const count = values?.length ?? 0;
    if (operator === 'In' || operator === 'NotIn') {
      return count > 0 ? [] : [{ field: `${at}.values`, message: `${operator} needs values` }];
    }
    if (operator === 'Exists' || operator === 'DoesNotExist') {
      return count === 0 ? [] : [{ field: `${at}.values`, message: `${operator} takes no values` }];
    }
    return [
      {
        field: `${at}.operator`,
        message: `${JSON.stringify(operator)} is none of In, NotIn, Exists, DoesNotExist`,
      },
    ];
  });
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= lastPort;
}

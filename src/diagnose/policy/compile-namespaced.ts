import { parseCidr } from './address.js';
import type {
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicyRule,
  Protocol,
} from './objects.js';
import { lastPort, protocols } from './ports.js';
import type { Counter, Direction, NamedPort, Peer, Policy, Rule } from './rule.js';
import { compileSelector } from './selector.js';

/** The namespace of an object that carries none, as in a manifest. */
export const defaultNamespace = 'default';

/** The protocol by its name; a name that Kubernetes does not know is refused by the API server. */
export function protocolOf(name: string | null | undefined): Protocol | undefined {
  return protocols.find((known) => known === (name ?? 'TCP'));
}

/**
 * The directions in which a NetworkPolicy isolates. The API server fills in policyTypes; manifests may lack it:
 * then Ingress always, and Egress only where there is an egress rule (so `egress: []` does not isolate egress).
 */
function directionsOf(spec: NonNullable<NetworkPolicy['spec']>): Direction[] {
  const types = spec.policyTypes ?? [];
  const isolates: Readonly<Record<Direction, boolean>> =
    types.length > 0
      ? { egress: types.includes('Egress'), ingress: types.includes('Ingress') }
      : { egress: (spec.egress ?? []).length > 0, ingress: true };
  return (['egress', 'ingress'] as const).filter((direction) => isolates[direction]);
}

/** networking.k8s.io/v1 NetworkPolicy in the common shape. `spec.podSelector` absent or null is the empty selector. */
export function compileNetworkPolicy(policy: NetworkPolicy, next: Counter): Policy {
  const spec = policy.spec ?? {};
  const namespace = policy.metadata.namespace ?? defaultNamespace;
  const rules = (direction: Direction): Rule[] =>
    (spec[direction] ?? []).map((rule, index) => compileRule(rule ?? {}, direction, index, namespace, next));
  return {
    reference: { kind: 'NetworkPolicy', namespace, name: policy.metadata.name },
    tier: 'NetworkPolicy',
    priority: 0,
    subject: { namespaces: { own: namespace }, pods: compileSelector(spec.podSelector) },
    directions: directionsOf(spec),
    egress: rules('egress'),
    ingress: rules('ingress'),
  };
}

function compileRule(
  rule: NetworkPolicyRule,
  direction: Direction,
  index: number,
  namespace: string,
  next: Counter,
): Rule {
  const field = `spec.${direction}[${index}]`;
  const side = direction === 'ingress' ? 'from' : 'to';
  const peers = rule[side] ?? [];
  const ports = rule.ports ?? [];
  return {
    id: next(),
    index,
    field,
    action: 'Allow',
    peers:
      peers.length === 0
        ? 'anyone'
        : peers.flatMap((peer, at) => compilePeer(peer, `${field}.${side}[${at}]`, namespace)),
    ports: ports.length === 0 ? 'every' : { ranges: ports.flatMap(rangeOf), named: ports.flatMap(namedOf) },
  };
}

function compilePeer(peer: NetworkPolicyPeer, field: string, namespace: string): Peer[] {
  if (peer.ipBlock != null) {
    const cidr = parseCidr(peer.ipBlock.cidr);
    const except = (peer.ipBlock.except ?? []).flatMap((text) => parseCidr(text) ?? []);
    return cidr === undefined ? [] : [{ kind: 'ipBlock', field, cidr, except }];
  }
  // `from: [{}]` is refused by the API server; it selects nothing here and is reported by validate.ts.
  if (peer.podSelector == null && peer.namespaceSelector == null) return [];
  return [
    {
      kind: 'pods',
      field,
      scope: 'namespaced',
      namespaces:
        peer.namespaceSelector == null ? { own: namespace } : compileSelector(peer.namespaceSelector),
      pods: compileSelector(peer.podSelector),
    },
  ];
}

function rangeOf({ protocol: name, port, endPort }: NetworkPolicyPort) {
  const protocol = protocolOf(name);
  if (protocol === undefined || typeof port === 'string') return [];
  return port == null
    ? [{ protocol, first: 1, last: lastPort }]
    : [{ protocol, first: port, last: endPort ?? port }];
}

function namedOf({ protocol: name, port }: NetworkPolicyPort): NamedPort[] {
  const protocol = protocolOf(name);
  return protocol === undefined || typeof port !== 'string' ? [] : [{ name: port, protocol }];
}

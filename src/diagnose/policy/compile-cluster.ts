import { parseCidr } from './address.js';
import { protocolOf } from './compile-namespaced.js';
import type {
  AdminPort,
  ClusterPeer,
  ClusterPolicy,
  ClusterProtocol,
  ClusterRule,
  ClusterSubject,
} from './objects.js';
import type { PortRange } from './ports.js';
import { lastPort } from './ports.js';
import type { Counter, Direction, NamedPort, Peer, Policy, PolicyKind, Rule } from './rule.js';
import { compileSelector } from './selector.js';

type ClusterKind = Exclude<PolicyKind, 'NetworkPolicy'>;

const actions: Readonly<Record<string, Rule['action']>> = {
  Allow: 'Allow',
  Accept: 'Allow',
  Deny: 'Deny',
  Pass: 'Pass',
};

/**
 * AdminNetworkPolicy, BaselineAdminNetworkPolicy (v1alpha1) or ClusterNetworkPolicy (v1alpha2) in the common shape.
 * Where a field is not one that this program knows, it fails closed as the API asks: a rule that accepts then matches nothing,
 * one that denies or passes denies everything.
 */
export function compileClusterPolicy(kind: ClusterKind, policy: ClusterPolicy, next: Counter): Policy {
  const spec = policy.spec ?? {};
  const rules = (direction: Direction): Rule[] =>
    (spec[direction] ?? []).flatMap((rule, index) => compileRule(rule, direction, index, next));
  const subject = subjectOf(spec.subject ?? {});
  return {
    reference: { kind, name: policy.metadata.name },
    tier: kind === 'BaselineAdminNetworkPolicy' || spec.tier === 'Baseline' ? 'Baseline' : 'Admin',
    priority: spec.priority ?? 0,
    subject: subject ?? { namespaces: [], pods: [] },
    directions: [],
    // A subject that is not understood cannot be applied to anyone; the API server refuses an empty one.
    egress: subject === undefined ? [] : rules('egress'),
    ingress: subject === undefined ? [] : rules('ingress'),
  };
}

function subjectOf({ namespaces, pods }: ClusterSubject): Policy['subject'] | undefined {
  if (namespaces != null) return { namespaces: compileSelector(namespaces), pods: [] };
  if (pods == null) return undefined;
  return { namespaces: compileSelector(pods.namespaceSelector), pods: compileSelector(pods.podSelector) };
}

function compileRule(rule: ClusterRule, direction: Direction, index: number, next: Counter): Rule[] {
  const field = `spec.${direction}[${index}]`;
  const action = actions[rule.action ?? ''];
  if (action === undefined) return [];
  const side = direction === 'ingress' ? 'from' : 'to';
  const peers = (rule[side] ?? []).map((peer, at) => compilePeer(peer, `${field}.${side}[${at}]`, direction));
  const ports = [...(rule.ports ?? []).map(adminPort), ...(rule.protocols ?? []).map(clusterPort)];
  const base = { id: next(), index, field, ...(rule.name === undefined ? {} : { name: rule.name }) };
  const understood = peers.filter((peer) => peer !== undefined);
  const known = ports.filter((port) => port !== undefined);
  const everything = understood.length === peers.length && known.length === ports.length;
  if (!everything && action !== 'Allow')
    return [{ ...base, action: 'Deny', peers: 'anyone', ports: 'every' }];
  return [
    {
      ...base,
      action,
      peers: understood,
      ports:
        ports.length === 0
          ? 'every'
          : { ranges: known.flatMap(({ ranges }) => ranges), named: known.flatMap(({ named }) => named) },
    },
  ];
}

function compilePeer(peer: ClusterPeer, field: string, direction: Direction): Peer | undefined {
  const base = { field };
  if (peer.namespaces != null || peer.pods != null) {
    // v1alpha1 before 0.1.1 had sameLabels and the like below `namespaces`: not a label selector.
    if (peer.namespaces != null && !isLabelSelector(peer.namespaces)) return undefined;
    const subject = subjectOf(peer);
    return subject && { ...base, kind: 'pods', scope: 'cluster', ...subject };
  }
  if (direction === 'ingress') return undefined;
  if (peer.nodes != null) return { ...base, kind: 'nodes', nodes: compileSelector(peer.nodes) };
  if (peer.networks != null) {
    return { ...base, kind: 'networks', cidrs: peer.networks.flatMap((text) => parseCidr(text) ?? []) };
  }
  return peer.domainNames == null ? undefined : { ...base, kind: 'domainNames', names: peer.domainNames };
}

function isLabelSelector(value: object): boolean {
  return Object.keys(value).every((key) => key === 'matchLabels' || key === 'matchExpressions');
}

interface PortTerm {
  readonly ranges: readonly PortRange[];
  readonly named: readonly NamedPort[];
}

function adminPort({ portNumber, portRange, namedPort }: AdminPort): PortTerm | undefined {
  if (namedPort != null) return { ranges: [], named: [{ name: namedPort }] };
  const protocol = protocolOf((portNumber ?? portRange)?.protocol);
  if (protocol === undefined) return undefined;
  if (portNumber != null) return numbered(protocol, portNumber.port, portNumber.port);
  return portRange == null ? undefined : numbered(protocol, portRange.start, portRange.end);
}

function clusterPort(entry: ClusterProtocol): PortTerm | undefined {
  if (entry.destinationNamedPort != null)
    return { ranges: [], named: [{ name: entry.destinationNamedPort }] };
  for (const [key, protocol] of [
    ['tcp', 'TCP'],
    ['udp', 'UDP'],
    ['sctp', 'SCTP'],
  ] as const) {
    const destination = entry[key];
    if (destination == null) continue;
    const port = destination.destinationPort;
    // `tcp: {}` is every port of the protocol.
    if (port == null) return numbered(protocol, 1, lastPort);
    if (port.number !== undefined) return numbered(protocol, port.number, port.number);
    return port.range == null ? undefined : numbered(protocol, port.range.start, port.range.end);
  }
  return undefined;
}

function numbered(protocol: PortRange['protocol'], first: number, last: number): PortTerm {
  return { ranges: [{ protocol, first, last }], named: [] };
}

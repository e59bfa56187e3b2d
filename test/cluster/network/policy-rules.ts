/**
 * What a CNI that enforces NetworkPolicy makes of networking.k8s.io/v1: the table of one node, as text for nft. Written
 * for itself, so that the evaluator of the plugin can be held against packets.
 */
import { listOf, objectOf, objectsOf, stringsOf, textOf, type JsonObject } from '../api/json.js';
import type { Stored } from '../types.js';
import { replaceTable, setOf } from './nft.js';
import type { PolicyMode } from './options.js';

/** The objects, and the node whose rules are meant. */
export interface PolicyInput {
  readonly policies: readonly Stored[];
  readonly namespaces: readonly Stored[];
  readonly pods: readonly Stored[];
  readonly node: { readonly name: string; readonly address: string };
  /** Whose packets always come in besides the node's own: where the kubelets' probes come from. */
  readonly kubelet: string;
  readonly mode: PolicyMode;
}

type Direction = 'ingress' | 'egress';

interface PolicyPod {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly ip: string;
  readonly nodeName: string;
  readonly ports: readonly JsonObject[];
}

function requirement(labels: Readonly<Record<string, string>>, expression: JsonObject): boolean {
  const value = labels[textOf(expression.key) ?? ''];
  const values = listOf(expression.values);
  switch (expression.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

function selects(selector: JsonObject, labels: Readonly<Record<string, string>>): boolean {
  return (
    Object.entries(stringsOf(selector.matchLabels)).every(([key, value]) => labels[key] === value) &&
    objectsOf(selector.matchExpressions).every((expression) => requirement(labels, expression))
  );
}

function policyPods(pods: readonly Stored[], namespaces: readonly Stored[]): PolicyPod[] {
  const labelsOf = new Map(
    namespaces.map(({ metadata }) => [
      metadata.name,
      { 'kubernetes.io/metadata.name': metadata.name, ...metadata.labels },
    ]),
  );
  return pods.flatMap((pod): PolicyPod[] => {
    const [spec, status] = [objectOf(pod.spec as unknown), objectOf(pod.status as unknown)];
    const ip = textOf(status.podIP);
    const ended = status.phase === 'Succeeded' || status.phase === 'Failed';
    // Pods in the network of their node have no address of their own that a policy could be about.
    if (ip === undefined || ended || spec.hostNetwork === true) return [];
    const namespace = pod.metadata.namespace ?? '';
    return [
      {
        namespace,
        labels: pod.metadata.labels ?? {},
        namespaceLabels: labelsOf.get(namespace) ?? {},
        ip,
        nodeName: textOf(spec.nodeName) ?? '',
        ports: [...objectsOf(spec.initContainers), ...objectsOf(spec.containers)].flatMap((item) =>
          objectsOf(item.ports),
        ),
      },
    ];
  });
}

function types(spec: JsonObject): Direction[] {
  const given = listOf(spec.policyTypes);
  if (given.length > 0) {
    return [
      ...(given.includes('Ingress') ? (['ingress'] as const) : []),
      ...(given.includes('Egress') ? (['egress'] as const) : []),
    ];
  }
  return objectsOf(spec.egress).length > 0 ? ['ingress', 'egress'] : ['ingress'];
}

/** Which addresses are on the other side: of pods, of blocks, or any. */
interface Peers {
  readonly any: boolean;
  readonly pods: readonly PolicyPod[];
  readonly blocks: readonly JsonObject[];
}

function peersOf(
  rule: JsonObject,
  direction: Direction,
  namespace: string,
  pods: readonly PolicyPod[],
): Peers {
  const given = objectsOf(rule[direction === 'ingress' ? 'from' : 'to']);
  if (given.length === 0) return { any: true, pods, blocks: [] };
  const chosen = pods.filter((pod) =>
    given.some((peer) => {
      if (peer.podSelector === undefined && peer.namespaceSelector === undefined) return false;
      const there =
        peer.namespaceSelector === undefined
          ? pod.namespace === namespace
          : selects(objectOf(peer.namespaceSelector), pod.namespaceLabels);
      return there && selects(objectOf(peer.podSelector), pod.labels);
    }),
  );
  return {
    any: false,
    pods: chosen,
    blocks: given.flatMap((peer) => (peer.ipBlock ? [objectOf(peer.ipBlock)] : [])),
  };
}

function namedPort(pod: PolicyPod, name: string, protocol: string): number | undefined {
  const port = pod.ports.find((item) => item.name === name && (textOf(item.protocol) ?? 'TCP') === protocol);
  return typeof port?.containerPort === 'number' ? port.containerPort : undefined;
}

/** nft matches of the addresses on the other side. None: no address matches. */
function addressMatches(peers: Peers, field: 'saddr' | 'daddr'): string[] {
  if (peers.any) return [''];
  return [
    ...(peers.pods.length === 0 ? [] : [`ip ${field} ${setOf(new Set(peers.pods.map(({ ip }) => ip)))}`]),
    ...peers.blocks.flatMap((block) => {
      const cidr = textOf(block.cidr) ?? '';
      const except = listOf(block.except).map(String);
      if (cidr.includes(':')) return [];
      // Not as one set: exceptions may overlap, which nft refuses.
      return [[`ip ${field} ${cidr}`, ...except.map((part) => `ip ${field} != ${part}`)].join(' ')];
    }),
  ];
}

/** The matches of one rule for packets of `pod`, each a conjunction in nft's words. */
function matches(rule: JsonObject, direction: Direction, pod: PolicyPod, peers: Peers): string[] {
  const field = direction === 'ingress' ? 'saddr' : 'daddr';
  const ports = objectsOf(rule.ports);
  const addresses = addressMatches(peers, field);
  if (ports.length === 0) return addresses;
  return ports.flatMap((item) => {
    const protocol = textOf(item.protocol) ?? 'TCP';
    const word = protocol.toLowerCase();
    if (item.port === undefined || item.port === null) {
      return addresses.map((address) => `${address} meta l4proto ${word}`);
    }
    if (typeof item.port === 'number') {
      const range = typeof item.endPort === 'number' ? `${item.port}-${item.endPort}` : String(item.port);
      return addresses.map((address) => `${address} ${word} dport ${range}`);
    }
    const name = textOf(item.port) ?? '';
    if (direction === 'ingress') {
      const number = namedPort(pod, name, protocol);
      return number === undefined ? [] : addresses.map((address) => `${address} ${word} dport ${number}`);
    }
    // The name is that of a port of the pod on the other side: another number, maybe, for each.
    return peers.pods.flatMap((peer) => {
      const number = namedPort(peer, name, protocol);
      return number === undefined ? [] : [`ip daddr ${peer.ip} ${word} dport ${number}`];
    });
  });
}

function chainOf(
  pod: PolicyPod,
  direction: Direction,
  input: PolicyInput,
  pods: readonly PolicyPod[],
): string[] {
  const isolating = input.policies.filter(({ metadata, spec }) => {
    const own = objectOf(spec as unknown);
    return (
      metadata.namespace === pod.namespace &&
      types(own).includes(direction) &&
      selects(objectOf(own.podSelector), pod.labels)
    );
  });
  if (isolating.length === 0) return [];
  const allowed = isolating.flatMap(({ spec }) =>
    objectsOf(objectOf(spec as unknown)[direction]).flatMap((rule) =>
      matches(rule, direction, pod, peersOf(rule, direction, pod.namespace, pods)),
    ),
  );
  const refuse = input.mode === 'reject' ? 'reject with icmp type port-unreachable' : 'drop';
  return [
    `chain ${direction}-${pod.ip.replaceAll('.', '-')} {`,
    ...(direction === 'ingress'
      ? [`ip saddr ${setOf([pod.ip, input.node.address, input.kubelet])} return`]
      : [`ip daddr ${pod.ip} return`]),
    ...[...new Set(allowed)].map((match) => `${match} return`.trim()),
    refuse,
    '}',
  ];
}

/** The transaction that brings the table `ip network-policy` of a node up to date. Pure. */
export function policyRules(input: PolicyInput): string {
  const table = 'ip network-policy';
  if (input.mode === 'off') return replaceTable(table, []);
  const pods = policyPods(input.pods, input.namespaces);
  const local = pods.filter((pod) => pod.nodeName === input.node.name);
  const isolated = (direction: Direction): { chains: string[]; jump: string[] } => {
    const made = local.map((pod) => ({ pod, lines: chainOf(pod, direction, input, pods) }));
    const there = made.filter(({ lines }) => lines.length > 0);
    const field = direction === 'ingress' ? 'daddr' : 'saddr';
    const elements = there.map(({ pod }) => `${pod.ip} : jump ${direction}-${pod.ip.replaceAll('.', '-')}`);
    return {
      chains: there.flatMap(({ lines }) => lines),
      jump: elements.length === 0 ? [] : [`ip ${field} vmap ${setOf(new Set(elements))}`],
    };
  };
  const [ingress, egress] = [isolated('ingress'), isolated('egress')];
  return replaceTable(table, [
    ...ingress.chains,
    ...egress.chains,
    'chain forward {',
    'type filter hook forward priority 0',
    'ct state established,related accept',
    ...egress.jump,
    ...ingress.jump,
    '}',
    'chain input {',
    'type filter hook input priority 0',
    'ct state established,related accept',
    ...egress.jump,
    '}',
  ]);
}

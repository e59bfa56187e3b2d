import type { Reading } from '../reading.js';
import { itemsOf } from '../reading.js';
import { compileClusterPolicy } from './compile-cluster.js';
import { compileNetworkPolicy } from './compile-namespaced.js';
import type { End, Ends, PodEnd } from './end.js';
import { createEnds } from './end.js';
import type { Circumstances } from './match.js';
import { matchPeer, matchSubject } from './match.js';
import type { ClusterPolicy, NativePolicy, NetworkPolicy, PolicyNamespace, PolicyNode } from './objects.js';
import type { PluginBehaviour } from './plugin.js';
import type { PortAlgebra, Ports } from './ports.js';
import { createPortAlgebra, protocols } from './ports.js';
import type { Direction, Policy, Rule } from './rule.js';
import { Tri, either } from './tri.js';

/** Everything that decides, as it was read. */
export interface PolicyObjects {
  readonly namespaces: Reading<PolicyNamespace>;
  readonly nodes: Reading<PolicyNode>;
  /** By namespace: one may be readable and the next not. */
  readonly networkPolicies: (namespace: string) => Reading<NetworkPolicy>;
  readonly adminNetworkPolicies: Reading<ClusterPolicy>;
  readonly baselineAdminNetworkPolicies: Reading<ClusterPolicy>;
  readonly clusterNetworkPolicies: Reading<ClusterPolicy>;
  readonly nativePolicies: Reading<NativePolicy>;
  readonly plugin: PluginBehaviour;
}

/** A policy that selects a pod, and how surely. */
export interface Selection {
  readonly policy: Policy;
  readonly selects: Tri;
}

/** The policies of a cluster, compiled, with what was already found out about its ends. Ends come from its own `ends`. */
export interface PolicyModel {
  readonly objects: PolicyObjects;
  readonly ports: PortAlgebra;
  readonly ends: Ends;
  /** Every policy that can concern pods of these namespaces. */
  readonly policiesOf: (namespaces: Iterable<string>) => readonly Policy[];
  /** NetworkPolicies that isolate this pod in this direction, by name. */
  readonly isolating: (pod: PodEnd, direction: Direction) => readonly Policy[];
  /** Cluster-scoped policies of the tier with rules in this direction, by priority; those of one priority stand together. */
  readonly clusterScoped: (
    pod: PodEnd,
    tier: 'Admin' | 'Baseline',
    direction: Direction,
  ) => readonly (readonly Selection[])[];
  /** Kinds of this tier that could not be read, with the reason. */
  readonly unread: (tier: 'Admin' | 'Baseline') => readonly string[];
  /** Which rules mean this peer. */
  readonly matching: (peer: End, circumstances: Circumstances) => (rule: Rule) => Tri;
  /** The ports that a rule names, its named ports resolved on the destination. */
  readonly portsOf: (rule: Rule, destination: End, circumstances: Circumstances) => Ports;
}

/** Compiles the policies. Those of a namespace are compiled when it is first asked about. */
export function createModel(given: PolicyObjects): PolicyModel {
  const objects = { ...given, networkPolicies: cached(given.networkPolicies) };
  let last = 0;
  const next = (): number => last++;
  const ports = createPortAlgebra();
  const tiers = clusterTiers(objects, next);
  const namespaced = cached((namespace: string) =>
    itemsOf(objects.networkPolicies(namespace))
      .map((policy) => compileNetworkPolicy(policy, next))
      .toSorted((a, b) => compareText(a.reference.name, b.reference.name)),
  );
  const isolating = {
    egress: cachedByPod((pod) =>
      namespaced(pod.namespace).filter((policy) => isolates(policy, pod, 'egress')),
    ),
    ingress: cachedByPod((pod) =>
      namespaced(pod.namespace).filter((policy) => isolates(policy, pod, 'ingress')),
    ),
  };
  const selected = cachedByPod((pod) => ({
    Admin: {
      egress: selections(tiers.Admin, pod, 'egress'),
      ingress: selections(tiers.Admin, pod, 'ingress'),
    },
    Baseline: {
      egress: selections(tiers.Baseline, pod, 'egress'),
      ingress: selections(tiers.Baseline, pod, 'ingress'),
    },
  }));
  const unread = { Admin: unreadKinds(objects, 'Admin'), Baseline: unreadKinds(objects, 'Baseline') };
  const matchers: ((rule: Rule) => Tri)[][] = [];
  const namedPorts: (Ports | undefined)[][] = [];
  const staticPorts: (Ports | undefined)[] = [];
  return {
    objects,
    ports,
    ends: createEnds(objects),
    policiesOf: (namespaces) => [...tiers.Admin, ...tiers.Baseline, ...[...namespaces].flatMap(namespaced)],
    isolating: (pod, direction) => isolating[direction](pod),
    clusterScoped: (pod, tier, direction) => selected(pod)[tier][direction],
    unread: (tier) => unread[tier],
    matching: (peer, circumstances) => {
      const slot = circumstances.families * 2 + (circumstances.view === 'node' ? 1 : 0);
      return ((matchers[peer.id] ??= [])[slot] ??= createMatcher(peer, circumstances));
    },
    portsOf: ({ id, ports: wanted }, destination, { view }) => {
      if (wanted === 'every') return ports.all;
      const fixed = (staticPorts[id] ??= ports.of(wanted.ranges));
      if (wanted.named.length === 0 || destination.kind === 'address') return fixed;
      // Policies see nothing of a host-network pod that is nothing but its node.
      if (destination.hostNetwork && view === 'node') return fixed;
      return ((namedPorts[destination.id] ??= [])[id] ??= ports.union(
        fixed,
        ports.of(resolve(wanted.named, destination)),
      ));
    },
  };
}

/**
 * Which rules mean this peer. It meets the same rules in every pair it is part of, and most do not mean it, so this is where
 * all-pairs spends its time: answers are bytes by the rule's number (0: not asked yet).
 */
function createMatcher(peer: End, circumstances: Circumstances): (rule: Rule) => Tri {
  let answers = new Uint8Array(256);
  return ({ id, peers }) => {
    const known = answers[id] ?? 0;
    if (known !== 0) return (known - 1) as Tri;
    let answer: Tri = peers === 'anyone' ? Tri.yes : Tri.no;
    if (peers !== 'anyone')
      for (const term of peers) answer = either(answer, matchPeer(term, peer, circumstances));
    if (id >= answers.length) {
      const grown = new Uint8Array(Math.max(id + 1, answers.length * 2));
      grown.set(answers);
      answers = grown;
    }
    answers[id] = answer + 1;
    return answer;
  };
}

function clusterTiers(
  objects: PolicyObjects,
  next: () => number,
): Readonly<Record<'Admin' | 'Baseline', readonly Policy[]>> {
  const all = (
    [
      ['AdminNetworkPolicy', objects.adminNetworkPolicies],
      ['BaselineAdminNetworkPolicy', objects.baselineAdminNetworkPolicies],
      ['ClusterNetworkPolicy', objects.clusterNetworkPolicies],
    ] as const
  )
    .flatMap(([kind, reading]) => itemsOf(reading).map((policy) => compileClusterPolicy(kind, policy, next)))
    .toSorted((a, b) => a.priority - b.priority || compareText(a.reference.name, b.reference.name));
  return {
    Admin: all.filter(({ tier }) => tier === 'Admin'),
    Baseline: all.filter(({ tier }) => tier === 'Baseline'),
  };
}

function unreadKinds(objects: PolicyObjects, tier: 'Admin' | 'Baseline'): string[] {
  const legacy =
    tier === 'Admin'
      ? (['AdminNetworkPolicy', objects.adminNetworkPolicies] as const)
      : (['BaselineAdminNetworkPolicy', objects.baselineAdminNetworkPolicies] as const);
  return [legacy, ['ClusterNetworkPolicy', objects.clusterNetworkPolicies] as const].flatMap(
    ([kind, reading]) =>
      reading.state === 'unknown' ? [`${kind} objects could not be read (${reading.why})`] : [],
  );
}

function isolates(policy: Policy, pod: PodEnd, direction: Direction): boolean {
  return policy.directions.includes(direction) && matchSubject(policy, pod) === Tri.yes;
}

function selections(policies: readonly Policy[], pod: PodEnd, direction: Direction): Selection[][] {
  const groups = new Map<number, Selection[]>();
  for (const policy of policies) {
    const selects = policy[direction].length === 0 ? Tri.no : matchSubject(policy, pod);
    if (selects === Tri.no) continue;
    groups.set(policy.priority, [...(groups.get(policy.priority) ?? []), { policy, selects }]);
  }
  return [...groups.values()];
}

function resolve(
  named: readonly { readonly name: string; readonly protocol?: string }[],
  { namedPorts }: PodEnd,
) {
  return named.flatMap(({ name, protocol: only }) =>
    protocols.flatMap((protocol) => {
      const port =
        only === undefined || only === protocol ? namedPorts.get(`${protocol}/${name}`) : undefined;
      return port === undefined ? [] : [{ protocol, first: port, last: port }];
    }),
  );
}

/** Remembers the answers of a function by the pod's number. */
function cachedByPod<V extends object>(compute: (pod: PodEnd) => V): (pod: PodEnd) => V {
  const answers: (V | undefined)[] = [];
  return (pod) => (answers[pod.id] ??= compute(pod));
}

/** Remembers the answers of a function by its argument. */
function cached<K, V>(compute: (key: K) => V): (key: K) => V {
  const answers = new Map<K, V>();
  return (key) => {
    let answer = answers.get(key);
    if (answer === undefined) answers.set(key, (answer = compute(key)));
    return answer;
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

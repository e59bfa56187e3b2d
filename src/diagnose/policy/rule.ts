import type { Cidr } from './address.js';
import type { Protocol } from './objects.js';
import type { PortRange } from './ports.js';
import type { Selector } from './selector.js';

/** The direction as seen from the pod that a policy selects. */
export type Direction = 'egress' | 'ingress';

/** Where in the order a policy is asked: Admin first, then NetworkPolicy, then Baseline. */
export type Tier = 'Admin' | 'NetworkPolicy' | 'Baseline';

export type PolicyKind =
  'NetworkPolicy' | 'AdminNetworkPolicy' | 'BaselineAdminNetworkPolicy' | 'ClusterNetworkPolicy';

/** Which policy is meant. Cluster-scoped kinds have no namespace. */
export interface PolicyReference {
  readonly kind: PolicyKind;
  readonly namespace?: string;
  readonly name: string;
}

/** One way to be a peer. `field` is where it stands, e.g. `spec.ingress[0].from[1]`. */
export type Peer = { readonly field: string } & (
  | {
      readonly kind: 'pods';
      /** A NetworkPolicy's peer without namespaceSelector means its own namespace. */
      readonly namespaces: { readonly own: string } | Selector;
      readonly pods: Selector;
      /** Cluster-scoped kinds never match host-network pods; of NetworkPolicy that is left open. */
      readonly scope: 'namespaced' | 'cluster';
    }
  | { readonly kind: 'ipBlock'; readonly cidr: Cidr; readonly except: readonly Cidr[] }
  | { readonly kind: 'networks'; readonly cidrs: readonly Cidr[] }
  | { readonly kind: 'nodes'; readonly nodes: Selector }
  | { readonly kind: 'domainNames'; readonly names: readonly string[] }
);

/** A port that a rule names: resolved on the destination pod. Without protocol (v1alpha1) any protocol will do. */
export interface NamedPort {
  readonly name: string;
  readonly protocol?: Protocol;
}

export interface Rule {
  /** Unique within a model. */
  readonly id: number;
  readonly index: number;
  /** Cluster-scoped kinds can name their rules. */
  readonly name?: string;
  /** Where it stands, e.g. `spec.ingress[0]`. */
  readonly field: string;
  /** Rules of NetworkPolicy always allow. */
  readonly action: 'Allow' | 'Deny' | 'Pass';
  readonly peers: readonly Peer[] | 'anyone';
  readonly ports: { readonly ranges: readonly PortRange[]; readonly named: readonly NamedPort[] } | 'every';
}

/** Any of the four kinds in one shape. */
export interface Policy {
  readonly reference: PolicyReference;
  readonly tier: Tier;
  /** Within the tier, low first; of no meaning for NetworkPolicy. */
  readonly priority: number;
  /** The pods it is about. */
  readonly subject: { readonly namespaces: { readonly own: string } | Selector; readonly pods: Selector };
  /**
   * A NetworkPolicy isolates its pods in the directions of its policyTypes, even without a rule. Cluster-scoped kinds isolate
   * nobody: they act through their rules alone.
   */
  readonly directions: readonly Direction[];
  readonly egress: readonly Rule[];
  readonly ingress: readonly Rule[];
}

/** Numbers in order: ids of the rules of one model. */
export type Counter = () => number;

/** `NetworkPolicy shop/deny-all`, `ClusterNetworkPolicy cluster-default`. */
export function policyText({ kind, namespace, name }: PolicyReference): string {
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

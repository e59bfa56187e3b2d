/**
 * The fields of Kubernetes objects that decide who may talk to whom, as the API names them. Narrow and readonly on purpose.
 * `null` stands where manifests may have it: an empty key in YAML.
 * Sources: core/v1, networking.k8s.io/v1, and policy.networking.k8s.io v1alpha1 and v1alpha2 (kubernetes-sigs/network-policy-api).
 */

export type Labels = Readonly<Record<string, string>>;

export interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Labels | null;
}

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

export interface PolicyContainer {
  readonly name?: string;
  readonly restartPolicy?: string;
  readonly ports?:
    readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[] | null;
}

/** core/v1 Pod. A pod without `status` (a manifest) has no address yet. */
export interface PolicyPod {
  readonly metadata: Meta;
  readonly spec: {
    readonly containers: readonly PolicyContainer[];
    readonly initContainers?: readonly PolicyContainer[] | null;
    readonly hostNetwork?: boolean;
    readonly nodeName?: string;
  };
  readonly status?: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly hostIP?: string;
  };
}

export interface PolicyNamespace {
  readonly metadata: Meta;
}

export interface PolicyNode {
  readonly metadata: Meta;
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] };
}

/** meta/v1 LabelSelector. */
export interface LabelSelector {
  readonly matchLabels?: Labels | null;
  readonly matchExpressions?:
    | readonly {
        readonly key: string;
        readonly operator: string;
        readonly values?: readonly string[] | null;
      }[]
    | null;
}

export interface NetworkPolicyPort {
  readonly protocol?: string | null;
  readonly port?: number | string | null;
  readonly endPort?: number | null;
}

export interface NetworkPolicyPeer {
  readonly podSelector?: LabelSelector | null;
  readonly namespaceSelector?: LabelSelector | null;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] | null } | null;
}

export interface NetworkPolicyRule {
  readonly ports?: readonly NetworkPolicyPort[] | null;
  readonly from?: readonly NetworkPolicyPeer[] | null;
  readonly to?: readonly NetworkPolicyPeer[] | null;
}

/** networking.k8s.io/v1 NetworkPolicy. */
export interface NetworkPolicy {
  readonly metadata: Meta;
  readonly spec?: {
    readonly podSelector?: LabelSelector | null;
    readonly policyTypes?: readonly string[] | null;
    readonly ingress?: readonly (NetworkPolicyRule | null)[] | null;
    readonly egress?: readonly (NetworkPolicyRule | null)[] | null;
  } | null;
}

export interface NamespacedPods {
  readonly namespaceSelector?: LabelSelector | null;
  readonly podSelector?: LabelSelector | null;
}

export interface ClusterSubject {
  readonly namespaces?: LabelSelector | null;
  readonly pods?: NamespacedPods | null;
}

export interface ClusterPeer extends ClusterSubject {
  readonly nodes?: LabelSelector | null;
  readonly networks?: readonly string[] | null;
  readonly domainNames?: readonly string[] | null;
}

/** v1alpha1 AdminNetworkPolicyPort: exactly one of the three. */
export interface AdminPort {
  readonly portNumber?: { readonly protocol?: string; readonly port: number } | null;
  readonly portRange?: { readonly protocol?: string; readonly start: number; readonly end: number } | null;
  readonly namedPort?: string | null;
}

interface Destination {
  readonly destinationPort?: {
    readonly number?: number;
    readonly range?: { readonly start: number; readonly end: number } | null;
  } | null;
}

/** v1alpha2 ClusterNetworkPolicyProtocol: exactly one of the four. */
export interface ClusterProtocol {
  readonly tcp?: Destination | null;
  readonly udp?: Destination | null;
  readonly sctp?: Destination | null;
  readonly destinationNamedPort?: string | null;
}

export interface ClusterRule {
  readonly name?: string;
  readonly action?: string;
  readonly from?: readonly ClusterPeer[] | null;
  readonly to?: readonly ClusterPeer[] | null;
  /** v1alpha1 */
  readonly ports?: readonly AdminPort[] | null;
  /** v1alpha2 */
  readonly protocols?: readonly ClusterProtocol[] | null;
}

/** policy.networking.k8s.io: AdminNetworkPolicy, BaselineAdminNetworkPolicy (v1alpha1) and ClusterNetworkPolicy (v1alpha2). */
export interface ClusterPolicy {
  readonly metadata: Meta;
  readonly spec?: {
    /** v1alpha2: Admin or Baseline. */
    readonly tier?: string;
    readonly priority?: number;
    readonly subject?: ClusterSubject | null;
    readonly ingress?: readonly ClusterRule[] | null;
    readonly egress?: readonly ClusterRule[] | null;
  } | null;
}

/** A policy of the network plugin's own (CiliumNetworkPolicy and the like): known to exist, not evaluated. */
export interface NativePolicy {
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

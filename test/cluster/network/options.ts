/** What `startCluster({ network })` may ask for, and how it can be broken. All JSON: it goes to the cluster process. */

/** How NetworkPolicies are kept: silently (most CNIs), with an ICMP answer (kube-router), or not at all. */
export type PolicyMode = 'drop' | 'reject' | 'off';

/** The cluster's DNS: Deployment, Service and ConfigMap as kubeadm makes them, in kube-system. */
export interface DnsOptions {
  /** Default 1. */
  readonly replicas?: number;
  /** Names that the resolver of the nodes knows, 172.30.0.1, in lower case, with their IPv4 addresses. */
  readonly outside?: Readonly<Record<string, readonly string[]>>;
  /** The whole Corefile, instead of the usual one. */
  readonly corefile?: string;
}

/** IPv4 addresses and texts of names. A name that is not there does not exist. */
export type DnsRecords = Readonly<
  Record<
    string,
    { readonly A?: readonly string[]; readonly TXT?: readonly string[]; readonly CNAME?: string }
  >
>;

/** DNS as the world outside of the cluster sees it. */
export interface OutsideDns {
  /** Zones and their records at their own server, 203.0.113.53, which answers for nothing else. */
  readonly zones?: Readonly<Record<string, DnsRecords>>;
  /** What the resolver of `outside`, 203.0.113.54, still remembers: it answers from this first, and asks 203.0.113.53 for all else. */
  readonly remembered?: DnsRecords;
  /** What the resolver of the nodes says besides the zones (split horizon). */
  readonly nodes?: DnsRecords;
}

/** Load balancers, as a cloud or MetalLB makes them. */
export interface BalancerOptions {
  /** Addresses to give away, default 192.0.2.10 and the nine after it. They lead to nodes that have what they need. */
  readonly pool?: readonly string[];
}

/** The network of Kubernetes. */
export interface NetworkOptions {
  /** Default none: Service names are not resolved. */
  readonly dns?: boolean | DnsOptions;
  /** kube-proxy shows as a DaemonSet with a pod on each node, as on clusters that kubeadm made. Default: only its rules are there. */
  readonly proxyPods?: boolean;
  /** Default `drop`. */
  readonly policy?: PolicyMode;
  /** Default none: Services of type LoadBalancer stay pending. */
  readonly balancer?: boolean | BalancerOptions;
  /** An ingress controller: class `nginx`, namespace ingress-nginx, a Service of type LoadBalancer. Default none. */
  readonly ingress?: boolean;
  /** DNS beyond the nodes. */
  readonly outsideDns?: OutsideDns;
}

/** What goes wrong on demand. Each is mended on its own. */
export type Breakage =
  /** Packets over `mtu` bytes (default 1280) between the nodes vanish: the link is smaller than the pods', and no ICMP tells. */
  | { readonly kind: 'mtu-black-hole'; readonly mtu?: number; readonly nodes?: readonly string[] }
  /** A node has lost its route to the pods of another. */
  | { readonly kind: 'lost-route'; readonly node: string; readonly to: string }
  /** The kubelet of a node has stopped: NotReady, its pods not ready. With `link`, the node is off the network as well. */
  | { readonly kind: 'node-down'; readonly node: string; readonly link?: boolean }
  /** kube-proxy of a node has stopped: its rules stay as they are, or with `flushed` are gone. */
  | { readonly kind: 'kube-proxy-down'; readonly node: string; readonly flushed?: boolean }
  /** Every DNS pod answers so much later. */
  | { readonly kind: 'dns-slow'; readonly ms: number }
  /** The resolver outside of the cluster is silent. */
  | { readonly kind: 'dns-forward-down' }
  /** No DNS pods. */
  | { readonly kind: 'dns-down' }
  /** A node forwards only so many of a hundred packets of its pods, to or from `address` if given. */
  | {
      readonly kind: 'loss';
      readonly node: string;
      readonly percent: number;
      readonly address?: string;
      readonly protocol?: 'tcp' | 'udp';
      readonly port?: number;
    }
  /** Pods of a node do not reach themselves through a Service. */
  | { readonly kind: 'no-hairpin'; readonly node: string };

import { Tri } from './tri.js';

/** What Kubernetes leaves to the network plugin. `unknown` where the plugin is not known, or not known to keep to one answer. */
export interface PluginBehaviour {
  /** Name for messages; absent when no plugin was recognised. */
  readonly name?: string;
  /** Whether NetworkPolicy is enforced at all. */
  readonly enforces: Tri;
  /** Whether an ipBlock matches the addresses of pods that it covers. */
  readonly ipBlockMatchesPods: Tri;
  /** Whether an ipBlock matches the addresses of nodes that it covers. */
  readonly ipBlockMatchesNodes: Tri;
  /** Whether a host-network pod is nothing but its node: policies do not apply to it and selectors do not match it. */
  readonly hostNetworkIsNode: Tri;
  /** Whether a pod may always reach its own node, whatever its egress rules say. */
  readonly ownNodeAlwaysReachable: Tri;
}

/** Every answer that Kubernetes allows is possible. */
const unknownPlugin: PluginBehaviour = {
  enforces: Tri.unknown,
  ipBlockMatchesPods: Tri.unknown,
  ipBlockMatchesNodes: Tri.unknown,
  hostNetworkIsNode: Tri.unknown,
  ownNodeAlwaysReachable: Tri.unknown,
};

/**
 * Known behaviour, by plugin. Only what the plugin's own documentation states is here:
 * Calico matches rules against the addresses of packets, host-network pods included;
 * Cilium matches CIDR rules against what is outside the cluster only ("CIDR rules do not apply to traffic where both sides of
 * the connection are either managed by Cilium or use an IP belonging to a node in the cluster"), and host-network pods have the
 * identity of their node; flannel leaves NetworkPolicy to others.
 */
const plugins: readonly { readonly sign: RegExp; readonly behaviour: PluginBehaviour }[] = [
  {
    sign: /^(canal|calico-node)$/,
    behaviour: {
      name: 'Calico',
      enforces: Tri.yes,
      ipBlockMatchesPods: Tri.yes,
      ipBlockMatchesNodes: Tri.yes,
      hostNetworkIsNode: Tri.yes,
      ownNodeAlwaysReachable: Tri.unknown,
    },
  },
  {
    sign: /^cilium$/,
    behaviour: {
      name: 'Cilium',
      enforces: Tri.yes,
      ipBlockMatchesPods: Tri.no,
      ipBlockMatchesNodes: Tri.no,
      hostNetworkIsNode: Tri.yes,
      ownNodeAlwaysReachable: Tri.no,
    },
  },
  { sign: /^kube-flannel(-ds.*)?$/, behaviour: { ...unknownPlugin, name: 'flannel', enforces: Tri.no } },
];

/**
 * The plugin that runs in a cluster, by the names of the workloads in its system namespaces (`calico-node`, `cilium`,
 * `kube-flannel-ds`). Several of them: one that enforces wins over flannel; two that enforce are no longer one known behaviour.
 */
export function recognisePlugin(workloads: Iterable<string>): PluginBehaviour {
  const names = [...workloads];
  const found = plugins
    .filter(({ sign }) => names.some((name) => sign.test(name)))
    .map(({ behaviour }) => behaviour);
  const enforcing = found.filter(({ enforces }) => enforces === Tri.yes);
  if (enforcing.length > 1) return unknownPlugin;
  return enforcing[0] ?? found[0] ?? unknownPlugin;
}

import type { CatalogueEntry } from './entry.js';

/** Codes about nodes and network plugin. */
export const nodesCodes: readonly CatalogueEntry[] = [
  {
    code: 'ND801',
    title: 'Node not Ready',
    means: 'A node at one end is not Ready, or says that its network is not available.',
    mend: 'See what its kubelet says: `kubectl describe node`.',
    evidence: ['objects'],
  },
  {
    code: 'ND802',
    title: 'Network plugin not initialised',
    means:
      'No network plugin has set the node up: it is not Ready, or the events of its pods say that the plugin cannot be found.',
    mend: 'See whether the DaemonSet of the plugin runs there.',
    evidence: ['objects', 'event'],
  },
  {
    code: 'ND803',
    title: 'Agent of the network plugin down',
    means:
      'The pod of the network plugin crashes on a node of the flow: routes and policies there may be stale.',
    mend: 'See its log.',
    evidence: ['objects', 'event'],
  },
  {
    code: 'ND804',
    title: 'Addresses used up',
    means: 'The node has no address left for pods: the sandboxes of new pods fail, and their events say so.',
    mend: 'Enlarge the range; free leaked addresses.',
    evidence: ['event'],
  },
  {
    code: 'ND805',
    title: 'Ranges overlap',
    means: 'The address of a Service or node lies in the range of pods.',
    mend: 'Use ranges that do not overlap.',
    evidence: ['objects'],
  },
  {
    code: 'ND806',
    title: 'Address used twice',
    means: 'Two live pods have the same address.',
    mend: 'Delete one; see why the plugin hands addresses out twice.',
    evidence: ['objects'],
  },
  {
    code: 'ND807',
    title: 'Only between nodes',
    means: 'Pods of one node reach each other, those of two do not: the overlay is blocked.',
    mend: 'Open its port (VXLAN UDP 4789 or 8472, Geneve 6081, WireGuard 51820, IPIP) between nodes.',
    evidence: ['probe'],
  },
  {
    code: 'ND808',
    title: 'MTU',
    means: 'Small packets pass, large ones are lost.',
    mend: 'Set the MTU of the network plugin.',
    evidence: ['probe', 'log'],
  },
  {
    code: 'ND809',
    title: 'Connection table full',
    means: 'The kernel of a node drops new connections.',
    mend: 'Raise nf_conntrack_max.',
    evidence: ['probe', 'log'],
  },
  {
    code: 'ND810',
    title: 'Stale UDP entries',
    means: 'UDP goes on to a pod that is gone.',
    mend: 'Delete the entries; upgrade kube-proxy.',
    evidence: ['probe'],
  },
  {
    code: 'ND811',
    title: 'Forwarding off',
    means: 'ip_forward, the FORWARD chain or rp_filter of a node drop forwarded packets.',
    mend: 'Set the sysctl, or the rule.',
    evidence: ['probe'],
  },
  {
    code: 'ND812',
    title: 'kube-proxy down',
    means:
      'kube-proxy crashes on the node of the client: Services lead to where endpoints once were, or nowhere.',
    mend: 'See its log.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND813',
    title: 'Checksums of a tunnel',
    means: 'ping passes and TCP does not between nodes: checksum offload of a tunnel.',
    mend: 'ethtool -K IFACE tx-checksum-ip-generic off.',
    evidence: ['probe'],
  },
  {
    code: 'ND814',
    title: 'Routes drifted',
    means: 'BGP peers or route reflectors no longer fit the nodes.',
    mend: 'Correct the labels that they select.',
    evidence: ['probe'],
  },
  {
    code: 'ND815',
    title: 'Pod not running',
    means:
      'The pod has finished, has not started, or has no address. There is nothing to reach, or nothing to call from.',
    mend: 'See why: `kubectl describe pod`.',
    evidence: ['objects'],
  },
];

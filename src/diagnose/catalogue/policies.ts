import type { CatalogueEntry } from './entry.js';

/** Codes about policies. */
export const policiesCodes: readonly CatalogueEntry[] = [
  {
    code: 'ND201',
    title: 'Egress of the source isolated',
    means:
      'A NetworkPolicy selects the source for egress, and no rule of any such policy admits the destination.',
    mend: 'Add a rule; the report shows the nearest one and a patch that was tried on a copy.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND202',
    title: 'Ingress of the destination isolated',
    means:
      'A NetworkPolicy selects the destination for ingress, and no rule of any such policy admits the source.',
    mend: 'Add a rule; the report shows the nearest one and a patch that was tried on a copy.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND203',
    title: 'DNS forgotten in egress rules',
    means:
      'Egress of the source is isolated and no rule admits UDP 53 to the DNS of the cluster. Names do not resolve, and what the application then says is a consequence.',
    mend: 'Allow UDP and TCP 53 to the pods with k8s-app=kube-dns in kube-system (the port that those pods listen on).',
    evidence: ['objects'],
  },
  {
    code: 'ND204',
    title: 'Rule lists the port of the Service',
    means: 'Policies see the port of the pod, after the Service has replaced its own.',
    mend: 'List the port of the pod (targetPort).',
    evidence: ['objects'],
  },
  {
    code: 'ND205',
    title: 'Label missing on the namespace',
    means: 'The namespaceSelector of the rule asks for a label that the namespace does not have.',
    mend: 'Select by kubernetes.io/metadata.name, which every namespace has, or label the namespace.',
    evidence: ['objects'],
  },
  {
    code: 'ND206',
    title: 'Two peers where one was meant',
    means:
      'Two items in a list of peers mean either of them; podSelector and namespaceSelector in one item mean both together. Either is legal: it is told only where the labels of the pods show that a selector as it stands selects nobody.',
    mend: 'Put both selectors into one item, or into two, as is meant.',
    evidence: ['objects'],
  },
  {
    code: 'ND207',
    title: 'podSelector means the own namespace',
    means:
      'A peer with only a podSelector selects pods of the namespace of the policy, and the other side is in another one.',
    mend: 'Add a namespaceSelector to the peer.',
    evidence: ['objects'],
  },
  {
    code: 'ND208',
    title: 'ipBlock over addresses of the cluster',
    means:
      'Only an ipBlock would admit this pod or node. Whether ipBlock means addresses inside the cluster is left to the network plugin.',
    mend: 'Select pods by labels.',
    evidence: ['objects'],
  },
  {
    code: 'ND209',
    title: 'except cuts the peer out',
    means: 'The ipBlock holds the address, and its except takes it away again.',
    mend: 'Narrow the except, or add a rule.',
    evidence: ['objects'],
  },
  {
    code: 'ND210',
    title: 'Protocol left out',
    means: 'A port without protocol is TCP, and the connection uses another protocol.',
    mend: 'Name the protocol.',
    evidence: ['objects'],
  },
  {
    code: 'ND211',
    title: 'Named port not on the destination',
    means:
      'The rule names a port, and the destination has no port of that name and protocol, or another number under it.',
    mend: 'Use a name that the pods declare, or the number.',
    evidence: ['objects'],
  },
  {
    code: 'ND212',
    title: 'endPort ignored',
    means:
      'A rule has endPort, and the network plugin applies only the first port of a range: Cilium before 1.16 and Weave Net do.',
    mend: 'List the ports one by one, or bring the plugin up to date.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND213',
    title: 'Policy selects no pod',
    means:
      'A policy that would let this through selects no pod at all: most often a typing error in its podSelector.',
    mend: 'Correct the selector, or the labels.',
    evidence: ['objects'],
  },
  {
    code: 'ND214',
    title: 'policyTypes left out',
    means:
      'Without policyTypes a policy isolates ingress always, and egress only when it has egress rules: `egress: []` alone isolates ingress. With policyTypes, rules of a direction that is not among them do not count.',
    mend: 'Say policyTypes, and all that are meant.',
    evidence: ['objects'],
  },
  {
    code: 'ND215',
    title: 'Network plugin does not enforce',
    means: 'Policies exist and the network plugin ignores them: what they deny passes all the same.',
    mend: 'Install a network plugin that enforces NetworkPolicy.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND216',
    title: 'Client hidden behind its node',
    means:
      'Clients of a NodePort or LoadBalancer with externalTrafficPolicy Cluster arrive with the address of a node, which rules by pod or address do not mean.',
    mend: 'externalTrafficPolicy Local, or a rule for the nodes.',
    evidence: ['objects'],
  },
  {
    code: 'ND217',
    title: 'Denied by an administrator',
    means: 'A rule of an AdminNetworkPolicy, BaselineAdminNetworkPolicy or ClusterNetworkPolicy denies it.',
    mend: 'Ask the administrator for a rule of higher priority.',
    evidence: ['objects'],
  },
  {
    code: 'ND218',
    title: 'Policies of the network plugin',
    means:
      'Policies of its own kinds (Cilium, Calico, Antrea) may decide, too. They are listed and not evaluated.',
    mend: 'Ask the tool of the network plugin.',
    evidence: ['objects'],
  },
  {
    code: 'ND219',
    title: 'Host-network pod',
    means:
      'Policies may see only the node of a pod that uses its network: selectors of pods then do not mean it.',
    mend: 'Admit the addresses of the nodes, or take the pod off the host network.',
    evidence: ['objects'],
  },
  {
    code: 'ND220',
    title: 'Policy just changed',
    means:
      'A policy was made or changed within the last half minute. Plugins apply it after a while, and existing connections may stay.',
    mend: 'Wait, and ask again.',
    evidence: ['objects'],
  },
];

import type { CatalogueEntry } from './entry.js';

/** Codes about NodePort, load balancers and ExternalDNS. */
export const outsideCodes: readonly CatalogueEntry[] = [
  {
    code: 'ND501',
    title: 'Node without an endpoint',
    means:
      'externalTrafficPolicy is Local, and the node that is called has no ready endpoint: it drops what comes to its node ports. From inside the cluster the same address works, as this policy does not count there.',
    mend: 'Call a node with an endpoint, run one on every node, or set externalTrafficPolicy to Cluster, which hides the address of the client.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND502',
    title: 'Load balancer does not ask healthCheckNodePort',
    means:
      'externalTrafficPolicy is Local, and the load balancer checks nodes elsewhere than at healthCheckNodePort: it sends to nodes without an endpoint, and part of the connections is lost.',
    mend: 'Let it check HTTP /healthz at healthCheckNodePort.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND503',
    title: 'Load balancer pending',
    means: 'A Service of type LoadBalancer has no address: no controller gave it one.',
    mend: 'See what the controller says in the events of the Service; install one where there is none (MetalLB, kube-vip, a cloud controller); correct loadBalancerClass; free an address of the pool.',
    evidence: ['objects', 'event'],
  },
  {
    code: 'ND504',
    title: 'Client outside loadBalancerSourceRanges',
    means: 'The load balancer lets only some addresses in, and the client has none of them.',
    mend: 'Add the address by which the client goes out to spec.loadBalancerSourceRanges.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND505',
    title: 'No node ports for a load balancer that needs them',
    means: 'allocateLoadBalancerNodePorts is false, and the load balancer sends to node ports.',
    mend: 'Let node ports be allocated, or let the load balancer send to pods.',
    evidence: ['objects'],
  },
  {
    code: 'ND506',
    title: 'Name of the load balancer leads nowhere',
    means:
      'The status of the Service has the name of a load balancer that has no address in DNS, or only one of a family that the client lacks.',
    mend: 'Wait some minutes for a new one; see whether the load balancer still exists; use a family that clients have.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND507',
    title: 'No address that clients outside reach',
    means:
      'The Service is of a type without an address outside, kube-proxy opens node ports on other addresses only (nodePortAddresses), or nothing answers there from outside: an internal address, a firewall.',
    mend: 'Use the ExternalIP of a node, widen nodePortAddresses, let the port in, or make the Service NodePort or LoadBalancer.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND508',
    title: 'Port and nodePort mixed up',
    means:
      'At the address of a node the Service has its nodePort, at that of a load balancer its port; the other one was called.',
    mend: 'Call the address that the report shows.',
    evidence: ['objects'],
  },
  {
    code: 'ND509',
    title: 'Node left out of load balancers',
    means:
      'Load balancers leave out nodes with the label node.kubernetes.io/exclude-from-external-load-balancers and nodes that are not Ready; endpoints under externalTrafficPolicy Local on these get nothing.',
    mend: 'Take the label away, bring the node back, or run the pods elsewhere.',
    evidence: ['objects'],
  },
  {
    code: 'ND510',
    title: 'Load balancer without a healthy backend',
    means:
      'The load balancer has an address and nobody ready behind it; MetalLB does not even announce the address then.',
    mend: 'See why no pod behind the Service is ready.',
    evidence: ['objects'],
  },
  {
    code: 'ND511',
    title: 'Protocols or address that the load balancer cannot have',
    means:
      'The load balancer does not mix the protocols of the Service, or another Service has the address or the port that it asks for.',
    mend: 'Make a Service for each protocol, share the address by the key of the load balancer, or ask for another one.',
    evidence: ['objects', 'event'],
  },
  {
    code: 'ND521',
    title: 'Not watched by ExternalDNS',
    means:
      'A flag of ExternalDNS (--source, --namespace, --label-filter, --annotation-filter, --domain-filter, --ingress-class) keeps this object out.',
    mend: 'Widen the flag, or change the object so that it fits.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND522',
    title: 'Annotation for ExternalDNS wrong',
    means:
      'The annotation is misspelt, or does nothing for this type of Service, as with ClusterIP without --publish-internal-services.',
    mend: 'Use external-dns.alpha.kubernetes.io/hostname, target, ttl or internal-hostname.',
    evidence: ['objects'],
  },
  {
    code: 'ND523',
    title: 'No address for the record',
    means:
      'ExternalDNS looks at the object, which has no address in its status: there is nothing that a record could lead to.',
    mend: 'See why it has no address.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND524',
    title: 'Record owned by somebody else',
    means:
      'A record of this name exists, and the TXT record beside it names another owner or none: ExternalDNS leaves it alone.',
    mend: 'Give the TXT record the --txt-owner-id of this ExternalDNS, delete the record, or use another name.',
    evidence: ['log'],
  },
  {
    code: 'ND525',
    title: 'No zone for the record, or no right to it',
    means: 'The provider has no zone for this name that ExternalDNS may write to.',
    mend: 'See --domain-filter and --zone-id-filter, the zone at the provider, and the rights of the account.',
    evidence: ['log'],
  },
  {
    code: 'ND526',
    title: 'Record is stale',
    means:
      'The name leads to an address that the object no longer has, and the policy of ExternalDNS (upsert-only, create-only) takes no record away.',
    mend: 'Delete the record, or run ExternalDNS with --policy=sync.',
    evidence: ['probe'],
  },
  {
    code: 'ND527',
    title: 'Resolvers disagree',
    means:
      'The name leads to the right address for some and elsewhere for others: a cache with an old answer, or a resolver with a zone of its own (split horizon).',
    mend: 'Wait for the TTL or empty the cache; see which zone that resolver serves.',
    evidence: ['probe'],
  },
];

import type { CatalogueEntry } from './entry.js';

/** Codes about DNS. */
export const namesCodes: readonly CatalogueEntry[] = [
  {
    code: 'ND401',
    title: 'Not the DNS of the cluster',
    means:
      'The pod asks a resolver that does not know the names of the cluster: dnsPolicy Default or None, or hostNetwork without ClusterFirstWithHostNet.',
    mend: 'Set dnsPolicy.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND402',
    title: 'Search list broken',
    means: 'dnsConfig takes away the search domains that complete short names.',
    mend: 'Add them, or call the full name.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND403',
    title: 'DNS has no ready endpoint',
    means: 'No pod of the DNS of the cluster is Ready.',
    mend: 'See why: its log, its node, its ConfigMap.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND404',
    title: 'CoreDNS loop',
    means:
      'CoreDNS forwards to itself: its Corefile names its own Service or a loopback address, or the resolv.conf of the node names 127.0.0.53. The plugin loop then ends it.',
    mend: 'Forward to the servers of the network; point resolvConf of the kubelet to the real file.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND405',
    title: 'Corefile broken',
    means:
      'A template, rewrite, hosts line, other server block or wrong zone in the Corefile answers for the names of Services. CoreDNS runs its plugins in an order of its own, whatever the order of the lines: rewrite, template and hosts come before Services.',
    mend: 'Correct the ConfigMap coredns; the report shows the line.',
    evidence: ['objects', 'probe', 'log'],
  },
  {
    code: 'ND406',
    title: 'Upstream unreachable',
    means: 'CoreDNS does not get answers from the servers it forwards to, or its Corefile forwards nothing.',
    mend: 'Correct forward, or the network of its nodes.',
    evidence: ['objects', 'probe', 'log'],
  },
  {
    code: 'ND407',
    title: 'CoreDNS may not read',
    means: 'CoreDNS is not allowed to list Services or EndpointSlices.',
    mend: 'Restore ClusterRole system:coredns.',
    evidence: ['log'],
  },
  {
    code: 'ND408',
    title: 'NodeLocalDNS down',
    means:
      'The DNS cache of the node (NodeLocalDNS) does not run, or its ConfigMap still has a `__PILLAR__` that whoever installs it has to replace.',
    mend: 'Restart its pod; fill in its ConfigMap.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND409',
    title: 'Search list captures names',
    means: 'With ndots 5 a name is first tried in every search domain; a wildcard there answers for it.',
    mend: 'End names with a dot, or set ndots to 2.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND410',
    title: 'Name of another namespace',
    means: 'A short name is looked up in the namespace of the client, and the Service is in another.',
    mend: 'Call NAME.NAMESPACE.',
    evidence: ['objects'],
  },
  {
    code: 'ND411',
    title: 'Other cluster domain',
    means:
      'The name ends in cluster.local (or another domain), and the Services of the cluster are in another domain, by its Corefile.',
    mend: 'Call NAME.NAMESPACE.svc.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND412',
    title: 'Answers after 5 seconds',
    means: 'A lost UDP packet (conntrack race) or a dead first server.',
    mend: 'NodeLocalDNS, or single-request-reopen.',
    evidence: ['probe'],
  },
  {
    code: 'ND413',
    title: 'TCP 53 blocked',
    means: 'Policies allow UDP 53 and not TCP 53, which long answers need.',
    mend: 'Allow TCP 53 as well.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND414',
    title: 'Stale name',
    means: 'The application still uses an address that DNS no longer gives.',
    mend: 'Shorten its cache, or restart it.',
    evidence: ['probe', 'log'],
  },
  {
    code: 'ND415',
    title: 'Headless name without address',
    means: 'A headless Service without ready endpoints has no address under its name.',
    mend: 'Let its pods become Ready.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND416',
    title: 'CoreDNS overloaded',
    means: 'CoreDNS answers late or refuses: too many queries.',
    mend: 'Scale it; use NodeLocalDNS.',
    evidence: ['probe', 'log'],
  },
];

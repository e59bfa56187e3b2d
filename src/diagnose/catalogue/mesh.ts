import type { CatalogueEntry } from './entry.js';

/** Codes about the service mesh. */
export const meshCodes: readonly CatalogueEntry[] = [
  {
    code: 'ND701',
    title: 'Mutual TLS wanted, plain text sent',
    means:
      'A PeerAuthentication lets the server take mutual TLS only (STRICT), and the client sends plain text: it has no proxy of the mesh, or calls in a way that its proxy does not know (an address instead of a Service). The connection is reset.',
    mend: 'Take the client into the mesh, call the Service by its name, or set the mode of the port to PERMISSIVE.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND702',
    title: 'TLS of client and server disagree',
    means:
      'A DestinationRule says how clients send (DISABLE, ISTIO_MUTUAL, SIMPLE), and the server takes something else: requests end with 503 and the flag UF.',
    mend: 'Set tls.mode to what the server takes, or take tls out of the rule: Istio then finds out by itself.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND703',
    title: 'Proxy expected and absent',
    means:
      'A label says that the pod belongs to the mesh, and it does not: it was made before the label, no injector serves the revision that is named, or istio-cni did not take it in.',
    mend: 'Make its pods anew: `kubectl rollout restart`. Name a revision that is installed.',
    evidence: ['objects'],
  },
  {
    code: 'ND704',
    title: 'Protocol of a port not said, or said wrongly',
    means:
      'Without appProtocol, or a name that begins with a protocol, proxies wait for the first bytes of the client to find out. A server that speaks first (MySQL, SMTP) and its client then wait for each other. A port that is called http is read as HTTP, whatever is behind it.',
    mend: 'Set appProtocol: tcp, or call the port tcp-NAME.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND705',
    title: 'Route to nowhere',
    means:
      'A VirtualService sends connections to a host that is no Service, to a port that it lacks, or to a subset that no DestinationRule defines or that selects no pod: 503 with the flags NR, NC or UH.',
    mend: 'Let host, port, subset and the labels of pods agree.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND706',
    title: 'Denied by authorization',
    means:
      'A rule of action DENY matches the client, or policies of action ALLOW are there and none of their rules does: 403, "RBAC: access denied". A policy of action ALLOW without rules denies everybody; rules about principals and namespaces match mutual TLS only.',
    mend: 'Admit the client in a rule; take it into the mesh where rules ask who it is.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND707',
    title: 'Destination unknown to the mesh',
    means:
      'The mesh lets proxies call only what they know (REGISTRY_ONLY), and no ServiceEntry names the host; or a Sidecar object leaves the Service out. Requests end with 502 or a reset, in BlackHoleCluster.',
    mend: 'Write a ServiceEntry for the host; add the Service to the hosts of the Sidecar.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND708',
    title: 'Proxy not ready, or with old configuration',
    means:
      'The proxy of a pod, or the ztunnel of a node, is not ready, or istiod does not run: connections through it end, or follow what was true before.',
    mend: 'See its log, and whether it reaches istiod (TCP 15012).',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND709',
    title: 'Application and proxy out of step',
    means:
      'The application starts before its proxy, and its first calls fail; or a Job is done, and its proxy keeps the pod from ending.',
    mend: 'Use native sidecars, or holdApplicationUntilProxyStarts.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND710',
    title: 'Ports of the mesh blocked',
    means:
      'A NetworkPolicy admits the port of the application, and not those of the mesh: the tunnel between pods of the ambient mesh (TCP 15008), or istiod (TCP 15012).',
    mend: 'Admit them besides.',
    evidence: ['objects'],
  },
];

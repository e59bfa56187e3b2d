import type { CatalogueEntry } from './entry.js';

/** Codes about Services. */
export const servicesCodes: readonly CatalogueEntry[] = [
  {
    code: 'ND301',
    title: 'Service missing',
    means: 'There is no Service of this name in this namespace.',
    mend: 'Correct the name or the namespace, or create it.',
    evidence: ['objects'],
  },
  {
    code: 'ND302',
    title: 'Selector selects no pod',
    means: 'The selector of the Service fits the labels of no pod.',
    mend: 'Correct the selector, or the labels of the pods.',
    evidence: ['objects'],
  },
  {
    code: 'ND303',
    title: 'No pod is Ready',
    means: 'Pods are there, and none is Ready: the Service has no endpoint to give.',
    mend: 'See why they are not Ready; the report names the container.',
    evidence: ['objects'],
  },
  {
    code: 'ND304',
    title: 'Readiness gate not set',
    means: 'The containers are ready, and a condition of readinessGates was never set by whoever has to.',
    mend: 'See whether that controller runs, or take the gate away.',
    evidence: ['objects'],
  },
  {
    code: 'ND305',
    title: 'Every endpoint is ending',
    means:
      'All pods of the Service are being deleted. Those that still serve get connections until they end.',
    mend: 'See why no new pods come: maxUnavailable, a workload that was deleted.',
    evidence: ['objects'],
  },
  {
    code: 'ND306',
    title: 'Port not in the Service',
    means: 'The Service does not have the port that is called, or not for this protocol.',
    mend: 'Call a port that it has, or add it. The port of the pod is no port of the Service.',
    evidence: ['objects'],
  },
  {
    code: 'ND307',
    title: 'Nobody listens on targetPort',
    means: 'The Service leads to a port on which its pods do not listen.',
    mend: 'Correct targetPort.',
    evidence: ['probe'],
  },
  {
    code: 'ND308',
    title: 'Named targetPort not found',
    means:
      'targetPort is a name, and no container of the pods has a port of that name and protocol: the Service has no endpoint for it.',
    mend: 'Use a name that the pods declare, or the number.',
    evidence: ['objects'],
  },
  {
    code: 'ND309',
    title: 'Protocols differ',
    means: 'The Service says one protocol for the port, and its pods declare it for another only.',
    mend: 'Let both say the same.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND310',
    title: 'Selector too wide',
    means:
      'The selector also takes in pods that do not serve this port, such as those of a Job: a part of the connections fails.',
    mend: 'Add a label to the selector that only the right pods have.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND311',
    title: 'Slices missing or stale',
    means:
      'A Service without selector needs EndpointSlices with the label kubernetes.io/service-name, and addresses that somebody has.',
    mend: 'Label the slice, or correct its addresses.',
    evidence: ['objects'],
  },
  {
    code: 'ND312',
    title: 'Unready pods published',
    means:
      'publishNotReadyAddresses gives connections to pods that are not Ready. Of a headless Service, by which peers find each other, nothing is said.',
    mend: 'Take it away unless peers have to find each other before they are Ready.',
    evidence: ['objects'],
  },
  {
    code: 'ND313',
    title: 'No endpoint on this node',
    means: 'internalTrafficPolicy Local gives clients only endpoints of their own node, and theirs has none.',
    mend: 'Run an endpoint on every node with clients, or use Cluster.',
    evidence: ['objects'],
  },
  {
    code: 'ND314',
    title: 'Topology sends all to few',
    means:
      'Hints or trafficDistribution keep traffic in the zone, and the zone of the client has less than half of its share of the endpoints. Nothing is lost by that; few pods carry much.',
    mend: 'More replicas in each zone, or drop the setting.',
    evidence: ['objects'],
  },
  {
    code: 'ND315',
    title: 'Address families differ',
    means:
      'Client and Service have no address family in common, or the Service has a family behind which nobody is.',
    mend: 'ipFamilyPolicy PreferDualStack, or ipFamilies that the pods have.',
    evidence: ['objects'],
  },
  {
    code: 'ND316',
    title: 'Affinity to a bad pod',
    means:
      'sessionAffinity ClientIP keeps one client at an endpoint that does not answer, while others answer.',
    mend: 'Mend that endpoint; shorten timeoutSeconds.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND317',
    title: 'Pod calls itself through a Service',
    means:
      'The client is itself an endpoint. Whether a connection comes back depends on hairpin mode of the network plugin.',
    mend: 'Call localhost, or set hairpinMode.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND318',
    title: 'Headless: port not translated',
    means: 'The name of a headless Service leads straight to pods: nothing turns its port into targetPort.',
    mend: 'Call the port of the pods.',
    evidence: ['objects'],
  },
  {
    code: 'ND319',
    title: 'StatefulSet without its Service',
    means: 'serviceName of the StatefulSet is no headless Service: its pods have no names of their own.',
    mend: 'Create the headless Service of that name.',
    evidence: ['objects'],
  },
  {
    code: 'ND320',
    title: 'ExternalName wrong',
    means:
      'externalName is an address, leads back to itself, or to a Service that does not exist. DNS serves it as a name, and ports are not translated.',
    mend: 'Name what is meant; for an address use a Service without selector and an EndpointSlice.',
    evidence: ['objects'],
  },
  {
    code: 'ND321',
    title: 'externalIPs capture an address',
    means:
      'An address in externalIPs is captured on every node, whoever else has it: another Service, or a host outside.',
    mend: 'Take it away.',
    evidence: ['objects'],
  },
  {
    code: 'ND322',
    title: 'Proxy mode surprises',
    means:
      'kube-proxy serves node ports on 127.0.0.1 only in iptables mode, and only for IPv4; nftables and IPVS do not.',
    mend: 'Use the address of the node.',
    evidence: ['objects', 'probe'],
  },
  {
    code: 'ND323',
    title: 'kube-proxy leaves the Service alone',
    means: 'A label (service-proxy-name, headless) tells kube-proxy not to serve it.',
    mend: 'Take the label away, or see whether the other proxy runs.',
    evidence: ['objects'],
  },
  {
    code: 'ND324',
    title: 'Workload scaled to 0, or stuck',
    means: 'The workload behind the Service wants no pods, or its rollout does not get on.',
    mend: 'Scale it up, or undo the rollout.',
    evidence: ['objects'],
  },
  {
    code: 'ND325',
    title: 'Application protocol differs',
    means: 'One side speaks TLS and the other does not.',
    mend: 'Correct the scheme, or appProtocol.',
    evidence: ['probe', 'log'],
  },
];

/** The objects of the cluster's DNS, as kubeadm makes them. */
import type { DnsOptions } from '../options.js';

/** The address that pods ask, and the directory of a node where DNS pods find the cluster's state. */
export const clusterDns = '10.96.0.10';
export const stateDir = '/var/lib/cluster-dns';

const usual = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    log
    kubernetes cluster.local in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30
    loop
    reload
    loadbalance
}
`;

/** ConfigMap, Deployment and Service of kube-system, to be applied in this order. */
export function dnsAddon(options: DnsOptions): object[] {
  const labels = { 'k8s-app': 'kube-dns' };
  const namespace = 'kube-system';
  const ports = [
    { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 },
    { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 53 },
    { name: 'metrics', protocol: 'TCP', port: 9153, targetPort: 9153 },
  ];
  const container = {
    name: 'coredns',
    image: 'registry.k8s.io/coredns/coredns:v1.12.1',
    args: ['-conf', '/etc/coredns/Corefile'],
    ports: ports.map(({ name, protocol, targetPort }) => ({ name, protocol, containerPort: targetPort })),
    readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 1 },
    volumeMounts: [
      { name: 'config-volume', mountPath: '/etc/coredns', readOnly: true },
      { name: 'state', mountPath: stateDir, readOnly: true },
    ],
  };
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'coredns', namespace },
      data: { Corefile: options.corefile ?? usual },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'coredns', namespace, labels },
      spec: {
        replicas: options.replicas ?? 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            dnsPolicy: 'Default',
            terminationGracePeriodSeconds: 1,
            containers: [container],
            volumes: [
              { name: 'config-volume', configMap: { name: 'coredns' } },
              // Stands for the API, which the real one reads.
              { name: 'state', hostPath: { path: stateDir } },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'kube-dns',
        namespace,
        labels: { ...labels, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
      },
      spec: { clusterIP: clusterDns, selector: labels, ports },
    },
  ];
}

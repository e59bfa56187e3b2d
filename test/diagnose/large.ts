/** A cluster of 5,000 pods behind 1,000 Services in 20 namespaces on 100 nodes, with default-deny and allow policies, as `kubectl get -o json` lists it. */
export function largeCluster(pods = 5000, services = 1000, namespaces = 20): object {
  const many = <T>(count: number, make: (index: number) => T): T[] =>
    Array.from({ length: count }, (_, index) => make(index));
  const namespace = (index: number): string => `ns-${index % namespaces}`;
  const address = (index: number): string =>
    `10.${1 + (index >> 14)}.${(index >> 7) & 127}.${1 + (index & 127)}`;
  const podsOf = (service: number): number[] =>
    many(Math.floor(pods / services), (index) => index * services + service);
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      ...many(namespaces, (index) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace(index), labels: { 'kubernetes.io/metadata.name': namespace(index) } },
      })),
      ...many(100, (index) => ({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: `node-${index}` },
        spec: { podCIDRs: [`10.200.${index}.0/24`] },
        status: {
          addresses: [{ type: 'InternalIP', address: `172.18.0.${index}` }],
          conditions: [{ type: 'Ready', status: 'True' }],
        },
      })),
      ...many(pods, (index) => ({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: `app-${index % services}-${index}`,
          namespace: namespace(index % services),
          labels: { app: `app-${index % services}` },
        },
        spec: {
          nodeName: `node-${index % 100}`,
          containers: [{ name: 'app', ports: [{ name: 'http', containerPort: 8080 }] }],
        },
        status: {
          phase: 'Running',
          podIP: address(index),
          podIPs: [{ ip: address(index) }],
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [{ name: 'app', ready: true, restartCount: 0, state: { running: {} } }],
        },
      })),
      ...many(services, (index) => ({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: `app-${index}`, namespace: namespace(index) },
        spec: {
          clusterIP: `10.96.${index >> 8}.${index & 255}`,
          selector: { app: `app-${index}` },
          ports: [{ name: 'http', port: 80, targetPort: 8080 }],
        },
      })),
      ...many(services, (index) => ({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        addressType: 'IPv4',
        metadata: {
          name: `app-${index}-x`,
          namespace: namespace(index),
          labels: { 'kubernetes.io/service-name': `app-${index}` },
        },
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
        endpoints: podsOf(index).map((pod) => ({
          addresses: [address(pod)],
          conditions: { ready: true },
          nodeName: `node-${pod % 100}`,
          targetRef: { kind: 'Pod', namespace: namespace(index), name: `app-${index}-${pod}` },
        })),
      })),
      ...many(services, (index) => ({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: `allow-${index}`, namespace: namespace(index) },
        spec: {
          podSelector: { matchLabels: { app: `app-${index}` } },
          policyTypes: ['Ingress'],
          ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: index === 7 ? 80 : 8080 }] }],
        },
      })),
    ],
  };
}

import { createPki } from '../cluster/api/pki.js';
import { listener, namespace, pod, service } from '../cluster/manifests.js';

const web = { app: 'web' };

function path(name: string, at: string, pathType = 'Prefix', port: number | string = 80): object {
  return {
    path: at,
    pathType,
    backend: { service: { name, port: typeof port === 'number' ? { number: port } : { name: port } } },
  };
}

function ingress(
  name: string,
  hosts: Readonly<Record<string, readonly object[]>>,
  spec: object = {},
): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default' },
    spec: {
      ingressClassName: 'nginx',
      rules: Object.entries(hosts).map(([host, paths]) => ({ host, http: { paths } })),
      ...spec,
    },
  };
}

const balancer = { type: 'LoadBalancer' };

/** Ways in that work, and one of each kind that does not. */
export async function outsideObjects(): Promise<readonly object[]> {
  const { cert, key } = await (await createPki()).site('else.example', ['else.example']);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return [
    listener({ name: 'web', labels: web, nodeName: 'node-1' }),
    listener({ name: 'tls', labels: { app: 'tls' }, on: ['https://0.0.0.0:8443'] }),
    listener({ name: 'shut', labels: { app: 'shut' } }),
    pod({
      name: 'strict',
      labels: { app: 'strict' },
      spec: {
        containers: [
          { name: 'main', image: 'registry.example/listen:1', args: ['http://127.0.0.1:8080'] },
          {
            name: 'istio-proxy',
            image: 'docker.io/istio/proxyv2:1.26.0',
            args: ['mtls://0.0.0.0:8443?to=8080'],
          },
        ],
      },
    }),
    pod({ name: 'client', nodeName: 'node-2' }),
    // The first three of the pool are for what works.
    service({ name: 'cluster', selector: web, ports: [{ port: 80, name: 'http' }], spec: balancer }),
    service({
      name: 'ranges',
      selector: web,
      ports: [{ port: 80 }],
      spec: { ...balancer, loadBalancerSourceRanges: ['198.51.100.0/24'] },
    }),
    service({ name: 'empty', selector: { app: 'wbe' }, ports: [{ port: 80 }], spec: balancer }),
    service({ name: 'spare-1', selector: web, ports: [{ port: 80 }], spec: balancer }),
    service({ name: 'spare-2', selector: web, ports: [{ port: 80 }], spec: balancer }),
    service({ name: 'late', selector: web, ports: [{ port: 80 }], spec: balancer }),
    service({
      name: 'local',
      selector: web,
      ports: [{ port: 80 }],
      spec: { type: 'NodePort', externalTrafficPolicy: 'Local' },
    }),
    service({ name: 'web', selector: web, ports: [{ port: 80, name: 'http' }] }),
    service({ name: 'dead', selector: web, ports: [{ port: 80, targetPort: 81 }] }),
    service({ name: 'none', selector: { app: 'wbe' }, ports: [{ port: 80 }] }),
    service({ name: 'tls', selector: { app: 'tls' }, ports: [{ port: 80, targetPort: 8443 }] }),
    service({ name: 'shut', selector: { app: 'shut' }, ports: [{ port: 80 }] }),
    service({ name: 'strict', selector: { app: 'strict' }, ports: [{ port: 8443, name: 'http' }] }),
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'shut', namespace: 'default' },
      spec: {
        podSelector: { matchLabels: { app: 'shut' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ podSelector: { matchLabels: { app: 'client' } } }] }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'else', namespace: 'default' },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': base64(cert), 'tls.key': base64(key) },
    },
    ingress('web', { 'shop.example': [path('web', '/')] }),
    ingress(
      'broken',
      {
        'shop.example': [
          path('absent', '/missing'),
          path('web', '/port', 'Prefix', 8080),
          path('none', '/none'),
          path('dead', '/dead'),
          path('tls', '/tls'),
          path('shut', '/shut'),
        ],
      },
      { tls: [{ hosts: ['shop.example'], secretName: 'else' }] },
    ),
    ingress(
      'secure',
      { 'secure.shop.example': [path('web', '/')] },
      { tls: [{ hosts: ['secure.shop.example'], secretName: 'nowhere' }] },
    ),
    ingress('moved', { 'moved.shop.example': [path('web', '/')] }),
    ingress('exact', { 'exact.example': [path('web', '/only', 'Exact')] }),
    ingress('twice-1', { 'twice.example': [path('web', '/')] }),
    ingress('twice-2', { 'twice.example': [path('dead', '/')] }),
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'orphan' },
      spec: { controller: 'traefik.io/ingress-controller' },
    },
    ingress('unclaimed', { 'unclaimed.example': [path('web', '/')] }, { ingressClassName: 'orphan' }),
    ingress('classless', { 'classless.example': [path('web', '/')] }, { ingressClassName: 'ngnix' }),
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'lost', namespace: 'default' },
      spec: { gatewayClassName: 'eg', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
    },
    namespace('istio-system'),
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name: 'strict', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'strict' } }, mtls: { mode: 'STRICT' } },
    },
  ];
}

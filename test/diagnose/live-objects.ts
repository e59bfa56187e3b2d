/** What the live set is made of: one namespace of Services that are wrong in their own ways, one of guarded pods, and clients. */
import { deployment, listener, namespace, pod, service, type Manifest } from '../cluster/manifests.js';

const shop = { namespace: 'shop' };
const guard = { namespace: 'guard' };
const onHttp = { on: ['http://0.0.0.0:8080'] };

/** A pod of namespace shop on node-2 that answers on 8080, and on 81 to itself only. */
function server(name: string, more: Partial<Parameters<typeof listener>[0]> = {}): Manifest {
  return listener({ name, ...shop, labels: { app: name }, ...onHttp, nodeName: 'node-2', ...more });
}

function front(
  name: string,
  port: Parameters<typeof service>[0]['ports'][number],
  { app = name, ...spec }: { readonly app?: string } & Record<string, unknown> = {},
): Manifest {
  return service({ name, ...shop, selector: { app }, ports: [port], spec });
}

/** The first container with other fields. */
function withContainer(made: Manifest, fields: object): Manifest {
  const spec = made.spec as { readonly containers: readonly object[] };
  return { ...made, spec: { ...spec, containers: [{ ...spec.containers[0], ...fields }] } };
}

function policy(
  name: string,
  of: { readonly namespace: string; readonly app: string },
  spec: object,
): Manifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: of.namespace },
    spec: { podSelector: { matchLabels: { app: of.app } }, ...spec },
  };
}

const dnsRule = {
  to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
  ports: [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ],
};

/** Pods that nothing is wrong with, and clients of every kind. */
const healthy: readonly Manifest[] = [
  namespace('shop'),
  pod({ name: 'client', ...shop, nodeName: 'node-1' }),
  // One that nothing was asked from yet.
  pod({ name: 'fresh', ...shop, nodeName: 'node-1' }),
  pod({ name: 'other', ...shop, nodeName: 'node-2' }),
  server('api', { on: ['http://0.0.0.0:8080', 'tcp://127.0.0.1:81'] }),
  front('api', { port: 80, targetPort: 8080 }, { clusterIP: '10.96.7.8' }),
  // One on each node.
  server('pair-1', { labels: { app: 'pair' }, nodeName: 'node-1' }),
  server('pair-2', { labels: { app: 'pair' } }),
  front('pair', { port: 80, targetPort: 8080 }, { clusterIP: '10.96.7.7' }),
  front('headless', { port: 8080 }, { app: 'api', clusterIP: 'None' }),
  server('itself', { nodeName: 'node-1' }),
  front('itself', { port: 80, targetPort: 8080 }),
];

/** Services that are wrong, each in one way. */
const services: readonly Manifest[] = [
  front('wrong', { port: 80, targetPort: 9090 }, { app: 'api' }),
  front('loop', { port: 80, targetPort: 81 }, { app: 'api' }),
  front('nobody', { port: 80, targetPort: 8080 }),
  front('named', { port: 80, targetPort: 'web' }, { app: 'api' }),
  front('local', { port: 80, targetPort: 8080 }, { app: 'api', internalTrafficPolicy: 'Local' }),
  front('datagram', { port: 80, targetPort: 8080, protocol: 'UDP' }, { app: 'typed' }),
  server('typed', { ports: [{ containerPort: 8080, protocol: 'TCP' }] }),
  front('shifted', { port: 80, targetPort: 8080 }, { app: 'api', clusterIP: 'None' }),
  front('secure', { port: 443, targetPort: 8080, name: 'https' }, { app: 'api' }),
  front('zero', { port: 80, targetPort: 8080 }),
  deployment({ name: 'zero', ...shop, replicas: 0 }),
  { ...front('manual', { port: 80, targetPort: 8080 }), spec: { ports: [{ port: 80, targetPort: 8080 }] } },
  service({ name: 'depot', namespace: 'depot', selector: { app: 'depot' }, ports: [{ port: 80 }] }),
];

/** Clients whose names go astray. */
const resolvers: readonly Manifest[] = [
  pod({ name: 'by-default', ...shop, nodeName: 'node-1', spec: { dnsPolicy: 'Default' } }),
  pod({
    name: 'by-config',
    ...shop,
    nodeName: 'node-1',
    spec: {
      dnsPolicy: 'None',
      dnsConfig: {
        nameservers: ['10.96.0.10'],
        searches: ['corp.example'],
        options: [{ name: 'ndots', value: '5' }],
      },
    },
  }),
];

/** Pods whose policies let the client of shop not in, each for one reason. */
const guarded: readonly Manifest[] = [
  namespace('guard'),
  ...['closed', 'service-port', 'labelled', 'own', 'except', 'named-port'].flatMap((name) => [
    listener({ name, ...guard, labels: { app: name }, ...onHttp, nodeName: 'node-2' }),
    service({ name, ...guard, selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] }),
  ]),
  policy('closed', { ...guard, app: 'closed' }, { policyTypes: ['Ingress'], ingress: [] }),
  policy(
    'service-port',
    { ...guard, app: 'service-port' },
    {
      ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 80 }] }],
    },
  ),
  policy(
    'labelled',
    { ...guard, app: 'labelled' },
    {
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'shop' } } }] }],
    },
  ),
  policy('own', { ...guard, app: 'own' }, { ingress: [{ from: [{ podSelector: {} }] }] }),
  policy(
    'except',
    { ...guard, app: 'except' },
    {
      ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.244.0.0/16'] } }] }],
    },
  ),
  policy(
    'named-port',
    { ...guard, app: 'named-port' },
    {
      ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 'web' }] }],
    },
  ),
];

/** Clients that may not send. */
const senders: readonly Manifest[] = [
  pod({ name: 'mute', ...shop, labels: { app: 'mute' }, nodeName: 'node-1' }),
  policy('mute', { ...shop, app: 'mute' }, { policyTypes: ['Egress'], egress: [dnsRule] }),
  pod({ name: 'nameless', ...shop, labels: { app: 'nameless' }, nodeName: 'node-1' }),
  policy(
    'nameless',
    { ...shop, app: 'nameless' },
    {
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: { app: 'api' } } }] }],
    },
  ),
];

/** Everything that gets ready. */
export const objects: readonly Manifest[] = [...healthy, ...services, ...resolvers, ...guarded, ...senders];

/** Pods that never get ready, which nobody may wait for. */
export const neverReady: readonly Manifest[] = [
  withContainer(server('unready'), {
    readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 },
  }),
  front('unready', { port: 80, targetPort: 8080 }),
  withContainer(server('misaimed'), {
    readinessProbe: { tcpSocket: { port: 8081 }, periodSeconds: 1 },
    ports: [{ containerPort: 8080 }],
  }),
  front('misaimed', { port: 80, targetPort: 8080 }),
  pod({
    name: 'crashed',
    ...shop,
    labels: { app: 'crashed' },
    nodeName: 'node-2',
    command: ['sh', '-c', 'exit 3'],
  }),
  front('crashed', { port: 80, targetPort: 8080 }),
];

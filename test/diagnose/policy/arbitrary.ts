import fc from 'fast-check';
import type { WorldObject } from './world.js';

/** Few values of everything, so that policies, pods and ports meet often. */
const apps = ['web', 'db', 'api'];
const teams = ['red', 'blue'];
const ports = [80, 81, 443];
const blocks = ['10.0.0.0/8', '10.0.1.0/24', '0.0.0.0/0', '8.8.0.0/16'];

const labelSelector = (key: string, values: readonly string[]) =>
  fc.oneof(
    fc.constant({}),
    fc.constantFrom(...values).map((value) => ({ matchLabels: { [key]: value } })),
    fc.record({
      matchExpressions: fc.array(
        fc.oneof(
          fc.record({
            key: fc.constant(key),
            operator: fc.constantFrom('In', 'NotIn'),
            values: fc.subarray([...values], { minLength: 1 }),
          }),
          fc.record({ key: fc.constant(key), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
        ),
        { minLength: 1, maxLength: 2 },
      ),
    }),
  );

const podSelector = labelSelector('app', apps);
const namespaceSelector = labelSelector('team', teams);

const port = fc.oneof(
  fc.constant({}),
  fc.record({ protocol: fc.constantFrom('TCP', 'UDP', 'SCTP') }),
  fc.record({ protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'), port: fc.constantFrom(...ports, 'http') }),
  fc.record({ port: fc.constantFrom(...ports), endPort: fc.constantFrom(443, 500) }),
);

const peer = fc.oneof(
  fc.record({ podSelector }),
  fc.record({ namespaceSelector }),
  fc.record({ podSelector, namespaceSelector }),
  fc.record({ ipBlock: fc.constantFrom(...blocks).map((cidr) => ({ cidr })) }),
);

const rule = (side: 'from' | 'to') =>
  fc.record(
    { [side]: fc.array(peer, { maxLength: 2 }), ports: fc.array(port, { maxLength: 2 }) },
    { requiredKeys: [] },
  );

const namespace = fc.constantFrom('a', 'b');

/** A NetworkPolicy as the API server would take it. */
export const networkPolicy: fc.Arbitrary<WorldObject> = fc.record({
  kind: fc.constant('NetworkPolicy'),
  metadata: fc.record({ namespace }),
  spec: fc.record(
    {
      podSelector,
      policyTypes: fc.subarray(['Ingress', 'Egress'], { minLength: 1 }),
      ingress: fc.array(rule('from'), { maxLength: 2 }),
      egress: fc.array(rule('to'), { maxLength: 2 }),
    },
    { requiredKeys: ['podSelector'] },
  ),
});

const clusterPeer = fc.oneof(
  fc.record({ namespaces: namespaceSelector }),
  fc.record({ pods: fc.record({ namespaceSelector, podSelector }) }),
);

const clusterRule = (side: 'from' | 'to') =>
  fc.record(
    {
      action: fc.constantFrom('Accept', 'Deny', 'Pass'),
      [side]: fc.array(
        side === 'to'
          ? fc.oneof(clusterPeer, fc.record({ networks: fc.subarray(blocks, { minLength: 1 }) }))
          : clusterPeer,
        { minLength: 1, maxLength: 2 },
      ),
      protocols: fc.array(
        fc.oneof(
          fc.record({ tcp: fc.constantFrom(...ports).map((number) => ({ destinationPort: { number } })) }),
          fc.constant({ udp: {} }),
          fc.constant({ destinationNamedPort: 'http' }),
        ),
        { maxLength: 2 },
      ),
    },
    { requiredKeys: ['action', side] },
  );

/** A ClusterNetworkPolicy as the API server would take it. */
export const clusterPolicy: fc.Arbitrary<WorldObject> = fc.record({
  kind: fc.constant('ClusterNetworkPolicy'),
  spec: fc.record({
    tier: fc.constantFrom('Admin', 'Baseline'),
    priority: fc.constantFrom(1, 2, 3),
    subject: clusterPeer,
    ingress: fc.array(clusterRule('from'), { maxLength: 2 }),
    egress: fc.array(clusterRule('to'), { maxLength: 2 }),
  }),
});

const pod = fc
  .record({
    namespace,
    app: fc.constantFrom(...apps, undefined),
    host: fc.integer({ min: 1, max: 250 }),
    node: fc.constantFrom('n1', 'n2'),
    hostNetwork: fc.boolean(),
    http: fc.constantFrom(...ports),
    address: fc.boolean(),
  })
  .map(({ namespace: where, app, host, node, hostNetwork, http, address }) => ({
    metadata: { namespace: where, labels: app === undefined ? {} : { app } },
    spec: { nodeName: node, hostNetwork, containers: [{ ports: [{ name: 'http', containerPort: http }] }] },
    status: address
      ? { podIP: hostNetwork ? `192.168.0.${node === 'n1' ? 1 : 2}` : `10.0.${host % 3}.${host}` }
      : {},
  }));

/** Two namespaces, two nodes and some pods, host-network ones and ones without an address among them. */
export const surroundings: fc.Arbitrary<readonly WorldObject[]> = fc
  .tuple(fc.array(pod, { minLength: 2, maxLength: 5 }), fc.constantFrom(...teams))
  .map(([pods, team]) => [
    { kind: 'Namespace', metadata: { name: 'a', labels: { team } } },
    { kind: 'Namespace', metadata: { name: 'b', labels: { team: 'blue' } } },
    ...['n1', 'n2'].map((name, index) => ({
      kind: 'Node',
      metadata: { name },
      status: { addresses: [{ type: 'InternalIP', address: `192.168.0.${index + 1}` }] },
    })),
    ...pods.map((one, index) => ({ ...one, kind: 'Pod', metadata: { ...one.metadata, name: `p${index}` } })),
  ]);

import { describe, expect, test } from '@jest/globals';
import { diagnose } from '../../../src/diagnose/diagnose.js';
import { buildLegs } from '../../../src/diagnose/outside/legs.js';
import { parseQuestion } from '../../../src/diagnose/outside/target.js';
import { allSnapshotKinds } from '../../../src/diagnose/snapshot/kinds.js';
import { createSnapshot } from '../../../src/diagnose/snapshot/snapshot.js';
import type { Part, Snapshot } from '../../../src/diagnose/snapshot/types.js';

const question = (words: string) => {
  const [first = '', second] = words.split(' ');
  return {
    ...(second === undefined ? parseQuestion(undefined, first) : parseQuestion(first, second)),
    namespace: 'shop',
    now: 0,
  };
};

/** A cluster that has these objects, and nothing else. */
function world(objects: Readonly<Record<string, readonly unknown[]>>): Snapshot {
  return createSnapshot(
    allSnapshotKinds.map((kind) => ({
      kind,
      reading: { state: 'there', items: objects[kind] ?? [] },
    })) as unknown as readonly Part[],
  );
}

const node = (name: string, InternalIP: string) => ({
  metadata: { name },
  status: { addresses: [{ type: 'InternalIP', address: InternalIP }] },
});
const service = (name: string, spec: object, status?: object) => ({
  metadata: { name, namespace: 'shop' },
  spec: { clusterIP: '10.96.0.1', ports: [{ port: 80, nodePort: 30080 }], ...spec },
  ...(status === undefined ? {} : { status }),
});
const ingress = (
  name: string,
  host: string | undefined,
  paths: readonly string[],
  created = '2024-01-01',
) => ({
  metadata: { name, namespace: 'shop', creationTimestamp: created },
  spec: {
    ingressClassName: 'nginx',
    rules: [
      {
        host,
        http: {
          paths: paths.map((path) => ({
            path,
            pathType: 'Prefix',
            backend: { service: { name: `${name}${path.replaceAll('/', '-')}`, port: { number: 80 } } },
          })),
        },
      },
    ],
  },
  status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } },
});
const nodes = [node('n1', '172.18.0.2'), node('n2', '172.18.0.3')];

describe('which rule serves a URL', () => {
  const ingresses = [
    ingress('exact', 'shop.example.com', ['/', '/cart']),
    ingress('wild', '*.example.com', ['/']),
    ingress('any', undefined, ['/']),
  ];
  const backends = (words: string): (string | undefined)[] =>
    buildLegs(world({ ingresses, nodes }), question(words)).map(({ outside }) => outside?.way?.backend?.name);

  test.each([
    ['external http://shop.example.com/', 'exact-'],
    ['external http://shop.example.com/cart/1', 'exact-cart'],
    ['external http://SHOP.example.com:80/cart', 'exact-cart'],
    ['https://shop.example.com/cartoon', 'exact-'],
    ['external http://www.example.com/cart', 'wild-'],
    ['external http://a.b.example.com/', 'any-'],
    ['external 203.0.113.9:80', 'any-'],
  ])('%s goes to %s', (words, expected) => {
    expect(backends(words)).toEqual([expected]);
  });

  test('the older of two Ingresses with the same host and path wins', () => {
    const older = ingress('older', 'shop.example.com', ['/'], '2023-01-01');
    const [leg] = buildLegs(
      world({ ingresses: [...ingresses, older], nodes }),
      question('external http://shop.example.com/'),
    );
    expect(leg.outside?.way?.backend?.name).toBe('older-');
  });
});

describe('addresses for probes', () => {
  test('a NodePort has one at each node', () => {
    const services = [service('api', { type: 'NodePort' })];
    const [leg] = buildLegs(world({ services, nodes }), question('external svc/api:80'));
    expect(leg.outside?.way?.entries).toMatchObject([
      { of: 'nodePort', address: '172.18.0.2', port: 30080, protocol: 'TCP', node: 'n1' },
      { of: 'nodePort', address: '172.18.0.3', port: 30080, protocol: 'TCP', node: 'n2' },
    ]);
  });

  test('an Ingress has its address, with what to ask for there', () => {
    const [leg] = buildLegs(
      world({ ingresses: [ingress('web', '*.example.com', ['/cart'])], nodes }),
      question('external ing/web'),
    );
    expect(leg.outside?.way?.entries).toEqual([
      {
        of: 'ingress',
        address: '203.0.113.9',
        port: 80,
        protocol: 'TCP',
        http: { scheme: 'http', host: 'netdebug.example.com', path: '/cart' },
        by: 'ingress shop/web',
      },
    ]);
  });

  test('a load balancer is found by its name, and by a name that an annotation asks for', () => {
    const lb = service(
      'api',
      { type: 'LoadBalancer' },
      { loadBalancer: { ingress: [{ hostname: 'lb.example.net' }] } },
    );
    const annotated = {
      ...lb,
      metadata: {
        ...lb.metadata,
        annotations: { 'external-dns.alpha.kubernetes.io/hostname': 'api.example.com' },
      },
    };
    const there = world({ services: [annotated], nodes });
    for (const host of ['lb.example.net', 'api.example.com']) {
      const [leg] = buildLegs(there, question(`external http://${host}/`));
      expect(leg.destination.service?.name).toBe('api');
      expect(leg.outside?.way?.entries[0]).toMatchObject({ of: 'loadBalancer', address: 'lb.example.net' });
    }
  });
});

describe('what is meant', () => {
  test('an object that is not there is told with its near names', () => {
    const there = world({ ingresses: [ingress('web', 'a.example.com', ['/'])], nodes });
    expect(() => diagnose(there, question('external ing/wbe'))).toThrow(/There is no shop\/ingress\/wbe/);
  });

  test('a cluster without Gateway API has no Gateways', () => {
    const parts = world({ nodes }).parts.map((part): Part =>
      part.kind === 'gateways' ? { ...part, reading: { state: 'absent' } } : part,
    );
    expect(() => diagnose(createSnapshot(parts), question('gateway/public'))).toThrow(
      /the cluster has no Gateway/,
    );
  });

  test('a pod that calls a Service does so from inside, whatever it is open to', () => {
    const services = [service('api', { type: 'LoadBalancer' }, { loadBalancer: {} })];
    const pods = [
      {
        metadata: { name: 'web-0', namespace: 'shop' },
        spec: { containers: [] },
        status: { phase: 'Running' },
      },
    ];
    const [leg] = buildLegs(world({ services, nodes, pods }), question('web-0 svc/api:80'));
    expect(leg.outside).toBeUndefined();
  });
});

test('thousands of Ingresses and routes are matched in a moment', () => {
  const ingresses = Array.from({ length: 3000 }, (_, index) =>
    ingress(`web-${index}`, `h${index}.example.com`, ['/', '/a', '/b']),
  );
  const pods = Array.from({ length: 3000 }, (_, index) => ({
    metadata: { name: `p-${index}`, namespace: 'shop' },
    spec: { containers: [{ name: 'app', image: 'registry.example/app:1' }] },
    status: { phase: 'Running' },
  }));
  const started = performance.now();
  const [leg] = buildLegs(
    world({ ingresses, pods, nodes }),
    question('external http://h2999.example.com/b/c'),
  );
  expect(leg.outside?.way?.backend?.name).toBe('web-2999-b');
  expect(performance.now() - started).toBeLessThan(10_000);
});

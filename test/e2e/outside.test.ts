/**
 * Diagnosis from outside on networks that are truly broken: the executable runs where a client outside of the cluster is, and the cause
 * has to be the first that it names.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { outsideObjects } from './outside-objects.js';
import { programs } from './program.js';

interface Answer {
  readonly verdict: string;
  readonly findings: readonly {
    readonly code: string;
    readonly causedBy?: string;
    readonly message: string;
  }[];
  readonly traces: readonly {
    readonly hops: readonly { readonly at: string; readonly model: string; readonly probe: string }[];
  }[];
}

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({
    custom: ['gateway-api', 'istio'],
    network: {
      dns: true,
      proxyPods: true,
      ingress: true,
      balancer: { pool: Array.from({ length: 6 }, (_, index) => `192.0.2.${10 + index}`) },
      outsideDns: {
        zones: {
          'shop.example': {
            'shop.example': { A: ['192.0.2.10'] },
            'secure.shop.example': { A: ['192.0.2.10'] },
            'sohp.shop.example': { A: ['192.0.2.10'] },
            'moved.shop.example': { A: ['192.0.2.10'] },
          },
          'exact.example': { 'exact.example': { A: ['192.0.2.10'] } },
          'twice.example': { 'twice.example': { A: ['192.0.2.10'] } },
        },
        remembered: { 'moved.shop.example': { A: ['192.0.2.99'] } },
      },
    },
    objects: await outsideObjects(),
  });
  await cluster.waitFor(
    { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name: 'web' },
    (object) => JSON.stringify(object?.status ?? {}).includes('192.0.2.10'),
  );
}, 60_000);

afterAll(() => cluster.stop());

async function diagnose(...words: string[]): Promise<Answer> {
  const argv = [...programs.executable, 'diagnose', ...words, '-o', 'json', '-q'];
  const environment = ['env', `HOME=${cluster.dir}`, `XDG_CACHE_HOME=${cluster.dir}/cache`];
  const { stdout, stderr } = await cluster.run(
    [...environment, ...argv, '--kubeconfig', cluster.outsideKubeconfig],
    { in: 'outside', timeoutMs: 60_000 },
  );
  try {
    return JSON.parse(stdout) as Answer;
  } catch {
    throw new Error(`${words.join(' ')}: ${stderr}`);
  }
}

describe('named first', () => {
  const causes: readonly (readonly [cause: string, code: string, words: string])[] = [
    ['a node without an endpoint, externalTrafficPolicy Local', 'ND501', 'external svc/local:80'],
    ['a load balancer that never comes: the pool is empty', 'ND503', 'external svc/late:80'],
    ['source ranges without the client', 'ND504', '203.0.113.10 svc/ranges:80'],
    ['a load balancer in front of nobody', 'ND302', 'external svc/empty:80'],
    ['an Ingress that no controller claims', 'ND601', 'external ing/unclaimed'],
    ['an Ingress of a class that does not exist', 'ND602', 'external ing/classless'],
    ['a backend that is no Service', 'ND603', 'external http://shop.example/missing'],
    ['a backend port that the Service has not', 'ND604', 'external http://shop.example/port'],
    ['a backend without endpoints', 'ND302', 'external http://shop.example/none'],
    ['a backend that listens elsewhere', 'ND307', 'external http://shop.example/dead'],
    ['a Secret that is not there', 'ND606', 'external https://secure.shop.example/'],
    ['a certificate of somebody else', 'ND607', 'external https://shop.example/'],
    ['a host that no rule has', 'ND608', 'external http://sohp.shop.example/'],
    ['a path that no rule has', 'ND609', 'external http://exact.example/other'],
    ['one path in two Ingresses', 'ND610', 'external http://twice.example/'],
    ['a backend that speaks TLS', 'ND611', 'external http://shop.example/tls'],
    ['a policy between controller and backend', 'ND612', 'external http://shop.example/shut'],
    ['a resolver that remembers what is no longer so', 'ND527', 'external http://moved.shop.example/'],
    ['a Gateway of a class that does not exist', 'ND651', 'external gateway/lost'],
    ['STRICT mTLS and a client without a proxy', 'ND701', 'client svc/strict:8443'],
  ];

  test.each(causes)(
    '%s',
    async (_, code, words) => {
      const { verdict, findings } = await diagnose(...words.split(' '));
      const [first] = findings;
      expect({ first: first?.code, all: findings.map((one) => `${one.code} ${one.message}`) }).toMatchObject({
        first: code,
      });
      // Of two that claim one path, one works.
      if (code !== 'ND610') expect(verdict).not.toBe('REACHABLE');
    },
    60_000,
  );
});

describe('healthy', () => {
  test.each([
    'external svc/cluster:80',
    'external ing/web',
    'http://shop.example/',
    'external svc/cluster:80 --count 20',
  ])(
    '%s is silent, and nothing was started in a pod',
    async (words) => {
      const { verdict, findings, traces } = await diagnose(...words.split(' '));
      expect({ verdict, codes: findings.map(({ code, message }) => `${code} ${message}`) }).toEqual({
        verdict: 'REACHABLE',
        codes: [],
      });
      expect(traces.flatMap(({ hops }) => hops.map(({ probe }) => probe))).not.toContain('fail');
    },
    60_000,
  );
});

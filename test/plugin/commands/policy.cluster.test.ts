import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { namespace, pod, service } from '../../cluster/manifests.js';
import { runWords } from '../environment.js';

/** The same command against an API server: what it reads, and what it says when it may not read. */
let cluster: TestCluster;
let developer: string;

const networkPolicy = (name: string, spec: object) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'shop' },
  spec,
});

beforeAll(async () => {
  cluster = await startCluster({
    nodes: 1,
    objects: [
      namespace('shop'),
      namespace('other'),
      pod({ name: 'web', namespace: 'shop', labels: { app: 'web' } }),
      pod({
        name: 'api',
        namespace: 'shop',
        labels: { app: 'api' },
        ports: [{ name: 'http', containerPort: 8080 }],
      }),
      pod({ name: 'stranger', namespace: 'other', labels: { app: 'web' } }),
      service({
        name: 'api',
        namespace: 'shop',
        selector: { app: 'api' },
        ports: [{ port: 80, targetPort: 'http' }],
      }),
      networkPolicy('allow-web', {
        podSelector: { matchLabels: { app: 'api' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 'http' }] }],
      }),
    ],
  });
  const read = ['get', 'list'];
  developer = await cluster.user('developer', {
    namespace: 'shop',
    rules: [
      { apiGroups: [''], resources: ['pods', 'services'], verbs: read },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
      { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: read },
    ],
  });
}, 60_000);
afterAll(() => cluster.stop());

const policy = (kubeconfig: string, ...words: string[]) =>
  runWords(['policy', ...words, '--kubeconfig', kubeconfig, '-n', 'shop']);

describe('policy of a cluster', () => {
  test('allows and denies by what the API server has', async () => {
    const allowed = await policy(cluster.kubeconfig, 'web', 'svc/api:80', '-o', 'json');
    expect(allowed.err).toBe('');
    expect(JSON.parse(allowed.out)).toMatchObject({
      verdict: 'allow',
      port: 8080,
      servicePort: 80,
      ingress: { rule: { policy: { name: 'allow-web' }, field: 'spec.ingress[0]' } },
    });
    expect(allowed.code).toBe(0);

    const denied = await policy(cluster.kubeconfig, 'other/pod/stranger', 'pod/api:8080');
    expect(denied.code).toBe(1);
    expect(denied.out).toContain(
      'without a namespaceSelector means pods of shop only, and other/stranger is in other (ND207)',
    );
    expect(denied.out).toContain('tried on a copy: with it the verdict is allow');
  });

  test('is enough for who may read one namespace, and open where another cannot be read', async () => {
    const own = await policy(developer, 'web', 'svc/api:80');
    expect(own).toMatchObject({ code: 0, err: '' });
    const foreign = await policy(developer, 'other/pod/stranger', 'pod/api:8080');
    expect(foreign.code).toBe(5);
    expect(foreign.err).toContain('may not list pods in namespace other');
  });

  test('of all pairs is that of the namespace, or of all with -A', async () => {
    const pairs = async (...words: string[]): Promise<string[]> => {
      const { out } = await policy(cluster.kubeconfig, '--all-pairs', '-o', 'json', ...words);
      const { pairs: found } = JSON.parse(out) as {
        readonly pairs: readonly {
          readonly src: string;
          readonly dst: string;
          readonly allowed: readonly string[];
        }[];
      };
      return found.map(({ src, dst, allowed }) => `${src} ${dst} ${allowed.join()}`);
    };
    expect(await pairs()).toEqual(['shop/api shop/web ALL', 'shop/web shop/api TCP 8080']);
    expect(await pairs('-A')).toEqual(
      expect.arrayContaining([
        'shop/web shop/api TCP 8080',
        'other/stranger shop/api ',
        'shop/api other/stranger ALL',
      ]),
    );
  });

  test('proposes a patch that the API server takes as it stands, and that opens the way', async () => {
    const { out } = await policy(cluster.kubeconfig, 'other/pod/stranger', 'pod/api:8080', '-o', 'yaml');
    const { ingress } = parse(out) as {
      readonly ingress: { readonly fix: { readonly patch: readonly object[] } };
    };
    const path = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/allow-web';
    await cluster.request('PATCH', path, ingress.fix.patch, 'application/json-patch+json');
    expect((await policy(cluster.kubeconfig, 'other/pod/stranger', 'pod/api:8080')).code).toBe(0);
  });
});

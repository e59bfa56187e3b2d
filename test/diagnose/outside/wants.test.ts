import { expect, test } from '@jest/globals';
import type { KubeApi } from '../../../src/kube/api.js';
import { ApiError } from '../../../src/kube/status.js';
import { diagnose } from '../../../src/diagnose/diagnose.js';
import { parseQuestion } from '../../../src/diagnose/outside/target.js';
import { readCluster } from '../../../src/diagnose/snapshot/cluster.js';
import { wantsAfter, wantsOfDiagnosis } from '../../../src/diagnose/wants.js';

const ingress = {
  metadata: { name: 'web', namespace: 'front' },
  spec: {
    ingressClassName: 'nginx',
    tls: [{ hosts: ['shop.example.com'], secretName: 'shop-tls' }],
    rules: [
      {
        host: 'shop.example.com',
        http: {
          paths: [
            { path: '/', pathType: 'Prefix', backend: { service: { name: 'api', port: { number: 80 } } } },
          ],
        },
      },
    ],
  },
  status: { loadBalancer: { ingress: [{ ip: '203.0.113.9' }] } },
};
const node = { metadata: { name: 'n1' }, status: { addresses: [] } };
const service = {
  metadata: { name: 'api', namespace: 'front' },
  spec: { clusterIP: '10.96.0.1', selector: { app: 'api' }, ports: [{ port: 80 }] },
};

/** A server with one Ingress, where everything else is empty and Secrets are forbidden. */
async function ask(words: string) {
  const asked: string[] = [];
  const answers: Readonly<Record<string, readonly unknown[]>> = {
    '/apis/networking.k8s.io/v1/ingresses': [ingress],
    '/api/v1/services': [service],
    '/api/v1/namespaces/front/services': [service],
    '/api/v1/nodes': [node],
  };
  const api = {
    get: (path: string) => {
      asked.push(path);
      if (path === '/apis') return Promise.resolve({ groups: [] });
      const request = { server: 'https://api.invalid', method: 'GET', path };
      return Promise.reject(new ApiError(403, { message: 'forbidden' }, request));
    },
    list: (path: string) => {
      asked.push(path);
      return Promise.resolve({ items: answers[path] ?? [], resourceVersion: '1' });
    },
  } as unknown as Pick<KubeApi, 'get' | 'list'>;
  const [first = '', second] = words.split(' ');
  const parsed = second === undefined ? parseQuestion(undefined, first) : parseQuestion(first, second);
  const question = { ...parsed, namespace: 'default', now: 0 };
  const references = parsed.from === undefined ? [parsed.to] : [parsed.from, parsed.to];
  const snapshot = await readCluster(api, wantsOfDiagnosis(references, 'default'), (read) =>
    wantsAfter(read, question),
  );
  return { asked, diagnosis: diagnose(snapshot, question) };
}

test('a URL reads what stands in front, then the namespace behind it, and one Secret by its name', async () => {
  const { asked, diagnosis } = await ask('external https://shop.example.com/cart');
  expect(asked).toContain('/apis/networking.k8s.io/v1/ingressclasses');
  expect(asked).toContain('/apis/discovery.k8s.io/v1/namespaces/front/endpointslices');
  expect(asked).toContain('/apis/networking.k8s.io/v1/namespaces/front/networkpolicies');
  expect(asked.filter((path) => path.includes('/secrets'))).toEqual([
    '/api/v1/namespaces/front/secrets/shop-tls',
  ]);
  expect(diagnosis.notChecked.map(({ what }) => what)).toContain('secret front/shop-tls');
  expect(diagnosis.findings.map(({ code }) => code)).toContain('ND605');
});

test.each([['web-0 svc/api:80'], ['deploy/web api.shop:80'], ['web-0 api.shop.svc.cluster.local:80']])(
  '%s reads nothing of the outside',
  (words) => {
    const [from, to = ''] = words.split(' ');
    const parsed = parseQuestion(from, to);
    const wants = wantsOfDiagnosis([parsed.from ?? parsed.to, parsed.to], 'shop');
    expect(wants.filter(({ kind }) => /^(ingress|gateway|.*routes$|secrets)/.test(kind))).toEqual([]);
    expect(wants).toContainEqual({ kind: 'pods', namespace: 'shop' });
  },
);

import { expect, test } from '@jest/globals';
import type { KubeApi } from '../../../src/kube/api.js';
import { readCluster } from '../../../src/diagnose/snapshot/cluster.js';
import { reduced } from '../../../src/diagnose/snapshot/reduce.js';
import { savedSnapshot } from '../../../src/diagnose/snapshot/save.js';

const value = 'c2VjcmV0LWtleQ==';
const whole = {
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/tls',
  metadata: { name: 'shop-tls', namespace: 'shop', annotations: { note: value } },
  data: { 'tls.crt': value, 'tls.key': value },
};

test('a Secret is asked for as metadata alone, and a value that comes all the same is dropped', async () => {
  const asked: (string | undefined)[] = [];
  const api = {
    get: (path: string, options?: { readonly accept?: string }) => {
      asked.push(`${path} ${options?.accept ?? ''}`);
      return Promise.resolve(whole);
    },
    list: () => Promise.resolve({ items: [whole], resourceVersion: '1' }),
  } as unknown as Pick<KubeApi, 'get' | 'list'>;
  const snapshot = await readCluster(api, [{ kind: 'secrets', namespace: 'shop', name: 'shop-tls' }]);
  expect(asked).toEqual([
    '/api/v1/namespaces/shop/secrets/shop-tls application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  ]);
  const reading = snapshot.read('secrets', 'shop', 'shop-tls');
  expect(reading.state).toBe('there');
  expect(JSON.stringify(snapshot.parts)).not.toContain(value);
  expect(JSON.stringify(savedSnapshot(snapshot))).not.toContain(value);
});

test('of a file the type and the names of the keys are kept', () => {
  expect(reduced('secrets', whole)).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'shop-tls', namespace: 'shop' },
    type: 'kubernetes.io/tls',
    keys: ['tls.crt', 'tls.key'],
  });
});

test('of metadata alone neither is known', () => {
  const { metadata } = whole;
  expect(
    reduced('secrets', { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata }),
  ).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'shop-tls', namespace: 'shop' },
  });
});

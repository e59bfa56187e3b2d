/** What is read of a mesh, and when: in a second round, in the version that the cluster serves; and what a saved snapshot keeps of it. */
import { expect, test } from '@jest/globals';
import { wantsOfMesh } from '../../../src/diagnose/mesh/wants.js';
import { readCluster, type Want } from '../../../src/diagnose/snapshot/cluster.js';
import { savedSnapshot } from '../../../src/diagnose/snapshot/save.js';
import { ApiError } from '../../../src/kube/status.js';

type Api = Parameters<typeof readCluster>[0];

const pod = (...containers: string[]) => ({
  metadata: {
    name: 'web-0',
    namespace: 'shop',
    annotations: { 'sidecar.istio.io/inject': 'true', 'example.com/token': 'secret' },
  },
  spec: { containers: containers.map((name) => ({ name })) },
});

/** A cluster that serves Istio's objects as v1beta1, with one pod. */
function cluster(containers: readonly string[]) {
  const asked: string[] = [];
  const versions = [{ version: 'v1beta1' }, { version: 'v1alpha3' }];
  const answers: Readonly<Record<string, unknown>> = {
    '/apis': {
      groups: [
        { name: 'security.istio.io', versions },
        { name: 'networking.istio.io', versions },
      ],
    },
    '/api/v1/namespaces/shop/pods': { items: [pod(...containers)] },
    '/api/v1/namespaces/shop': { metadata: { name: 'shop', labels: {} } },
    '/apis/security.istio.io/v1beta1/namespaces/shop/peerauthentications': {
      items: [{ metadata: { name: 'default', namespace: 'shop' }, spec: { mtls: { mode: 'STRICT' } } }],
    },
    '/apis/security.istio.io/v1beta1/namespaces/istio-system/peerauthentications': { items: [] },
    '/api/v1/namespaces/istio-system/configmaps/istio': {
      metadata: { name: 'istio', namespace: 'istio-system' },
      data: {
        mesh: 'trustDomain: td1\ndefaultConfig: {proxyMetadata: {KEY: secret}}\n',
        meshNetworks: 'secret',
      },
    },
  };
  const answer = (path: string): Promise<never> => {
    asked.push(path);
    const found = answers[path];
    const request = { server: 'https://api.invalid', method: 'GET', path };
    return found === undefined
      ? Promise.reject(new ApiError(403, { message: 'no' }, request))
      : Promise.resolve(found as never);
  };
  const api: Api = { get: answer, list: answer };
  const wants: Want[] = [
    { kind: 'pods', namespace: 'shop' },
    { kind: 'namespaces', names: ['shop'] },
    { kind: 'adminnetworkpolicies' },
  ];
  return { asked, read: () => readCluster(api, wants, wantsOfMesh) };
}

test('without a proxy nothing of a mesh is asked for', async () => {
  const { asked, read } = cluster(['app']);
  await read();
  expect(asked.filter((path) => path.includes('istio'))).toEqual([]);
});

test('with one, the objects of both namespaces in an older version; what may not be read is unknown, what is not there absent', async () => {
  const { read } = cluster(['app', 'istio-proxy']);
  const snapshot = await read();
  expect(snapshot.read('peerauthentications', 'shop')).toMatchObject({
    state: 'there',
    items: [{ spec: { mtls: { mode: 'STRICT' } } }],
  });
  expect(snapshot.read('peerauthentications', 'istio-system')).toEqual({ state: 'there', items: [] });
  expect(snapshot.read('authorizationpolicies', 'shop')).toMatchObject({ state: 'unknown' });
  expect(snapshot.read('adminnetworkpolicies')).toEqual({ state: 'absent' });
});

test('a saved snapshot keeps what decides, and nothing else of annotations and of the configuration', async () => {
  const { read } = cluster(['app', 'istio-proxy']);
  const text = JSON.stringify(savedSnapshot(await read()));
  expect(text).toContain('sidecar.istio.io/inject');
  expect(text).toContain('td1');
  expect(text).not.toContain('secret');
});

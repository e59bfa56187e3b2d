import { describe, expect, test } from '@jest/globals';
import type { KubeApi } from '../../../src/kube/api.js';
import { ApiError } from '../../../src/kube/status.js';
import { ExitCode, NetdebugError } from '../../../src/errors.js';
import { readCluster, type Want } from '../../../src/diagnose/snapshot/cluster.js';

/** An API server by the answers to its paths: objects, a number for an HTTP status, or an error. */
function fakeApi(answers: Readonly<Record<string, unknown>>): {
  readonly api: Pick<KubeApi, 'get' | 'list'>;
  readonly asked: string[];
} {
  const asked: string[] = [];
  const answer = (path: string): Promise<never> => {
    asked.push(path);
    const found = answers[path] ?? 404;
    if (found instanceof Error) return Promise.reject(found);
    if (typeof found !== 'number') return Promise.resolve(found as never);
    const request = { server: 'https://api.invalid', method: 'GET', path };
    return Promise.reject(new ApiError(found, { message: `status ${found}` }, request));
  };
  return {
    asked,
    api: {
      get: answer,
      list: answer,
    },
  };
}

const list = (...names: string[]) => ({
  items: names.map((name) => ({ metadata: { name } })),
  resourceVersion: '1',
});
const groups = { groups: [{ name: 'policy.networking.k8s.io', versions: [{ version: 'v1alpha2' }] }] };

describe('a snapshot of a cluster', () => {
  test('has each kind as it was read, absent, or unknown', async () => {
    const { api } = fakeApi({
      '/apis': groups,
      '/api/v1/namespaces/shop/pods': list('web'),
      '/api/v1/nodes': 403,
      '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies': 500,
      '/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies': 403,
    });
    const snapshot = await readCluster(api, [
      { kind: 'pods', namespace: 'shop' },
      { kind: 'nodes' },
      { kind: 'networkpolicies', namespace: 'shop' },
      { kind: 'clusternetworkpolicies' },
      { kind: 'adminnetworkpolicies' },
      { kind: 'ciliumnetworkpolicies' },
    ]);
    expect(snapshot.read('pods', 'shop')).toEqual({ state: 'there', items: [{ metadata: { name: 'web' } }] });
    expect(snapshot.read('nodes')).toMatchObject({ state: 'unknown', why: 'forbidden: list nodes' });
    expect(snapshot.read('networkpolicies', 'shop')).toMatchObject({
      state: 'unknown',
      why: expect.stringContaining('list networkpolicies.networking.k8s.io in namespace shop: '),
    });
    expect(snapshot.read('clusternetworkpolicies')).toMatchObject({
      state: 'unknown',
      why: 'forbidden: list clusternetworkpolicies.policy.networking.k8s.io',
    });
    // Their versions are not among the groups of the server: no list was asked for, whoever may list them.
    expect(snapshot.read('adminnetworkpolicies')).toEqual({ state: 'absent' });
    expect(snapshot.read('ciliumnetworkpolicies')).toEqual({ state: 'absent' });
    expect(snapshot.read('services')).toEqual({ state: 'unknown', why: 'not read' });
    expect(snapshot.read('pods', 'other')).toEqual({ state: 'unknown', why: 'not read' });
  });

  test('asks for nothing that is not wanted, and for nothing twice', async () => {
    const wants: Want[] = [
      { kind: 'pods', namespace: 'shop' },
      { kind: 'pods', namespace: 'shop' },
    ];
    const { api, asked } = fakeApi({ '/api/v1/namespaces/shop/pods': list() });
    await readCluster(api, wants);
    expect(asked).toEqual(['/api/v1/namespaces/shop/pods']);
  });

  test('gets single namespaces, for those who may not list them', async () => {
    const { api } = fakeApi({
      '/api/v1/namespaces/shop': { metadata: { name: 'shop' } },
      '/api/v1/namespaces/web': 403,
    });
    const snapshot = await readCluster(api, [{ kind: 'namespaces', names: ['shop', 'web'] }]);
    expect(snapshot.read('namespaces')).toEqual({ state: 'there', items: [{ metadata: { name: 'shop' } }] });
  });

  test('gets ConfigMaps one by one: one that is not there is none, one that may not be read hides no other', async () => {
    const { api, asked } = fakeApi({
      '/api/v1/namespaces/kube-system/configmaps/coredns': {
        metadata: { name: 'coredns', namespace: 'kube-system' },
        data: { Corefile: '.:53 {\n errors\n}\n', other: 'x' },
      },
      '/api/v1/namespaces/kube-system/configmaps/kube-proxy': 403,
    });
    const names = ['coredns', 'kube-proxy', 'node-local-dns'] as const;
    const snapshot = await readCluster(
      api,
      names.map((name) => ({ kind: 'configmaps', namespace: 'kube-system', name })),
    );
    expect(asked).toHaveLength(3);
    expect(snapshot.read('configmaps', 'kube-system', 'coredns')).toMatchObject({
      items: [{ data: { Corefile: '.:53 {\n    errors\n}\n' } }],
    });
    expect(snapshot.read('configmaps', 'kube-system', 'kube-proxy')).toMatchObject({
      state: 'unknown',
      why: 'forbidden: get configmaps kube-proxy in namespace kube-system',
    });
    expect(snapshot.read('configmaps', 'kube-system', 'node-local-dns')).toEqual({
      state: 'there',
      items: [],
    });
  });

  test('reads more when the first round shows that it is needed', async () => {
    const { api } = fakeApi({ '/api/v1/pods': list('web'), '/api/v1/nodes': list('n1') });
    const snapshot = await readCluster(api, [{ kind: 'pods' }], (first) =>
      first.read('pods').state === 'there' ? [{ kind: 'nodes' }] : [],
    );
    expect(snapshot.read('nodes')).toMatchObject({ state: 'there', items: [{ metadata: { name: 'n1' } }] });
  });

  test('is none when the server refuses who asks, or when nothing answers', async () => {
    const refused = fakeApi({ '/api/v1/pods': list('web'), '/api/v1/nodes': 401 });
    await expect(readCluster(refused.api, [{ kind: 'pods' }, { kind: 'nodes' }])).rejects.toMatchObject({
      code: 401,
    });

    const down = new NetdebugError('no route', { exitCode: ExitCode.unreachable });
    const unreachable = fakeApi({ '/api/v1/pods': down, '/api/v1/nodes': down });
    await expect(readCluster(unreachable.api, [{ kind: 'pods' }, { kind: 'nodes' }])).rejects.toBe(down);
    const named = fakeApi({ '/api/v1/pods': down, '/api/v1/namespaces/shop': down });
    const wants: Want[] = [{ kind: 'pods' }, { kind: 'namespaces', names: ['shop'] }];
    await expect(readCluster(named.api, wants)).rejects.toBe(down);
  });

  test('reads nothing twice, and has no object twice', async () => {
    const { api, asked } = fakeApi({ '/api/v1/namespaces/shop/services': list('web') });
    const want: Want = { kind: 'services', namespace: 'shop' };
    const snapshot = await readCluster(api, [want, want], () => [want]);
    expect(asked).toEqual(['/api/v1/namespaces/shop/services']);
    expect(snapshot.read('services', 'shop')).toMatchObject({ items: [{ metadata: { name: 'web' } }] });
  });

  test('keeps what it has when one list does not come', async () => {
    const late = new NetdebugError('timed out', { exitCode: ExitCode.unreachable });
    const { api } = fakeApi({ '/api/v1/pods': list('web'), '/api/v1/nodes': late });
    const snapshot = await readCluster(api, [{ kind: 'pods' }, { kind: 'nodes' }]);
    expect(snapshot.read('nodes')).toEqual({ state: 'unknown', why: 'list nodes: timed out', cause: late });
  });

  test('takes a kind from an older version where the newest of its group has it not', async () => {
    const group = 'gateway.networking.k8s.io';
    const { api } = fakeApi({
      '/apis': { groups: [{ name: group, versions: [{ version: 'v1' }, { version: 'v1alpha2' }] }] },
      [`/apis/${group}/v1/gateways`]: list('public'),
      [`/apis/${group}/v1alpha2/tlsroutes`]: list('db'),
    });
    const wants: Want[] = [{ kind: 'gateways' }, { kind: 'tlsroutes' }, { kind: 'tcproutes' }];
    const snapshot = await readCluster(api, wants);
    expect(snapshot.read('gateways')).toMatchObject({ items: [{ metadata: { name: 'public' } }] });
    expect(snapshot.read('tlsroutes')).toMatchObject({ items: [{ metadata: { name: 'db' } }] });
    expect(snapshot.read('tcproutes')).toEqual({ state: 'absent' });
  });
});

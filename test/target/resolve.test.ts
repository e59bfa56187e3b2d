import { describe, expect, test } from '@jest/globals';
import type { NetdebugError } from '../../src/errors.js';
import { ApiError } from '../../src/kube/status.js';
import type { ListOptions } from '../../src/kube/api.js';
import type { Pod } from '../../src/kube/types.js';
import { resolveDestination } from '../../src/target/destination.js';
import { chooseContainer } from '../../src/target/pods.js';
import { parseReference, type ObjectReference } from '../../src/target/reference.js';
import { labelSelectorText, resolvePods } from '../../src/target/resolve.js';
import { fakeApi } from '../debugger/fakes.js';

const pod = (name: string, ready: boolean, more: object = {}): Pod => ({
  metadata: { name, namespace: 'shop' },
  spec: { containers: [{ name: 'app', ports: [{ name: 'web', containerPort: 8080 }] }] },
  status: {
    phase: 'Running',
    podIP: '10.1.0.5',
    podIPs: [{ ip: '10.1.0.5' }, { ip: 'fd00::5' }],
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
  },
  ...more,
});

/** An API server with these objects under these paths; lists are given as arrays. */
function api(objects: Readonly<Record<string, unknown>>, asked: (string | undefined)[] = []) {
  return fakeApi({
    get: (path: string) => {
      if (path in objects) return Promise.resolve(objects[path] as never);
      const status = { code: 404, message: 'not found' };
      return Promise.reject(new ApiError(404, status, { server: '', method: 'GET', path }));
    },
    list: (path: string, options: ListOptions = {}) => {
      asked.push(options.labelSelector);
      return Promise.resolve({ items: (objects[path] ?? []) as never[], resourceVersion: '1' });
    },
  });
}

const pods = '/api/v1/namespaces/shop/pods';
const reference = (text: string) => parseReference(text) as ObjectReference;
const inShop = (text: string) => ({ reference: reference(text), namespace: 'shop' });

describe('resolvePods', () => {
  test('a pod is itself, and nothing is chosen', async () => {
    const web = pod('web-0', true);
    const server = api({ [`${pods}/web-0`]: web });
    expect(await resolvePods(server, inShop('web-0'))).toEqual({
      pods: [web],
      choice: undefined,
      listed: undefined,
    });
  });

  test('a workload is its pods: ready ones first, then by name, finished ones last', async () => {
    const asked: (string | undefined)[] = [];
    const server = api(
      {
        '/apis/apps/v1/namespaces/shop/deployments/api': {
          spec: {
            selector: {
              matchLabels: { app: 'api' },
              matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }],
            },
          },
        },
        [pods]: [
          pod('api-d', true, { status: { phase: 'Succeeded' } }),
          pod('api-c', true),
          pod('api-a', false),
          pod('api-b', true),
        ],
      },
      asked,
    );
    const { pods: found, choice } = await resolvePods(server, inShop('deploy/api'));
    expect(found.map(({ metadata }) => metadata.name)).toEqual(['api-b', 'api-c', 'api-a', 'api-d']);
    expect(choice).toBe('shop/deployment/api stands for 4 pods, 2 ready; the first is shop/api-b');
    expect(asked).toEqual(['app=api,tier in (a,b)']);
  });

  test('a Service is the pods of its selector; without one it is none', async () => {
    const server = api({
      '/api/v1/namespaces/shop/services/api': { spec: { selector: { app: 'api' } } },
      '/api/v1/namespaces/shop/services/ext': { spec: { type: 'ExternalName', externalName: 'example.com' } },
      [pods]: [pod('api-a', false)],
    });
    const { choice } = await resolvePods(server, inShop('svc/api'));
    expect(choice).toBe('shop/service/api stands for 1 pod; the first is shop/api-a (not ready)');
    await expect(resolvePods(server, inShop('svc/ext'))).rejects.toMatchObject({
      exitCode: 6,
      message: 'service/ext stands for no pods: it stands for the name example.com.',
    });
  });

  test('says what is near when there is nothing of that name', async () => {
    const server = api({ [pods]: [pod('web-0', true), pod('web-1', true), pod('database', true)] });
    await expect(resolvePods(server, inShop('wbe-0'))).rejects.toMatchObject({
      exitCode: 6,
      message: 'There is no pod wbe-0 in namespace shop.',
      hint: 'Did you mean web-0?',
    });
    await expect(resolvePods(server, inShop('frontend'))).rejects.toMatchObject({
      hint: 'kubectl get pods -A shows all there are; -n names the namespace.',
    });
  });

  test('says that the namespace is not there', async () => {
    await expect(resolvePods(api({}), inShop('web-0'))).rejects.toMatchObject({
      exitCode: 6,
      message: 'There is no namespace shop.',
    });
  });

  test('a workload without pods, a selector without pods, and a kind without pods', async () => {
    const server = api({
      '/apis/apps/v1/namespaces/shop/deployments/api': {
        spec: { replicas: 0, selector: { matchLabels: { app: 'api' } } },
      },
      '/api/v1/nodes/n1': {},
    });
    await expect(resolvePods(server, inShop('deploy/api'))).rejects.toMatchObject({
      exitCode: 6,
      message: 'shop/deployment/api has no pods: none has the labels app=api. It is scaled to 0.',
    });
    await expect(resolvePods(server, { labelSelector: 'a=b', namespace: undefined })).rejects.toMatchObject({
      exitCode: 6,
      message: 'No pod in any namespace has the labels a=b.',
    });
    for (const node of ['node/n1', 'node/absent'])
      await expect(resolvePods(server, inShop(node))).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe('chooseContainer', () => {
  const two = (annotations: Readonly<Record<string, string>> = {}): Pod => ({
    metadata: { name: 'web-0', namespace: 'shop', annotations },
    spec: { containers: [{ name: 'proxy' }, { name: 'app' }] },
  });

  test('the one named, else the annotated one, else the first', () => {
    const annotated = { 'kubectl.kubernetes.io/default-container': 'app' };
    expect(chooseContainer(two(annotated), 'proxy')).toBe('proxy');
    expect(chooseContainer(two(annotated))).toBe('app');
    expect(chooseContainer(two({ 'kubectl.kubernetes.io/default-container': 'gone' }))).toBe('proxy');
    expect(chooseContainer(two())).toBe('proxy');
  });

  test('one that is not there is refused', () => {
    expect(() => chooseContainer(two(), 'x')).toThrow('Pod shop/web-0 has no container x.');
  });
});

describe('resolveDestination', () => {
  const server = api({
    [`${pods}/web-0`]: pod('web-0', false),
    [`${pods}/done`]: pod('done', false, { status: { phase: 'Succeeded', podIP: '10.1.0.9' } }),
    [`${pods}/new`]: pod('new', false, { status: { phase: 'Pending' } }),
    '/api/v1/namespaces/shop/services/api': {
      spec: {
        selector: { app: 'api' },
        ports: [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }],
      },
    },
    '/api/v1/namespaces/shop/services/ext': { spec: { type: 'ExternalName', externalName: 'example.com' } },
    '/api/v1/nodes/n1': {
      status: {
        addresses: [
          { type: 'Hostname', address: 'n1' },
          { type: 'InternalIP', address: '192.0.2.1' },
        ],
      },
    },
    [pods]: [pod('api-b', true), pod('api-a', false)],
  });
  const at = (text: string, family?: 4 | 6) =>
    resolveDestination(server, parseReference(text, 'destination'), { namespace: 'shop', family });

  test.each([
    ['pod/web-0', undefined, '10.1.0.5', 4, undefined],
    ['pod/web-0:web', 6, 'fd00::5', 6, 8080],
    ['svc/api:80', undefined, '10.1.0.5', 4, 8080],
    ['svc/api:http', undefined, '10.1.0.5', 4, 8080],
    ['svc/ext:443', undefined, 'example.com', undefined, 443],
    ['node/n1:10250', undefined, '192.0.2.1', 4, 10250],
    ['example.com', undefined, 'example.com', undefined, undefined],
    ['fd00::9', undefined, 'fd00::9', 6, undefined],
    ['http://[fd00::9]/', undefined, 'fd00::9', 6, 80],
  ] as const)('%s, IPv%s', async (text, family, host, hostFamily, port) => {
    expect(await at(text, family)).toMatchObject({ host, family: hostFamily, port });
  });

  test('tells which pod stands for the Service', async () => {
    expect((await at('svc/api')).choice).toBe('service/api has 1 ready pod behind it; taking shop/api-b');
  });

  test.each([
    ['svc/api:81', 6, /no such port/],
    ['pod/new', 6, /no address yet/],
    ['pod/done', 6, /has finished \(Succeeded\); its address may be another pod's/],
    ['external', 2, /outside the cluster/],
    ['example.com:http', 2, /ports with names/],
  ])('refuses %s', async (text, exitCode, message) => {
    const refusal = await at(text).then(
      () => undefined,
      (error: unknown) => error as NetdebugError,
    );
    expect(refusal?.exitCode).toBe(exitCode);
    expect(refusal?.message).toMatch(message);
  });

  test('an address family that the pod does not have', async () => {
    const old = api({ [`${pods}/web-0`]: pod('web-0', true, { status: { podIP: '10.1.0.5' } }) });
    await expect(
      resolveDestination(old, parseReference('pod/web-0'), { namespace: 'shop', family: 6 }),
    ).rejects.toMatchObject({ exitCode: 6, hint: 'It has 10.1.0.5.' });
    await expect(at('fd00::9', 4)).rejects.toMatchObject({
      exitCode: 2,
      message: 'fd00::9 is an IPv6 address; IPv4 was asked for.',
    });
  });
});

test('labelSelectorText writes every operator', () => {
  expect(
    labelSelectorText({
      matchLabels: { a: 'b' },
      matchExpressions: [
        { key: 'c', operator: 'NotIn', values: ['d', 'e'] },
        { key: 'f', operator: 'Exists' },
        { key: 'g', operator: 'DoesNotExist' },
      ],
    }),
  ).toBe('a=b,c notin (d,e),f,!g');
});

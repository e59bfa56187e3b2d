import { describe, expect, test } from '@jest/globals';
import { peerAddresses } from '../../src/capture/peer.js';
import { parseReference } from '../../src/target/reference.js';
import { apiError, fakeApi } from '../debugger/fakes.js';

const pod = (name: string, ips: readonly string[], more: object = {}) => ({
  metadata: { name, namespace: 'shop' },
  spec: { containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
  status: { phase: 'Running', podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) },
  ...more,
});
const objects: Readonly<Record<string, unknown>> = {
  '/api/v1/namespaces/shop/pods/web-0': pod('web-0', ['10.0.0.5', 'fd00::5']),
  '/api/v1/namespaces/shop/pods/new': { ...pod('new', []), status: { phase: 'Pending' } },
  '/api/v1/namespaces/shop/services/api': {
    metadata: { name: 'api', namespace: 'shop' },
    spec: {
      clusterIP: '10.96.0.7',
      clusterIPs: ['10.96.0.7', 'fd00:96::7'],
      selector: { app: 'api' },
      ports: [{ name: 'web', port: 80, targetPort: 'http' }],
    },
  },
  '/api/v1/namespaces/shop/services/headless': {
    metadata: { name: 'headless' },
    spec: { clusterIP: 'None', clusterIPs: ['None'], selector: { app: 'api' } },
  },
  '/api/v1/namespaces/shop/services/out': {
    metadata: { name: 'out' },
    spec: { type: 'ExternalName', externalName: 'db.example.com' },
  },
  '/apis/apps/v1/namespaces/shop/deployments/api': {
    metadata: { name: 'api' },
    spec: { selector: { matchLabels: { app: 'api' } } },
  },
  '/api/v1/nodes/worker-1': {
    metadata: { name: 'worker-1' },
    status: {
      addresses: [
        { type: 'InternalIP', address: '192.0.2.1' },
        { type: 'Hostname', address: 'worker-1' },
        { type: 'ExternalIP', address: '203.0.113.1' },
      ],
    },
  },
};
const api = fakeApi({
  get: <T>(path: string) =>
    objects[path] === undefined
      ? Promise.reject(apiError(404, 'not found'))
      : Promise.resolve(objects[path] as T),
  list: () => {
    const items = [
      pod('api-1', ['10.0.0.8']),
      pod('api-2', ['10.0.0.9'], { spec: { containers: [{ name: 'old' }] } }),
      pod('api-0', ['10.0.0.7'], { status: { phase: 'Succeeded', podIP: '10.0.0.7' } }),
    ];
    return Promise.resolve({ items, resourceVersion: '1', metadata: {} } as never);
  },
});
const addresses = (text: string) => peerAddresses(api, parseReference(text, 'either'), 'shop');

describe('what a reference stands for', () => {
  test.each([
    ['web-0', ['10.0.0.5', 'fd00::5']],
    ['deploy/api', ['10.0.0.8', '10.0.0.9']],
    ['svc/api', ['10.96.0.7', 'fd00:96::7', '10.0.0.8', '10.0.0.9']],
    ['svc/headless', ['10.0.0.8', '10.0.0.9']],
    ['svc/out', ['db.example.com']],
    ['node/worker-1', ['192.0.2.1', '203.0.113.1']],
    ['198.51.100.9', ['198.51.100.9']],
    ['example.com.', ['example.com']],
  ])('%p', async (text, hosts) => {
    expect((await addresses(text)).map(({ host, port }) => [host, port])).toEqual(
      hosts.map((host) => [host, undefined]),
    );
  });

  test('a Service’s port is another one at its pods', async () => {
    const port = (number: number) => ({ number, protocol: 'tcp' });
    expect(await addresses('svc/api:80')).toEqual([
      { host: '10.96.0.7', port: port(80) },
      { host: 'fd00:96::7', port: port(80) },
      { host: '10.0.0.8', port: port(8080) },
    ]);
    expect(await addresses('svc/api:web')).toEqual(await addresses('svc/api:80'));
    expect(await addresses('[fd00::1]:53/udp')).toEqual([
      { host: 'fd00::1', port: { number: 53, protocol: 'udp' } },
    ]);
    expect(await addresses('https://example.com/x')).toEqual([{ host: 'example.com', port: port(443) }]);
  });

  test.each([
    ['external', 2],
    ['svc/api:81', 6],
    ['pod/new', 6],
    ['pod/none', 6],
    ['pod/web-0:nope', 6],
    ['node/worker-1:nope', 2],
  ])('%p is refused with exit code %p', async (text, exitCode) => {
    await expect(addresses(text)).rejects.toMatchObject({ exitCode });
  });
});

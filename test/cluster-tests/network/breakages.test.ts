/** The network of the local cluster, broken on demand: what is seen, and that it heals. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { listener, pod, service } from '../../cluster/manifests.js';
import { clusterIp, connect, get, inPod, podIp } from './probe.js';

let cluster: TestCluster;
let far: string;
let serviceIp: string;

beforeAll(async () => {
  cluster = await startCluster({
    network: { proxyPods: true },
    objects: [
      pod({ name: 'client', nodeName: 'node-1' }),
      listener({
        name: 'far',
        nodeName: 'node-2',
        labels: { app: 'far' },
        on: ['http://0.0.0.0:80', 'tcp://127.0.0.1:81'],
      }),
      listener({
        name: 'near',
        nodeName: 'node-1',
        on: [`http://0.0.0.0:80?body=${'x'.repeat(5000)}&status=503`, 'https://0.0.0.0:443'],
      }),
      service({ name: 'far', selector: { app: 'far' }, ports: [{ port: 80 }] }),
    ],
  });
  far = await podIp(cluster, 'far');
  serviceIp = await clusterIp(cluster, 'far');
}, 60_000);

afterAll(() => cluster.stop());

const client = inPod('client');

async function ping(size: number): Promise<number> {
  const argv = ['ping', '-c', '1', '-W', '2', '-M', 'do', '-s', String(size), far];
  return (await cluster.run(argv, { in: client })).code;
}

test('listeners: on loopback only, TLS, a status', async () => {
  expect(await connect(cluster, client, far, 81)).toBe('refused');
  expect(await connect(cluster, inPod('far'), '127.0.0.1', 81)).toBe('open');
  const near = await podIp(cluster, 'near');
  expect(await get(cluster, client, `https://${near}/`)).toContain(`near ${await podIp(cluster, 'client')}`);
  const { stdout } = await cluster.run(
    ['curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}', `http://${near}/`],
    {
      in: client,
    },
  );
  expect(stdout).toBe('503');
});

test('an MTU black hole lets small packets through', async () => {
  expect([await ping(1300), await ping(1000)]).toEqual([0, 0]);
  const id = await cluster.breakNetwork({ kind: 'mtu-black-hole', mtu: 1280 });
  expect([await ping(1300), await ping(1000)]).toEqual([1, 0]);
  await cluster.mendNetwork(id);
  expect(await ping(1300)).toBe(0);
});

test('a lost route is silent', async () => {
  const id = await cluster.breakNetwork({ kind: 'lost-route', node: 'node-1', to: 'node-2' });
  expect(await connect(cluster, client, far, 80, 700)).toBe('silent');
  await cluster.mendNetwork(id);
  expect(await connect(cluster, client, far, 80, 5000)).toBe('open');
});

test('kube-proxy down: rules get old, or are gone', async () => {
  const stale = await cluster.breakNetwork({ kind: 'kube-proxy-down', node: 'node-1' });
  await cluster.apply(service({ name: 'new', selector: { app: 'far' }, ports: [{ port: 80 }] }));
  const address = await clusterIp(cluster, 'new');
  const pods = await cluster.list('v1', 'Pod', 'kube-system', 'k8s-app=kube-proxy');
  const ready = pods.map((object) => {
    const { conditions } = object.status as { conditions: { type: string; status: string }[] };
    const { nodeName } = object.spec as { nodeName: string };
    return `${nodeName} ${conditions.find(({ type }) => type === 'Ready')?.status ?? ''}`;
  });
  expect(ready.sort()).toEqual(['node-1 False', 'node-2 True']);
  expect(await connect(cluster, client, serviceIp, 80, 5000)).toBe('open');
  expect(await connect(cluster, client, address, 80, 700)).toBe('silent');
  const gone = await cluster.breakNetwork({ kind: 'kube-proxy-down', node: 'node-1', flushed: true });
  expect(await connect(cluster, client, serviceIp, 80, 700)).toBe('silent');
  expect(await connect(cluster, inPod('far'), address, 80, 5000)).toBe('open');
  await cluster.mendNetwork(stale);
  await cluster.mendNetwork(gone);
  expect(await connect(cluster, client, serviceIp, 80, 5000)).toBe('open');
  expect(await connect(cluster, client, address, 80, 5000)).toBe('open');
});

test('loss, of one port', async () => {
  const id = await cluster.breakNetwork({
    kind: 'loss',
    node: 'node-1',
    percent: 100,
    address: far,
    port: 80,
  });
  expect(await connect(cluster, client, far, 80, 700)).toBe('silent');
  expect(await connect(cluster, client, far, 82)).toBe('refused');
  await cluster.mendNetwork(id);
  expect(await connect(cluster, client, far, 80, 5000)).toBe('open');
});

test('no hairpin: a pod does not reach itself, others do', async () => {
  const id = await cluster.breakNetwork({ kind: 'no-hairpin', node: 'node-2' });
  expect(await connect(cluster, inPod('far'), serviceIp, 80, 700)).toBe('silent');
  expect(await connect(cluster, client, serviceIp, 80, 5000)).toBe('open');
  await cluster.mendNetwork(id);
  expect(await connect(cluster, inPod('far'), serviceIp, 80, 5000)).toBe('open');
});

describe('a node that is down', () => {
  test('is NotReady, off the network, out of the endpoints; and comes back', async () => {
    const id = await cluster.breakNetwork({ kind: 'node-down', node: 'node-2', link: true });
    const node = await cluster.get('v1', 'Node', undefined, 'node-2');
    const { conditions } = node.status as { conditions: { type: string; status: string; reason: string }[] };
    expect(conditions.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'Unknown',
      reason: 'NodeStatusUnknown',
    });
    expect(await connect(cluster, client, far, 80, 700)).not.toBe('open');
    expect(await connect(cluster, client, serviceIp, 80)).toBe('refused');
    await cluster.mendNetwork(id);
    await cluster.ready('default', 'far');
    expect(await connect(cluster, client, serviceIp, 80, 5000)).toBe('open');
  });
});

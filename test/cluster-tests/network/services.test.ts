/** Services by real packets: what kube-proxy in nftables mode does, and how long refusals take (measured on Kubernetes 1.36). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { listener, pod, service } from '../../cluster/manifests.js';
import { attempts, clusterIp, connect, get, inPod, podIp } from './probe.js';

const web = { app: 'web' };
const [node1, node2] = ['172.30.0.11', '172.30.0.12'];
const nodePort = (port: number, policy: string): Readonly<Record<string, unknown>> => ({
  type: 'NodePort',
  externalTrafficPolicy: policy,
  ports: [{ port: 80, nodePort: port }],
});

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({
    network: true,
    objects: [
      pod({ name: 'client', nodeName: 'node-1' }),
      listener({
        name: 'web-1',
        nodeName: 'node-1',
        labels: web,
        on: ['http://0.0.0.0:80', 'udp://0.0.0.0:53'],
      }),
      listener({
        name: 'web-2',
        nodeName: 'node-2',
        labels: web,
        on: ['http://0.0.0.0:80', 'udp://0.0.0.0:53'],
      }),
      listener({ name: 'near', nodeName: 'node-2', labels: { app: 'near' } }),
      service({ name: 'web', selector: web, ports: [{ port: 8080, targetPort: 80 }] }),
      service({ name: 'dns', selector: web, ports: [{ port: 53, protocol: 'UDP' }] }),
      service({ name: 'none', selector: { app: 'none' }, ports: [{ port: 80 }] }),
      service({ name: 'wrong', selector: web, ports: [{ port: 80, targetPort: 9999 }] }),
      service({
        name: 'local',
        selector: { app: 'near' },
        ports: [{ port: 80 }],
        spec: { internalTrafficPolicy: 'Local' },
      }),
      service({
        name: 'sticky',
        selector: web,
        ports: [{ port: 80 }],
        spec: { sessionAffinity: 'ClientIP' },
      }),
      service({ name: 'np', selector: web, ports: [], spec: nodePort(30_080, 'Cluster') }),
      service({ name: 'np-local', selector: { app: 'near' }, ports: [], spec: nodePort(30_081, 'Local') }),
      service({ name: 'np-none', selector: { app: 'none' }, ports: [], spec: nodePort(30_082, 'Cluster') }),
      service({
        name: 'external',
        selector: web,
        ports: [{ port: 80 }],
        spec: { externalIPs: ['198.51.100.7'] },
      }),
    ],
  });
}, 60_000);

afterAll(() => cluster.stop());

const client = inPod('client');

/** How a connect that blocks ends, and after how long: bash waits for the kernel's verdict. */
async function refusedAfterMs(address: string, port: number): Promise<number> {
  const began = performance.now();
  const { code, stderr } = await cluster.run(['bash', '-c', `</dev/tcp/${address}/${port}`], { in: client });
  expect([code, stderr]).toEqual([1, expect.stringContaining('Connection refused')]);
  return performance.now() - began;
}

describe('a ClusterIP', () => {
  test('reaches every endpoint, with the source kept', async () => {
    const address = await clusterIp(cluster, 'web');
    const source = await podIp(cluster, 'client');
    const seen = new Set<unknown>();
    for (let turn = 0; turn < 40 && seen.size < 2; turn += 1) {
      seen.add(await get(cluster, client, `http://${address}:8080/`));
    }
    expect([...seen].sort()).toEqual([`web-1 ${source}`, `web-2 ${source}`]);
  });

  test('forwards UDP', async () => {
    const address = await clusterIp(cluster, 'dns');
    const tries = [{ protocol: 'udp', address, port: 53, waitMs: 5000 }] as const;
    expect(await attempts(cluster, client, tries)).toEqual(['open']);
  });

  test('without endpoints, and at a port that is not in it, refuses the second SYN', async () => {
    expect(await refusedAfterMs(await clusterIp(cluster, 'none'), 80)).toBeGreaterThan(900);
    expect(await refusedAfterMs(await clusterIp(cluster, 'web'), 81)).toBeGreaterThan(900);
  });

  test('whose targetPort nobody listens on is refused by the pod', async () => {
    expect(await connect(cluster, client, await clusterIp(cluster, 'wrong'), 80)).toBe('refused');
  });

  test('that is nobody’s is silent, as the address of a pod that is gone', async () => {
    for (const address of ['10.96.77.77', '10.244.1.200', '10.244.2.200', '192.0.2.1']) {
      expect([address, await connect(cluster, client, address, 80, 700)]).toEqual([address, 'silent']);
    }
  });

  test('with internalTrafficPolicy Local is silent on a node without endpoint', async () => {
    const address = await clusterIp(cluster, 'local');
    expect(await connect(cluster, client, address, 80, 700)).toBe('silent');
    expect(await connect(cluster, inPod('web-2'), address, 80, 5000)).toBe('open');
  });

  test('with ClientIP affinity stays with its endpoint', async () => {
    const address = await clusterIp(cluster, 'sticky');
    const first = await get(cluster, client, `http://${address}/`);
    for (let turn = 0; turn < 8; turn += 1) {
      expect(await get(cluster, client, `http://${address}/`)).toBe(first);
    }
  });

  test('reaches the pod that asks, who sees its node as the peer', async () => {
    const address = await clusterIp(cluster, 'local');
    expect(await get(cluster, inPod('near'), `http://${address}/`)).toBe(`near ${node2}`);
  });
});

describe('from outside of the cluster', () => {
  test('a NodePort answers on every node, and hides who asks', async () => {
    for (const node of [node1, node2]) {
      expect(await get(cluster, 'outside', `http://${node}:30080/`)).toMatch(/^web-[12] 172\.30\.0\.1[12]$/);
    }
  });

  test('with externalTrafficPolicy Local it is silent on nodes without endpoint, and keeps the source', async () => {
    expect(await get(cluster, 'outside', `http://${node2}:30081/`)).toBe('near 203.0.113.10');
    expect(await connect(cluster, 'outside', node1, 30_081, 700)).toBe('silent');
    // From a pod neither policy counts.
    expect(await connect(cluster, client, node1, 30_081, 5000)).toBe('open');
  });

  test('a NodePort without endpoints, and one of nobody, are refused', async () => {
    expect(await connect(cluster, 'outside', node1, 30_082)).toBe('refused');
    expect(await connect(cluster, 'outside', node1, 30_999)).toBe('refused');
  });

  test('a load balancer’s address lets in whom loadBalancerSourceRanges names', async () => {
    const ranges = ['203.0.113.0/28', '203.0.113.8/29'];
    const spec = { type: 'LoadBalancer', loadBalancerSourceRanges: ranges };
    await cluster.apply(service({ name: 'balanced', selector: web, ports: [{ port: 80 }], spec }));
    const status = { loadBalancer: { ingress: [{ ip: '198.51.100.8' }] } };
    const url = '/api/v1/namespaces/default/services/balanced/status';
    const type = 'application/merge-patch+json';
    expect(await cluster.request('PATCH', url, { status }, type)).toMatchObject({ status: 200 });
    await cluster.settleNetwork();
    await cluster.run(['ip', 'route', 'replace', '198.51.100.8', 'via', node1]);
    expect(await get(cluster, 'outside', 'http://198.51.100.8/')).toMatch(/^web-[12] /);
    const other = ['curl', '-m', '1', '--interface', '203.0.113.20', 'http://198.51.100.8/'];
    expect(await cluster.run(other, { in: 'outside' })).toMatchObject({ code: 28 });
  });

  test('an external address is answered by the node that it is routed to', async () => {
    const route = ['ip', 'route', 'replace', '198.51.100.7', 'via', node1];
    expect(await cluster.run(route)).toMatchObject({ code: 0 });
    expect(await get(cluster, 'outside', 'http://198.51.100.7/')).toMatch(/^web-[12] /);
  });
});

describe('what changes', () => {
  test('endpoints come and go with their pods', async () => {
    const selector = { app: 'late' };
    await cluster.apply(service({ name: 'late', selector, ports: [{ port: 80, targetPort: 'http' }] }));
    const address = await clusterIp(cluster, 'late');
    expect(await connect(cluster, client, address, 80)).toBe('refused');
    const late = listener({ name: 'late', labels: selector, ports: [{ containerPort: 80, name: 'http' }] });
    await cluster.apply(late);
    await cluster.ready('default', 'late');
    expect(await connect(cluster, client, address, 80, 5000)).toBe('open');
    await cluster.remove(late);
    const there = async (): Promise<boolean> =>
      (await cluster.list('v1', 'Pod', 'default')).some(
        (object) => (object.metadata as { name: string }).name === 'late',
      );
    while (await there()) await new Promise((resolve) => setTimeout(resolve, 50));
    await cluster.settleNetwork();
    expect(await connect(cluster, client, address, 80)).toBe('refused');
  });

  test('kubectl shows Services and their slices', async () => {
    const { stdout } = await promisify(execFile)('kubectl', [
      '--kubeconfig',
      cluster.kubeconfig,
      'get',
      'svc,endpointslices',
    ]);
    expect(stdout).toMatch(/service\/np +NodePort +10\.96\.\d+\.\d+ +<none> +80:30080\/TCP/);
    expect(stdout).toMatch(
      /endpointslice\.discovery\.k8s\.io\/web-\w+ +IPv4 +80 +10\.244\.1\.\d+,10\.244\.2\.\d+/,
    );
  });
});

/** The DNS of the local cluster: records, search paths, what it logs, and how it breaks. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { pod, service } from '../../cluster/manifests.js';
import { ask, clusterIp, connect, inPod, podIp } from './probe.js';

const web = { app: 'web' };
const many = Array.from({ length: 60 }, (_, index) => `198.51.100.${index + 1}`);
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({
    network: { dns: { outside: { 'many.example': many } } },
    objects: [
      pod({ name: 'client', nodeName: 'node-1' }),
      pod({ name: 'plain', nodeName: 'node-1', spec: { dnsPolicy: 'Default' } }),
      pod({
        name: 'own',
        nodeName: 'node-1',
        spec: {
          dnsPolicy: 'None',
          dnsConfig: {
            nameservers: ['10.96.0.10'],
            searches: ['else.svc.cluster.local'],
            options: [{ name: 'ndots', value: '2' }],
          },
        },
      }),
      pod({ name: 'web', labels: web }),
      service({ name: 'web', selector: web, ports: [{ port: 80, name: 'http' }] }),
      service({
        name: 'all',
        selector: web,
        ports: [{ port: 8080, name: 'http' }],
        spec: { clusterIP: 'None' },
      }),
      service({ name: 'nobody', selector: { app: 'x' }, ports: [{ port: 80 }], spec: { clusterIP: 'None' } }),
      service({
        name: 'partner',
        selector: {},
        ports: [],
        spec: { type: 'ExternalName', externalName: 'example.com', selector: undefined },
      }),
      service({ name: 'api', namespace: 'else', selector: web, ports: [{ port: 80 }] }),
      {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name: 'db', namespace: 'default' },
        spec: {
          serviceName: 'db',
          replicas: 1,
          selector: { matchLabels: { app: 'db' } },
          template: { metadata: { labels: { app: 'db' } }, spec: pod({ name: 'db' }).spec },
        },
      },
      service({ name: 'db', selector: { app: 'db' }, ports: [{ port: 5432 }], spec: { clusterIP: 'None' } }),
    ],
  });
  await cluster.ready('default', 'db-0');
}, 60_000);

afterAll(() => cluster.stop());

const client = inPod('client');

async function kubectl(...args: string[]): Promise<string> {
  const argv = ['--kubeconfig', cluster.kubeconfig, ...args];
  return (await promisify(execFile)('kubectl', argv)).stdout;
}

/** What libc makes of a name in a pod, with its search path. */
async function lookUp(podName: string, name: string): Promise<string> {
  const out = await kubectl('exec', podName, '--', 'sh', '-c', `getent ahostsv4 ${name} || echo none`);
  return out.split(/\s+/)[0] ?? '';
}

describe('records', () => {
  test('Services by their ClusterIP, with SRV and PTR; AAAA is empty', async () => {
    const address = await clusterIp(cluster, 'web');
    const name = 'web.default.svc.cluster.local';
    expect(await ask(cluster, client, name)).toMatchObject({ status: 'NOERROR', answers: [address] });
    expect(await ask(cluster, client, name, 'AAAA')).toMatchObject({ status: 'NOERROR', answers: [] });
    const srv = await ask(cluster, client, `_http._tcp.${name}`, 'SRV');
    expect(srv.answers).toEqual([`0 100 80 ${name}.`, address]);
    expect((await ask(cluster, client, '-x', address)).answers).toEqual([`${name}.`]);
  });

  test('headless ones by their endpoints; without any the name does not exist', async () => {
    const ip = await podIp(cluster, 'web');
    expect((await ask(cluster, client, 'all.default.svc.cluster.local')).answers).toEqual([ip]);
    const none = await ask(cluster, client, 'nobody.default.svc.cluster.local');
    expect(none).toMatchObject({ status: 'NXDOMAIN', answers: [] });
    expect(none.text).toContain('SOA\tns.dns.cluster.local. hostmaster.cluster.local.');
    const own = `${ip.replaceAll('.', '-')}.all.default.svc.cluster.local`;
    expect((await ask(cluster, client, own)).answers).toEqual([ip]);
  });

  test('pods of a StatefulSet by name, and any pod by its address', async () => {
    const ip = await podIp(cluster, 'db-0');
    expect((await ask(cluster, client, 'db-0.db.default.svc.cluster.local')).answers).toEqual([ip]);
    const dashed = `${ip.replaceAll('.', '-')}.default.pod.cluster.local`;
    expect((await ask(cluster, client, dashed)).answers).toEqual([ip]);
  });

  test('names outside, large answers over TCP after TC, and names that are nowhere', async () => {
    expect((await ask(cluster, client, 'example.com')).answers).toEqual(['203.0.113.10']);
    const cut = await ask(cluster, client, 'many.example', '+ignore', '+noedns');
    expect(cut.text).toMatch(/flags: qr tc/);
    expect((await ask(cluster, client, 'many.example', '+noedns')).answers).toHaveLength(many.length);
    expect(await ask(cluster, client, 'nowhere.example')).toMatchObject({ status: 'NXDOMAIN' });
    expect((await ask(cluster, client, 'partner.default.svc.cluster.local')).answers).toEqual([
      'example.com.',
      '203.0.113.10',
    ]);
  });
});

describe('search paths', () => {
  test('ClusterFirst finds names of its namespace, of others by theirs, and outside ones', async () => {
    expect(await lookUp('client', 'web')).toBe(await clusterIp(cluster, 'web'));
    expect(await lookUp('client', 'api')).toBe('none');
    expect(await lookUp('client', 'api.else')).toBe(await clusterIp(cluster, 'api', 'else'));
    expect(await lookUp('client', 'example.com')).toBe('203.0.113.10');
  });

  test('Default knows only what is outside; None has what dnsConfig says', async () => {
    expect(await lookUp('plain', 'web.default.svc.cluster.local')).toBe('none');
    expect(await lookUp('plain', 'example.com')).toBe('203.0.113.10');
    expect(await lookUp('own', 'api')).toBe(await clusterIp(cluster, 'api', 'else'));
    expect(await kubectl('exec', 'own', '--', 'cat', '/etc/resolv.conf')).toBe(
      'search else.svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:2\n',
    );
  });
});

describe('broken', () => {
  test('forwarding: SERVFAIL, and the log tells why', async () => {
    const id = await cluster.breakNetwork({ kind: 'dns-forward-down' });
    expect(await ask(cluster, client, 'example.com')).toMatchObject({ status: 'SERVFAIL', answers: [] });
    expect(await ask(cluster, client, 'web.default.svc.cluster.local')).toMatchObject({ status: 'NOERROR' });
    await cluster.mendNetwork(id);
    expect(await ask(cluster, client, 'example.com')).toMatchObject({ status: 'NOERROR' });
    const log = await kubectl('-n', 'kube-system', 'logs', 'deploy/coredns');
    expect(log).toMatch(
      /^\[ERROR\] plugin\/errors: 2 example\.com\. A: read udp 10\.244\.\d\.\d+:\d+->172\.30\.0\.1:53: i\/o timeout$/m,
    );
    expect(log).toMatch(
      /^\[INFO\] 10\.244\.1\.\d+:\d+ - \d+ "A IN web\.default\.svc\.cluster\.local\. udp \d+ false 1232" NOERROR qr,aa,rd \d+ [\d.]+s$/m,
    );
  });

  test('slow, and gone', async () => {
    const slow = await cluster.breakNetwork({ kind: 'dns-slow', ms: 700 });
    const began = performance.now();
    expect(await ask(cluster, client, 'web.default.svc.cluster.local')).toMatchObject({ status: 'NOERROR' });
    expect(performance.now() - began).toBeGreaterThan(650);
    await cluster.mendNetwork(slow);
    const down = await cluster.breakNetwork({ kind: 'dns-down' });
    expect(await ask(cluster, client, 'example.com')).toMatchObject({ status: 'silent' });
    expect(await connect(cluster, client, '10.96.0.10', 53)).toBe('refused');
    await cluster.mendNetwork(down);
    expect(await ask(cluster, client, 'example.com')).toMatchObject({ status: 'NOERROR' });
  });

  test('a Corefile that answers for a Service itself', async () => {
    const corefile = [
      '.:53 {',
      '    template IN A default.svc.cluster.local {',
      '        rcode NXDOMAIN',
      '    }',
      '    kubernetes cluster.local in-addr.arpa',
      '    forward . 192.0.2.53',
      '}',
      '',
    ].join('\n');
    const config = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'coredns', namespace: 'kube-system' },
    };
    await cluster.apply({ ...config, data: { Corefile: corefile } });
    await cluster.waitFor(
      { name: 'coredns', kind: 'ConfigMap', namespace: 'kube-system' },
      (object) => object !== undefined,
    );
    let status = '';
    for (let turn = 0; turn < 100 && status !== 'NXDOMAIN'; turn += 1) {
      ({ status } = await ask(cluster, client, 'web.default.svc.cluster.local'));
    }
    expect(status).toBe('NXDOMAIN');
    expect(await ask(cluster, client, 'api.else.svc.cluster.local')).toMatchObject({ status: 'NOERROR' });
  });
});

/** The world outside of the local cluster: load balancers, an ingress controller, DNS zones, a mesh's proxy, custom resources. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createPki } from '../../cluster/api/pki.js';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { listener, service } from '../../cluster/manifests.js';
import { podIp } from './probe.js';

const web = { app: 'web' };
const site = 'shop.example';
let cluster: TestCluster;

function path(name: string, path: string, pathType = 'Prefix'): object {
  return { path, pathType, backend: { service: { name, port: { number: 80 } } } };
}

function ingress(name: string, host: string, paths: readonly object[], spec: object = {}): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default' },
    spec: { ingressClassName: 'nginx', rules: [{ host, http: { paths } }], ...spec },
  };
}

beforeAll(async () => {
  const { cert, key } = await (await createPki()).site(site, [site]);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  cluster = await startCluster({
    custom: ['gateway-api', 'istio'],
    network: {
      dns: true,
      balancer: { pool: ['192.0.2.10', '192.0.2.11', '192.0.2.12'] },
      ingress: true,
      outsideDns: {
        zones: { [site]: { [site]: { A: ['192.0.2.10'] }, [`old.${site}`]: { A: ['192.0.2.99'] } } },
      },
    },
    objects: [
      listener({ name: 'web', labels: web, nodeName: 'node-1' }),
      listener({ name: 'mesh', on: ['http://127.0.0.1:8080', 'mtls://0.0.0.0:8443?to=8080'] }),
      service({ name: 'web', selector: web, ports: [{ port: 80 }] }),
      service({ name: 'dead', selector: web, ports: [{ port: 80, targetPort: 81 }] }),
      service({ name: 'none', selector: { app: 'x' }, ports: [{ port: 80 }] }),
      service({ name: 'cluster', selector: web, ports: [{ port: 80 }], spec: { type: 'LoadBalancer' } }),
      service({
        name: 'local',
        selector: web,
        ports: [{ port: 80 }],
        spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' },
      }),
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'tls', namespace: 'default' },
        type: 'kubernetes.io/tls',
        data: { 'tls.crt': base64(cert), 'tls.key': base64(key) },
      },
      ingress('web', site, [path('web', '/'), path('dead', '/dead'), path('none', '/none', 'Exact')], {
        tls: [{ hosts: [site], secretName: 'tls' }],
      }),
      ingress('other', 'other.example', [path('web', '/')], { ingressClassName: 'traefik' }),
    ],
  });
}, 60_000);

afterAll(() => cluster.stop());

async function outside(...argv: string[]): Promise<string> {
  const { stdout, stderr } = await cluster.run(argv, { in: 'outside' });
  return `${stdout}${stderr}`.trim();
}

async function kubectl(...args: string[]): Promise<string> {
  const argv = ['--kubeconfig', cluster.kubeconfig, ...args];
  return (await promisify(execFile)('kubectl', argv)).stdout;
}

const status = (url: string, ...more: string[]): Promise<string> =>
  outside('curl', '-s', '-k', '-m', '10', '-o', '/dev/null', '-w', '%{http_code}', ...more, url);

describe('load balancers', () => {
  test('addresses of the pool; traffic policies decide whom the pod sees', async () => {
    const shown = await kubectl('get', 'services');
    expect(shown).toMatch(/^cluster +LoadBalancer +\S+ +192\.0\.2\.11 /m);
    expect(await outside('curl', '-s', '-m', '10', 'http://192.0.2.11/')).toMatch(/^web 172\.30\.0\.1[12]$/);
    // By the only node with an endpoint, so that the client's own address arrives.
    expect(await outside('curl', '-s', '-m', '10', 'http://192.0.2.12/')).toBe('web 203.0.113.10');
  });

  test('nobody gets an address when none is left, and an event says so', async () => {
    await cluster.apply(
      service({ name: 'late', selector: web, ports: [{ port: 80 }], spec: { type: 'LoadBalancer' } }),
    );
    expect(await kubectl('get', 'services', 'late')).toMatch(/ <pending> /);
    expect(await kubectl('get', 'events')).toMatch(/AllocationFailed +service\/late .*no available IPs/);
  });
});

describe('ingress', () => {
  test('routes by host and path, with what nginx answers when it cannot', async () => {
    await cluster.waitFor(
      { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name: 'web' },
      (object) => JSON.stringify(object?.status ?? {}).includes('192.0.2.10'),
    );
    expect(await kubectl('get', 'ingress', 'web')).toMatch(
      /^web +nginx +shop\.example +192\.0\.2\.10 +80, 443 /m,
    );
    expect(await status(`http://${site}/`)).toBe('200');
    expect(await status(`http://${site}/dead/x`)).toBe('502');
    expect(await status(`http://${site}/none`)).toBe('503');
    expect(await status(`http://${site}/none/x`)).toBe('200');
    expect(await status('http://192.0.2.10/')).toBe('404');
    expect(await status('http://192.0.2.10/', '-H', 'Host: other.example')).toBe('404');
    const log = await kubectl('-n', 'ingress-nginx', 'logs', 'deploy/ingress-nginx-controller');
    expect(log).toMatch(/\[error\] .*connect\(\) failed \(111: Connection refused\).* host: "shop\.example"/);
  });

  test('the certificate of the name that is asked for, else the one of nobody', async () => {
    const certificate = (name: string): Promise<string> =>
      outside(
        'sh',
        '-c',
        `echo | timeout 10 openssl s_client -connect 192.0.2.10:443 -servername ${name} 2>/dev/null`,
      );
    expect(await certificate(site)).toMatch(/subject=CN = shop\.example/);
    expect(await certificate('else.example')).toMatch(/subject=CN = Kubernetes Ingress Controller Fake/);
  });
});

describe('DNS beyond the nodes', () => {
  test('its authority, a resolver that remembers, and what the cluster sees', async () => {
    const dig = (server: string, ...more: string[]): Promise<string> =>
      outside('dig', '+short', '+time=2', `@${server}`, ...more);
    expect(await dig('203.0.113.53', site)).toBe('192.0.2.10');
    expect(await dig('203.0.113.53', site, 'NS')).toBe(`ns1.${site}.`);
    expect(await outside('dig', '@203.0.113.53', 'example.com')).toMatch(/status: REFUSED/);
    expect(await outside('getent', 'ahostsv4', site)).toMatch(/^192\.0\.2\.10 /);
    await cluster.setOutsideDns({ remembered: { [site]: { A: ['192.0.2.98'] } } });
    expect(await dig('203.0.113.54', site)).toBe('192.0.2.98');
    expect(await dig('203.0.113.53', site)).toBe('192.0.2.10');
    expect(await kubectl('exec', 'web', '--', 'getent', 'ahostsv4', `old.${site}`)).toMatch(
      /^192\.0\.2\.99 /,
    );
  });
});

test('a proxy that wants mTLS cuts off whoever speaks plainly', async () => {
  const address = await podIp(cluster, 'mesh');
  const plain = await cluster.run(['curl', '-s', '-S', '-m', '10', `http://${address}:8443/`], {
    in: { namespace: 'default', pod: 'web' },
  });
  expect(plain.stderr).toMatch(/Connection reset by peer/);
});

test('custom resources are served, and the API server can be reached from outside', async () => {
  const gateway = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'public', namespace: 'default' },
    spec: { gatewayClassName: 'eg', listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }] },
  };
  await cluster.apply(gateway);
  const shown = await outside(
    'kubectl',
    '--kubeconfig',
    cluster.outsideKubeconfig,
    'get',
    'gateways,peerauthentications',
  );
  expect(shown).toMatch(/public/);
  expect(await kubectl('api-resources', '--api-group=security.istio.io')).toMatch(/PeerAuthentication/);
});

/** Every way to say who we are, on both runtimes: TLS, child processes and proxies are the runtime's own. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { makeHome, programs, runProgram } from './program.js';

const { home, remove } = makeHome();
let cluster: TestCluster;
let token: string;
let certificate: { readonly clientCertificateData: string; readonly clientKeyData: string };
let proxyUrl: string;
const tunnels: string[] = [];
const proxy = http.createServer().on('connect', (request, socket: net.Socket) => {
  tunnels.push(request.url ?? '');
  const [host = '', port] = (request.url ?? '').split(':');
  const server = net.connect(Number(port), host, () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    server.pipe(socket).pipe(server);
  });
  socket.on('error', () => server.destroy());
  server.on('error', () => socket.destroy());
});

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: object }[];
  readonly users: readonly { readonly user: Record<string, string> }[];
}

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Kubeconfig;
const decoded = (text = '') => Buffer.from(text, 'base64').toString();

beforeAll(async () => {
  cluster = await startCluster({ nodes: 1, objects: [pod({ name: 'web' })] });
  token = read(await cluster.user('robot', { groups: ['system:masters'] })).users[0]?.user.token ?? '';
  const admin = read(cluster.kubeconfig).users[0]?.user;
  certificate = {
    clientCertificateData: decoded(admin?.['client-certificate-data']),
    clientKeyData: decoded(admin?.['client-key-data']),
  };
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}, 60_000);
afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await cluster.stop();
  remove();
});

/** A kubeconfig with this user, and this added to the cluster. */
function kubeconfig(user: object, more: object = {}): string {
  const file = join(home, 'config');
  const [only] = read(cluster.kubeconfig).clusters;
  const config = {
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { ...only?.cluster, ...more } }],
    users: [{ name: 'u', user }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** A user whose plugin prints this credential. */
function plugin(status: object) {
  const apiVersion = 'client.authentication.k8s.io/v1';
  writeFileSync(join(home, 'credential'), JSON.stringify({ kind: 'ExecCredential', apiVersion, status }));
  const args = [join(home, 'credential')];
  return { exec: { apiVersion, command: 'cat', args, interactiveMode: 'Never' } };
}

describe.each(Object.entries(programs))('%s', (_name, program) => {
  const ping = (config: string, ...flags: readonly string[]) =>
    runProgram(['ping', 'web', '127.0.0.1', '-c', '1', ...flags], {
      program,
      kubeconfig: config,
      env: { HOME: home },
    });

  test('a credential plugin: token', async () => {
    expect((await ping(kubeconfig(plugin({ token })))).code).toBe(0);
  });

  test('a credential plugin: client certificate that expires during the command', async () => {
    const expirationTimestamp = new Date(Date.now() + 300).toISOString();
    expect((await ping(kubeconfig(plugin({ ...certificate, expirationTimestamp })))).code).toBe(0);
  });

  test('a token file, and impersonation with groups', async () => {
    const tokenFile = join(home, 'token');
    writeFileSync(tokenFile, token);
    const file = kubeconfig({ tokenFile });
    expect((await ping(file, '--as', 'someone', '--as-group', 'system:masters')).code).toBe(0);
    const { code, stderr } = await ping(file, '--as', 'someone');
    expect(code).toBe(5);
    expect(stderr).toContain('error: User someone may not get pods in namespace default.');
  });

  test('a proxy in front of the cluster, for reads and for the websocket', async () => {
    tunnels.length = 0;
    expect((await ping(kubeconfig({ token }, { 'proxy-url': proxyUrl }))).code).toBe(0);
    expect(new Set(tunnels)).toEqual(new Set([new URL(cluster.server).host]));
  });

  test('no credentials at all: they are asked for, not a Role', async () => {
    const { code, stderr } = await ping(kubeconfig({}));
    expect(code).toBe(4);
    expect(stderr).toContain('got no credentials that it knows');
    expect(stderr).not.toContain('Role');
  });
});

/** Stock kubectl is a conformance test that costs nothing. Here without a kubelet: what it asks of the API server alone. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { startControllers } from '../../cluster/api/controllers/controllers.js';
import { startTestServer, storeRecordedPods, type TestServer } from './server.js';

let server: TestServer;
let folder: string;
let stop: () => void;

interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

function kubectl(...args: string[]): Promise<Ran> {
  const argv = [
    '--kubeconfig',
    path.join(folder, 'config'),
    '--cache-dir',
    path.join(folder, 'cache'),
    ...args,
  ];
  return new Promise((done) => {
    execFile(
      'kubectl',
      argv,
      { env: { PATH: process.env.PATH, HOME: folder }, timeout: 20_000 },
      (error, stdout, stderr) => {
        done({ exit: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr });
      },
    );
  });
}

const manifest = [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'applied', namespace: 'rec' },
    spec: { containers: [{ name: 'c', image: 'x' }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'applied', namespace: 'rec' },
    spec: { selector: { app: 'x' }, ports: [{ port: 80 }] },
  },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'applied', namespace: 'rec' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'x' } },
      template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    },
  },
];

beforeAll(async () => {
  server = await startTestServer();
  stop = startControllers(server.store);
  storeRecordedPods(server.store);
  folder = mkdtempSync(path.join(tmpdir(), 'netdebug-kubectl-'));
  const pair = await server.pki.client('jane', ['system:masters']);
  const data = (text: string): string => Buffer.from(text).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'c',
        cluster: { server: server.server.url, 'certificate-authority-data': data(server.pki.ca) },
      },
    ],
    users: [
      { name: 'u', user: { 'client-certificate-data': data(pair.cert), 'client-key-data': data(pair.key) } },
    ],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'rec' } }],
    'current-context': 'c',
  };
  writeFileSync(path.join(folder, 'config'), stringify(config), { mode: 0o600 });
  writeFileSync(path.join(folder, 'objects.yaml'), manifest.map((object) => stringify(object)).join('---\n'));
});

afterAll(async () => {
  stop();
  await server.stop();
  rmSync(folder, { recursive: true });
});

describe('kubectl', () => {
  test('get pods, wide', async () => {
    const { stdout, exit } = await kubectl('get', 'pods', '-o', 'wide');
    expect(exit).toBe(0);
    expect(stdout).toMatch(
      /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES$/m,
    );
    expect(stdout).toMatch(/^multi +2\/2 +Running +0 +\S+ +10\.244\.1\.60 +node-1 +<none> +<none>$/m);
    expect(stdout).toMatch(/^done +0\/1 +Completed /m);
  });

  test('describe pod', async () => {
    const { stdout, stderr, exit } = await kubectl('describe', 'pod', 'multi');
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toContain('Image ID:      docker.io/library/busybox@sha256:');
    expect(stdout).toMatch(/QoS Class: +Burstable/);
  });

  test('apply with its default validation, twice; then diff by field', async () => {
    const file = path.join(folder, 'objects.yaml');
    const first = await kubectl('apply', '-f', file);
    expect(first).toEqual({
      exit: 0,
      stdout: 'pod/applied created\nservice/applied created\ndeployment.apps/applied created\n',
      stderr: '',
    });
    const second = await kubectl('apply', '-f', file);
    expect(second.stdout).toBe(
      'pod/applied unchanged\nservice/applied unchanged\ndeployment.apps/applied unchanged\n',
    );
    const scaled = await kubectl('scale', 'deployment/applied', '--replicas=2');
    expect(scaled.stdout).toBe('deployment.apps/applied scaled\n');
    const wrong = {
      ...manifest[0],
      metadata: { name: 'wrong' },
      spec: { containers: [{ name: 'c', image: 'x', imagee: 'y' }] },
    };
    writeFileSync(path.join(folder, 'wrong.yaml'), stringify(wrong));
    expect((await kubectl('apply', '-f', path.join(folder, 'wrong.yaml'))).stderr).toContain(
      'unknown field "spec.containers[0].imagee"',
    );
  });

  test('auth can-i, --list, whoami', async () => {
    expect(await kubectl('auth', 'can-i', 'create', 'pods/exec')).toMatchObject({ exit: 0, stdout: 'yes\n' });
    expect(await kubectl('--as', 'nobody', 'auth', 'can-i', 'create', 'pods/exec')).toMatchObject({
      exit: 1,
      stdout: 'no\n',
    });
    expect((await kubectl('auth', 'can-i', '--list')).stdout).toMatch(/^\*\.\* +\[\] +\[\] +\[\*\]$/m);
    expect((await kubectl('auth', 'whoami')).stdout).toMatch(
      /^Groups +\[system:masters system:authenticated\]$/m,
    );
  });

  test('typed creates, which it sends as protobuf', async () => {
    expect((await kubectl('create', 'namespace', 'typed')).stdout).toBe('namespace/typed created\n');
    expect((await kubectl('create', 'configmap', 'm', '--from-literal=k=v')).stdout).toBe(
      'configmap/m created\n',
    );
    expect((await kubectl('get', 'configmap', 'm', '-o', 'jsonpath={.data.k}')).stdout).toBe('v');
    expect((await kubectl('create', 'role', 'r', '--verb=get', '--resource=pods')).stdout).toBe(
      'role.rbac.authorization.k8s.io/r created\n',
    );
    expect((await kubectl('create', 'rolebinding', 'b', '--role=r', '--user=joe')).stdout).toBe(
      'rolebinding.rbac.authorization.k8s.io/b created\n',
    );
    expect((await kubectl('--as', 'joe', 'get', 'pod', 'multi', '-o', 'name')).stdout).toBe('pod/multi\n');
    const node = await kubectl('debug', 'node/node-1', '--image=busybox', '--profile=sysadmin');
    expect(node.stderr).toContain('nodes "node-1" not found');
  });

  test('the words of an error reach the user', async () => {
    const refused = await kubectl('--as', 'nobody', 'get', 'pods');
    expect(refused.stderr).toBe(
      'Error from server (Forbidden): pods is forbidden: User "nobody" cannot list resource "pods" in API group "" in the namespace "rec"\n',
    );
    expect((await kubectl('get', 'pod', 'nosuch')).stderr).toBe(
      'Error from server (NotFound): pods "nosuch" not found\n',
    );
  });

  test('explain and api-resources', async () => {
    expect((await kubectl('explain', 'pod')).exit).toBe(0);
    expect((await kubectl('api-resources', '--namespaced=false', '-o', 'name')).stdout.split('\n')).toContain(
      'nodes',
    );
  });

  test('delete and wait', async () => {
    expect((await kubectl('delete', 'pod', 'pending')).stdout).toBe('pod "pending" deleted\n');
    expect((await kubectl('wait', '--for=condition=Ready', 'pod/multi', '--timeout=5s')).stdout).toBe(
      'pod/multi condition met\n',
    );
  });
});

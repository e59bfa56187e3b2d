import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import type { KubeApi } from '../../src/kube/api.js';
import { connect } from '../../src/kube/connect.js';
import type { ConnectOptions } from '../../src/kube/connect.js';
import { systemClock } from '../../src/kube/deadline.js';
import type { KeyPair, Pki } from '../cluster/api/pki.js';
import { json, startFakeServer, testPki } from './fake-server.js';
import type { FakeServer } from './fake-server.js';

let dir: string;
let pki: Pki;
let alice: KeyPair;
let server: FakeServer;
/** What the server answers; reset before each test. */
let refuse: (authorization: string | undefined) => boolean = () => false;
let now = 0;
const open: KubeApi[] = [];

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'netdebug-connect-'));
  pki = await testPki();
  alice = await pki.client('alice', ['dev']);
  server = await startFakeServer({
    tls: await pki.server(),
    clientCa: pki.ca,
    respond: (seen, response) =>
      refuse(seen.headers.authorization)
        ? json(response, 401, { kind: 'Status', status: 'Failure', code: 401, message: 'Unauthorized' })
        : json(response, 200, { path: seen.path }),
  });
  await writeFile(path.join(dir, 'ca.crt'), pki.ca);
  await writeFile(path.join(dir, 'alice.crt'), alice.cert);
  await writeFile(path.join(dir, 'alice.key'), alice.key);
});
afterEach(() => {
  for (const api of open.splice(0)) api.close();
  refuse = () => false;
  server.seen.length = 0;
});
afterAll(async () => {
  await server.close();
  await rm(dir, { recursive: true });
});

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Connects with a kubeconfig that has this user and this cluster. */
async function withUser(
  user: unknown,
  more: Partial<ConnectOptions> = {},
  cluster: object = {},
): Promise<KubeApi> {
  const file = path.join(dir, 'config.yaml');
  await writeFile(
    file,
    stringify({
      'current-context': 'x',
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
      clusters: [
        { name: 'c', cluster: { server: server.url, 'certificate-authority': 'ca.crt', ...cluster } },
      ],
      users: [{ name: 'u', user }],
    }),
  );
  const api = await connect({
    kubeconfig: file,
    // Not this machine's own: a folder in it that may not be searched makes Node say EACCES of what is nowhere.
    env: { PATH: '/usr/bin:/bin' },
    homeDir: dir,
    clock: { ...systemClock, now: () => now },
    ...more,
  });
  open.push(api);
  return api;
}
const seenLast = () => server.seen.at(-1);

describe('credentials, each against a TLS server', () => {
  test('client certificate as data', async () => {
    const user = { 'client-certificate-data': base64(alice.cert), 'client-key-data': base64(alice.key) };
    const api = await withUser(user);
    await api.get('/x');
    expect(seenLast()).toMatchObject({ clientName: 'alice', path: '/x' });
    expect(seenLast()?.headers.authorization).toBeUndefined();
    expect(api).toMatchObject({ server: server.url, context: 'x', namespace: 'shop' });
  });

  test('client certificate in files beside the kubeconfig, used on the websocket too', async () => {
    const api = await withUser({ 'client-certificate': 'alice.crt', 'client-key': 'alice.key' });
    await api.get('/x');
    expect(seenLast()?.clientName).toBe('alice');
    const session = await api.exec({ namespace: 'n', pod: 'p', container: 'c', argv: ['true'] });
    expect(seenLast()).toMatchObject({ clientName: 'alice', path: '/api/v1/namespaces/n/pods/p/exec' });
    session.close();
    await session.done;
  });

  test('a certificate without its key is refused before anything is sent', async () => {
    await expect(withUser({ 'client-certificate': 'alice.crt' })).rejects.toThrow(
      'certificate without a key',
    );
  });

  test('a file that cannot be read is named', async () => {
    await expect(withUser({ 'client-certificate': 'gone.crt', 'client-key': 'alice.key' })).rejects.toThrow(
      'gone.crt',
    );
  });

  test('token', async () => {
    await (await withUser({ token: 'abc' })).get('/x');
    expect(seenLast()?.headers.authorization).toBe('Bearer abc');
  });

  test('basic auth', async () => {
    await (await withUser({ username: 'u', password: 'p:w' })).get('/x');
    expect(seenLast()?.headers.authorization).toBe(`Basic ${base64('u:p:w')}`);
  });

  test('token file: read again when it is old, and at once after a 401', async () => {
    const file = path.join(dir, 'token');
    await writeFile(file, 'one\n');
    const api = await withUser({ tokenFile: 'token', token: 'stale' });
    await api.get('/x');
    await writeFile(file, 'two\n');
    await api.get('/x');
    now += 11_000;
    await api.get('/x');
    expect(server.seen.map((each) => each.headers.authorization)).toEqual([
      'Bearer one',
      'Bearer one',
      'Bearer two',
    ]);
    await writeFile(file, 'three\n');
    refuse = (authorization) => authorization !== 'Bearer three';
    await api.get('/x');
    expect(server.seen.slice(3).map((each) => each.headers.authorization)).toEqual([
      'Bearer two',
      'Bearer three',
    ]);
  });

  test('impersonation', async () => {
    const api = await withUser(
      { token: 't', as: 'from-config', 'as-user-extra': { 'scopes/x': ['a', 'b'] } },
      { as: 'bob', asGroup: ['g1', 'g2'], asUid: '12' },
    );
    await api.get('/x');
    expect(seenLast()?.headers).toMatchObject({
      'impersonate-user': 'bob',
      'impersonate-group': 'g1, g2',
      'impersonate-uid': '12',
      'impersonate-extra-scopes%2fx': 'a, b',
    });
  });

  test('auth-provider (OIDC) by client-node', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'none' })}.${part({ exp: 4_000_000_000 })}.sig`;
    const api = await withUser({
      'auth-provider': { name: 'oidc', config: { 'id-token': token, 'client-id': 'x' } },
    });
    await api.get('/x');
    expect(seenLast()?.headers.authorization).toBe(`Bearer ${token}`);
  });

  test('in a pod: token, CA and namespace of the service account; flags still count', async () => {
    const account = await mkdtemp(path.join(dir, 'sa-'));
    await writeFile(path.join(account, 'token'), 'pod-token');
    await writeFile(path.join(account, 'ca.crt'), pki.ca);
    await writeFile(path.join(account, 'namespace'), 'inside\n');
    const options = {
      env: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(server.port) },
      homeDir: account,
      serviceAccountDir: account,
    };
    const api = await connect(options);
    const other = await connect({ ...options, namespace: 'n', as: 'bob' });
    open.push(api, other);
    expect(api).toMatchObject({ context: 'in-cluster', namespace: 'inside', server: server.url });
    await api.get('/x');
    expect(seenLast()?.headers.authorization).toBe('Bearer pod-token');
    expect(other.namespace).toBe('n');
    await other.get('/x');
    expect(seenLast()?.headers).toMatchObject({
      'impersonate-user': 'bob',
      authorization: 'Bearer pod-token',
    });
  });

  test('nothing of who we are goes over plain http', async () => {
    const plain = await startFakeServer({ respond: (_seen, response) => json(response, 200, {}) });
    const api = await withUser(
      { token: 'secret' },
      {},
      { server: plain.url, 'certificate-authority': undefined },
    );
    await api.get('/x');
    expect(plain.seen[0]?.headers.authorization).toBeUndefined();
    await plain.close();
  });
});

describe('exec credential plugins', () => {
  const plugin = async (script: string) => {
    const file = path.join(dir, 'plugin.sh');
    await writeFile(file, `#!/bin/sh\necho run >> "${dir}/runs"\n${script}\n`);
    await chmod(file, 0o755);
    await rm(path.join(dir, 'runs'), { force: true });
  };
  const runs = async () => (await readFile(path.join(dir, 'runs'), 'utf8')).split('\n').length - 1;
  const user = (version: string, more: object = {}) => ({
    exec: {
      apiVersion: `client.authentication.k8s.io/${version}`,
      command: './plugin.sh',
      interactiveMode: 'Never',
      ...more,
    },
  });
  const credential = (version: string, status: object) =>
    JSON.stringify({ kind: 'ExecCredential', apiVersion: `client.authentication.k8s.io/${version}`, status });

  test.each(['v1', 'v1beta1', 'v1alpha1'])('%s: token, with arguments and environment', async (version) => {
    await plugin(`printf '%s' "$KUBERNETES_EXEC_INFO" > "${dir}/info"
test "$1 $2" = "get token" && test "$COLOUR" = "red" || exit 3
echo '${credential(version, { token: 'from-plugin' })}'`);
    const args = { args: ['get', 'token'], env: [{ name: 'COLOUR', value: 'red' }] };
    const api = await withUser(user(version, args));
    await Promise.all([api.get('/x'), api.get('/y')]);
    expect(server.seen.map((each) => each.headers.authorization)).toEqual([
      'Bearer from-plugin',
      'Bearer from-plugin',
    ]);
    expect(await runs()).toBe(1);
    expect(JSON.parse(await readFile(path.join(dir, 'info'), 'utf8'))).toEqual({
      kind: 'ExecCredential',
      apiVersion: `client.authentication.k8s.io/${version}`,
      spec: { interactive: false },
    });
  });

  test('is told of the cluster when it asks for it', async () => {
    await plugin(
      `printf '%s' "$KUBERNETES_EXEC_INFO" > "${dir}/info"\necho '${credential('v1', { token: 't' })}'`,
    );
    const extension = { name: 'client.authentication.k8s.io/exec', extension: { audience: 'a' } };
    const api = await withUser(user('v1', { provideClusterInfo: true }), {}, { extensions: [extension] });
    await api.get('/x');
    const info = JSON.parse(await readFile(path.join(dir, 'info'), 'utf8')) as { spec: { cluster: unknown } };
    expect(info.spec.cluster).toEqual({
      server: server.url,
      'certificate-authority-data': base64(pki.ca),
      config: { audience: 'a' },
    });
  });

  test('client certificate', async () => {
    const status = { clientCertificateData: alice.cert, clientKeyData: alice.key };
    await writeFile(path.join(dir, 'credential.json'), credential('v1', status));
    await plugin(`cat "${dir}/credential.json"`);
    await (await withUser(user('v1'))).get('/x');
    expect(seenLast()?.clientName).toBe('alice');
  });

  test('is kept until it expires, and asked once more after a 401', async () => {
    now = Date.parse('2030-01-01T00:00:00Z');
    const status = { token: 'X', expirationTimestamp: '2030-01-01T0N:10:00Z' };
    await plugin(
      `n=$(($(wc -l < "${dir}/runs"))); echo '${credential('v1', status)}' | sed "s/X/token-$n/;s/N/$n/"`,
    );
    const api = await withUser(user('v1'));
    const tokens = async (times: number) => {
      for (let time = 0; time < times; time += 1) await api.get('/x');
      return server.seen.splice(0).map((each) => each.headers.authorization?.replace('Bearer token-', ''));
    };
    expect(await tokens(2)).toEqual(['1', '1']);
    now += 71 * 60_000;
    expect(await tokens(1)).toEqual(['2']);
    refuse = (authorization) => authorization?.endsWith('2') === true;
    expect(await tokens(2)).toEqual(['2', '3', '3']);
    refuse = () => true;
    await expect(api.get('/x')).rejects.toMatchObject({ exitCode: 4, code: 401 });
    expect(await runs()).toBe(4);
  });

  test.each([
    ['exit 1; fails with its words', `echo 'please \u001b[31mlog in' >&2; exit 1`, 'failed with exit code 1'],
    ['no JSON', 'echo hello', 'did not print JSON'],
    [
      'another version',
      `echo '${credential('v1beta1', { token: 't' })}'`,
      'did not print an ExecCredential of client.authentication.k8s.io/v1',
    ],
    ['nothing in it', `echo '${credential('v1', {})}'`, 'gave neither a token nor a certificate'],
    [
      'half a certificate',
      `echo '${credential('v1', { clientKeyData: 'k' })}'`,
      'gave only one of certificate and key',
    ],
  ])('%s', async (_what, script, words) => {
    await plugin(script);
    const api = await withUser(user('v1'));
    const error = await api.get('/x').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ exitCode: 4, message: expect.stringContaining(words) });
    if (script.startsWith("echo 'please")) expect(error).toMatchObject({ details: ['please [31mlog in'] });
    expect(server.seen).toHaveLength(0);
  });

  test('that is not installed: its install hint', async () => {
    const more = { command: 'no-such-plugin', installHint: 'brew install\nno-such-plugin' };
    const error = await (await withUser(user('v1', more))).get('/x').catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      message: 'The credential plugin no-such-plugin is not installed (not found in PATH).',
      hint: 'brew install no-such-plugin',
      exitCode: 4,
    });
  });

  test('that must ask a person, without a terminal', async () => {
    await expect(withUser(user('v1', { interactiveMode: 'Always' }))).rejects.toThrow('there is no terminal');
  });

  test('an unknown version, and v1 without interactiveMode', async () => {
    await expect(withUser(user('v2'))).rejects.toThrow('"client.authentication.k8s.io/v2" is not known');
    await expect(withUser(user('v1', { interactiveMode: undefined }))).rejects.toThrow('interactiveMode');
  });

  test('may take longer than a call, but not for ever', async () => {
    await plugin(`sleep 0.3; echo '${credential('v1', { token: 't' })}'`);
    await (await withUser(user('v1'))).get('/x', { timeoutMs: 200 });
    expect(server.seen).toHaveLength(1);
    await plugin('sleep 5');
    const api = await withUser(user('v1'), { pluginTimeoutMs: 200 });
    await expect(api.get('/x')).rejects.toThrow('did not end within 0.2 s');
    await expect(api.get('/x', { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });
});

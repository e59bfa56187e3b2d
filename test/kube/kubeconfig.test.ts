import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { NetdebugError } from '../../src/errors.js';
import { parseKubeconfig, readKubeconfig } from '../../src/kube/kubeconfig.js';
import { resolveSettings } from '../../src/kube/resolve-settings.js';
import type { ConnectFlags } from '../../src/kube/settings.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'netdebug-kubeconfig-'));
  await mkdir(path.join(dir, 'home', '.kube'), { recursive: true });
  await mkdir(path.join(dir, 'sub'));
  await writeFile(path.join(dir, 'a.yaml'), FIRST);
  await writeFile(path.join(dir, 'sub', 'b.yaml'), SECOND);
  await writeFile(path.join(dir, 'home', '.kube', 'config'), FIRST);
  await writeFile(path.join(dir, 'empty.yaml'), '');
});
afterAll(() => rm(dir, { recursive: true }));

const FIRST = `
apiVersion: v1
kind: Config
clusters:
- {name: c, cluster: {server: "https://a:6443/prefix/", certificate-authority: pki/ca.crt, tls-server-name: inner}}
users:
- {name: red, user: {token: one}}
contexts:
- {name: x, context: {cluster: c, user: red}}
- {name: broken, context: {cluster: gone, user: red}}
- {name: nobody, context: {cluster: c, user: gone}}
`;
const SECOND = `
current-context: y
clusters:
- {name: c, cluster: {server: "https://b:6443", insecure-skip-tls-verify: true}}
- {name: d, cluster: {server: "https://d:6443", insecure-skip-tls-verify: true, proxy-url: "socks5://p:1080"}}
users:
- {name: red, user: {token: two, client-certificate: c.crt, client-key: c.key}}
- name: blue
  user:
    tokenFile: tok/en
    client-certificate-data: QUJD
    client-key: keys/k.pem
    as: someone
    as-groups: [g1, g2]
    as-uid: "7"
    as-user-extra: {"scope s": [v]}
    exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/plugin, interactiveMode: Never}
contexts:
- {name: x, context: {cluster: d, user: blue, namespace: other}}
- {name: y, context: {cluster: d, user: blue, namespace: shop}}
`;

const read = (...files: string[]) =>
  readKubeconfig({
    env: { KUBECONFIG: files.map((file) => (file === '' ? '' : path.join(dir, file))).join(path.delimiter) },
    homeDir: path.join(dir, 'home'),
  });
const settingsOf = async (flags: ConnectFlags = {}, ...files: string[]) =>
  resolveSettings(await read(...(files.length > 0 ? files : ['a.yaml', 'sub/b.yaml'])), flags, {
    env: {},
    serviceAccountDir: path.join(dir, 'nothing'),
  });
const failure = async (promise: Promise<unknown>): Promise<NetdebugError> => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof NetdebugError)) throw new Error(`expected a NetdebugError, got ${String(error)}`);
  return error;
};

describe('reading and merging', () => {
  test('the first file to name an entry wins as a whole; the first current-context counts', async () => {
    const config = await read('a.yaml', 'missing.yaml', '', 'sub/b.yaml', 'a.yaml');
    expect(config?.currentContext).toBe('y');
    expect(config?.users.get('red')).toEqual({ token: 'one' });
    expect(config?.contexts.get('x')).toEqual({ cluster: 'c', user: 'red' });
    expect([...(config?.clusters.keys() ?? [])].sort()).toEqual(['c', 'd']);
    expect(config?.files).toHaveLength(2);
  });

  test('relative paths are relative to their file, a plugin with a path too', async () => {
    const config = await read('a.yaml', 'sub/b.yaml');
    expect(config?.clusters.get('c')?.['certificate-authority']).toBe(path.join(dir, 'pki/ca.crt'));
    expect(config?.users.get('blue')).toMatchObject({
      tokenFile: path.join(dir, 'sub/tok/en'),
      'client-key': path.join(dir, 'sub/keys/k.pem'),
      exec: { command: path.join(dir, 'sub/bin/plugin') },
    });
  });

  test('KUBECONFIG unset or of empty parts means ~/.kube/config; --kubeconfig stands alone', async () => {
    const places = { homeDir: path.join(dir, 'home') };
    expect((await readKubeconfig({ ...places, env: {} }))?.files).toEqual([
      path.join(dir, 'home/.kube/config'),
    ]);
    expect(
      (await readKubeconfig({ ...places, env: { KUBECONFIG: path.delimiter } }))?.contexts.has('x'),
    ).toBe(true);
    const explicit = path.join(dir, 'sub/b.yaml');
    const env = { KUBECONFIG: path.join(dir, 'a.yaml') };
    expect((await readKubeconfig({ ...places, env, explicit }))?.files).toEqual([explicit]);
  });

  test('no file at all is undefined, an empty one is an empty kubeconfig', async () => {
    expect(await readKubeconfig({ env: {}, homeDir: path.join(dir, 'nothing') })).toBeUndefined();
    expect((await read('empty.yaml'))?.contexts.size).toBe(0);
  });

  test('--kubeconfig that is not there', async () => {
    const error = await failure(readKubeconfig({ env: {}, homeDir: dir, explicit: path.join(dir, 'nope') }));
    expect(error.message).toContain('There is no kubeconfig');
    expect(error.exitCode).toBe(4);
  });

  test.each([
    ['a: [b', 'is not YAML'],
    ['- x', 'is not a mapping'],
    ['clusters: {}', 'clusters is not a list'],
    ['users: [{name: 7}]', 'name is not a string'],
    ['users: [{name: a}, {name: a}]', 'names "a" twice'],
    ['current-context: [x]', 'current-context is not a string'],
  ])('%s is refused with file and key', (text, words) => {
    expect(() => parseKubeconfig(text, '/k/config')).toThrow(words);
    expect(() => parseKubeconfig(text, '/k/config')).toThrow('/k/config');
  });
});

describe('choosing', () => {
  test('the current context, its namespace, cluster and user', async () => {
    const settings = await settingsOf();
    expect(settings).toMatchObject({
      context: 'y',
      namespace: 'shop',
      server: 'https://d:6443',
      insecure: true,
      proxyUrl: 'socks5://p:1080',
      user: {
        name: 'blue',
        clientCertificate: { data: 'QUJD' },
        clientKey: { file: path.join(dir, 'sub/keys/k.pem') },
        impersonate: { user: 'someone', groups: ['g1', 'g2'], uid: '7', extra: { 'scope s': ['v'] } },
      },
    });
  });

  test('flags win: context, namespace, cluster, user, as', async () => {
    const settings = await settingsOf({
      context: 'x',
      namespace: 'n',
      user: 'blue',
      cluster: 'd',
      as: 'me',
      asGroup: ['z'],
    });
    expect(settings).toMatchObject({
      context: 'x',
      namespace: 'n',
      server: 'https://d:6443',
      user: { name: 'blue' },
    });
    expect(settings.user.impersonate).toMatchObject({ user: 'me', groups: ['z'] });
  });

  test('a prefix of the server stays, its last slash goes; tls-server-name goes with the server it belongs to', async () => {
    expect(await settingsOf({ context: 'x' })).toMatchObject({
      server: 'https://a:6443/prefix',
      tlsServerName: 'inner',
    });
    expect((await settingsOf({ context: 'x', server: 'https://z' })).tlsServerName).toBeUndefined();
    expect((await settingsOf({ context: 'x', server: 'https://z', tlsServerName: 'q' })).tlsServerName).toBe(
      'q',
    );
  });

  test('--insecure-skip-tls-verify and --certificate-authority replace what the kubeconfig says', async () => {
    expect(await settingsOf({ context: 'x', insecureSkipTlsVerify: true })).toMatchObject({
      insecure: true,
      certificateAuthority: undefined,
    });
    expect(await settingsOf({ certificateAuthority: '/ca' })).toMatchObject({
      insecure: false,
      certificateAuthority: { file: '/ca' },
    });
    await expect(settingsOf({ insecureSkipTlsVerify: true, certificateAuthority: '/ca' })).rejects.toThrow(
      'exclude each other',
    );
  });

  test('--token takes the place of token and tokenFile', async () => {
    expect((await settingsOf({ token: 'mine' })).user).toMatchObject({ token: 'mine', tokenFile: undefined });
  });

  test('--server alone is enough', async () => {
    const settings = await resolveSettings(undefined, { server: 'localhost:8080' }, { env: {} });
    expect(settings).toMatchObject({ server: 'http://localhost:8080', namespace: 'default' });
  });

  test('an unknown context lists those there are', async () => {
    const error = await failure(settingsOf({ context: 'nope' }));
    expect(error.message).toBe('There is no context "nope" in the kubeconfig.');
    expect(error.hint).toBe('Choose one with --context: broken, nobody, x, y');
    expect(error.exitCode).toBe(4);
  });

  test('no current context lists those there are', async () => {
    const error = await failure(settingsOf({}, 'a.yaml'));
    expect(error.message).toContain('no current context');
    expect(error.hint).toContain('broken, nobody, x');
  });

  test('no kubeconfig at all', async () => {
    const error = await failure(resolveSettings(undefined, {}, { env: {}, serviceAccountDir: dir }));
    expect(error.message).toContain('There is no kubeconfig');
    expect(error.hint).toContain('KUBECONFIG');
    expect(error.exitCode).toBe(4);
  });

  test('a context whose cluster or user is missing', async () => {
    expect((await failure(settingsOf({ context: 'broken' }))).message).toContain('no cluster "gone"');
    expect((await failure(settingsOf({ context: 'nobody' }))).message).toContain('no user "gone"');
  });

  test('a group cannot be impersonated alone', async () => {
    await expect(settingsOf({ context: 'x', asGroup: ['g'] })).rejects.toThrow('without a user');
  });

  test.each(['ftp://x', 'https://', ''])('the server %j is refused', async (server) => {
    const text = `{current-context: x, contexts: [{name: x, context: {cluster: c}}], clusters: [{name: c, cluster: {server: "${server}"}}]}`;
    await writeFile(path.join(dir, 'server.yaml'), text);
    await expect(settingsOf({}, 'server.yaml')).rejects.toThrow('not an http or https URL');
  });
});

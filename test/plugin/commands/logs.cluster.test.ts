import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { run } from '../../../plugin/run.js';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { deployment, namespace, pod, service } from '../../cluster/manifests.js';
import { fakeEnvironment, runWords } from '../environment.js';

/** Logs of real containers: what they say, what the instance before a restart said, and who may read it. */
let cluster: TestCluster;
let reader: string;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const file = new URL('../../../manifests/rbac/logs.yaml', import.meta.url);
const role = parse(readFileSync(file, 'utf8')) as { readonly rules: readonly Rule[] };
/** Of the Role netdebug-targets. */
const targets: Rule = { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] };

const stay = 'while :; do sleep 1; done';
const shell = (script: string): readonly string[] => ['sh', '-c', `${script}; ${stay}`];

beforeAll(async () => {
  cluster = await startCluster({
    nodes: 1,
    objects: [
      namespace('shop'),
      service({ name: 'api', namespace: 'shop', selector: { app: 'api' }, ports: [{ port: 80 }] }),
      pod({
        name: 'web',
        namespace: 'shop',
        labels: { app: 'web' },
        container: 'app',
        command: shell(
          'echo starting; for i in 1 2 3; do echo "Get http://api:80/: dial tcp: connect: connection refused"; done; bash -c "</dev/tcp/127.0.0.1/9"; echo done',
        ),
      }),
      pod({
        name: 'fell',
        namespace: 'shop',
        container: 'app',
        spec: {
          volumes: [{ name: 'kept', emptyDir: {} }],
          containers: [
            {
              name: 'app',
              image: 'registry.example/toolbox:1',
              command: [
                'sh',
                '-c',
                `if [ ! -e /kept/once ]; then touch /kept/once; echo "listen tcp :8080: bind: address already in use"; exit 1; fi; echo up; ${stay}`,
              ],
              volumeMounts: [{ name: 'kept', mountPath: '/kept' }],
            },
          ],
        },
      }),
      pod({
        name: 'coredns-1',
        namespace: 'kube-system',
        labels: { 'k8s-app': 'kube-dns' },
        command: shell(
          'echo "[ERROR] plugin/errors: 2 a.example. A: read udp 10.1.0.4:5->10.0.0.2:53: i/o timeout"',
        ),
      }),
      pod({
        name: 'ingress-1',
        namespace: 'ingress',
        labels: { 'app.kubernetes.io/name': 'ingress-nginx' },
        command: shell('echo up'),
      }),
      pod({ name: 'calm', namespace: 'shop', command: shell('echo all is well, timeout=30s') }),
      deployment({
        name: 'team',
        namespace: 'shop',
        replicas: 2,
        command: shell('echo "getaddrinfo ENOTFOUND db"'),
      }),
    ],
  });
  reader = await cluster.user('reader', { namespace: 'shop', rules: [...role.rules, targets] });
  await cluster.apply(pod({ name: 'never', namespace: 'shop', image: 'registry.example/not-found' }));
  await until(async () => (await logs(reader, 'web', '--lines', '-o', 'json')).out.includes('/dev/tcp'));
  await until(async () => (await logs(reader, 'fell')).code === 1);
}, 90_000);
afterAll(() => cluster.stop());

const logs = (kubeconfig: string, ...words: string[]) =>
  runWords(['logs', ...words, '--kubeconfig', kubeconfig, '-n', 'shop']);

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 100));
}

interface Report {
  readonly kind: string;
  readonly hits: number;
  readonly groups: readonly {
    readonly pattern: string;
    readonly count: number;
    readonly peer?: { readonly object?: string };
  }[];
  readonly logs: readonly {
    readonly pod: string;
    readonly container: string;
    readonly previous: boolean;
    readonly error?: string;
  }[];
}

const lastOf = (out: string): Report => JSON.parse(out.trim().split('\n').at(-1) ?? '') as Report;

describe('logs of a cluster', () => {
  test('counts by pattern and peer, resolves the peer, and exits with 1', async () => {
    const { code, out, err } = await logs(reader, 'web');
    expect(code).toBe(1);
    expect(out).toMatch(/^COUNT +PATTERN +PEER +LAST +TREND +CODES +LOGS\n/);
    expect(out).toMatch(/^3 +connection-refused +svc shop\/api:80 \(api\) .*shop\/web\/app$/m);
    // What bash itself said of a real refusal.
    expect(out).toMatch(/^1 +connection-refused +127\.0\.0\.1:9 /m);
    expect(err).toContain('1 log with');
    expect(err).toContain('5 speak of network trouble');
  });

  test('the instance before a restart is read, unless it is not wanted', async () => {
    const { code, out } = await logs(reader, 'fell', '-o', 'json');
    expect(code).toBe(1);
    expect(lastOf(out).logs).toMatchObject([{ previous: true }, { previous: false }]);
    expect(lastOf(out).groups).toMatchObject([{ pattern: 'address-in-use', count: 1 }]);
    expect((await logs(reader, 'fell', '--previous=false')).code).toBe(0);
  });

  test('all pods of a workload, and several targets', async () => {
    const { code, out } = await logs(reader, 'deploy/team', 'web', 'calm', '-o', 'json');
    expect(code).toBe(1);
    const report = lastOf(out);
    expect(report.logs.map(({ pod: name }) => name.replace(/-.*/, ''))).toEqual([
      'team',
      'team',
      'web',
      'calm',
    ]);
    expect(report.groups.map(({ pattern, count }) => `${pattern} ${count}`)).toContain('no-such-host 2');
    expect(out.split('\n').filter((line) => line.includes('"LogHit"'))).toHaveLength(report.hits);
  });

  test('a quiet log is 0, and says so', async () => {
    const { code, out, err } = await logs(reader, 'calm');
    expect([code, out]).toEqual([0, '']);
    expect(err).toContain('none speaks of network trouble');
  });

  test('only what is younger than --since', async () => {
    expect((await logs(reader, 'web', '--since', '1h')).code).toBe(1);
    // All of it was written at the start.
    await until(async () => (await logs(reader, 'web', '--since', '1s')).code === 0);
  });

  test('lines with those around them, and only of one pattern', async () => {
    const { out } = await logs(reader, 'web', '--around', '1', '--pattern', 'connection-refused');
    expect(out).toContain('    starting\n  > Get http://api:80/: dial tcp: connect: connection refused\n');
  });

  test('follows until Ctrl-C', async () => {
    const environment = fakeEnvironment([
      'logs',
      'web',
      '--follow',
      '-o',
      'json',
      '--kubeconfig',
      reader,
      '-n',
      'shop',
    ]);
    let out = '';
    const ended = run(environment);
    await until(() => {
      out += environment.out();
      return Promise.resolve(out.includes('/dev/tcp'));
    });
    environment.stop({ kind: 'interrupted', signal: 'SIGINT' });
    expect(await ended).toBe(130);
    expect(out.split('\n').filter((line) => line.includes('"LogHit"'))).toHaveLength(5);
  });

  test('everything on the way: both ends, CoreDNS, and what may not be looked for', async () => {
    const { out, err } = await logs(cluster.kubeconfig, '--path', 'web', 'pod/calm', '-o', 'json');
    expect(lastOf(out).logs.map(({ pod: name }) => name)).toEqual(['web', 'calm', 'coredns-1', 'ingress-1']);
    expect(lastOf(out).groups.map(({ pattern }) => pattern)).toContain('coredns-upstream');
    expect(err).not.toContain('not read');
    const own = await logs(reader, '--path', 'web', 'pod/calm');
    expect(own.code).toBe(1);
    expect(own.err).toContain('not read: CoreDNS and node-local DNS: not allowed to list pods');
  });

  test.each([
    ['get', 'pods', ['web'], 5],
    ['list', 'pods', ['deploy/team'], 5],
    ['get', 'pods/log', ['web'], 5],
    ['get', 'deployments', ['deploy/team'], 5],
    // Only the names of addresses are missing then.
    ['list', 'services', ['web'], 1],
  ])('without the right to %s %s of the Role', async (verb, resource, words, expected) => {
    const rules = [...role.rules, targets].map((rule) =>
      rule.resources.includes(resource)
        ? { ...rule, verbs: rule.verbs.filter((each) => each !== verb) }
        : rule,
    );
    const user = `without-${verb}-${resource.replace('/', '-')}`;
    const { code, out, err } = await logs(await cluster.user(user, { namespace: 'shop', rules }), ...words);
    expect(code).toBe(expected);
    if (code === 5) expect(err).toContain(`may not ${verb} ${resource}`);
    else expect(out).toMatch(/^3 +connection-refused +api:80 /m);
  });

  test('what does not exist, never started, or is no pattern', async () => {
    expect(await logs(reader, 'nosuch')).toMatchObject({ code: 6, out: '' });
    expect((await logs(reader, 'never')).code).toBe(6);
    expect((await logs(reader, 'web', '-c', 'nosuch')).code).toBe(6);
    const { code, err } = await logs(reader, 'web', '--pattern', 'connection-refusd');
    expect(code).toBe(2);
    expect(err).toContain('Did you mean connection-refused?');
  });
});

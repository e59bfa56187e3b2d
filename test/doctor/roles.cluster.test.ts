/** Every command works with the roles of manifests/rbac that it names and nothing more, and names what is missing with one right less. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
// jest cannot load two modules at a time that import a third; loaded here, they are there when the commands ask for them.
import '../../plugin/attach.js';
import '../../plugin/capture.js';
import '../../plugin/diagnoseprobes.js';
import '../../plugin/diagnoserun.js';
import '../../plugin/doctor.js';
import '../../plugin/matrix.js';
import '../../plugin/ping.js';
import '../../plugin/policy.js';
import '../../plugin/pulled.js';
import '../../plugin/options/profilefile.js';
import '../../plugin/print/connect.js';
import '../../plugin/print/dns.js';
import '../../plugin/print/http.js';
import '../../plugin/print/interfaces.js';
import '../../plugin/print/throughput.js';
import '../../plugin/print/trace.js';
import { commands } from '../../plugin/run.js';
import '../../src/debugger/attached.js';
import '../../src/debugger/ensure.js';
import '../../src/debugger/fate.js';
import '../../src/debugger/lifeline.js';
import '../../src/kube/connect.js';
import '../../src/target/endpoints.js';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { listener, service } from '../cluster/manifests.js';
import { realClock } from '../debugger/fakes.js';
import { runWords } from '../plugin/environment.js';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const folder = new URL('../../manifests/rbac/', import.meta.url);
const roles = new Map(
  readdirSync(folder).flatMap((file) =>
    parseAllDocuments(readFileSync(new URL(file, folder), 'utf8')).map((document) => {
      const { kind, metadata, rules } = document.toJS() as {
        readonly kind: string;
        readonly metadata: { readonly name: string };
        readonly rules: readonly Rule[];
      };
      return [`${kind} ${metadata.name}`, rules] as [string, readonly Rule[]];
    }),
  ),
);

const debug = ['Role netdebug'];
const sampleProfile = fileURLToPath(new URL('../profiles/capture-only.yaml', folder));
const reading = ['ClusterRole netdebug-diagnose'];

interface Trial {
  readonly words: readonly string[];
  readonly roles: readonly string[];
  /** `verb resource`, without which it is refused (5), and says so. */
  readonly needs: readonly string[];
  /** Exit code with the roles, where it is another than 0: nothing listens on port 9. */
  readonly code?: number;
}

const inPod = ['get pods', 'patch pods/ephemeralcontainers', 'get pods/exec', 'create pods/exec'];
const trials: readonly Trial[] = [
  { words: ['ping', 'web', '127.0.0.1', '-c', '1'], roles: debug, needs: inPod },
  { words: ['netstat', 'web'], roles: debug, needs: inPod },
  { words: ['capture', 'web', '-w', '/dev/null', '--duration', '100ms'], roles: debug, needs: inPod },
  {
    words: ['capture', 'web', '-w', '/dev/null', '--duration', '100ms', '--profile', sampleProfile],
    roles: debug,
    needs: [],
  },
  { words: ['connect', 'web', '127.0.0.1:9'], roles: debug, needs: inPod, code: 1 },
  {
    words: ['connect', 'web', 'svc/api:80'],
    roles: [...debug, 'Role netdebug-targets'],
    needs: [...inPod, 'get services'],
  },
  { words: ['dns', 'web', 'localhost'], roles: debug, needs: inPod },
  { words: ['http', 'web', 'http://127.0.0.1:8080/'], roles: debug, needs: inPod },
  { words: ['interfaces', 'web'], roles: debug, needs: inPod },
  { words: ['mtu', 'web', '127.0.0.1'], roles: debug, needs: inPod },
  { words: ['trace', 'web', '127.0.0.1'], roles: debug, needs: inPod },
  { words: ['throughput', 'web', 'other', '--time', '1s'], roles: debug, needs: inPod },
  {
    words: ['matrix', 'web', 'other', '--port', '8080'],
    roles: [...debug, 'Role netdebug-matrix'],
    needs: inPod,
  },
  { words: ['exec', 'web', '--', 'true'], roles: debug, needs: inPod },
  { words: ['pull', 'web', '/etc/passwd', '-'], roles: debug, needs: inPod },
  { words: ['list'], roles: debug, needs: ['list pods'] },
  { words: ['stop'], roles: debug, needs: ['list pods', 'get pods/exec', 'create pods/exec'] },
  { words: ['doctor', 'web'], roles: debug, needs: ['get pods'] },
];

let cluster: TestCluster;

beforeAll(async () => {
  const web = { namespace: 'shop', on: ['http://0.0.0.0:8080'], ports: [{ containerPort: 8080 }] };
  cluster = await startCluster({
    nodes: 1,
    network: { dns: true },
    objects: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'a' } } },
      listener({ name: 'web', labels: { app: 'api' }, ...web }),
      listener({ name: 'other', ...web }),
      service({
        name: 'api',
        namespace: 'shop',
        selector: { app: 'api' },
        ports: [{ port: 80, targetPort: 8080 }],
      }),
      // Its endpoints stand in slices alone.
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'manual', namespace: 'shop' },
        spec: { ports: [{ port: 80 }] },
      },
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'open', namespace: 'shop' },
        spec: {
          podSelector: {},
          policyTypes: ['Ingress'],
          ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'a' } } }] }],
        },
      },
    ],
  });
}, 90_000);
afterAll(() => cluster.stop());

/** A user with these roles, but for one right. */
function userWith(names: readonly string[], without?: string): Promise<string> {
  const rulesOf = (kind: string): Rule[] =>
    names
      .filter((name) => name.startsWith(`${kind} `))
      .flatMap((name) => roles.get(name) ?? [])
      .flatMap(({ apiGroups, resources, verbs }) =>
        resources.map((resource) => ({
          apiGroups,
          resources: [resource],
          verbs: verbs.filter((verb) => `${verb} ${resource}` !== without),
        })),
      );
  const user = `${names.join('-')}-${without ?? 'all'}`.toLowerCase().replace(/[^a-z]+/g, '-');
  return cluster.user(user, {
    namespace: 'shop',
    rules: rulesOf('Role'),
    clusterRules: rulesOf('ClusterRole'),
  });
}

/** Flags before `--`. */
function withFlags(words: readonly string[], ...flags: readonly string[]): string[] {
  const at = words.indexOf('--');
  return at < 0 ? [...words, ...flags] : [...words.slice(0, at), ...flags, ...words.slice(at)];
}

async function run(words: readonly string[], kubeconfig: string, fresh: boolean) {
  const flags = ['--kubeconfig', kubeconfig, '-n', 'shop', ...(fresh ? ['--fresh', '--ttl', '20s'] : [])];
  return runWords(withFlags(words, ...flags), {
    clock: { ...realClock, every: () => () => undefined },
    random: Math.random,
  });
}

test('every command that talks to a cluster is tried, here or in a file of its own', () => {
  // shell is exec with a terminal (test/e2e/terminal.test.ts); the last ones ask a cluster for no more than
  // the others do, or for nothing; diagnose is below.
  const elsewhere = [
    'tcpdump',
    'policy',
    'logs',
    'shell',
    'diagnose',
    'wireshark',
    'extcap',
    'completion',
    'explain',
    'version',
  ];
  const tried = new Set([...trials.map(({ words }) => words[0]), ...elsewhere]);
  expect(commands.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
});

describe.each(trials)('$words', ({ words, roles: names, needs, code = 0 }) => {
  test('its roles are enough', async () => {
    const { err, ...result } = await run(words, await userWith(names), false);
    expect({ ...result, refused: /may not|forbidden/.test(err) }).toMatchObject({ code, refused: false });
  });

  const fresh = words[0] !== 'list' && words[0] !== 'stop' && words[0] !== 'doctor';
  if (needs.length === 0) return;
  test.each(needs)('without %s it is refused, and that is named', async (right) => {
    // Something to be stopped.
    if (words[0] === 'stop') await run(['netstat', 'web'], cluster.kubeconfig, false);
    const { code: refused, err, out } = await run(words, await userWith(names, right), fresh);
    expect(refused).toBe(5);
    const [verb = '', resource = ''] = right.split(' ');
    const named = resource === 'pods/exec' ? 'get and create pods/exec' : `${verb} ${resource}`;
    expect(`${err}${out}`).toContain(`may not ${named} in namespace shop`);
  });
});

describe('policy', () => {
  const flow = ['policy', 'pod/web', 'svc/api:80'];
  const address = ['policy', 'pod/web', '10.96.0.1:443'];
  const all = ['policy', '--all-pairs', '-A'];
  const node = ['policy', 'pod/web', 'node/node-1:80'];

  test.each([[flow], [address], [all], [node]])('the ClusterRole is enough for %j', async (words) => {
    const { code, out, err } = await run(words, await userWith(reading), false);
    expect(code).toBe(0);
    expect(`${out}${err}`).not.toMatch(/forbidden|may not/);
  });

  // That there is nothing of the name is told only to those who may look.
  const none = (kind: string) => ['policy', `${kind}/none`, 'pod/web:80'];
  test.each<[string, readonly string[], number, string]>([
    ['list pods', flow, 5, 'may not list pods'],
    ['list services', flow, 5, 'may not list services'],
    ['list nodes', node, 5, 'may not list nodes'],
    ['list deployments', none('deploy'), 5, 'may not list deployments'],
    ['list replicasets', none('rs'), 5, 'may not list replicasets'],
    ['list statefulsets', none('sts'), 5, 'may not list statefulsets'],
    ['list daemonsets', none('ds'), 5, 'may not list daemonsets'],
    ['list jobs', none('job'), 5, 'may not list jobs'],
    ['list replicationcontrollers', none('rc'), 5, 'may not list replicationcontrollers'],
    ['list networkpolicies', flow, 3, 'forbidden: list networkpolicies'],
    ['get namespaces', flow, 3, 'namespace'],
    ['list namespaces', all, 0, '"unknown":\\["ALL"\\][^]*for want of this: forbidden: list namespaces'],
    ['list endpointslices', ['policy', 'pod/web', 'svc/manual:80'], 3, 'forbidden: list endpointslices'],
  ])('without %s, %j says so', async (right, words, expected, named) => {
    const { code, out, err } = await run([...words, '-o', 'json'], await userWith(reading, right), false);
    expect(`${out}${err}`).toMatch(new RegExp(named));
    expect(code).toBe(expected);
  });
});

describe('diagnose', () => {
  const both = [...debug, ...reading];
  const words = ['diagnose', 'other', 'svc/api'];

  test('its roles are enough for objects and probes', async () => {
    const { code, out } = await run(words, await userWith(both), false);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/✓ REACHABLE/) });
    expect(out).not.toMatch(/not checked|may not|forbidden/);
    expect(out).toMatch(/probe .*connections/);
  });

  test.each(inPod)('without %s it answers from the objects, and says what was not probed', async (right) => {
    const { code, out } = await run(words, await userWith(both, right), true);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/✓ REACHABLE/) });
    const [verb = '', resource = ''] = right.split(' ');
    const named = resource === 'pods/exec' ? 'get and create pods/exec' : `${verb} ${resource}`;
    const told = new RegExp(`not checked: probes in shop/other \\(.* may not ${named} in namespace shop\\)`);
    expect(out.replaceAll(/\s+/g, ' ')).toMatch(told);
  });

  test('--dry-run prints what would be injected and sent, and changes nothing', async () => {
    const { code, out, err } = await run([...words, '--dry-run'], await userWith(both), true);
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('nothing was changed') });
    expect(out).toMatch(/^apiVersion: netdebug\/v1\nkind: DryRun$/m);
    expect(out).toContain('ephemeralContainers');
    expect(out).toContain('DNS api.shop.svc from shop/other');
  });
});

/** manifests/rbac/debug.yaml is enough, and nothing in it is too much: with each right taken away, something that needs it fails. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { deployment, pod, service } from '../cluster/manifests.js';
import { makeHome, type ProgramResult, runProgram, startProgram } from './program.js';

const execute = promisify(execFile);
const namespace = 'shop';
const file = fileURLToPath(new URL('../../manifests/rbac/debug.yaml', import.meta.url));

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** One verb on one resource. */
interface Right {
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
}

const roles = parseAllDocuments(readFileSync(file, 'utf8')).map(
  (document) => document.toJS() as { metadata: { name: string }; rules: readonly Rule[] },
);

function rightsOf(name: string): Right[] {
  const rules = roles.find(({ metadata }) => metadata.name === name)?.rules ?? [];
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => ({ group, resource, verb }))),
    ),
  );
}

const named = ({ resource, verb }: Right): string => `${verb} ${resource}`;
const base = rightsOf('netdebug');
const targets = rightsOf('netdebug-targets');

const { home, remove } = makeHome();
let cluster: TestCluster;

beforeAll(async () => {
  const shared = { namespace, command: ['/bin/httpd', '-f', '-p', '8080'], image: 'registry.example/web' };
  const template = (app: string) => ({
    metadata: { labels: { app } },
    spec: pod({ name: app, ...shared }).spec,
  });
  const workload = (kind: string, name: string) => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace },
    spec: { selector: { matchLabels: { app: name } }, template: template(name) },
  });
  cluster = await startCluster({
    nodes: 1,
    objects: [
      pod({ name: 'web', labels: { app: 'web' }, ...shared }),
      pod({ name: 'bare', namespace, image: 'registry.example/toolbox-no-tcpdump' }),
      service({ name: 'api', namespace, selector: { app: 'web' }, ports: [{ port: 80 }] }),
      deployment({ name: 'front', ...shared }),
      workload('ReplicaSet', 'set'),
      workload('StatefulSet', 'db'),
      workload('DaemonSet', 'agent'),
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name: 'once', namespace },
        spec: {
          template: {
            spec: { ...(pod({ name: 'once', ...shared }).spec as object), restartPolicy: 'Never' },
          },
        },
      },
    ],
  });
  // The commands of the file's own comment, by stock kubectl.
  await kubectl('apply', '-f', file);
  await kubectl('create', 'rolebinding', 'netdebug', '--role=netdebug', '--user=debugger', '--user=owner');
  await kubectl('create', 'rolebinding', 'netdebug-targets', '--role=netdebug-targets', '--user=owner');
  for (const app of ['front', 'set', 'db', 'agent']) {
    await kubectl('wait', 'pod', '-l', `app=${app}`, '--for=condition=Ready', '--timeout=30s');
  }
  await kubectl('wait', 'pod', '-l', 'job-name=once', '--for=condition=Ready', '--timeout=30s');
}, 90_000);
afterAll(async () => {
  await cluster.stop();
  remove();
});

async function kubectl(...args: readonly string[]): Promise<void> {
  await execute('kubectl', ['--kubeconfig', cluster.kubeconfig, '-n', namespace, ...args]);
}

/** A command as a user who has nothing but what was bound to the name, or these rights. */
async function as(user: string, args: readonly string[], rights?: readonly Right[]): Promise<ProgramResult> {
  return runProgram(args, { kubeconfig: await kubeconfigOf(user, rights), env: { HOME: home } });
}

async function kubeconfigOf(user: string, rights?: readonly Right[]): Promise<string> {
  const rules = rights?.map(({ group, resource, verb }) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: [verb],
  }));
  return cluster.user(user, { namespace, ...(rules === undefined ? {} : { rules }) });
}

/** How many debug containers were ever put into a pod. */
async function injected(name: string): Promise<number> {
  const { spec } = (await cluster.get('v1', 'Pod', namespace, name)) as {
    spec: { ephemeralContainers?: unknown[] };
  };
  return spec.ephemeralContainers?.length ?? 0;
}

const done = { code: 0, stderr: expect.not.stringContaining('error') as unknown };

describe('the Role netdebug', () => {
  test('is enough for ping, netstat and capture in a pod, and for list and stop', async () => {
    const ping = await as('debugger', ['ping', 'web', '127.0.0.1', '-c', '1']);
    expect(ping).toMatchObject(done);
    expect(ping.stderr).toContain('profile netadmin');
    expect(await as('debugger', ['netstat', 'web', '--listening'])).toMatchObject(done);
    const capture = ['capture', 'web', '-w', '/dev/null', '--duration', '200ms'];
    expect(await as('debugger', capture)).toMatchObject(done);
    const list = await as('debugger', ['list', '-o', 'json']);
    const [item] = (JSON.parse(list.stdout.toString()) as { items: object[] }).items;
    expect(item).toMatchObject({ pod: 'web', tools: [], leftSeconds: expect.any(Number) as unknown });
    expect(await as('debugger', ['stop', 'web'])).toMatchObject(done);
    expect(await as('debugger', ['stop'])).toMatchObject(done);
  });

  test('is enough for tcpdump', async () => {
    const kubeconfig = await kubeconfigOf('debugger');
    const tcpdump = startProgram(['tcpdump', 'web', '--', '-n', '-i', 'lo', '-c', '1', 'icmp'], {
      kubeconfig,
      env: { HOME: home },
    });
    await tcpdump.says(/listening on lo/);
    expect(await as('debugger', ['ping', 'web', '127.0.0.1', '-c', '1'])).toMatchObject(done);
    const { code, stdout } = await tcpdump.ended;
    expect(stdout.toString()).toContain('ICMP echo request');
    expect(code).toBe(0);
  });

  test('is a right in its own namespace only', async () => {
    const { code, stderr } = await as('debugger', ['list', '-A']);
    expect(code).toBe(5);
    expect(stderr).toContain('error: User debugger may not list pods in the cluster.');
  });
});

describe('without a debug container', () => {
  const least: readonly Right[] = [
    { group: '', resource: 'pods', verb: 'get' },
    { group: '', resource: 'pods/exec', verb: 'get' },
    { group: '', resource: 'pods/exec', verb: 'create' },
  ];
  const pull = ['pull', 'bare', '/etc/passwd', '-', '-c', 'main'];
  const upload = [
    'capture',
    'pod/bare',
    '--upload',
    '/usr/bin/tcpdump',
    '-w',
    '/dev/null',
    '--duration',
    '200ms',
  ];

  test.each([[pull], [upload]])('three rights are enough for %j', async (args) => {
    expect(await as('outsider', args, least)).toMatchObject(done);
    expect(await injected('bare')).toBe(0);
  });

  test.each(least.map((right) => [named(right), right] as const))(
    'without %s they fail',
    async (name, right) => {
      const rest = least.filter((other) => other !== right);
      for (const args of [pull, upload]) {
        const { code, stderr } = await as(`outsider-without-${name.replace(/\W/g, '-')}`, args, rest);
        expect(code).toBe(5);
        expect(stderr).toContain('error: ');
      }
    },
  );
});

/** What shows that a right is needed, or only saves time. */
interface Trial {
  readonly args: readonly string[];
  /** Undefined: it works all the same. */
  readonly refused?: string;
}

const netstat = ['netstat', 'web', '--fresh', '--ttl', '60s'];
const exec: Trial = { args: netstat, refused: 'may not get and create pods/exec in namespace shop.' };
const trials: Readonly<Record<string, readonly Trial[]>> = {
  'get pods': [{ args: netstat, refused: 'may not get pods in namespace shop.' }, { args: ['list'] }],
  'list pods': [
    { args: ['list'], refused: 'may not list pods in namespace shop.' },
    { args: ['stop'], refused: 'may not list pods in namespace shop.' },
    { args: ['netstat', '-l', 'app=web'], refused: 'may not list pods in namespace shop.' },
    { args: netstat },
  ],
  'watch pods': [{ args: netstat }],
  'patch pods/ephemeralcontainers': [
    { args: netstat, refused: 'may not patch pods/ephemeralcontainers in namespace shop.' },
    // What is parked already is used on.
    { args: ['netstat', 'web'] },
  ],
  'get pods/exec': [exec, { args: ['stop', 'web'], refused: exec.refused ?? '' }, { args: ['list'] }],
  'create pods/exec': [exec, { args: ['stop', 'web'], refused: exec.refused ?? '' }, { args: ['list'] }],
  'list events': [{ args: netstat }],
};

test('every right of the Role netdebug is tried', () => {
  expect(base.map(named).sort()).toEqual(Object.keys(trials).sort());
});

describe.each(base.map((right) => [named(right), right] as const))('without %s', (name, right) => {
  test.each(trials[name] ?? [])('$args', async ({ args, refused }) => {
    // Something that runs already, to be listed and stopped.
    expect(await as('debugger', ['netstat', 'web'])).toMatchObject({ code: 0 });
    const user = `without-${name.replace(/\W/g, '-')}`;
    const before = await injected('web');
    const result = await as(
      user,
      args,
      base.filter((other) => other !== right),
    );
    if (refused === undefined) {
      expect(result).toMatchObject(done);
      return;
    }
    expect(result.code).toBe(5);
    // An access review names nobody, nor does the API server where only `create` is missing.
    expect(result.stderr).toMatch(
      new RegExp(`^error: (You|User ${user}) ${refused.replaceAll('.', '[.]')}$`, 'm'),
    );
    expect(await injected('web')).toBe(before);
    // The hint is rules to ask for, with this one among them.
    expect(result.stderr).toMatch(/^hint: Ask an administrator for this (Role|rule)/m);
    expect(result.stderr).toContain(`resources: [${right.resource}]`);
  });
});

const kinds: Readonly<Record<string, string>> = {
  'get services': 'svc/api',
  'get deployments': 'deploy/front',
  'get replicasets': 'rs/set',
  'get statefulsets': 'sts/db',
  'get daemonsets': 'ds/agent',
  'get jobs': 'job/once',
};

describe('the Role netdebug-targets', () => {
  test('every right of it is tried', () => {
    expect(targets.map(named).sort()).toEqual([...Object.keys(kinds), 'list endpointslices'].sort());
  });

  test.each(
    targets.flatMap((right) => {
      const target = kinds[named(right)];
      return target === undefined ? [] : [[target, right] as const];
    }),
  )('%s: works with both Roles, and without this one right it is named', async (target, right) => {
    expect(await as('owner', ['netstat', target, '--listening'])).toMatchObject(done);
    const user = `without-get-${right.resource}`;
    const rest = [...base, ...targets.filter((other) => other !== right)];
    const { code, stderr } = await as(user, ['netstat', target], rest);
    expect(code).toBe(5);
    const resource = right.group === '' ? right.resource : `${right.resource}.${right.group}`;
    expect(stderr).toContain(`error: User ${user} may not get ${resource} in namespace shop.\n`);
  });

  test('list endpointslices is for the endpoints of a Service, one by one; without it connect says so', async () => {
    const connect = ['connect', 'web', 'svc/api'];
    expect((await as('owner', connect)).stderr).toContain('service/api has 1 ready endpoint');
    const rest = [...base, ...targets.filter(({ resource }) => resource !== 'endpointslices')];
    const { code, stderr } = await as('without-list-endpointslices', connect, rest);
    expect(code).not.toBe(5);
    expect(stderr).toContain('may not be read (list endpointslices)');
  });

  test('a Service as the destination of ping needs it, a pod does not', async () => {
    expect(await as('debugger', ['ping', 'web', 'pod/web', '-c', '1'])).toMatchObject({ code: 0 });
    expect(await as('owner', ['ping', 'web', 'svc/api', '-c', '1'])).toMatchObject({ code: 0 });
    const { code, stderr } = await as('debugger', ['ping', 'web', 'svc/api', '-c', '1']);
    expect(code).toBe(5);
    expect(stderr).toContain('may not get services in namespace shop.');
  });
});

test('several containers refused for one reason: it is told once, also with -q', async () => {
  for (const name of ['one', 'two']) await cluster.apply(pod({ name, namespace }));
  for (const name of ['one', 'two']) {
    await cluster.ready(namespace, name);
    expect(await as('debugger', ['netstat', name])).toMatchObject({ code: 0 });
  }
  const rights = base.filter(({ resource }) => resource !== 'pods/exec');
  const { code, stderr } = await as('no-exec', ['stop', '-q'], rights);
  expect(code).toBe(5);
  expect(stderr.match(/may not get and create pods\/exec/g)).toHaveLength(1);
});

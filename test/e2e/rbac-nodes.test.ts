/** manifests/rbac/nodes.yaml is enough for tools on nodes, and what each of its rights is for. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { namespace } from '../cluster/manifests.js';
import { makeHome, type ProgramResult, runProgram } from './program.js';

const execute = promisify(execFile);
const file = fileURLToPath(new URL('../../manifests/rbac/nodes.yaml', import.meta.url));
const { home, remove } = makeHome();
let cluster: TestCluster;

interface Right {
  readonly kind: string;
  readonly resource: string;
  readonly verb: string;
}

const rights: readonly Right[] = parseAllDocuments(readFileSync(file, 'utf8')).flatMap((document) => {
  const { kind, rules } = document.toJS() as {
    kind: string;
    rules: { resources: string[]; verbs: string[] }[];
  };
  return rules.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => ({ kind, resource, verb }))),
  );
});

beforeAll(async () => {
  cluster = await startCluster({ nodes: 1, objects: [namespace('ops')] });
  // The commands of the file's own comment, by stock kubectl.
  const kubectl = (...args: readonly string[]) =>
    execute('kubectl', ['--kubeconfig', cluster.kubeconfig, '-n', 'ops', ...args]);
  await kubectl('apply', '-f', file);
  await kubectl('create', 'rolebinding', 'netdebug-nodes', '--role=netdebug-nodes', '--user=ada');
  await kubectl(
    'create',
    'clusterrolebinding',
    'netdebug-nodes',
    '--clusterrole=netdebug-nodes',
    '--user=ada',
  );
}, 60_000);
afterAll(async () => {
  await cluster.stop();
  remove();
});

async function as(user: string, args: readonly string[], only?: readonly Right[]): Promise<ProgramResult> {
  const rulesOf = (kind: string) =>
    only
      ?.filter((right) => right.kind === kind)
      .map(({ resource, verb }) => ({ apiGroups: [''], resources: [resource], verbs: [verb] }));
  const [rules, clusterRules] = [rulesOf('Role'), rulesOf('ClusterRole')];
  const kubeconfig = await cluster.user(user, {
    namespace: 'ops',
    ...(rules === undefined ? {} : { rules }),
    ...(clusterRules === undefined ? {} : { clusterRules }),
  });
  return runProgram(args, { kubeconfig, env: { HOME: home } });
}

const netstat = ['netstat', 'node/node-1'];
const podsInOps = () => cluster.list('v1', 'Pod', 'ops');

test('the Roles are enough for netstat, capture, list and stop', async () => {
  const done = { code: 0, stderr: expect.not.stringContaining('error') as unknown };
  expect(await as('ada', netstat)).toMatchObject(done);
  const capture = ['capture', 'node/node-1', '-w', '/dev/null', '--duration', '200ms'];
  expect(await as('ada', capture)).toMatchObject(done);
  expect(await as('ada', ['list'])).toMatchObject(done);
  expect(await as('ada', ['stop', 'node/node-1'])).toMatchObject(done);
  expect(await podsInOps()).toEqual([]);
});

/** What is refused without a right; undefined: it only saves time or adds words. */
const refused: Readonly<Record<string, string | undefined>> = {
  'create pods': 'may not create pods in namespace ops.',
  'get pods': undefined,
  'watch pods': undefined,
  'list pods': undefined,
  'delete pods': 'The debug pod ops/netdebug-node-1-',
  'get pods/exec': 'may not get and create pods/exec in namespace ops.',
  'create pods/exec': 'may not get and create pods/exec in namespace ops.',
  'list events': undefined,
  'get nodes': undefined,
};

test('every right is tried', () => {
  expect(rights.map(({ verb, resource }) => `${verb} ${resource}`).sort()).toEqual(
    Object.keys(refused).sort(),
  );
});

describe.each(rights.map((right) => [`${right.verb} ${right.resource}`, right] as const))(
  'without %s',
  (name, right) => {
    test('netstat node/node-1', async () => {
      const others = rights.filter((other) => other !== right);
      const result = await as(`without-${name.replace(/\W/g, '-')}`, netstat, others);
      const said = refused[name];
      if (said === undefined) {
        expect(result.code).toBe(0);
      } else {
        expect(result.code).toBe(5);
        expect(result.stderr).toContain(said);
      }
      // Only who may not delete leaves something, and says so.
      const left = (await podsInOps()) as { metadata: { name: string } }[];
      expect(left).toHaveLength(name === 'delete pods' ? 1 : 0);
      for (const { metadata } of left) expect(result.stderr).toContain(`delete pod ${metadata.name}`);
      if (left.length > 0) expect((await as('ada', ['stop'])).code).toBe(0);
    });
  },
);

test('stop without a target asks for the right to list pods', async () => {
  const others = rights.filter(({ verb }) => verb !== 'list');
  const { code, stderr } = await as('without-list', ['stop', 'node/node-1'], others);
  expect(code).toBe(5);
  expect(stderr).toContain('may not list pods in namespace ops.');
});

test('--no-pull reads the node, and takes an image that it has; without that right it says so', async () => {
  const argv = [...netstat, '--no-pull'];
  const { code, stderr } = await as('ada', argv);
  expect(code).toBe(0);
  expect(stderr).toContain('image docker.io/nicolaka/netshoot:latest (on node node-1 already)');
  const others = rights.filter(({ resource }) => resource !== 'nodes');
  const refusal = await as('without-nodes', argv, others);
  expect(refusal.code).toBe(5);
  expect(refusal.stderr).toContain('--no-pull: you may not get nodes');
  expect(await podsInOps()).toEqual([]);
});

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { at } from '../cluster/client.js';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { namespace, pod, service } from '../cluster/manifests.js';
import { kubectlOf, rows, type Kubectl } from './kubectl.js';

const talking = [
  'sh',
  '-c',
  'echo first; echo second; echo to-stderr >&2; trap "exit 0" TERM; while :; do sleep 0.1; done',
];

let cluster: TestCluster;
let run: Kubectl['run'];
let out: Kubectl['out'];

beforeAll(async () => {
  cluster = await startCluster({
    objects: [
      namespace('guarded'),
      pod({ name: 'tools', labels: { app: 'tools' }, nodeName: 'node-1' }),
      pod({ name: 'talker', labels: { app: 'talker' }, command: talking }),
      pod({ name: 'other', namespace: 'guarded' }),
      service({ name: 'tools', selector: { app: 'tools' }, ports: [{ port: 80 }] }),
    ],
  });
  await cluster.apply(
    pod({
      name: 'crash',
      image: 'registry.example/crash:1',
      command: ['sh', '-c', 'echo about to fail; exit 3'],
    }),
  );
  ({ run, out } = kubectlOf(cluster));
}, 60_000);

afterAll(() => cluster.stop());

describe('get', () => {
  test('prints the table', async () => {
    const [head, row] = rows(await out(['get', 'pod', 'tools']));
    expect(head).toEqual(['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE']);
    expect(row?.slice(0, 4)).toEqual(['tools', '1/1', 'Running', '0']);
    expect(row?.[4]).toMatch(/^\d+s$/);
  });

  test('-o wide adds address and node', async () => {
    const [head, row] = rows(await out(['get', 'pod', 'tools', '-o', 'wide']));
    expect(head?.slice(5, 7)).toEqual(['IP', 'NODE']);
    expect(row?.[5]).toMatch(/^10\.\d+\.\d+\.\d+$/);
    expect(row?.[6]).toBe('node-1');
  });

  test('-o json, yaml, name and jsonpath', async () => {
    const object = JSON.parse(await out(['get', 'pod', 'tools', '-o', 'json'])) as {
      kind: string;
      status: { phase: string };
    };
    expect([object.kind, object.status.phase]).toEqual(['Pod', 'Running']);
    expect(await out(['get', 'pod', 'tools', '-o', 'yaml'])).toMatch(
      /^apiVersion: v1\nkind: Pod\nmetadata:\n/,
    );
    expect(await out(['get', 'pod', 'tools', '-o', 'name'])).toBe('pod/tools\n');
    expect(await out(['get', 'pods', '-l', 'app=talker', '-o', 'jsonpath={.items[*].metadata.name}'])).toBe(
      'talker',
    );
  });

  test('-l, --field-selector and -A select', async () => {
    expect(
      rows(await out(['get', 'pods', '-l', 'app in (tools)', '--no-headers'])).map(([name]) => name),
    ).toEqual(['tools']);
    const selected = await out(['get', 'pods', '--field-selector', 'spec.nodeName=node-1', '-o', 'name']);
    expect(selected.split('\n')).toContain('pod/tools');
    expect(await out(['get', 'pods', '-A', '--no-headers'])).toMatch(/^guarded\s+other\s/m);
  });

  test('-w shows changes as they come', async () => {
    const watching = run(
      ['get', 'pods', '-l', 'app=late', '-w', '--no-headers', '-o', 'name', '--request-timeout', '15s'],
      {
        interruptAt: /pod\/late/,
      },
    );
    await cluster.apply(pod({ name: 'late', labels: { app: 'late' } }));
    expect((await watching).stdout).toContain('pod/late');
    await cluster.remove(pod({ name: 'late' }));
  });

  test('what is not there is an error', async () => {
    expect(await run(['get', 'pod', 'nosuch'])).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): pods "nosuch" not found\n',
    });
    expect((await run(['get', 'nosuchthings'])).stderr).toContain(
      `the server doesn't have a resource type "nosuchthings"`,
    );
    expect((await run(['get', 'pods', '-n', 'empty'])).stderr).toBe(
      'No resources found in empty namespace.\n',
    );
  });

  test('nodes and services', async () => {
    const nodes = rows(await out(['get', 'nodes']));
    expect(nodes.slice(1).map(([name, status]) => [name, status])).toEqual([
      ['node-1', 'Ready'],
      ['node-2', 'Ready'],
    ]);
    const [, row] = rows(await out(['get', 'service', 'tools']));
    expect([row?.[1], row?.[4]]).toEqual(['ClusterIP', '80/TCP']);
  });

  test('a selector that matches nothing in a big list, page by page', async () => {
    expect(await out(['get', 'pods', '--chunk-size=1', '-A', '-o', 'name'])).toContain('pod/other');
  });
});

describe('describe', () => {
  test('a pod, with its events', async () => {
    const text = await out(['describe', 'pod', 'tools']);
    expect(text).toMatch(/^Name:\s+tools$/m);
    expect(text).toMatch(/^Node:\s+node-1\/\d/m);
    expect(text).toMatch(/^ {4}State:\s+Running$/m);
    expect(text).toMatch(/^ {2}Normal\s+Started\s.*\skubelet\s+Container started$/m);
  });

  test('a node, with its pods', async () => {
    const text = await out(['describe', 'node', 'node-1']);
    expect(text).toMatch(/^Name:\s+node-1$/m);
    expect(text).toMatch(/^ {2}Ready\s+True/m);
    expect(text).toMatch(/^ {2}default\s+tools/m);
  });

  test('a service, with its endpoints', async () => {
    expect(await out(['describe', 'service', 'tools'])).toMatch(/^Endpoints:\s+10\.\d+\.\d+\.\d+:80$/m);
  });
});

describe('events', () => {
  test('of one object', async () => {
    expect(await out(['events', '--for', 'pod/tools'])).toContain('Started');
    expect(
      await out(['get', 'events', '--field-selector', 'involvedObject.name=talker,reason=Scheduled']),
    ).toContain('Successfully assigned default/talker to node-');
  });
});

describe('logs', () => {
  test('whole, the last lines, with times', async () => {
    expect((await out(['logs', 'talker'])).split('\n').sort()).toEqual(['', 'first', 'second', 'to-stderr']);
    expect(await out(['logs', 'talker', '--tail', '1'])).toMatch(/^\S+\n$/);
    expect(await out(['logs', 'talker', '--timestamps', '--tail=1'])).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z \S+\n$/,
    );
    expect(await out(['logs', 'talker', '--since-time', '2099-01-01T00:00:00Z'])).toBe('');
    expect(await out(['logs', 'talker', '--since', '1h'])).toContain('first\n');
    expect(await out(['logs', '-l', 'app=talker', '--prefix'])).toContain('[pod/talker/main] first\n');
  });

  test('-f goes on until it is interrupted', async () => {
    expect((await run(['logs', '-f', 'talker'], { interruptAt: /second/ })).stdout).toContain('second\n');
  });

  test('--previous, and why there is none', async () => {
    await cluster.waitFor({ namespace: 'default', name: 'crash' }, (object) => {
      return Number(at(object, 'status.containerStatuses.0.restartCount')) > 0;
    });
    expect(await out(['logs', '--previous', 'crash'])).toBe('about to fail\n');
    expect((await run(['logs', '--previous', 'talker'])).stderr).toBe(
      'Error from server (BadRequest): previous terminated container "main" in pod "talker" not found\n',
    );
  });
});

describe('auth', () => {
  test('can-i, --list and whoami as somebody with few rights', async () => {
    const kubeconfig = await cluster.user('few', {
      groups: ['watchers'],
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
    });
    expect(await run(['auth', 'can-i', 'list', 'pods'], { kubeconfig })).toMatchObject({
      code: 0,
      stdout: 'yes\n',
    });
    expect(await run(['auth', 'can-i', 'create', 'pods/exec'], { kubeconfig })).toMatchObject({
      code: 1,
      stdout: 'no\n',
    });
    expect(await out(['auth', 'can-i', '--list'], { kubeconfig })).toMatch(
      /^pods\s+\[\]\s+\[\]\s+\[get list\]$/m,
    );
    const who = await out(['auth', 'whoami'], { kubeconfig });
    expect(who).toMatch(/^Username\s+few$/m);
    expect(who).toMatch(/^Groups\s+\[watchers system:authenticated\]$/m);
    expect((await run(['delete', 'pod', 'tools'], { kubeconfig })).stderr).toBe(
      'Error from server (Forbidden): pods "tools" is forbidden: User "few" cannot delete resource "pods" in API group "" in the namespace "default"\n',
    );
    expect(await run(['auth', 'can-i', 'delete', 'nodes', '--as', 'few'])).toMatchObject({ stdout: 'no\n' });
  });
});

describe('about itself', () => {
  test('version, api-resources, cluster-info', async () => {
    expect(await out(['version', '-o', 'json'])).toContain('"serverVersion"');
    expect(await out(['api-resources', '--namespaced=true', '--api-group=', '-o', 'name'])).toMatch(
      /^pods$/m,
    );
  });
});

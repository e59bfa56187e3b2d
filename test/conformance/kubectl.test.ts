import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { at } from '../cluster/client.js';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { deployment, namespace, pod, service } from '../cluster/manifests.js';
import { kubectl, type KubectlOptions, type KubectlResult } from './kubectl.js';

let cluster: TestCluster;
let home: string;

function run(args: readonly string[], options: Partial<KubectlOptions> = {}): Promise<KubectlResult> {
  return kubectl(args, { kubeconfig: cluster.kubeconfig, home, ...options });
}

/** stdout of a run that has to succeed. */
async function out(args: readonly string[], options: Partial<KubectlOptions> = {}): Promise<string> {
  const result = await run(args, options);
  expect({ args, ...result }).toMatchObject({ code: 0 });
  return result.stdout;
}

/** The rows of a table, cells apart. */
function rows(table: string): string[][] {
  return table
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/\s{2,}/));
}

const talking = [
  'sh',
  '-c',
  'echo first; echo second; echo to-stderr >&2; trap "exit 0" TERM; while :; do sleep 0.1; done',
];

beforeAll(async () => {
  cluster = await startCluster({
    objects: [
      namespace('guarded', { podSecurity: 'baseline' }),
      pod({ name: 'tools', labels: { app: 'tools' }, nodeName: 'node-1' }),
      pod({ name: 'talker', labels: { app: 'talker' }, command: talking }),
      pod({
        name: 'echoing',
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              name: 'cat',
              image: 'registry.example/toolbox:1',
              command: ['cat'],
              stdin: true,
              stdinOnce: true,
            },
          ],
        },
      }),
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
  home = path.join(cluster.dir, 'home');
  mkdirSync(home);
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

describe('exec', () => {
  test('keeps stdout and stderr apart and returns the exit code', async () => {
    expect(await run(['exec', 'tools', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\ncommand terminated with exit code 7\n',
    });
  });

  test('-i passes stdin to its end', async () => {
    const input = 'x'.repeat(300_000);
    expect(await out(['exec', '-i', 'tools', '--', 'wc', '-c'], { stdin: input })).toBe('300000\n');
  });

  test('-it has a terminal', async () => {
    expect(
      await out(['exec', '-it', 'tools', '--', 'sh', '-c', 'test -t 0 && test -t 1 && echo a terminal'], {
        tty: true,
      }),
    ).toContain('a terminal\r\n');
  });

  test('says what cannot be run, and where', async () => {
    const missing = await run(['exec', 'tools', '--', 'no-such-command']);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('exec: "no-such-command": executable file not found in $PATH');
    expect(await run(['exec', 'nosuch', '--', 'true'])).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): pods "nosuch" not found\n',
    });
    expect((await run(['exec', 'tools', '-c', 'nosuch', '--', 'true'])).stderr).toContain(
      'container nosuch is not valid for pod tools',
    );
  });

  test('falls back to SPDY where the websocket is refused, and tells why that is refused too', async () => {
    await cluster.apply(pod({ name: 'imageless', image: 'registry.example/nosuch:1' }));
    await cluster.waitFor(
      { namespace: 'default', name: 'imageless' },
      (object) => at(object, 'spec.nodeName') !== undefined,
    );
    expect(await run(['exec', 'imageless', '--', 'true'])).toMatchObject({
      code: 1,
      stderr: 'error: unable to upgrade connection: container not found ("main")\n',
    });
  });

  test('of a deployment picks a pod', async () => {
    await cluster.apply(deployment({ name: 'fleet', replicas: 2 }));
    await cluster.waitFor(
      { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'fleet' },
      (object) => {
        return at(object, 'status.readyReplicas') === 2;
      },
    );
    expect(await out(['exec', 'deploy/fleet', '--', 'hostname'])).toMatch(/^fleet-[a-z0-9]+-[a-z0-9]+\n$/);
    expect(rows(await out(['get', 'deployment', 'fleet', '--no-headers']))[0]?.slice(0, 2)).toEqual([
      'fleet',
      '2/2',
    ]);
    await out(['delete', 'deployment', 'fleet', '--wait=false']);
  });
});

describe('attach', () => {
  test('-i talks to the main process', async () => {
    const result = await run(['attach', '-i', 'echoing'], { stdin: 'over the fence\n' });
    expect(result.stdout).toContain('over the fence\n');
  });
});

describe('cp', () => {
  test('a file and a folder, there and back', async () => {
    const here = path.join(home, 'there');
    mkdirSync(path.join(here, 'below'), { recursive: true });
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * 31) & 255));
    writeFileSync(path.join(here, 'below', 'bytes'), bytes);
    await out(['cp', here, 'tools:/tmp/copied']);
    await out(['cp', 'tools:/tmp/copied', path.join(home, 'back')]);
    expect(readFileSync(path.join(home, 'back', 'below', 'bytes')).equals(bytes)).toBe(true);
  });
});

describe('debug', () => {
  // What containerd gives by default, and SYS_PTRACE (bit 19) or NET_ADMIN (bit 12) besides: capabilities(7).
  test.each([
    ['general', 'a80c25fb'],
    ['netadmin', 'a80435fb'],
  ])('-it with profile %s gets a terminal, and its capabilities', async (profile, capabilities) => {
    const shell = ['sh', '-c', 'sleep 0.5; test -t 0 && grep CapEff /proc/self/status'];
    const args = ['debug', '-it', 'tools', '--image', 'registry.example/toolbox:1', '--profile', profile];
    const text = await out([...args, '--', ...shell], { tty: true });
    expect(text).toMatch(/Defaulting debug container name to debugger-[a-z0-9]{5}\./);
    expect(text).toMatch(new RegExp(`CapEff:\\s+0+${capabilities}`));
  });

  test('--target shares the processes of the container', async () => {
    const args = [
      'debug',
      'tools',
      '--image',
      'registry.example/toolbox:1',
      '--target',
      'main',
      '--profile=general',
      '-c',
      'sees',
      '--',
    ];
    await out([...args, 'sh', '-c', 'tr "\\0" " " </proc/1/cmdline; sleep 100']);
    await cluster.waitFor({ namespace: 'default', name: 'tools' }, (object) => {
      const statuses = at(object, 'status.ephemeralContainerStatuses') as
        { name: string; state: object }[] | undefined;
      return statuses?.some(({ name, state }) => name === 'sees' && 'running' in state) ?? false;
    });
    expect(
      await out(['exec', 'tools', '-c', 'sees', '--', 'sh', '-c', 'tr "\\0" " " </proc/1/cmdline']),
    ).toContain('sleep 3600');
  });

  test('--custom adds to the container', async () => {
    const custom = path.join(home, 'custom.json');
    writeFileSync(custom, JSON.stringify({ env: [{ name: 'GREETING', value: 'hello' }] }));
    const args = [
      'debug',
      'tools',
      '--image',
      'registry.example/toolbox:1',
      '--profile=general',
      '--custom',
      custom,
      '-c',
      'greets',
    ];
    await out([...args, '--', 'sh', '-c', 'echo $GREETING; sleep 100']);
    await cluster.waitFor({ namespace: 'default', name: 'tools' }, (object) =>
      JSON.stringify(object?.status).includes('"greets"'),
    );
    expect(await out(['exec', 'tools', '-c', 'greets', '--', 'printenv', 'GREETING'])).toBe('hello\n');
  });

  test('is refused by Pod Security', async () => {
    const result = await run([
      'debug',
      'other',
      '-n',
      'guarded',
      '--image',
      'registry.example/toolbox:1',
      '--profile',
      'netadmin',
    ]);
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('violates PodSecurity "baseline:latest": non-default capabilities');
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

describe('changing things', () => {
  test('apply, patch, label and delete', async () => {
    const file = path.join(home, 'pod.json');
    writeFileSync(file, JSON.stringify(pod({ name: 'changing' })));
    expect(await out(['apply', '-f', file])).toBe('pod/changing created\n');
    expect(await out(['apply', '-f', file])).toBe('pod/changing unchanged\n');
    expect(await out(['label', 'pod', 'changing', 'colour=blue'])).toBe('pod/changing labeled\n');
    const patch = '{"metadata":{"annotations":{"a":"b"}}}';
    expect(await out(['patch', 'pod', 'changing', '-p', patch])).toBe('pod/changing patched\n');
    expect(
      await out([
        'get',
        'pod',
        'changing',
        '-o',
        'jsonpath={.metadata.labels.colour}{.metadata.annotations.a}',
      ]),
    ).toBe('blueb');
    expect(await out(['wait', '--for=condition=Ready', 'pod/changing', '--timeout=15s'])).toBe(
      'pod/changing condition met\n',
    );
    expect(await out(['delete', 'pod', 'changing'])).toContain('pod "changing" deleted');
    expect((await run(['get', 'pod', 'changing'])).code).toBe(1);
  });

  test('apply --server-side and create', async () => {
    const manifest = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { a: '1' },
    });
    expect(await out(['apply', '--server-side', '-f', '-'], { stdin: manifest })).toBe(
      'configmap/settings serverside-applied\n',
    );
    expect(await out(['get', 'configmap', 'settings', '-o', 'jsonpath={.data.a}'])).toBe('1');
    expect((await run(['create', '-f', '-'], { stdin: manifest })).stderr).toContain(
      'configmaps "settings" already exists',
    );
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

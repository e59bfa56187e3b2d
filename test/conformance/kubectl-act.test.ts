import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { at } from '../cluster/client.js';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { deployment, namespace, pod } from '../cluster/manifests.js';
import { kubectlOf, rows, type Kubectl } from './kubectl.js';

let cluster: TestCluster;
let home: Kubectl['home'];
let run: Kubectl['run'];
let out: Kubectl['out'];

beforeAll(async () => {
  cluster = await startCluster({
    objects: [
      namespace('guarded', { podSecurity: 'baseline' }),
      pod({ name: 'tools' }),
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
    ],
  });
  ({ home, run, out } = kubectlOf(cluster));
}, 60_000);

afterAll(() => cluster.stop());

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

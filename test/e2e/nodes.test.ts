/** Tools in the network of a node: real packets, without those of the capture itself, and nothing left behind. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { namespace, pod } from '../cluster/manifests.js';
import { makeHome, type ProgramResult, type RunningProgram, runProgram, startProgram } from './program.js';

const execute = promisify(execFile);
const { home, remove } = makeHome();
const dir = mkdtempSync(join(tmpdir(), 'netdebug-nodes-'));
const ours = 'app.kubernetes.io/managed-by=kubectl-netdebug';
const address = '172.30.0.11';
let cluster: TestCluster;
let webIP = '';

beforeAll(async () => {
  cluster = await startCluster({
    objects: [
      pod({ name: 'client', nodeName: 'node-1' }),
      pod({ name: 'web', nodeName: 'node-2' }),
      namespace('guarded', { podSecurity: 'baseline' }),
    ],
  });
  const { status } = (await cluster.get('v1', 'Pod', 'default', 'web')) as { status: { podIP: string } };
  webIP = status.podIP;
}, 60_000);
afterAll(async () => {
  await cluster.stop();
  rmSync(dir, { recursive: true, force: true });
  remove();
});
afterEach(() => cluster.clearFaults());

const options = () => ({ kubeconfig: cluster.kubeconfig, env: { HOME: home } });
const netdebug = (...args: readonly string[]): Promise<ProgramResult> => runProgram(args, options());
const start = (...args: readonly string[]): RunningProgram => startProgram(args, options());
const ourPods = () => cluster.list('v1', 'Pod', 'default', ours);
const inClient = (...argv: readonly string[]) =>
  cluster.run(argv, { in: { namespace: 'default', pod: 'client' } });

async function fieldsOf(file: string, ...fields: readonly string[]): Promise<string[]> {
  const argv = ['-n', '-r', file, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
  const { stdout } = await execute('tshark', argv);
  return stdout.trimEnd().split('\n');
}

describe('capture node/NAME', () => {
  test('sees the packets of its pods and of itself, but none that carries the capture away', async () => {
    const file = join(dir, 'node.pcapng');
    const capture = start('capture', 'node/node-1', '-f', 'icmp or tcp', '-w', file);
    await capture.says(/listening on any of node\/node-1/);
    await inClient('ping', '-c', '3', '-i', '0.2', webIP);
    // Nobody listens on either port: a SYN and its refusal are enough.
    for (const port of ['10250', '10255']) await inClient('busybox', 'nc', '-w', '1', address, port);
    await inClient('ping', '-c', '1', address);
    // What tcpdump has not read when it is interrupted is not captured.
    const there = async (): Promise<boolean> =>
      (await fieldsOf(file, 'icmp.type', 'ip.dst').catch((): string[] => [])).includes(`8\t${address}`);
    while (!(await there())) await setTimeout(100);
    capture.child.kill('SIGINT');
    const { code, stderr } = await capture.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/filter \(icmp or tcp\) and \(not \(tcp and .*port 10250/);
    const echoes = await fieldsOf(file, 'icmp.type', 'ip.dst');
    expect(echoes).toContain(`8\t${webIP}`);
    expect(echoes).toContain(`8\t${address}`);
    const ports = await fieldsOf(file, 'tcp.port');
    expect(ports.some((line) => line.includes('10255'))).toBe(true);
    expect(ports.some((line) => line.includes('10250'))).toBe(false);
    expect(await ourPods()).toEqual([]);
  });

  test('is shown by list while it runs, and ended by stop', async () => {
    const capture = start('capture', 'node/node-2', '-w', join(dir, 'stopped.pcapng'));
    await capture.says(/listening on/);
    const { stdout } = await netdebug('list', '-o', 'json');
    const { items } = JSON.parse(stdout.toString()) as { items: object[] };
    expect(items).toMatchObject([{ nodePod: true, node: 'node-2', container: 'netdebug', state: 'running' }]);
    const [made] = (await ourPods()) as { metadata: { annotations: Record<string, string> } }[];
    expect(made?.metadata.annotations['kubectl-netdebug/created-by']).toBe('kubernetes-admin');
    expect(await netdebug('stop', 'node/node-1')).toMatchObject({
      code: 0,
      stderr: 'no debug containers found\n',
    });
    const stopped = await netdebug('stop', 'node/node-2');
    expect(stopped.stdout.toString()).toMatch(/^default\/pod\/netdebug-node-2-\w{5}: netdebug stopped\n$/);
    expect((await capture.ended).code).toBe(8);
    expect(await ourPods()).toEqual([]);
  });

  test('leaves nothing behind after Ctrl-C while its pod starts', async () => {
    const slow = ['--image', 'registry.example/slow:1'];
    const capture = start('capture', 'node/node-1', '-w', join(dir, 'never.pcapng'), ...slow);
    await capture.says(/starting pod default\/netdebug-node-1-/);
    await cluster.waitFor(
      { kind: 'Pod', namespace: 'default', name: await nameOfOurs() },
      (found) => found !== undefined,
    );
    capture.child.kill('SIGINT');
    expect((await capture.ended).code).toBe(130);
    expect(await ourPods()).toEqual([]);
  });

  test('says how to remove its pod when the API server is gone at the end', async () => {
    await cluster.fault({
      kind: 'status',
      code: 503,
      match: { path: '/pods/netdebug-', method: 'DELETE', times: 0 },
    });
    const { code, stderr } = await netdebug('netstat', 'node/node-1');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(
      /error: The debug pod default\/netdebug-node-1-\w{5} could not be removed from its node/,
    );
    expect(stderr).toMatch(/kubectl -n default delete pod netdebug-node-1-\w{5} --grace-period=0 --force/);
    await cluster.clearFaults();
    expect((await netdebug('stop')).code).toBe(0);
    expect(await ourPods()).toEqual([]);
  }, 40_000);

  test('leaves a pod that stop finds when the program is killed', async () => {
    const capture = start('capture', 'node/node-1', '-w', join(dir, 'killed.pcapng'));
    await capture.says(/listening on/);
    capture.child.kill('SIGKILL');
    await capture.ended;
    const [left] = (await ourPods()) as { spec: { activeDeadlineSeconds: number } }[];
    expect(left?.spec.activeDeadlineSeconds).toBe(86_400);
    expect((await netdebug('stop')).code).toBe(0);
    expect(await ourPods()).toEqual([]);
  });
});

test('other tools work in the network of a node as well', async () => {
  const ping = await netdebug('ping', 'node/node-1', webIP, '-c', '1');
  expect(ping).toMatchObject({ code: 0 });
  expect(ping.stdout.toString()).toContain('1 packets transmitted, 1 received');
  expect(await netdebug('netstat', 'node/node-1')).toMatchObject({ code: 0 });
  expect(await ourPods()).toEqual([]);
});

describe('is refused in one sentence', () => {
  test.each([
    [['node/node-9'], 6, /error: There is no node node-9/],
    [
      ['node/node-1', '-n', 'guarded'],
      5,
      /Pod Security "baseline" in namespace guarded allows no pod in the network/,
    ],
    [['node/node-1', '--image', 'registry.example/none:1'], 7, /cannot start: ErrImagePull/],
    [['node/node-1', '--target', 'app'], 2, /A node has no containers/],
  ])('%j', async (words, exitCode, said) => {
    const { code, stderr } = await netdebug('netstat', ...words);
    expect({ code, stderr }).toEqual({ code: exitCode, stderr: expect.stringMatching(said) as unknown });
    expect(await ourPods()).toEqual([]);
  });
});

test('stock kubectl makes its own pods on nodes here, which are not ours', async () => {
  const kubectl = (...args: readonly string[]) =>
    execute('kubectl', ['--kubeconfig', cluster.kubeconfig, ...args]);
  const image = ['--image', 'registry.example/toolbox:1', '--profile', 'netadmin'];
  const { stdout } = await kubectl('debug', 'node/node-1', ...image, '--', 'sleep', '60');
  const name = /pod (node-debugger-node-1-\w+)/.exec(stdout)?.[1] ?? '';
  await cluster.ready('default', name);
  const { stdout: seen } = await kubectl('exec', name, '--', 'ip', '-o', '-4', 'addr', 'show', 'eth0');
  expect(seen).toContain(address);
  expect((await netdebug('list')).stderr).toContain('no debug containers found');
  await kubectl('delete', 'pod', name, '--grace-period=1');
});

/** The name of our pod, as soon as there is one. */
async function nameOfOurs(): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const [found] = await ourPods();
    if (found !== undefined) return (found as { metadata: { name: string } }).metadata.name;
  }
  throw new Error('no pod of ours was made');
}

/** Pods in the list of interfaces of a real Wireshark (its tshark), and real packets from them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { makeHome, runProgram, startProgram } from './program.js';

const execute = promisify(execFile);
const { home, remove } = makeHome();
const limitMs = 60_000;
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 1, objects: [pod({ name: 'client' }), pod({ name: 'web.a' })] });
  const { code, stdout } = await runProgram(['wireshark', 'install', '-n', 'default'], own());
  expect(code).toBe(0);
  expect(stdout.toString()).toMatch(/^written: .*extcap\/kubectl-netdebug-extcap\n$/);
}, 60_000);
afterAll(async () => {
  await cluster.stop();
  remove();
});

/** A home of its own, in which Wireshark has its folders. */
const own = () => ({
  kubeconfig: cluster.kubeconfig,
  env: { HOME: home, XDG_CONFIG_HOME: join(home, 'config') },
});

function tshark(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH ?? '', ...own().env };
  return execute('tshark', args, { env, timeout: limitMs, killSignal: 'SIGKILL' });
}

test('tshark lists the pods', async () => {
  const { stdout } = await tshark('-D');
  const found = stdout.split('\n').filter((line) => line.includes('netdebug'));
  expect(found.map((line) => line.replace(/^\d+\. /, ''))).toEqual([
    'netdebug (Kubernetes netdebug-local: pod, workload or node by name)',
    'netdebug.default.client (Kubernetes netdebug-local: default/client on node-1)',
    'netdebug.default.web.a (Kubernetes netdebug-local: default/web.a on node-1)',
  ]);
});

test('tshark captures in a pod with a filter, and the capture ends in order', async () => {
  // As long as it takes.
  const pinging = startProgram(['ping', 'web.a', '127.0.0.1', '-i', '0.2', '-c', '300'], own());
  await pinging.says(/icmp_seq=1/, 'stdout');
  const { stdout, stderr } = await tshark(
    '-i',
    'netdebug.default.web.a',
    '-f',
    'icmp',
    '-c',
    '4',
    '-T',
    'fields',
    '-e',
    'icmp.type',
  );
  pinging.child.kill('SIGINT');
  await pinging.ended;
  const types = stdout.trim().split('\n');
  expect(types).toHaveLength(4);
  expect(types.every((type) => type === '8' || type === '0')).toBe(true);
  expect(stderr).not.toMatch(/error/i);
  const { stdout: listed } = await runProgram(['list', '-o', 'json'], own());
  const { items } = JSON.parse(listed.toString()) as { items: { pod: string; tools: object[] }[] };
  // Nothing is left running, and both used the same debug container.
  expect(items).toMatchObject([{ pod: 'web.a', tools: [] }]);
}, 90_000);

test('a capture that cannot be lets tshark go, instead of waiting for packets for ever', async () => {
  // Whether tshark shows what we said is a race of its own, so that is looked at without it.
  await expect(tshark('-i', 'netdebug', '-c', '1')).rejects.toMatchObject({
    killed: false,
    stderr: expect.stringContaining('0 packets captured') as unknown,
  });
  const argv = ['extcap', '--capture', '--extcap-interface', 'netdebug', '--fifo', join(home, 'no-pipe')];
  const { code, stderr } = await runProgram(argv, own());
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: it is not said what to capture\nhint: set it in Wireshark/);
}, 90_000);

test('after uninstall they are gone', async () => {
  const { code, stdout } = await runProgram(['wireshark', 'uninstall'], own());
  expect(code).toBe(0);
  expect(stdout.toString()).toMatch(/^removed: /);
  expect((await tshark('-D')).stdout).not.toContain('netdebug');
}, 90_000);

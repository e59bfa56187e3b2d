import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../plugin/run.js';
import { deployment, namespace, pod, restrictedSecurity, service } from '../cluster/manifests.js';
import { packetsIn } from './sources.js';
import { startConnected, type Connected } from '../tools/in-pod.js';
import { clock } from '../tools/local.js';
import { fakeEnvironment, type FakeEnvironment } from '../plugin/environment.js';

let cluster: Connected['cluster'];
let stop: Connected['stop'];
let folder: string;

/** One workload of every other kind, each with one pod; all of the pods have the label tier=back. */
const kinds = ['StatefulSet', 'ReplicaSet', 'DaemonSet', 'Job'].map((kind) => {
  const labels = { app: kind.toLowerCase(), tier: 'back' };
  const template = { metadata: { labels }, spec: pod({ name: 'x' }).spec as object };
  const job = { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } };
  const apps = { selector: { matchLabels: { app: labels.app } }, template };
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name: `a-${labels.app}`, namespace: 'kinds' },
    spec: kind === 'Job' ? job : apps,
  };
});

const web = (version: string) => ({
  ...deployment({ name: 'web', namespace: 'shop', replicas: 3, labels: { version } }),
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-many-'));
  ({ cluster, stop } = await startConnected({
    nodes: 2,
    objects: [
      namespace('tight', { podSecurity: 'restricted' }),
      namespace('kinds'),
      service({ name: 'front', namespace: 'shop', selector: { app: 'front' }, ports: [{ port: 80 }] }),
      pod({ name: 'front-0', namespace: 'shop', nodeName: 'node-1', labels: { app: 'front', tier: 'back' } }),
      web('1'),
      pod({ name: 'db', namespace: 'shop' }),
      pod({ name: 'client', namespace: 'shop', nodeName: 'node-1' }),
      pod({ name: 'other', namespace: 'shop' }),
      pod({ name: 'safe', namespace: 'tight', securityContext: restrictedSecurity }),
    ],
  }));
}, 60_000);

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await stop();
});

interface Started {
  readonly environment: FakeEnvironment;
  readonly err: () => string;
  readonly code: Promise<number>;
  readonly file: string;
}

/** The whole program in this process, writing to a file. */
function start(file: string, ...words: string[]): Started {
  const path = join(folder, file);
  const argv = ['capture', '-n', 'shop', '--kubeconfig', cluster.kubeconfig, '-w', path, ...words];
  let said = '';
  const environment = fakeEnvironment(argv, {
    clock: { ...clock, every: () => () => undefined },
    homeDir: '/nonexistent',
    random: Math.random,
  });
  (environment.stderr as unknown as NodeJS.ReadableStream).on(
    'data',
    (chunk: Buffer) => (said += chunk.toString()),
  );
  return { environment, err: () => said, code: run(environment), file: path };
}

async function says(started: Started, pattern: RegExp, times = 1): Promise<void> {
  const state = { over: false };
  void started.code.then(() => (state.over = true));
  while ((started.err().match(new RegExp(pattern, 'g')) ?? []).length < times) {
    if (state.over) throw new Error(`ended without ${String(pattern)}: ${started.err()}`);
    await clock.sleep(20);
  }
}

async function pods(): Promise<{ name: string; ip: string; node: string }[]> {
  const all = await cluster.list('v1', 'Pod', 'shop', 'app=web');
  return all
    .filter(({ metadata }) => (metadata as { deletionTimestamp?: string }).deletionTimestamp === undefined)
    .map(({ metadata, spec, status }) => ({
      name: (metadata as { name: string }).name,
      ip: (status as { podIP: string }).podIP,
      node: (spec as { nodeName: string }).nodeName,
    }));
}

/** Pings from the client, twice each. */
async function ping(...addresses: string[]): Promise<void> {
  for (const address of addresses) {
    const argv = ['ping', '-q', '-c', '2', '-i', '0.01', address];
    expect(await cluster.run(argv, { in: { namespace: 'shop', pod: 'client' } })).toMatchObject({ code: 0 });
  }
}

/** Interface and ICMP type of every packet in file order; fails when the Wireshark tools have anything to complain about. */
function packets(file: string): { readonly from: string; readonly type: string; readonly at: number }[] {
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  execFileSync('capinfos', ['-M', file], { stdio: [...stdio] });
  const fields = ['-T', 'fields', '-e', 'frame.interface_name', '-e', 'icmp.type', '-e', 'frame.time_epoch'];
  const text = execFileSync('tshark', ['-r', file, ...fields], { encoding: 'utf8', stdio: [...stdio] });
  const rows = text
    .trim()
    .split('\n')
    .filter((row) => row !== '');
  return rows.map((row) => {
    const [from = '', type = '', at = ''] = row.split('\t');
    return { from, type, at: Number(at) };
  });
}

/** So many packets are in the file, whose end is always that of a whole block. */
async function arrived({ file }: Started, least: number): Promise<void> {
  while (packetsIn(readFileSync(file)).length < least) await clock.sleep(20);
}

function count(all: readonly { readonly from: string }[], name: string): number {
  return all.filter(({ from }) => from === `shop/${name}:eth0`).length;
}

test('a deployment over two nodes and a pod beside it: one file, in the order of time, with names; a broken target is named', async () => {
  const words = [
    'deploy/web',
    'db',
    'tight/pod/safe',
    'deploy/web',
    '-i',
    'eth0',
    '-f',
    'icmp',
    '-o',
    'json',
  ];
  const capture = start('all.pcapng', ...words);
  await says(capture, /listening on eth0 of shop/, 4);
  await says(capture, /warning: tight\/safe:eth0: /);
  const all = await pods();
  expect(new Set(all.map(({ node }) => node)).size).toBe(2);
  const { status } = await cluster.get('v1', 'Pod', 'shop', 'db');
  await ping(...all.map(({ ip }) => ip), (status as { podIP: string }).podIP);
  await arrived(capture, 16);
  capture.environment.stop({ kind: 'interrupted', signal: 'SIGINT' });
  expect(await capture.code).toBe(8);
  expect(capture.err()).toMatch(/error: tight\/safe:eth0: Pod Security "restricted"/);
  const seen = packets(capture.file);
  for (const { name } of all) expect(count(seen, name)).toBe(4);
  expect(count(seen, 'db')).toBe(4);
  expect(seen.map(({ at }) => at)).toEqual([...seen].map(({ at }) => at).sort((a, b) => a - b));
  const summary = JSON.parse(capture.environment.out()) as Record<string, unknown>;
  expect(summary).toMatchObject({
    kind: 'CaptureSummary',
    format: 'pcapng',
    packets: 16,
    captured: 16,
    latePackets: 0,
    endedBy: 'interrupt',
    failed: [{ name: 'tight/safe:eth0', exit: 5 }],
  });
  expect((summary.sources as unknown[]).length).toBe(4);
  const hosts = execFileSync('tshark', ['-r', capture.file, '-q', '-z', 'hosts'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  expect(hosts).toMatch(/10\.244\.\d+\.\d+\tdb\.shop/);
  expect(readFileSync(capture.file).includes('kubectl netdebug capture deploy/web db tight/pod/safe')).toBe(
    true,
  );
});

test.each([
  ['named', 'kinds/sts/a-statefulset kinds/rs/a-replicaset kinds/ds/a-daemonset kinds/job/a-job svc/front'],
  ['by labels in all namespaces', '-l tier=back -A'],
])('every kind of workload at once, %s: real packets of each', async (how, words) => {
  const backs = async (): Promise<{ name: string; ip: string }[]> =>
    (await cluster.list('v1', 'Pod', undefined, 'tier=back')).flatMap(({ metadata, status }) => {
      const { name, namespace: at } = metadata as { name: string; namespace: string };
      const { phase, podIP } = (status ?? {}) as { phase?: string; podIP?: string };
      return phase === 'Running' && podIP !== undefined ? { name: `${at}/${name}`, ip: podIP } : [];
    });
  // Not from the start: the pods of the deployment are to be spread over the nodes. A DaemonSet has a pod on each.
  await cluster.apply(...kinds);
  let found = await backs();
  for (; found.length < 6; found = await backs()) await clock.sleep(50);
  const capture = start(`kinds-${how.length}.pcapng`, ...words.split(' '), '-i', 'eth0', '-f', 'icmp');
  await says(capture, /listening on eth0 of (kinds|shop)/, 6);
  await ping(...found.map(({ ip }) => ip));
  await arrived(capture, 24);
  capture.environment.stop({ kind: 'interrupted', signal: 'SIGINT' });
  expect(await capture.code).toBe(130);
  const seen = packets(capture.file);
  for (const { name } of found) expect(seen.filter(({ from }) => from === `${name}:eth0`)).toHaveLength(4);
});

test('the pods of a rollout join, the old ones end their sources; exit code 130', async () => {
  const capture = start('rollout.pcapng', 'deploy/web', '-i', 'eth0', '-f', 'icmp');
  await says(capture, /listening on eth0 of shop\/web/, 3);
  const before = await pods();
  await ping(...before.map(({ ip }) => ip));
  await cluster.apply(web('2'));
  await says(capture, /listening on eth0 of shop\/web/, 6);
  await says(capture, /has ended: pod shop\/web/, 3);
  const after = (await pods()).filter(({ name }) => !before.some((old) => old.name === name));
  expect(after).toHaveLength(3);
  await ping(...after.map(({ ip }) => ip));
  await arrived(capture, 24);
  capture.environment.stop({ kind: 'interrupted', signal: 'SIGINT' });
  expect(await capture.code).toBe(130);
  const seen = packets(capture.file);
  for (const { name } of [...before, ...after]) expect(count(seen, name)).toBe(4);
  expect(/pod shop\/web-\S+ (was|is being|has) \w+/.test(readFileSync(capture.file, 'latin1'))).toBe(true);
});

test('pods of --peer that come later are captured as well, each packet once', async () => {
  const words = ['db', '-i', 'eth0', '-f', 'icmp', '--peer', 'deploy/web', '--peer', 'client'];
  const capture = start('peers.pcapng', ...words);
  await says(capture, /listening on eth0 of shop\/db/);
  const { podIP } = (await cluster.get('v1', 'Pod', 'shop', 'db')).status as { podIP: string };
  const before = await pods();
  await cluster.apply(web('3'));
  await says(capture, /listening on eth0 of shop\/db, .* and not /);
  const fresh = (): Promise<{ name: string; ip: string }[]> =>
    pods().then((all) => all.filter(({ name }) => !before.some((old) => old.name === name)));
  for (const wanted = await fresh(); wanted.some(({ ip }) => !capture.err().includes(`host ${ip}`));)
    await clock.sleep(20);
  await ping(podIP);
  const from = (await fresh())[0]?.name ?? '';
  const argv = ['ping', '-q', '-c', '3', '-i', '0.01', podIP];
  expect(await cluster.run(argv, { in: { namespace: 'shop', pod: from } })).toMatchObject({ code: 0 });
  await arrived(capture, 10);
  capture.environment.stop({ kind: 'interrupted', signal: 'SIGINT' });
  expect(await capture.code).toBe(130);
  expect(packets(capture.file)).toHaveLength(10);
});

test('the connection of one source is cut: the other goes on, the one that was cut is named, exit code 8', async () => {
  await cluster.fault({
    kind: 'drop',
    match: { path: '/pods/db/exec', upgrade: true },
    afterBytes: 6000,
    how: 'reset',
  });
  const capture = start('cut.pcapng', 'db', 'other', '-i', 'eth0', '-f', 'icmp');
  await says(capture, /listening on eth0 of shop/, 2);
  const address = async (name: string): Promise<string> =>
    ((await cluster.get('v1', 'Pod', 'shop', name)).status as { podIP: string }).podIP;
  const [db, other] = [await address('db'), await address('other')];
  for (let i = 0; i < 20; i++) await ping(db);
  await ping(other);
  await arrived(capture, 5);
  while (count(packets(capture.file), 'other') < 4) await clock.sleep(50);
  capture.environment.stop({ kind: 'interrupted', signal: 'SIGINT' });
  expect(await capture.code).toBe(8);
  expect(capture.err()).toMatch(
    /error: shop\/db:eth0: The connection to the command ended before the command did/,
  );
  const seen = packets(capture.file);
  expect(count(seen, 'other')).toBe(4);
  expect(count(seen, 'db')).toBeLessThan(80);
  await cluster.clearFaults();
});

test('a file for each pod with --split; a pod that is not there does not stop the others', async () => {
  const capture = start(
    'each.pcapng',
    '--split',
    'db',
    'other',
    'nobody',
    '-i',
    'eth0',
    '--duration',
    '300ms',
  );
  expect(await capture.code).toBe(8);
  expect(capture.err()).toContain('error: pod/nobody: There is no pod nobody in namespace shop.');
  for (const name of ['db', 'other']) {
    const file = join(folder, `each-${name}.pcapng`);
    expect(existsSync(file)).toBe(true);
    packets(file);
  }
});

test.each([
  [['deploy/web', '-w', 'x.pcap'], 2, 'is to be pcap, which holds one source, and the target stands for 3'],
  [['deploy/web', '--max-pods', '2'], 2, 'These targets stand for 3 pods; at most 2 are captured at once.'],
  [['nobody'], 6, 'There is no pod nobody'],
])('%p is refused with %i', async (words, code, message) => {
  const capture = start('refused.pcapng', ...words);
  expect(await capture.code).toBe(code);
  expect(capture.err()).toContain(message);
});

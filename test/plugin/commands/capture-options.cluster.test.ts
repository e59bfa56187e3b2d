import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
// jest cannot load two modules at a time that import a third; loaded here, they are there when the command asks for them.
import '../../../plugin/capture.js';
import '../../../plugin/options/profilefile.js';
import { run } from '../../../plugin/run.js';
import '../../../src/debugger/ensure.js';
import '../../../src/debugger/lifeline.js';
import '../../../src/kube/connect.js';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { pod, service } from '../../cluster/manifests.js';
import { realClock } from '../../debugger/fakes.js';
import { fakeEnvironment } from '../environment.js';

/** Files, filters and statistics of `capture`, with real packets. */
let cluster: TestCluster;
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-options-'));
  const httpd = { image: 'registry.example/web', command: ['/bin/httpd', '-f', '-p', '8080', '-h', '/srv'] };
  const probed = {
    ...httpd,
    name: 'main',
    ports: [{ name: 'http', containerPort: 8080 }],
    readinessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 1 },
  };
  cluster = await startCluster({
    nodes: 2,
    objects: [
      pod({ name: 'client' }),
      pod({ name: 'other' }),
      pod({ name: 'web', labels: { app: 'web' }, spec: { containers: [probed] } }),
      pod({ name: 'quiet', ...httpd, labels: { app: 'web' }, nodeName: 'node-2' }),
      service({ name: 'api', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] }),
    ],
  });
}, 60_000);
afterAll(async () => {
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

/** Runs `capture`; once every source listens, what `traffic` does is captured. */
async function captured(
  words: readonly string[],
  sources: number,
  traffic: () => Promise<void>,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let err = '';
  let listening: () => void = () => undefined;
  const began = new Promise<void>((resolve) => (listening = resolve));
  const stderr = new Writable({
    write(chunk: Buffer, _, done) {
      err += chunk.toString();
      if ((err.match(/listening on/g) ?? []).length === sources) listening();
      done();
    },
  });
  const environment = fakeEnvironment(['capture', ...words, '--kubeconfig', cluster.kubeconfig], {
    cwd: folder,
    stderr,
    clock: { ...realClock, every: () => () => undefined },
  });
  const running = run(environment);
  await Promise.race([began, running]);
  await traffic();
  return { code: await running, out: environment.out(), err };
}

async function inPod(name: string, ...argv: string[]): Promise<void> {
  const ended = await cluster.run(argv, { in: { namespace: 'default', pod: name } });
  expect(ended).toMatchObject({ code: 0 });
}
async function addressOf(name: string): Promise<string> {
  const { status } = await cluster.get('v1', 'Pod', 'default', name);
  return (status as { podIP: string }).podIP;
}
async function pings(from: string, to: string, count: number): Promise<void> {
  await inPod(from, 'ping', '-q', '-c', String(count), '-i', '0.01', await addressOf(to));
}
const mine = (name: string) => readdirSync(folder).filter((file) => file.startsWith(name));
function tshark(file: string, ...more: string[]): string[] {
  const argv = ['-n', '-r', join(folder, file), ...more];
  const text = execFileSync('tshark', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return text.split('\n').filter((line) => line !== '');
}

describe('files', () => {
  test('a row of compressed files, each of which opens; together they are the capture', async () => {
    const { code, err } = await captured(
      ['web', '-i', 'eth0', '-f', 'icmp', '-w', 'row.pcapng.gz', '--rotate-size', '4KiB', '-c', '60'],
      1,
      () => pings('client', 'web', 30),
    );
    if (code !== 0) throw new Error(err);
    expect(err).toMatch(/^60 packets, .* to row_\*\.pcapng\.gz in /m);
    const files = mine('row_').sort();
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) execFileSync('gzip', ['-t', join(folder, file)]);
    const sequence = files.flatMap((file) =>
      tshark(file, '-T', 'fields', '-e', 'icmp.type', '-e', 'icmp.seq'),
    );
    expect(sequence).toEqual(Array.from({ length: 30 }, (_, i) => [`8\t${i + 1}`, `0\t${i + 1}`]).flat());
  });

  test('--split: a file for each pod of a workload', async () => {
    const words = [
      '-l',
      'app=web',
      '-i',
      'eth0',
      '-f',
      'icmp',
      '-w',
      'out/',
      '--split',
      '-c',
      '4',
      '-o',
      'json',
    ];
    const { code } = await captured(words, 2, async () => {
      await pings('client', 'web', 2);
      await pings('client', 'quiet', 2);
    });
    expect(code).toBe(0);
    const files = readdirSync(join(folder, 'out')).sort();
    expect(files).toEqual(['quiet.pcapng', 'web.pcapng']);
    const web = await addressOf('web');
    expect(tshark('out/web.pcapng', '-Y', `ip.addr == ${web}`)).toHaveLength(4);
  });
});

describe('filters', () => {
  // The kubelets of the local cluster knock from its router, as if a network plugin had an address there; real plugins name it so.
  beforeAll(async () => {
    const { spec } = await cluster.get('v1', 'Pod', 'default', 'web');
    const name = (spec as { nodeName: string }).nodeName;
    const annotations = { 'network.cilium.io/ipv4-cilium-host': '172.30.0.1' };
    await cluster.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name, annotations } });
  });

  test('--no-probes leaves out the kubelet, and nobody else on the same port', async () => {
    const words = ['pod/web', '-i', 'eth0', '-f', 'tcp port 8080', '-w', 'probes.pcap', '-c', '6'];
    const { err } = await captured([...words, '--no-probes'], 1, async () => {
      await inPod(
        'client',
        'busybox',
        'wget',
        '-q',
        '-O',
        '/dev/null',
        `http://${await addressOf('web')}:8080/`,
      );
    });
    expect(err).toContain('left out: TCP between the node and port 8080 of default/web');
    expect(err).toMatch(/filter \(tcp port 8080\) and \(not \(\(host .*\) and \(tcp port 8080\)\)\)/);
    const sources = new Set(tshark('probes.pcap', '-T', 'fields', '-e', 'ip.src'));
    expect(sources).toEqual(new Set([await addressOf('client'), await addressOf('web')]));
    // Without it there they are.
    await captured(words, 1, () => Promise.resolve());
    expect(tshark('probes.pcap')).toHaveLength(6);
  });

  test('--peer: packets to or from what is named, and nothing else', async () => {
    const words = ['pod/web', '-i', 'eth0', '-f', 'icmp', '-w', 'peer.pcapng', '-c', '4', '--peer', 'client'];
    const { code, err } = await captured(words, 1, async () => {
      await pings('other', 'web', 3);
      await pings('client', 'web', 2);
    });
    expect(code).toBe(0);
    const [client, other] = [await addressOf('client'), await addressOf('other')];
    expect(err).toContain(`filter (icmp) and (host ${client})`);
    expect(tshark('peer.pcapng', '-Y', `ip.addr == ${client}`)).toHaveLength(4);
    expect(tshark('peer.pcapng', '-Y', `ip.addr == ${other}`)).toEqual([]);
  });

  test('--view both: lo and eth0 as two interfaces', async () => {
    const words = ['pod/web', '-f', 'icmp', '-w', 'view.pcapng', '-c', '8', '--view', 'both'];
    const { code, err } = await captured(words, 2, async () => {
      await pings('client', 'web', 2);
      await inPod('web', 'ping', '-q', '-c', '2', '-i', '0.01', '127.0.0.1');
    });
    expect(code).toBe(0);
    expect(err).toContain('has no mesh proxy');
    const names = tshark('view.pcapng', '-T', 'fields', '-e', 'frame.interface_name');
    const count = (device: string) => names.filter((name) => name.includes(device)).length;
    expect([count('eth0'), count('lo')]).toEqual([4, 4]);
  });
});

test('--stats: who talked to whom, as a table and as data', async () => {
  const words = ['pod/web', '-i', 'eth0', '-f', 'icmp', '-c', '10', '--stats'];
  const traffic = () => pings('client', 'web', 5);
  const table = await captured([...words, '-w', 'stats.pcapng'], 1, traffic);
  expect(table.err).toMatch(/PROTOCOL +FROM +TO +SENT +BYTES +RECEIVED +BYTES +LASTED\n/);
  expect(table.err).toMatch(/IPv4\/ICMP +client\.default +web\.default +5 +490 B +5 +490 B /);
  expect(table.err).toMatch(/IPv4\/ICMP +10 +980 B +100\.0 %/);
  const { out } = await captured([...words, '-w', 'stats.pcap', '-o', 'json'], 1, traffic);
  expect((JSON.parse(out) as { stats: unknown }).stats).toMatchObject({
    total: { packets: 10, bytes: 980 },
    protocols: [{ protocol: 'IPv4/ICMP', packets: 10, bytes: 980 }],
    conversations: [
      { from: { address: await addressOf('client') }, sent: { packets: 5 }, received: { packets: 5 } },
    ],
    others: { packets: 0, bytes: 0 },
    approximate: false,
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { deployment, pod } from '../cluster/manifests.js';
import {
  endStarted,
  makeHome,
  type ProgramOptions,
  programs,
  runProgram,
  type RunningProgram,
  startProgram,
} from './program.js';

let cluster: TestCluster;
const nodes = ['executable', 'node'];
const addresses = new Map<string, string>();

beforeAll(async () => {
  cluster = await startCluster({
    objects: [
      pod({ name: 'web' }),
      pod({ name: 'db' }),
      pod({ name: 'client' }),
      deployment({ name: 'api', replicas: 3 }),
      ...nodes.flatMap((name) => [pod({ name: `other-${name}` }), pod({ name: `goner-${name}` })]),
    ],
  });
  for (const one of await cluster.list('v1', 'Pod', 'default')) {
    const { metadata, status } = one as { metadata: { name: string }; status?: { podIP: string } };
    if (status !== undefined) addresses.set(metadata.name, status.podIP);
  }
}, 60_000);
afterAll(() => cluster.stop());
// A test that failed takes nothing along into the next.
afterEach(async () => {
  const kubeconfig = cluster.kubeconfig;
  if (await endStarted()) await runProgram(['stop', 'web', 'db'], { kubeconfig });
});

/** Echo requests from client, each with its answer: so many times two packets at the other end. */
async function pings(to: string, count: number, size = 56): Promise<void> {
  const address = addresses.get(to) ?? to;
  const argv = ['ping', '-q', '-c', String(count), '-i', '0.01', '-s', String(size), address];
  const { code } = await cluster.run(argv, { in: { namespace: 'default', pod: 'client' } });
  expect(code).toBe(0);
}

/** What runs of a capture in a pod. */
async function leftIn(name: string): Promise<string[]> {
  const all = await cluster.processes('default', name);
  return all.map(({ argv }) => argv.join(' ')).filter((line) => /tcpdump|spool\./.test(line));
}

/** Waits, at most about 15 s, for what no event tells. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 75; tries > 0 && !(await holds()); tries--)
    await new Promise((resolve) => setTimeout(resolve, 200));
}

/** Waits until nothing of a capture runs in a pod. */
async function nothingLeftIn(name: string): Promise<void> {
  await until(async () => (await leftIn(name)).length === 0);
  expect(await leftIn(name)).toEqual([]);
}

/** Waits for packets of a running capture: a tcpdump that is stopped leaves those behind that it has not read yet. */
async function arrived(file: string, count: number): Promise<void> {
  await until(() => existsSync(file) && soFarIn(file).length >= count);
}

/** Packets of a file, as tshark counts them; that it complains of nothing is expected. */
function packetsIn(file: string): string[] {
  const out = execFileSync('tshark', ['-n', '-r', file, '-T', 'fields', '-e', 'icmp.seq'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  }).toString();
  return out.split('\n').slice(0, -1);
}

/** The same of a file that is being written, or removed: nothing when that cannot be read right now. */
function soFarIn(file: string): string[] {
  try {
    return packetsIn(file);
  } catch {
    return [];
  }
}

describe.each([
  ['executable', programs.executable],
  ['node', programs['on Node']],
] as const)('%s', (name, program) => {
  const { home, remove } = makeHome();
  afterAll(remove);
  const at = (file: string): string => join(home, file);

  const start = (args: readonly string[], options: ProgramOptions = {}): RunningProgram =>
    startProgram(['capture', ...args], {
      program,
      kubeconfig: cluster.kubeconfig,
      cwd: home,
      ...options,
      env: { HOME: home, ...options.env },
    });
  const interrupt = ({ child, ended }: RunningProgram) => {
    child.kill('SIGINT');
    return ended;
  };

  test('a deployment and pods beside it, some of which fail: one file, and exit code 8', async () => {
    const many = start(['deploy/api', 'web', 'nosuch', '-i', 'eth0', '-f', 'icmp', '-w', 'many.pcapng']);
    for (let seen = 0; seen < 4; seen++) await many.says(new RegExp(`(listening on [^]*){${seen + 1}}`));
    await pings('web', 5);
    await arrived(at('many.pcapng'), 10);
    const { code, stderr } = await interrupt(many);
    expect(stderr).toContain('error: pod/nosuch: There is no pod nosuch in namespace default.');
    expect(code).toBe(8);
    expect(packetsIn(at('many.pcapng'))).toHaveLength(10);
    const info = execFileSync('capinfos', ['-M', at('many.pcapng')]).toString();
    expect(info).toMatch(/Number of interfaces in file: +4/);
  });

  test('an image that does not exist: 7', async () => {
    const file = at('image.pcap');
    const words = [`other-${name}`, '--image', 'registry.example/nosuch:1', '-w', file];
    const { code, stderr } = await start(words).ended;
    expect(stderr).toContain('registry.example/nosuch:1');
    expect(code).toBe(7);
    expect(existsSync(file)).toBe(false);
  });

  test.each([
    [['-f', 'tcp prot 80']],
    [['-f', 'tcp prot 80', '--spool', '5MB']],
    [['--until', 'packet:tcp prot 80']],
  ])('a wrong filter, %p: 2, in the words of libpcap, once, and no file', async (words) => {
    const file = at('filter.pcap');
    const { code, stderr } = await start(['web', ...words, '-w', file]).ended;
    expect(code).toBe(2);
    expect(stderr.match(/does not accept the filter "tcp prot 80": .*syntax error/g)).toHaveLength(1);
    expect(existsSync(file)).toBe(false);
    await nothingLeftIn('web');
  });

  test('not allowed: 5', async () => {
    const kubeconfig = await cluster.user(`viewer-${name}`, {
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
    });
    const { code, stderr } = await start(['db', '--fresh', '-w', 'x.pcap'], { kubeconfig }).ended;
    expect(stderr).toContain('pods/ephemeralcontainers');
    expect(code).toBe(5);
  });

  describe.each([['plain'], ['--spool']])('%s', (kind) => {
    const spool = kind === '--spool' ? ['--spool', '5MB'] : [];
    const words = ['web', '-i', 'eth0', '-f', 'icmp', ...spool];

    test('SIGKILL of this program: what is written opens, and nothing stays in the pod', async () => {
      const file = at(`killed${kind}.pcapng`);
      const capture = start([...words, '-w', file]);
      await capture.says(/listening on/);
      await pings('web', 5);
      await capture.says(/^10 packets, \d.* \d+s$/m);
      capture.child.kill('SIGKILL');
      expect((await capture.ended).code).toBe(137);
      expect(packetsIn(file)).toHaveLength(10);
      // A spool waits two minutes for whoever may come back; `stop` is for those who do not.
      if (spool.length > 0) {
        const options = { program, kubeconfig: cluster.kubeconfig, env: { HOME: home } };
        expect((await runProgram(['stop', 'web'], options)).code).toBe(0);
      }
      await nothingLeftIn('web');
    });

    test.each([
      ['while the debug container starts', /injecting/],
      ['when it has just begun', /listening on/],
    ] as const)('Ctrl-C %s: 130, and nothing stays', async (_, moment) => {
      const file = at(`early${kind}.pcapng`);
      const capture = start([...words, '--fresh', '-w', file]);
      await capture.says(moment);
      const { code, stderr } = await interrupt(capture);
      expect(code).toBe(130);
      expect(stderr).not.toMatch(/^ *at .*:\d+/m);
      if (existsSync(file)) expect(packetsIn(file)).toEqual([]);
      await nothingLeftIn('web');
    });

    test('a disk that is full: 8, and the file opens', async () => {
      const disk = at(`disk${kind}`);
      mkdirSync(disk);
      const script = `mount -t tmpfs -o size=1m none ${disk} && cd ${disk} && "$@"; code=$?; capinfos -Tmc x.pcapng >&2; exit $code`;
      const unshare = process.getuid?.() === 0 ? ['unshare', '-m'] : ['unshare', '-Urm'];
      const wrapper = [...unshare, 'sh', '-c', script, 'sh'];
      const full = start([...words, '-w', 'x.pcapng'], { wrapper, cwd: '/' });
      await full.says(/listening on/);
      await pings('web', 100, 20_000);
      const { code, stderr } = await full.ended;
      expect(stderr).toContain('error: cannot write to x.pcapng: no space left on the disk');
      expect(stderr).not.toMatch(/cut short|damaged/);
      expect(code).toBe(8);
      await nothingLeftIn('web');
    });
  });

  test('--split, and stdout into a program that has enough', async () => {
    const split = start(['web', 'db', '-i', 'eth0', '-f', 'icmp', '-w', 'out/', '--split']);
    await split.says(/(listening on [^]*){2}/);
    await pings('web', 2);
    await pings('db', 1);
    await arrived(at('out/web.pcapng'), 4);
    await arrived(at('out/db.pcapng'), 2);
    await interrupt(split);
    expect(packetsIn(at('out/web.pcapng'))).toHaveLength(4);
    expect(packetsIn(at('out/db.pcapng'))).toHaveLength(2);

    const script = '"$@" | tshark -n -r - -c 2 -T fields -e icmp.seq';
    const piped = start(['web', '-i', 'eth0', '-f', 'icmp', '-w', '-'], {
      wrapper: ['sh', '-c', script, 'sh'],
    });
    await piped.says(/listening on/);
    // That nobody reads any more is told to whoever writes the next packet.
    const over = new AbortController();
    void piped.ended.then(() => over.abort());
    while (!over.signal.aborted) await pings('web', 5);
    const { stdout, stderr } = await piped.ended;
    expect(stdout.toString()).toBe('1\n1\n');
    expect(stderr).toMatch(/: the reader closed$/m);
    await nothingLeftIn('web');
  });

  test('the API server is away for three seconds: the spool loses nothing', async () => {
    const file = at('away.pcapng');
    const capture = start(['web', '-i', 'eth0', '-f', 'icmp', '--spool', '5MB', '-w', file]);
    await capture.says(/listening on/);
    const away = cluster.restartApiServer({ downMs: 3000 });
    await pings('web', 200);
    await away;
    await capture.says(/^400 packets, \d.* \d+s$/m);
    const { code, stderr } = await interrupt(capture);
    expect(stderr).toContain('400 captured, 400 received by filter, 0 dropped by kernel, last record whole');
    expect(code).toBe(130);
    expect(new Set(packetsIn(file)).size).toBe(200);
  });

  test('a pod is deleted: its source is closed, the others go on', async () => {
    const target = `goner-${name}`;
    const capture = start(['web', target, '-i', 'eth0', '-f', 'icmp', '-w', 'gone.pcapng']);
    await capture.says(/(listening on [^]*){2}/);
    await pings(target, 3);
    await arrived(at('gone.pcapng'), 6);
    await cluster.remove(pod({ name: target }));
    await capture.says(new RegExp(`default/${target}:eth0 has ended: pod default/${target} (is|was|has) .`));
    await pings('web', 4);
    await arrived(at('gone.pcapng'), 14);
    const { stderr } = await interrupt(capture);
    expect(stderr).toMatch(new RegExp(`default/${target}:eth0 +6 .*`));
    expect(stderr).toMatch(/default\/web:eth0 +8 .*/);
    expect(packetsIn(at('gone.pcapng'))).toHaveLength(14);
  });

  test('files: compressed, in a row of which the oldest go, ended by Ctrl-C in the midst of it', async () => {
    const words = ['--rotate-size', '20KiB', '--rotate-count', '3'];
    const capture = start(['web', '-i', 'eth0', '-f', 'icmp', '-w', 'row.pcapng.gz', ...words]);
    await capture.says(/listening on/);
    const files = (): string[] => readdirSync(home).filter((file) => file.startsWith('row_'));
    const pinging = pings('web', 250, 1000);
    await until(() => files().some((file) => /_0000[5-9]_/.test(file)));
    expect((await interrupt(capture)).code).toBe(130);
    const row = files().sort();
    expect(row).toHaveLength(3);
    // Each number twice, request and answer, and none left out.
    const all = row.flatMap((file) => packetsIn(at(file)).map(Number));
    const [first = 0] = all;
    expect(new Set(all)).toEqual(
      new Set(Array.from({ length: (all.at(-1) ?? 0) - first + 1 }, (_, i) => first + i)),
    );
    for (const file of row) {
      expect(gunzipSync(readFileSync(at(file))).length).toBeLessThanOrEqual(20 * 1024);
      expect(execFileSync('capinfos', [at(file)]).toString()).toContain('Number of stat entries = 1');
    }
    await nothingLeftIn('web');
    await pinging;
  });

  test('Ctrl-C at any of its first moments: 130, a file that opens or none, and nothing stays', async () => {
    for (const [number, milliseconds] of [0, 20, 50, 100, 150, 220, 300].entries()) {
      const file = at(`moment-${number}.pcapng`);
      const capture = start(['web', '-i', 'eth0', '-f', 'icmp', '-w', file]);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      expect((await interrupt(capture)).code).toBe(130);
      if (existsSync(file)) expect(packetsIn(file)).toEqual([]);
    }
    await nothingLeftIn('web');
  });

  test('the last seconds before a packet, and what --detach left', async () => {
    const trigger = ['--until', 'packet:greater 900'];
    const until = start(['web', '-i', 'eth0', '-f', 'icmp', '-w', 'until.pcap', ...trigger]);
    await until.says(/listening on/);
    await pings('web', 3);
    await pings('web', 1, 1000);
    const { code, stderr } = await until.ended;
    expect(stderr).toMatch(/triggered: a packet in default\/web matches greater 900/);
    expect(stderr).toMatch(/: the trigger came$/m);
    expect(code).toBe(0);
    expect(packetsIn(at('until.pcap'))).toHaveLength(8);

    expect((await start(['db', '-i', 'eth0', '-f', 'icmp', '--detach']).ended).code).toBe(0);
    await pings('db', 3);
    const options = { program, kubeconfig: cluster.kubeconfig, env: { HOME: home } };
    expect((await runProgram(['list'], options)).stdout.toString()).toMatch(/db .*spool \w+: tcpdump/);
    const resumed = start(['db', '--resume', '-w', 'resumed.pcap']);
    await resumed.says(/^6 packets, \d.* \d+s$/m);
    expect((await interrupt(resumed)).code).toBe(130);
    expect(packetsIn(at('resumed.pcap'))).toHaveLength(6);
    await nothingLeftIn('db');
  });
});

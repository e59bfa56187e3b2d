/** Every probe on real packets, as people call it: what is good, and what goes wrong, with its exit code and its first words. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { inParallel } from '../../src/tools/probe.js';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { listener, namespace, pod, restrictedSecurity, service } from '../cluster/manifests.js';
import { hostilePorts as at, startHostile } from './hostile.js';
import { programs, runProgram, startProgram } from './program.js';
import { broken, found, good, probes, refused, type Row } from './toolbox-rows.js';

let cluster: TestCluster;
let nobody: string;

const web = { image: 'registry.example/web:1', labels: { app: 'api' } };
const httpd = (port: number): string[] => ['/bin/httpd', '-f', '-p', String(port), '-h', '/srv'];

beforeAll(async () => {
  cluster = await startCluster({
    nodes: 2,
    network: { dns: { outside: { 'api.partner.example': ['203.0.113.10'] } } },
    objects: [
      namespace('tight', { podSecurity: 'restricted' }),
      pod({ name: 'client', nodeName: 'node-1', labels: { app: 'client' } }),
      pod({
        name: 'bare',
        nodeName: 'node-1',
        image: 'registry.example/distroless:1',
        command: ['/httpd', '-f', '-p', '8080'],
      }),
      pod({ name: 'hostile', nodeName: 'node-2' }),
      pod({
        name: 'closed',
        nodeName: 'node-2',
        labels: { app: 'closed', half: 'yes' },
        ...{ image: web.image, command: httpd(80) },
      }),
      pod({ name: 'api-0', nodeName: 'node-1', ...web, command: httpd(80) }),
      pod({ name: 'api-1', nodeName: 'node-2', ...web, command: httpd(80) }),
      pod({ name: 'api-2', nodeName: 'node-2', ...web, command: httpd(81) }),
      service({ name: 'api', selector: { app: 'api' }, ports: [{ port: 80 }] }),
      service({ name: 'echo', selector: { app: 'echo' }, ports: [{ port: 80 }] }),
      // One of its pods answers, the other does not.
      service({ name: 'half', selector: { half: 'yes' }, ports: [{ port: 80 }] }),
      service({ name: 'empty', selector: { app: 'nobody' }, ports: [{ port: 80 }] }),
      listener({
        name: 'echo',
        labels: { app: 'echo', half: 'yes' },
        nodeName: 'node-2',
        on: ['http://0.0.0.0:80', 'http://0.0.0.0:503?status=503', 'udp://0.0.0.0:9000'],
      }),
      pod({
        name: 'ending',
        image: 'busybox:1.36',
        command: ['sh', '-c', 'echo "dial tcp 10.0.0.1:80: connect: connection refused"; sleep 2'],
        spec: { restartPolicy: 'Never' },
      }),
      pod({
        name: 'tight',
        namespace: 'tight',
        image: 'registry.example/toolbox-nonroot:1',
        securityContext: restrictedSecurity,
      }),
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'closed', namespace: 'default' },
        spec: { podSelector: { matchLabels: { app: 'closed' } }, policyTypes: ['Ingress'] },
      },
    ],
  });
  nobody = await cluster.user('nobody', {});
  const { kubeconfig } = cluster;
  await Promise.all([
    startHostile(cluster, 'hostile', 'hostile.test'),
    // The debug containers that all use, so that each row begins at once.
    runProgram(['exec', 'client', '--', 'true'], { kubeconfig }),
    runProgram(['exec', 'bare', ...busybox, '--', 'true'], { kubeconfig }),
    runProgram(['exec', 'tight', '-n', 'tight', '--', 'true'], { kubeconfig }),
    runProgram(['exec', 'echo', '--', 'true'], { kubeconfig }),
    runProgram(['exec', 'echo', ...busybox, '--', 'true'], { kubeconfig }),
  ]);
}, 90_000);
afterAll(() => cluster.stop());

const busybox = ['--image', 'busybox:1.36'];

const both = Object.entries(programs);

/** Does the rows with both programs, some at once, and says which did not end as they should. */
async function wrong(rows: readonly Row[], kubeconfig = cluster.kubeconfig): Promise<string[]> {
  const echo = await addressOf('echo');
  const all = rows.flatMap((row) => both.map(([name, program]) => ({ row, name, program })));
  const results = await inParallel(all, 8, async ({ row: [words, code, said], name, program }) => {
    const image = /^\S+ bare /.test(words) ? busybox : [];
    // Two servers cannot have one port; PORT2 becomes 52012.
    const port = name === 'executable' ? '5201' : '5301';
    const [first = '', ...rest] = words
      .split(' ')
      .map((word) => word.replace('${IFS}', ' ').replace('ECHO', echo).replace('PORT', port));
    const result = await runProgram([first, ...image, ...rest], { program, kubeconfig });
    const stdout = result.stdout.toString();
    const text = said.source.startsWith('^error:') ? result.stderr : stdout;
    const clean = !/[\u0000-\u0008\u000b-\u001f]/.test(stdout);
    return result.code === code && said.test(text) && clean
      ? []
      : [`${name}: ${words}: ${result.code} instead of ${code}\n${stdout}\n${result.stderr}`];
  });
  return results.flat();
}

async function addressOf(name: string): Promise<string> {
  const { status } = (await cluster.get('v1', 'Pod', 'default', name)) as { status: { podIP: string } };
  return status.podIP;
}

async function running(word: RegExp, name = 'client'): Promise<boolean> {
  const processes = await cluster.processes('default', name);
  return processes.some(({ argv }) => word.test(argv.join(' ')));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it did not come to be');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test.each([
  ['all is well', good],
  ['something is found', found],
  ['what cannot be done is refused with a sentence', refused],
])(
  '%s',
  async (_, rows) => {
    expect(await wrong(rows)).toEqual([]);
  },
  120_000,
);

test('not allowed (5)', async () => {
  const said = /^error: User nobody may not get pods in namespace default\.$/m;
  expect(
    await wrong(
      probes.map((words): Row => [words, 5, said]),
      nobody,
    ),
  ).toEqual([]);
}, 90_000);

test('a cluster that is gone (4)', async () => {
  const said = /^error: Cannot reach the API server https:\/\/127\.0\.0\.1:1: nothing listens there/m;
  const rows = probes.map((words): Row => [words.replace(' ', ' -s https://127.0.0.1:1 '), 4, said]);
  expect(await wrong(rows)).toEqual([]);
}, 90_000);

describe.each(both)('%s', (_, program) => {
  // What is known already stands there while the rest is waited for: it would be for minutes.
  test.each([
    [
      'connect client svc/half:80 --timeout 471s',
      /^timeout 471 bash/,
      /^pod default\/echo .* 1\/1 .*connected$/m,
    ],
    [
      'connect client svc/half:80 --timeout 470s --count 9',
      /^timeout 470 bash/,
      /^pod default\/echo .* 9\/9 /m,
    ],
    [
      `connect client pod/hostile:${at.silent} --tls --timeout 472s`,
      /^timeout 472 openssl/,
      / 1\/1 .*connected$/m,
    ],
    ['connect client pod/closed:80/udp --timeout 473s', /\/dev\/udp[^]* 473 /, undefined],
    [`http client pod/hostile:${at.silent} --timeout 474s`, /^curl [^]* 474 /, /^connected to 10\..*:\d+$/m],
    [
      `http client pod/hostile:${at.redirectToSilence} --follow --timeout 479s`,
      /^curl [^]* 479 /,
      /^connected to .*\nHTTP\/1\.1 302 Found$/m,
    ],
    [
      'dns client x. --nameserver CLOSED --timeout 475s',
      /^dig .*\+time=475/,
      /^x\. +10\.96\.0\.10 +AAAA +\S+ .*ms +\S+ .*ms/m,
    ],
    ['trace client pod/closed --timeout 476s', /^traceroute .* 476 /, /^1 .* node node-1$/m],
    [
      'throughput client echo --time 478s --port PORT',
      /^iperf3 [^]* 478 /,
      /^default\/client -> default\/echo +1 s +\d+/m,
    ],
    [
      'throughput bare echo --time 468s --port PORT --image busybox:1.36',
      /dd if=/,
      /^default\/bare -> default\/echo +\d s +\d+/m,
    ],
  ] as const)(
    'Ctrl-C leaves nothing of %s',
    async (words, process, before) => {
      const port = program === programs.executable ? '5401' : '5501';
      const args = words
        .replace('CLOSED', await addressOf('closed'))
        .replace('PORT', port)
        .split(' ');
      const [, name = ''] = args;
      const one = startProgram(args, { program, kubeconfig: cluster.kubeconfig });
      if (before !== undefined) await one.says(before, 'stdout');
      await until(() => running(process, name));
      one.child.kill('SIGINT');
      expect((await one.ended).code).toBe(130);
      await until(async () => !(await running(process, name)));
    },
    60_000,
  );

  test('a reader that has enough ends it, and leaves nothing', async () => {
    const { kubeconfig } = cluster;
    const one = startProgram(['exec', 'client', '--', 'yes', 'sunny'], { program, kubeconfig });
    await one.says(/sunny/, 'stdout');
    one.child.stdout?.destroy();
    expect((await one.ended).code).toBe(0);
    await until(async () => !(await running(/^yes sunny/)));
  }, 60_000);

  test('a pod that ends meanwhile is no silent destination: incomplete (8)', async () => {
    const leaving = pod({ name: 'leaving' });
    await cluster.apply(leaving);
    await cluster.ready('default', 'leaving');
    const words = ['connect', 'leaving', 'pod/closed:80', '--timeout', '477s'];
    const one = startProgram(words, { program, kubeconfig: cluster.kubeconfig });
    await until(() => running(/^timeout 477/, 'leaving'));
    await cluster.remove(leaving);
    const { code, stderr } = await one.ended;
    expect({ code, stderr }).toEqual({ code: 8, stderr: expect.stringMatching(/^error: /m) as unknown });
    await cluster.waitFor({ kind: 'Pod', name: 'leaving' }, (object) => object === undefined);
  }, 60_000);
});

// The last of all: nothing mends the last breakage.
test.each(broken.map(([breakage, ...rows]) => [breakage.kind, breakage, rows] as const))(
  '%s',
  async (kind, breakage, rows) => {
    const id = await cluster.breakNetwork(breakage);
    expect(await wrong(rows)).toEqual([]);
    if (kind !== 'dns-down') await cluster.mendNetwork(id);
  },
  90_000,
);

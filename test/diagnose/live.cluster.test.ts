/** Real packets on networks that are truly broken: the cause has to be the first that diagnose names. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
// jest cannot load two modules at a time that import a third; loaded here, they are there when the command asks for them.
import '../../plugin/diagnoserun.js';
import '../../plugin/diagnoseprobes.js';
import '../../plugin/options/profilefile.js';
import '../../src/debugger/ensure.js';
import '../../src/debugger/lifeline.js';
import '../../src/kube/connect.js';
import { inParallel } from '../../src/tools/probe.js';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import type { Breakage } from '../cluster/network/options.js';
import { realClock } from '../debugger/fakes.js';
import { run } from '../../plugin/run.js';
import { fakeEnvironment, runWords } from '../plugin/environment.js';
import { neverReady, objects } from './live-objects.js';

/** FROM, TO, the code that has to be named first (`''`: none), the verdict. */
type Case = readonly [from: string, to: string, code: string, verdict: string];

interface Said {
  readonly verdict: string;
  readonly code: string;
  readonly all: string;
  readonly exit: number;
  readonly ms: number;
}

let cluster: TestCluster;
const real = { random: Math.random, clock: { ...realClock, every: () => () => undefined } };

async function ask(from: string, to: string): Promise<Said> {
  const began = performance.now();
  const words = ['diagnose', from, to, '-o', 'json', '-n', 'shop', '--kubeconfig', cluster.kubeconfig];
  const { code: exit, out, err } = await runWords(words, real);
  const ms = performance.now() - began;
  const found = JSON.parse(out === '' ? '{"findings":[]}' : out) as {
    readonly verdict?: string;
    readonly findings: readonly {
      readonly code: string;
      readonly message: string;
      readonly causedBy?: string;
    }[];
    readonly notChecked?: readonly { readonly what: string; readonly why: string }[];
  };
  const all = [
    ...found.findings.map(
      ({ code, message, causedBy }) => `${code}${causedBy === undefined ? '' : ` (so)`} ${message}`,
    ),
    ...(found.notChecked ?? []).map(({ what, why }) => `not checked: ${what} (${why})`),
    ...(out === '' ? [err] : []),
  ].join('\n');
  return { verdict: found.verdict ?? err, code: found.findings[0]?.code ?? '', all, exit, ms };
}

/** Asks all at once but for a limit: the flows do not interfere, and most of their time is waiting for silence. */
async function askAll(cases: readonly Case[]): Promise<readonly Said[]> {
  return inParallel(cases, 6, ([from, to]) => ask(from, to));
}

function judge(cases: readonly Case[], said: readonly Said[]): void {
  const told = cases.map(
    ([from, to], index) => `${from} ${to}: ${said[index]?.code ?? ''} ${said[index]?.verdict ?? ''}`,
  );
  const wanted = cases.map(([from, to, code, verdict]) => `${from} ${to}: ${code} ${verdict}`);
  const wrong = said.filter((_, index) => told[index] !== wanted[index]).map(({ all }) => all);
  expect({ told, wrong }).toEqual({ told: wanted, wrong: [] });
}

beforeAll(async () => {
  cluster = await startCluster({
    nodes: 2,
    network: { dns: { outside: { 'api.partner.example': ['203.0.113.10'] } }, proxyPods: true },
    objects,
  });
  await Promise.all(neverReady.map((one) => cluster.apply(one)));
}, 120_000);
afterAll(() => cluster.stop());

const down = 'UNREACHABLE';

const healthy: readonly Case[] = [
  ['client', 'svc/api', '', 'REACHABLE'],
  ['client', 'api:80', '', 'REACHABLE'],
  ['client', 'api.shop.svc.cluster.local:80', '', 'REACHABLE'],
  ['client', 'svc/pair', '', 'REACHABLE'],
  ['client', 'svc/headless', '', 'REACHABLE'],
  ['client', 'pod/api:8080', '', 'REACHABLE'],
  ['other', 'svc/api', '', 'REACHABLE'],
];

const services: readonly Case[] = [
  ['client', 'svc/wrong', 'ND307', down],
  ['client', 'svc/loop', 'ND103', down],
  ['client', 'pod/api:9999', 'ND102', down],
  ['client', 'svc/nobody', 'ND302', down],
  ['client', 'svc/unready', 'ND303', down],
  ['client', 'svc/misaimed', 'ND109', down],
  ['client', 'svc/crashed', 'ND107', down],
  ['client', 'svc/api:81', 'ND306', down],
  ['client', 'svc/named', 'ND308', down],
  ['client', 'svc/local', 'ND313', down],
  ['client', 'svc/datagram:80/udp', 'ND309', down],
  ['client', 'shifted:80', 'ND318', down],
  ['client', 'svc/secure', 'ND325', 'REACHABLE'],
  ['client', 'svc/zero', 'ND324', down],
  ['client', 'svc/manual', 'ND311', down],
];

const namesAndPolicies: readonly Case[] = [
  ['client', 'depot:80', 'ND410', down],
  ['client', 'svc/nothing:80', 'ND301', down],
  ['client', 'api.shop.svc.k8s.corp:80', 'ND411', down],
  ['by-default', 'api:80', 'ND401', down],
  ['by-config', 'api:80', 'ND402', down],
  ['mute', 'svc/api', 'ND201', down],
  ['nameless', 'api:80', 'ND203', down],
  ['client', 'guard/svc/closed', 'ND202', down],
  ['client', 'guard/svc/service-port', 'ND204', down],
  ['client', 'guard/svc/labelled', 'ND205', down],
  ['client', 'guard/svc/own', 'ND207', down],
  ['client', 'guard/svc/named-port', 'ND211', down],
];

describe('a network that is whole', () => {
  test('healthy flows are REACHABLE, without a finding', async () => {
    const said = await askAll(healthy);
    judge(healthy, said);
    expect(said.map(({ exit }) => exit)).toEqual(healthy.map(() => 0));
  }, 60_000);

  test('a healthy flow takes less than 15 s, one that is dropped less than 30 s, debug containers and all', async () => {
    const said = await ask('fresh', 'svc/api');
    expect([said.verdict, said.code]).toEqual(['REACHABLE', '']);
    expect(said.ms).toBeLessThan(15_000);
    const dropped = await ask('fresh', 'guard/svc/except');
    expect([dropped.verdict, dropped.code]).toEqual(['UNREACHABLE', 'ND209']);
    expect(dropped.ms).toBeLessThan(30_000);
  });

  test('Services and pods that are wrong', async () => {
    judge(services, await askAll(services));
  }, 60_000);

  test('names and policies that are wrong', async () => {
    judge(namesAndPolicies, await askAll(namesAndPolicies));
  }, 60_000);
});

describe('Ctrl-C', () => {
  const trying = async (): Promise<boolean> =>
    (await cluster.processes('shop', 'client')).some(({ argv }) => /\btimeout 2 bash\b/.test(argv.join(' ')));

  async function until(holds: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + 20_000;
    while (!(await holds())) {
      if (Date.now() > end) throw new Error('it did not come to be');
      await setTimeout(20);
    }
  }

  test('ends it with 130, without a report, and leaves nothing in the pod', async () => {
    const words = [
      'diagnose',
      'client',
      'guard/svc/closed',
      '-n',
      'shop',
      '--kubeconfig',
      cluster.kubeconfig,
    ];
    const environment = fakeEnvironment(words, real);
    const ended = run(environment);
    await until(trying);
    environment.stop({ kind: 'interrupted', signal: 'SIGINT' });
    expect(await ended).toBe(130);
    expect(environment.out()).toBe('');
    await until(async () => !(await trying()));
  }, 60_000);
});

/** What is broken at once, what is then asked, and how it is mended. */
interface Stage {
  readonly about: string;
  readonly breakages: readonly Breakage[];
  readonly cases: readonly Case[];
  readonly before?: () => Promise<unknown>;
  readonly after?: () => Promise<unknown>;
}

let usualCorefile = '';

/** The DNS pods read it again at once. */
function setCorefile(text: string): Promise<unknown> {
  return cluster.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'coredns', namespace: 'kube-system' },
    data: { Corefile: text },
  });
}

const stages: readonly Stage[] = [
  {
    about: 'a Service that a pod does not reach itself through, policies that nobody enforces',
    breakages: [{ kind: 'no-hairpin', node: 'node-1' }],
    cases: [
      ['itself', 'svc/itself', 'ND317', down],
      ['client', 'guard/svc/closed', 'ND215', 'REACHABLE'],
    ],
    before: () => cluster.setPolicy('off'),
    after: () => cluster.setPolicy('drop'),
  },
  {
    about: 'large packets vanish between nodes, and the resolver outside is silent',
    breakages: [{ kind: 'mtu-black-hole' }, { kind: 'dns-forward-down' }],
    cases: [
      ['client', 'svc/api', 'ND808', 'AMBIGUOUS'],
      ['other', 'api.partner.example:80', 'ND406', down],
    ],
  },
  {
    about: 'a node has lost its route to another, and the Corefile answers for a Service itself',
    breakages: [{ kind: 'lost-route', node: 'node-1', to: 'node-2' }],
    cases: [
      ['client', '10.96.7.7:80', 'ND807', 'AMBIGUOUS'],
      ['other', 'api:80', 'ND405', down],
    ],
    before: async () => {
      const config = await cluster.get('v1', 'ConfigMap', 'kube-system', 'coredns');
      const { Corefile } = config.data as { readonly Corefile: string };
      usualCorefile = Corefile;
      const own = 'template IN A api.shop.svc.cluster.local {\n rcode NXDOMAIN\n }\n';
      await setCorefile(Corefile.replace(/\{\n/, `{\n${own}`));
    },
    after: () => setCorefile(usualCorefile),
  },
  {
    about: 'no DNS pods, and on one node no kube-proxy',
    breakages: [{ kind: 'dns-down' }, { kind: 'kube-proxy-down', node: 'node-1', flushed: true }],
    cases: [
      ['other', 'api:80', 'ND403', down],
      ['client', '10.96.7.7:80', 'ND812', down],
    ],
  },
  {
    about: 'a node is gone',
    breakages: [{ kind: 'node-down', node: 'node-2', link: true }],
    cases: [['client', '10.96.7.8:80', 'ND801', down]],
  },
];

describe('a network that breaks', () => {
  test.each(stages)(
    '$about',
    async ({ breakages, cases, before, after }) => {
      await before?.();
      const broken: string[] = [];
      for (const one of breakages) broken.push(await cluster.breakNetwork(one));
      try {
        const said = await askAll(cases);
        judge(cases, said);
      } finally {
        for (const id of broken) await cluster.mendNetwork(id);
        await after?.();
      }
    },
    60_000,
  );
});

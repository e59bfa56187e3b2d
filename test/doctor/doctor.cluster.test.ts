/** What doctor says of a cluster in which each thing is really in the way. Nothing is ever changed by it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
import { run } from '../../plugin/run.js';
import { ensureDebugContainer } from '../../src/debugger/ensure.js';
import type { NetdebugError } from '../../src/errors.js';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { deployment, namespace, pod, restrictedSecurity } from '../cluster/manifests.js';
import { askDoctor } from './ask.js';
import { realClock } from '../debugger/fakes.js';
import { fakeEnvironment, runWords } from '../plugin/environment.js';
import { connectWith, debugOptions } from '../tools/in-pod.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({
    nodes: 2,
    objects: [
      namespace('shop'),
      namespace('guarded', { podSecurity: 'baseline' }),
      namespace('strict', { podSecurity: 'restricted' }),
      namespace('empty'),
      pod({ name: 'web', namespace: 'shop', nodeName: 'node-1' }),
      pod({
        name: 'secured',
        namespace: 'shop',
        nodeName: 'node-1',
        spec: { imagePullSecrets: [{ name: 'regcred' }], securityContext: { runAsUser: 1001 } },
      }),
      pod({ name: 'other', namespace: 'shop', nodeName: 'node-2' }),
      pod({ name: 'web', namespace: 'guarded' }),
      pod({ name: 'web', namespace: 'strict', securityContext: restrictedSecurity }),
      deployment({ name: 'api', namespace: 'shop' }),
    ],
  });
  await label('node-2', {});
}, 90_000);
afterAll(() => cluster.stop());
afterEach(() => cluster.clearFaults());

const doctor = (words: readonly string[], kubeconfig = cluster.kubeconfig) => askDoctor(words, kubeconfig);

async function label(node: string, labels: Readonly<Record<string, string | null>>): Promise<void> {
  const type = 'application/merge-patch+json';
  const answer = await cluster.request('PATCH', `/api/v1/nodes/${node}`, { metadata: { labels } }, type);
  expect(answer.status).toBe(200);
}

describe('who may do everything', () => {
  test('a pod: nothing is missing, and nothing is changed', async () => {
    const before = await cluster.get('v1', 'Pod', 'shop', 'web');
    const { code, states, target } = await doctor(['shop/pod/web']);
    expect(code).toBe(0);
    expect(target).toBe('shop/pod/web');
    expect(states).toMatchObject({
      kubeconfig: 'ok',
      'server-version': 'ok',
      user: 'ok',
      websocket: 'ok',
      'rights-debug': 'ok',
      'rights-nodes': 'ok',
      pod: 'ok',
      node: 'ok',
      admission: 'ok',
      program: 'ok',
    });
    expect(await cluster.get('v1', 'Pod', 'shop', 'web')).toEqual(before);
    // The exec without a stream has started nothing.
    expect((await cluster.processes('shop', 'web')).map(({ argv }) => argv[0])).not.toContain('true');
  });

  test('a workload stands for its pod, a node for a pod that would be made; none is', async () => {
    const { code, target, line } = await doctor(['deploy/api', '-n', 'shop']);
    expect(code).toBe(0);
    expect(target).toMatch(/^shop\/pod\/api-/);
    expect(line('choice')?.message).toContain('api');
    const pods = (await cluster.list('v1', 'Pod', 'shop')).length;
    const node = await doctor(['node/node-1', '-n', 'shop']);
    expect(node).toMatchObject({ code: 0, states: { node: 'ok', admission: 'ok', 'rights-nodes': 'ok' } });
    expect(await cluster.list('v1', 'Pod', 'shop')).toHaveLength(pods);
  });

  test('without a target a pod that runs is found for the websocket; where there is none it is unknown', async () => {
    expect((await doctor(['-n', 'shop'])).states.websocket).toBe('ok');
    expect(await doctor(['-n', 'empty'])).toMatchObject({ code: 0, states: { websocket: 'unknown' } });
  });

  test('text for people: the lines, and a count on stderr', async () => {
    const { code, out, err } = await runWords(['doctor', 'shop/pod/web', '--kubeconfig', cluster.kubeconfig]);
    expect(code).toBe(0);
    expect(out).toMatch(/^cluster\n {2}ok {8}kubeconfig /);
    expect(out).toMatch(/^rights in namespace shop\n/m);
    expect(err).toMatch(/^\d+ ok, 1 unknown$/m);
  });
});

describe('the target', () => {
  test.each([
    ['guarded', 'baseline', /netadmin is refused: Pod Security "baseline"/, /NET_RAW/],
    ['strict', 'restricted', /baseline is refused: Pod Security "restricted"/, /Packets cannot be captured/],
  ])(
    'Pod Security of namespace %s: the profile %s, and what it cannot do',
    async (where, profile, by, limit) => {
      const { code, line } = await doctor([`${where}/pod/web`]);
      expect(code).toBe(0);
      expect(line('admission')).toMatchObject({
        state: 'warning',
        message: `a debug container is admitted: profile ${profile}`,
      });
      const details = line('admission')?.details?.join('\n') ?? '';
      expect(details).toMatch(by);
      expect(details).toMatch(limit);
      const alone = await doctor([`${where}/pod/web`, '--profile', 'sysadmin']);
      expect(alone).toMatchObject({ code: 1, states: { admission: 'missing' } });
    },
  );

  test('a pod on a node in a namespace under baseline: refused, with a way out', async () => {
    const { code, line } = await doctor(['node/node-1', '-n', 'guarded']);
    expect(code).toBe(1);
    expect(line('admission')).toMatchObject({
      state: 'missing',
      advice: expect.stringContaining('kube-system') as unknown,
    });
  });

  test('what does not exist: 6, with the rest still told', async () => {
    expect(await doctor(['nosuch', '-n', 'shop'])).toMatchObject({
      code: 6,
      exitCode: 6,
      states: { target: 'missing', 'rights-debug': 'ok' },
    });
    expect(await doctor(['node/nosuch', '-n', 'shop'])).toMatchObject({
      code: 1,
      states: { node: 'missing' },
    });
  });

  test.each([
    ['Fargate', { 'eks.amazonaws.com/compute-type': 'fargate' }],
    ['virtual kubelet', { type: 'virtual-kubelet' }],
    ['Windows', { 'kubernetes.io/os': 'windows' }],
  ])('a node of %s is named before, and by the refusal', async (words, labels) => {
    await label('node-2', labels);
    try {
      const { code, line } = await doctor(['other', '-n', 'shop']);
      expect(code).toBe(1);
      expect(line('node')).toMatchObject({
        state: 'missing',
        message: expect.stringContaining(words) as unknown,
      });
      const api = await connectWith(cluster.kubeconfig);
      const error = await ensureDebugContainer(api, {
        namespace: 'shop',
        pod: 'other',
        need: 'none',
        options: debugOptions({ image: 'registry.example/nosuch:1', fresh: true }),
        onProgress: () => undefined,
        clock: realClock,
        random: Math.random,
      }).then(
        () => undefined,
        (thrown: unknown) => thrown as NetdebugError,
      );
      api.close();
      expect(error).toMatchObject({ exitCode: 7, hint: line('node')?.advice });
      expect(error?.details).toContain(line('node')?.message);
    } finally {
      await label('node-2', {
        'kubernetes.io/os': 'linux',
        type: null,
        'eks.amazonaws.com/compute-type': null,
      });
    }
  });

  test('the image: on the node, from the registry of the pod, or to be pulled; pull secrets by name', async () => {
    const image = async (name: string, ...words: string[]) =>
      (await doctor([`shop/pod/web`, '--image', name, ...words])).line('image');
    const onNode = (await cluster.get('v1', 'Node', undefined, 'node-1')) as unknown as {
      status: { images: { names: string[] }[] };
    };
    const [present = ''] = onNode.status.images[0]?.names ?? [];
    expect(await image(present, '--image-pull-policy', 'IfNotPresent')).toMatchObject({ state: 'ok' });
    expect(await image('registry.example/other:1')).toMatchObject({ state: 'ok' });
    expect(await image('quay.io/other:1')).toMatchObject({ state: 'unknown' });
    const secured = await doctor(['shop/pod/secured', '--image', 'quay.io/other:1']);
    expect(secured.code).toBe(0);
    expect(secured.line('image')?.details?.[0]).toContain('regcred');
    expect(secured.line('user-of-pod')?.message).toContain('runAsUser 1001');
  });
});

describe('the way to the cluster', () => {
  test.each([undefined, 200, 400] as const)(
    'a proxy that takes upgrades away (answer %s)',
    async (answer) => {
      await cluster.fault({
        kind: 'strip-upgrade',
        match: { upgrade: true, times: 0 },
        ...(answer === undefined ? {} : { answer }),
      });
      const { code, line } = await doctor(['shop/pod/web']);
      expect(code).toBe(1);
      expect(line('websocket')).toMatchObject({
        state: 'missing',
        message: expect.stringContaining('does not let websockets through') as unknown,
      });
    },
  );

  test('a kubelet that fails leaves the websocket open to doubt', async () => {
    await cluster.fault({ kind: 'status', code: 500, match: { path: '/exec', times: 0 } });
    expect(await doctor(['shop/pod/web'])).toMatchObject({ code: 3, states: { websocket: 'unknown' } });
  });

  test('no kubeconfig, no server, credentials that are not known: 4, and this machine is told of', async () => {
    const none = await doctor([], '/nonexistent/kubeconfig');
    expect(none).toMatchObject({ code: 4, states: { kubeconfig: 'missing', program: 'ok' } });
    const nobody = await doctor(['-s', 'https://127.0.0.1:1']);
    expect(nobody).toMatchObject({ code: 4, states: { kubeconfig: 'ok', server: 'missing', program: 'ok' } });
    const kubeconfig = await cluster.user('stranger', { namespace: 'shop' });
    const stranger = await doctor(['--token', 'nonsense'], kubeconfig);
    expect(stranger).toMatchObject({ code: 4, states: { server: 'missing' } });
  });

  test('words that are none: 2', async () => {
    for (const words of [['--for', 'everything'], ['-A'], ['web', 'other'], ['https://x/']])
      expect(await runWords(['doctor', ...words])).toMatchObject({ code: 2, out: '' });
  });

  test('Ctrl-C ends it', async () => {
    const id = await cluster.fault({ kind: 'delay', ms: 20_000, match: { path: '/version', times: 0 } });
    const environment = fakeEnvironment(['doctor', '--kubeconfig', cluster.kubeconfig]);
    const ended = run(environment);
    while ((await cluster.faultHits(id)) === 0) await setTimeout(50);
    environment.stop({ kind: 'interrupted', signal: 'SIGINT' });
    expect(await ended).toBe(130);
  });
});

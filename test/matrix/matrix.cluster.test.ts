/** Real packets between pods: what the matrix says of them, with every kind of answer. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
// jest cannot load two modules at a time that import a third; loaded here, they are there when the command asks for them.
import '../../plugin/matrix.js';
import '../../plugin/options/profilefile.js';
import '../../plugin/print/pairsdocument.js';
import '../../src/debugger/ensure.js';
import '../../src/debugger/lifeline.js';
import '../../src/kube/connect.js';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { listener, namespace, pod, service } from '../cluster/manifests.js';
import type { Rule } from '../cluster/test-cluster.js';
import { realClock } from '../debugger/fakes.js';
import { run } from '../../plugin/run.js';
import { fakeEnvironment, runWords } from '../plugin/environment.js';

let cluster: TestCluster;

interface Pair {
  readonly from: string;
  readonly to: string;
  readonly outcome: string;
  readonly ms?: number;
  readonly tries?: number;
  readonly text?: string;
  readonly model?: string;
  readonly differs?: string;
}
interface Document {
  readonly kind: string;
  readonly mode: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly { readonly code: string; readonly pairs: number }[];
  readonly failed: readonly { readonly source: string; readonly message: string }[];
  readonly pairs: readonly Pair[];
}

const shop = { namespace: 'shop' };

beforeAll(async () => {
  const http = { on: ['http://0.0.0.0:8080'] };
  const declared = { ports: [{ containerPort: 8080, name: 'http' }] };
  const never = { readinessProbe: { exec: { command: ['false'] }, periodSeconds: 1 } };
  cluster = await startCluster({
    nodes: 2,
    network: { dns: true },
    objects: [
      namespace('shop'),
      listener({ name: 'web', ...shop, labels: { team: 'a' }, ...http, ...declared, nodeName: 'node-1' }),
      // Its port is told by its Service alone.
      listener({ name: 'api', ...shop, labels: { team: 'a', app: 'api' }, ...http, nodeName: 'node-2' }),
      listener({
        name: 'guarded',
        ...shop,
        labels: { team: 'a', app: 'guarded' },
        ...http,
        ...declared,
        nodeName: 'node-2',
      }),
      // Declares a port on which nobody listens.
      pod({ name: 'closed', ...shop, labels: { team: 'a' }, ports: [{ containerPort: 9090 }] }),
      pod({ name: 'bare', ...shop, image: 'registry.example/distroless:1', command: ['/httpd'] }),
      service({ name: 'api', ...shop, selector: { app: 'api' }, ports: [{ port: 80, targetPort: 8080 }] }),
      service({
        name: 'unready',
        ...shop,
        selector: { app: 'unready' },
        ports: [{ port: 80, targetPort: 8080 }],
      }),
      ...['api', 'nobody'].map((app) =>
        service({
          name: `headless-${app}`,
          ...shop,
          selector: { app },
          ports: [{ port: 8080 }],
          spec: { clusterIP: 'None' },
        }),
      ),
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'guard', namespace: 'shop' },
        spec: { podSelector: { matchLabels: { app: 'guarded' } }, policyTypes: ['Ingress'], ingress: [] },
      },
    ],
  });
  const idle = listener({ name: 'unready', ...shop, labels: { app: 'unready' }, ...http });
  const { containers } = idle.spec as { readonly containers: readonly object[] };
  await cluster.apply({
    ...idle,
    spec: { ...(idle.spec as object), containers: [{ ...containers[0], ...never }] },
  });
}, 60_000);
afterAll(() => cluster.stop());

const real = { random: Math.random, clock: { ...realClock, every: () => () => undefined } };

async function matrix(
  words: readonly string[],
  kubeconfig = cluster.kubeconfig,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  return runWords(['matrix', ...words, '-n', 'shop', '--kubeconfig', kubeconfig], real);
}

async function document(
  words: readonly string[],
  kubeconfig?: string,
): Promise<{ readonly code: number; readonly err: string; readonly matrix: Document }> {
  const { code, out, err } = await matrix([...words, '-o', 'json'], kubeconfig);
  return { code, err, matrix: JSON.parse(out) as Document };
}

/** `OUTCOME` by destination, of one source. */
function row({ pairs }: Document, from: string): Record<string, string> {
  const own = pairs.filter((pair) => pair.from === `shop/${from}`);
  return Object.fromEntries(own.map(({ to, outcome }) => [to.slice('shop/'.length), outcome]));
}

const everything = ['-l', 'team=a', 'svc/api', 'svc/unready', '--timeout', '2s'];

describe('matrix', () => {
  test('open, refused, dropped by a policy, a Service without ready pods: each from every pod', async () => {
    const { code, matrix: found } = await document(everything);
    const expected = {
      'api:8080': 'connected',
      'closed:9090': 'refused',
      'guarded:8080': 'timeout',
      'unready:8080': 'connected',
      'web:8080': 'connected',
      'svc/api:80': 'connected',
      'svc/unready:80': 'refused',
    };
    for (const from of ['api', 'closed', 'guarded', 'unready', 'web']) {
      const others = Object.entries(expected).filter(([to]) => !to.startsWith(`${from}:`));
      expect([from, row(found, from)]).toEqual([from, Object.fromEntries(others)]);
    }
    expect(found).toMatchObject({ kind: 'Matrix', mode: 'live', failed: [] });
    expect(found.counts).toMatchObject({ pairs: 30, refused: 9, timeout: 4 });
    const failing = found.pairs.filter(({ outcome }) => outcome !== 'connected');
    expect(new Set(failing.map(({ tries }) => tries))).toEqual(new Set([2]));
    expect(code).toBe(1);
  }, 60_000);

  test('a pod that has no tools, by busybox', async () => {
    const { code, matrix: found } = await document([
      'bare',
      'closed',
      'svc/api',
      '--image',
      'busybox:1.36',
      '--fresh',
    ]);
    expect(row(found, 'bare')).toEqual({
      'api:8080': 'connected',
      'closed:9090': 'refused',
      'svc/api:80': 'connected',
    });
    expect(code).toBe(1);
  }, 60_000);

  test('all open is 0, and is told in a table', async () => {
    const { code, out } = await matrix(['web', 'api']);
    expect(out).toBe(
      [
        'FROM  api:8080  web:8080',
        'api   .         +',
        'web   +         .',
        '',
        '+ open   . the pod itself',
        '',
        '2 pairs: 2 open',
        '',
      ].join('\n'),
    );
    expect(code).toBe(0);
  }, 60_000);

  test('a headless Service by its name: its pods, or no such name', async () => {
    const { code, matrix: found } = await document(['web', 'svc/headless-api', 'svc/headless-nobody']);
    expect(row(found, 'web')).toEqual({
      'api:8080': 'connected',
      'svc/headless-api:8080': 'connected',
      'svc/headless-nobody:8080': 'unknownHost',
    });
    expect(code).toBe(1);
  }, 60_000);

  test('a UDP port that nobody has is refused', async () => {
    const { code, matrix: found } = await document(['web', 'api', '--port', '9999/udp', '--timeout', '1s']);
    expect(row(found, 'web')).toEqual({ 'api:9999/udp': 'refused' });
    expect(code).toBe(1);
  }, 60_000);

  test('a source that fails is named, and does not stop the others', async () => {
    await cluster.fault({ kind: 'status', match: { path: '/pods/web/exec', times: 0 }, code: 500 });
    try {
      const { code, err, matrix: found } = await document(['web', 'api', 'closed']);
      expect(found.failed).toMatchObject([{ source: 'shop/web' }]);
      expect(err).toContain('nothing was tried from shop/web');
      expect(row(found, 'api')).toEqual({ 'web:8080': 'connected', 'closed:9090': 'refused' });
      expect(row(found, 'web')).toEqual({ 'api:8080': 'notTested', 'closed:9090': 'notTested' });
      expect(code).toBe(8);
    } finally {
      await cluster.clearFaults();
    }
  }, 60_000);
});

describe('Ctrl-C', () => {
  /** Whether a connection is being tried in the pod: it would go on for five minutes. */
  async function trying(name: string): Promise<boolean> {
    return (await cluster.processes('shop', name)).some(({ argv }) =>
      /(?:timeout|-w) 301 /.test(argv.join(' ')),
    );
  }
  async function until(holds: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + 20_000;
    while (!(await holds())) {
      if (Date.now() > end) throw new Error('it did not come to be');
      await setTimeout(50);
    }
  }

  test.each([
    ['web', []],
    ['bare', ['--image', 'busybox:1.36']],
  ])(
    'ends it with 130, and leaves nothing in %s',
    async (name, image) => {
      const slow = ['-p', '1000,1001', '--connections', '2', '--timeout', '301s', ...image];
      const words = ['matrix', name, 'guarded', ...slow, '-n', 'shop', '--kubeconfig', cluster.kubeconfig];
      const environment = fakeEnvironment(words, real);
      const ended = run(environment);
      await until(() => trying(name));
      environment.stop({ kind: 'interrupted', signal: 'SIGINT' });
      expect(await ended).toBe(130);
      expect(environment.out()).toBe('');
      await until(async () => !(await trying(name)));
    },
    60_000,
  );
});

describe('matrix --compare', () => {
  test('closed as the policies want is no finding; without enforcement the same pairs are ND215', async () => {
    const targets = ['web', 'api', 'guarded', '--timeout', '1s', '--compare'];
    const kept = await document(targets);
    expect(kept.matrix.findings).toEqual([]);
    expect(kept.matrix.pairs.find(({ to }) => to === 'shop/guarded:8080')).toMatchObject({
      outcome: 'timeout',
      model: 'deny',
    });
    expect(kept.code).toBe(0);

    await cluster.setPolicy('off');
    try {
      const off = await document(targets);
      expect(off.matrix.findings).toMatchObject([{ code: 'ND215', pairs: 2 }]);
      expect(off.matrix.pairs.filter(({ differs }) => differs === 'ND215').map(({ to }) => to)).toEqual([
        'shop/guarded:8080',
        'shop/guarded:8080',
      ]);
      expect(off.code).toBe(1);
    } finally {
      await cluster.setPolicy('drop');
    }
  }, 60_000);

  test('what the policies allow and the network loses is ND090', async () => {
    const id = await cluster.breakNetwork({ kind: 'lost-route', node: 'node-1', to: 'node-2' });
    try {
      const { code, matrix: found } = await document(['web', 'api', '--timeout', '1s', '--compare']);
      expect(found.findings.map(({ code: finding }) => finding)).toEqual(['ND090']);
      expect(code).toBe(1);
    } finally {
      await cluster.mendNetwork(id);
    }
  }, 60_000);

  test('policies alone need no packet and no right to start anything', async () => {
    const reader = await cluster.user('reader', {
      namespace: 'shop',
      rules: [
        { apiGroups: [''], resources: ['pods', 'services'], verbs: ['get', 'list'] },
        { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: ['list'] },
      ],
    });
    const { code, matrix: found } = await document(['--static'], reader);
    expect(found.pairs.find(({ from, to }) => from === 'shop/web' && to === 'shop/guarded:8080')).toEqual({
      from: 'shop/web',
      to: 'shop/guarded:8080',
      model: 'deny',
    });
    expect(code).toBe(1);
  }, 60_000);
});

describe('the rights in manifests/rbac', () => {
  const rulesOf = (file: string): Rule[] => {
    const path = fileURLToPath(new URL(`../../manifests/rbac/${file}`, import.meta.url));
    return parseAllDocuments(readFileSync(path, 'utf8')).flatMap(
      (part) => (part.toJS() as { readonly rules: readonly Rule[] }).rules,
    );
  };

  test('debug.yaml is enough where pods declare their ports; matrix.yaml adds Services and policies', async () => {
    const few = await cluster.user('few', { namespace: 'shop', rules: rulesOf('debug.yaml') });
    const without = await document(['web', 'api'], few);
    expect(without.err).toContain('the Services of namespace shop may not be listed');
    expect(without.matrix.pairs.map(({ to }) => to)).toEqual(['shop/web:8080']);
    expect(without.code).toBe(0);

    const rules = [...rulesOf('debug.yaml'), ...rulesOf('matrix.yaml')];
    const enough = await cluster.user('enough', { namespace: 'shop', rules });
    const compared = await document(['web', 'svc/api', '--compare'], enough);
    expect(compared.matrix.counts).toMatchObject({ pairs: 4, open: 4 });
    expect(compared.matrix.pairs.map(({ model }) => model)).toEqual(['allow', 'allow', 'allow', 'allow']);
    expect(compared.err).not.toContain('not known');
    expect(compared.code).toBe(0);
  }, 60_000);
});

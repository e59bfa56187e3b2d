/**
 * NetworkPolicies of the local cluster by real packets: the cases of Kubernetes' own end-to-end tests, one after the
 * other on the same pods, then what those do not ask.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { listener, service, type Manifest } from '../../cluster/manifests.js';
import { attempts, clusterIp, connect, inPod, podIp, type Attempt } from './probe.js';

const oracles = fileURLToPath(new URL('../../fixtures/oracles/kubernetes-e2e/', import.meta.url));
const names = ['x/a', 'x/b', 'x/c', 'y/a', 'y/b', 'y/c', 'z/a', 'z/b'];
const silenceMs = 250;
const patienceMs = 10_000;

interface Check {
  readonly src: string;
  readonly dst: string;
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
  readonly expect: 'allow' | 'deny' | 'unknown';
}

let cluster: TestCluster;
const address = new Map<string, string>();

function split(id: string): { namespace: string; name: string } {
  const [namespace = '', name = ''] = id.split('/');
  return { namespace, name };
}

beforeAll(async () => {
  const ports = [80, 81].flatMap((port) =>
    ['TCP', 'UDP'].map((protocol) => ({
      containerPort: port,
      protocol,
      name: `serve-${port}-${protocol.toLowerCase()}`,
    })),
  );
  const on = [80, 81].flatMap((port) => [`tcp://0.0.0.0:${port}`, `udp://0.0.0.0:${port}`]);
  cluster = await startCluster({
    network: true,
    objects: [
      ...names.map((id, index) =>
        listener({
          ...split(id),
          nodeName: `node-${(index % 2) + 1}`,
          ports,
          on,
          labels: { pod: split(id).name },
        }),
      ),
      service({ name: 'a', namespace: 'y', selector: { pod: 'a' }, ports: [{ port: 8080, targetPort: 80 }] }),
    ],
  });
  await Promise.all(
    names.map(async (id) => address.set(id, await podIp(cluster, split(id).name, split(id).namespace))),
  );
}, 60_000);

afterAll(() => cluster.stop());

let applied: Manifest[] = [];

async function applyPolicies(...policies: Manifest[]): Promise<void> {
  applied = policies;
  await cluster.apply(...policies);
}

afterEach(async () => {
  await cluster.remove(...applied);
  applied = [];
});

function policy(namespace: string, spec: object, name = 'p'): Manifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace },
    spec,
  };
}

/** Puts labels in place of those that an object has. */
async function relabel(url: string, labels: Readonly<Record<string, string>>): Promise<void> {
  const patch = [{ op: 'replace', path: '/metadata/labels', value: labels }];
  const { status } = await cluster.request('PATCH', url, patch, 'application/json-patch+json');
  expect([url, status]).toEqual([url, 200]);
}

interface CaseObject extends Manifest {
  readonly metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  readonly status?: { readonly podIP: string };
}

/** The policies of a case, with the addresses that the pods have here, and the labels of its pods and namespaces put on ours. */
async function take(folder: string): Promise<Manifest[]> {
  const text = readFileSync(path.join(folder, 'objects.yaml'), 'utf8');
  const objects = parseAllDocuments(text).map((document) => document.toJS() as CaseObject);
  const ours = new Map<string, string>();
  await Promise.all(
    objects.map(async ({ kind, metadata, status }) => {
      if (kind === 'Namespace') {
        await relabel(`/api/v1/namespaces/${metadata.name}`, metadata.labels ?? {});
      } else if (kind === 'Pod') {
        const namespace = metadata.namespace ?? '';
        await relabel(`/api/v1/namespaces/${namespace}/pods/${metadata.name}`, metadata.labels ?? {});
        ours.set(status?.podIP ?? '', address.get(`${namespace}/${metadata.name}`) ?? '');
      }
    }),
  );
  const policies = JSON.stringify(objects.filter(({ kind }) => kind === 'NetworkPolicy'));
  return JSON.parse(policies.replace(/\d+\.\d+\.\d+\.\d+/g, (ip) => ours.get(ip) ?? ip)) as Manifest[];
}

const cases = readdirSync(oracles);

describe('the cases of Kubernetes’ end-to-end tests', () => {
  test('there are as many as were copied', () => {
    expect(cases.length).toBeGreaterThanOrEqual(28);
  });

  test.each(cases)('%s', async (name) => {
    const folder = path.join(oracles, name);
    const { checks } = JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8')) as {
      readonly checks: readonly Check[];
    };
    await applyPolicies(...(await take(folder)));
    const definite = checks.filter((check) => check.expect !== 'unknown');
    const sources = [...new Set(definite.map(({ src }) => src))];
    const met = await Promise.all(
      sources.map(async (src) => {
        const own = definite.filter((check) => check.src === src);
        const list = own.map((check): Attempt => ({
          protocol: check.protocol === 'TCP' ? 'tcp' : 'udp',
          address: address.get(check.dst) ?? '',
          port: check.port,
          waitMs: check.expect === 'allow' ? patienceMs : silenceMs,
        }));
        const { name: pod, namespace } = split(src);
        const words = await attempts(cluster, inPod(pod, namespace), list);
        return own.map((check, index) => `${check.src} ${check.dst} ${check.port} ${words[index] ?? ''}`);
      }),
    );
    const wanted = definite.map(
      (check) => `${check.src} ${check.dst} ${check.port} ${check.expect === 'allow' ? 'open' : 'silent'}`,
    );
    expect(met.flat().sort()).toEqual(wanted.sort());
  });
});

const to = (id: string): string => address.get(id) ?? '';

describe('what those do not ask', () => {
  const deny = { podSelector: {}, policyTypes: ['Ingress'] };

  test('endPort is a range', async () => {
    const from = [{ ports: [{ protocol: 'TCP', port: 75, endPort: 80 }] }];
    await applyPolicies(policy('y', { podSelector: {}, ingress: from }));
    expect(await connect(cluster, inPod('a', 'x'), to('y/a'), 80, patienceMs)).toBe('open');
    expect(await connect(cluster, inPod('a', 'x'), to('y/a'), 81, silenceMs)).toBe('silent');
  });

  test('a policy sees the pod behind a Service and its port', async () => {
    await relabel('/api/v1/namespaces/y/pods/a', { pod: 'a' });
    const ports = [{ protocol: 'TCP', port: 8080 }];
    await applyPolicies(policy('x', { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports }] }));
    const service = await clusterIp(cluster, 'a', 'y');
    expect(await connect(cluster, inPod('a', 'x'), service, 8080, silenceMs)).toBe('silent');
    const behind = [{ protocol: 'TCP', port: 80 }];
    await applyPolicies(
      policy('x', { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: behind }] }),
    );
    expect(await connect(cluster, inPod('a', 'x'), service, 8080, patienceMs)).toBe('open');
  });

  test('the pod itself, through its Service too, and its own node always come in', async () => {
    await relabel('/api/v1/namespaces/y/pods/a', { pod: 'a' });
    await applyPolicies(policy('y', deny));
    const service = await clusterIp(cluster, 'a', 'y');
    const { spec } = await cluster.get('v1', 'Pod', 'y', 'a');
    const { nodeName } = spec as { nodeName: string };
    const other = nodeName === 'node-1' ? 'node-2' : 'node-1';
    expect(await connect(cluster, inPod('a', 'y'), to('y/a'), 80, patienceMs)).toBe('open');
    expect(await connect(cluster, inPod('a', 'y'), service, 8080, patienceMs)).toBe('open');
    expect(await connect(cluster, { node: nodeName }, to('y/a'), 80, patienceMs)).toBe('open');
    expect(await connect(cluster, { node: other }, to('y/a'), 80, silenceMs)).toBe('silent');
  });

  test('a block with an exception, for packets from outside', async () => {
    const from = [{ ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.16/28', '203.0.113.20/32'] } }];
    await applyPolicies(policy('y', { podSelector: {}, ingress: [{ from }] }));
    const { spec } = await cluster.get('v1', 'Pod', 'y', 'a');
    const node = (spec as { nodeName: string }).nodeName === 'node-1' ? '172.30.0.11' : '172.30.0.12';
    await cluster.run(['ip', 'route', 'replace', to('y/a'), 'via', node]);
    expect(await connect(cluster, 'outside', to('y/a'), 80, patienceMs)).toBe('open');
    const bound = ['curl', '-m', '1', '--interface', '203.0.113.20', `http://${to('y/a')}/`];
    expect(await cluster.run(bound, { in: 'outside' })).toMatchObject({ code: 28 });
  });

  test('an open connection lives on under a policy that denies new ones', async () => {
    const argv = [
      'bash',
      '-c',
      `exec 3<>/dev/tcp/${to('y/a')}/80; echo one >&3; read -r -t 5 a <&3; ` +
        'touch "$1"; while [ -e "$1" ]; do sleep 0.05; done; echo two >&3; read -r -t 5 b <&3; echo "$a $b"',
      'sh',
      path.join(cluster.dir, 'open'),
    ];
    const talk = cluster.run(argv, { in: inPod('a', 'x') });
    const there = async (): Promise<boolean> =>
      (await cluster.run(['test', '-e', path.join(cluster.dir, 'open')])).code === 0;
    while (!(await there())) await new Promise((resolve) => setTimeout(resolve, 20));
    await applyPolicies(policy('y', deny));
    expect(await connect(cluster, inPod('a', 'x'), to('y/a'), 80, silenceMs)).toBe('silent');
    await cluster.run(['rm', path.join(cluster.dir, 'open')]);
    expect((await talk).stdout).toBe('one two\n');
  });

  test('enforcement can be off, and can refuse instead of being silent', async () => {
    await applyPolicies(policy('y', deny));
    await cluster.setPolicy('off');
    expect(await connect(cluster, inPod('a', 'x'), to('y/a'), 80, patienceMs)).toBe('open');
    await cluster.setPolicy('reject');
    expect(await connect(cluster, inPod('a', 'x'), to('y/a'), 80)).toBe('refused');
    await cluster.setPolicy('drop');
    expect(await connect(cluster, inPod('a', 'x'), to('y/a'), 80, silenceMs)).toBe('silent');
  });
});

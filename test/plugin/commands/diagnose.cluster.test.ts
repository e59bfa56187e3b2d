import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startCluster, type TestCluster } from '../../cluster/harness.js';
import { namespace, pod, service } from '../../cluster/manifests.js';
import { runWords } from '../environment.js';

/** The same command against an API server: what it reads, and what it says when it may not read. */
let cluster: TestCluster;
let developer: string;

beforeAll(async () => {
  const ports = [{ port: 80, targetPort: 'http' }];
  cluster = await startCluster({
    nodes: 1,
    objects: [
      namespace('shop'),
      pod({ name: 'web', namespace: 'shop', labels: { app: 'web' } }),
      pod({
        name: 'api',
        namespace: 'shop',
        labels: { app: 'api' },
        ports: [{ name: 'http', containerPort: 8080 }],
      }),
      service({ name: 'api', namespace: 'shop', selector: { app: 'api' }, ports }),
      service({ name: 'typo', namespace: 'shop', selector: { app: 'apii' }, ports }),
    ],
  });
  await Promise.all([cluster.ready('shop', 'web'), cluster.ready('shop', 'api')]);
  const read = ['get', 'list'];
  developer = await cluster.user('developer', {
    namespace: 'shop',
    rules: [
      { apiGroups: [''], resources: ['pods', 'services'], verbs: read },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
      { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: read },
      { apiGroups: ['apps'], resources: ['deployments', 'statefulsets'], verbs: read },
    ],
  });
}, 60_000);
afterAll(() => cluster.stop());

const diagnose = async (kubeconfig: string, to: string) => {
  const { code, out, err } = await runWords(
    ['diagnose', 'web', to, '--kubeconfig', kubeconfig, '-n', 'shop', '-o', 'json'],
    // The pods were made today, and no probe has any time.
    { clock: { now: Date.now, sleep: () => Promise.resolve(), every: () => () => undefined } },
  );
  expect(err).toBe('');
  return { code, ...(JSON.parse(out) as { findings: { code: string }[]; notChecked: { what: string }[] }) };
};

test('nothing stands against a flow that is in order', async () => {
  const found = await diagnose(cluster.kubeconfig, 'svc/api:80');
  expect(found).toMatchObject({ code: 0, verdict: 'REACHABLE', findings: [] });
});

test.each([
  ['svc/typo:80', 'ND302'],
  ['svc/api:8080', 'ND306'],
  ['svc/nowhere:80', 'ND301'],
] as const)('%s is %s first', async (to, code) => {
  const found = await diagnose(cluster.kubeconfig, to);
  expect(found).toMatchObject({ code: 1, verdict: 'UNREACHABLE' });
  expect(found.findings[0]?.code).toBe(code);
});

test('rights that are missing are named, are no finding, and leave open what they hide', async () => {
  const found = await diagnose(developer, 'svc/api:80');
  expect(found).toMatchObject({ code: 3, verdict: 'UNDETERMINED', findings: [] });
  expect(found.notChecked).toContainEqual(
    expect.objectContaining({ what: 'nodes', why: 'forbidden: list nodes', code: 'ND001' }),
  );
  // What is surely broken in sight of the developer is still told.
  expect(await diagnose(developer, 'svc/typo:80')).toMatchObject({
    code: 1,
    verdict: 'UNREACHABLE',
    findings: [{ code: 'ND302' }],
  });
});

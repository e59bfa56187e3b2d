/** With each right of each role taken away in turn, doctor names just that one. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { uses } from '../../src/doctor/uses.js';
import { startCluster, type TestCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { runWords } from '../plugin/environment.js';
import { askDoctor as doctor } from './ask.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await startCluster({
    nodes: 1,
    objects: [pod({ name: 'web', namespace: 'shop' }), pod({ name: 'other', namespace: 'shop' })],
  });
}, 60_000);
afterAll(() => cluster.stop());

describe('rights', () => {
  const wanted = uses.filter(({ name }) => name !== 'policy');
  const all = wanted.flatMap(({ name, roles, spare }) =>
    roles.flatMap(({ kind, rules }) =>
      rules.flatMap(({ apiGroups, resources, verbs }) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => ({
            use: name,
            kind,
            apiGroups,
            resource,
            verb,
            spare: `${verb} ${resource}` in spare,
          })),
        ),
      ),
    ),
  );

  test.each(all)('$use without $verb $resource: just that is named', async (right) => {
    const { use, resource, verb, spare } = right;
    const rest = all.filter((other) => other.use === use && other !== right);
    const rulesOf = (kind: string) =>
      rest
        .filter((other) => other.kind === kind)
        .map((other) => ({ apiGroups: other.apiGroups, resources: [other.resource], verbs: [other.verb] }));
    const user = `${use}-not-${verb}-${resource.replace('/', '-')}`;
    const [rules, clusterRules] = [rulesOf('Role'), rulesOf('ClusterRole')];
    const kubeconfig = await cluster.user(user, { namespace: 'shop', rules, clusterRules });
    const { code, line } = await doctor(['-n', 'shop', '--for', use], kubeconfig);
    const where = right.kind === 'Role' ? 'in namespace shop' : 'in the cluster';
    expect(line(`rights-${use}`)).toMatchObject({
      state: spare ? 'warning' : 'missing',
      message: expect.stringContaining(`you may not ${verb} ${resource} ${where}`) as unknown,
    });
    expect(code === 1).toBe(!spare);
    if (spare) expect(line(`rights-${use}`)?.details?.[0]).toContain(`without ${verb} ${resource}: `);
  });

  test.each(uses)(
    'with exactly the roles of $name nothing that is wanted is missing',
    async ({ name, roles }) => {
      const rulesOf = (kind: string) => roles.flatMap((role) => (role.kind === kind ? role.rules : []));
      const [rules, clusterRules] = [rulesOf('Role'), rulesOf('ClusterRole')];
      const kubeconfig = await cluster.user(`exactly-${name}`, { namespace: 'shop', rules, clusterRules });
      const { code, states } = await doctor(['-n', 'shop', '--for', name], kubeconfig);
      expect(states).toMatchObject({ [`rights-${name}`]: 'ok' });
      expect(code).toBe(0);
      // What is in the way of debug containers is none of the business of who reads logs.
      if (name === 'logs')
        expect(await doctor(['web', '-n', 'shop', '--for', name], kubeconfig)).toMatchObject({
          code: 0,
          states: { admission: 'unknown', websocket: 'unknown', 'rights-debug': 'warning' },
        });
    },
  );

  test('what is missing comes as YAML, for what is wanted only', async () => {
    const kubeconfig = await cluster.user('viewer', {
      namespace: 'shop',
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
    });
    const words = ['doctor', 'web', '-n', 'shop', '--kubeconfig', kubeconfig];
    const { code, out } = await runWords(words);
    expect(code).toBe(1);
    expect(out).toContain(
      'you may not patch pods/ephemeralcontainers; get and create pods/exec in namespace shop',
    );
    expect(out).toMatch(/^roles for debug.*\n {2}apiVersion: rbac[^]*pods\/exec\], verbs: \[get, create\]/m);
    expect(out).not.toContain('netdebug-logs');
    const { states } = await doctor(words.slice(1, 4), kubeconfig);
    // Who may not patch cannot ask admission, who may not exec cannot try websockets, and nodes may not be read.
    expect(states).toMatchObject({ admission: 'unknown', websocket: 'unknown', node: 'unknown', pod: 'ok' });
    const logs = await runWords([...words, '--for', 'logs']);
    expect(logs.out).toContain('netdebug-logs');
  });

  test('a Role that names the pod is enough', async () => {
    const one = { apiGroups: [''], resourceNames: ['web'] };
    const kubeconfig = await cluster.user('only-web', {
      namespace: 'shop',
      rules: [
        { ...one, resources: ['pods'], verbs: ['get'] },
        { ...one, resources: ['pods/ephemeralcontainers'], verbs: ['patch'] },
        { ...one, resources: ['pods/exec'], verbs: ['get', 'create'] },
        { apiGroups: [''], resources: ['pods', 'events'], verbs: ['list', 'watch'] },
      ],
    });
    expect((await doctor(['web', '-n', 'shop'], kubeconfig)).states).toMatchObject({ 'rights-debug': 'ok' });
    expect((await doctor(['other', '-n', 'shop'], kubeconfig)).code).toBe(5);
  });
});

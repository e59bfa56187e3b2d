/** What is tried, by what the objects say and by what came of it so far. */
import { describe, expect, test } from '@jest/globals';
import { nothingObserved, type Observed, type ObservedConnect } from '../../../src/diagnose/observed.js';
import { planProbes } from '../../../src/diagnose/probes/plan.js';
import { taskKey, taskText, type ProbeTask } from '../../../src/diagnose/probes/task.js';
import { askOf, readyNode, runningPod, serviceWith } from './scene.js';

const nodes = [readyNode('n1', '172.18.0.2'), readyNode('n2', '172.18.0.3')];
const web = runningPod('web', '10.1.1.5', 'n1');
const api = [
  runningPod('api-1', '10.1.1.7', 'n1', { app: 'api' }),
  runningPod('api-2', '10.1.2.7', 'n2', { app: 'api' }),
];
const ends = [
  { pod: 'api-1', ip: '10.1.1.7', node: 'n1' },
  { pod: 'api-2', ip: '10.1.2.7', node: 'n2' },
];
const shop = [...nodes, web, ...api, ...serviceWith('api', { port: 80, targetPort: 8080 }, ends)];

const textsOf = (tasks: readonly ProbeTask[]): string[] => tasks.map(taskText);

function connects(
  outcome: ObservedConnect['attempts'][number]['outcome'],
  diagnosis: ReturnType<typeof askOf>,
): Observed {
  const { tasks } = planProbes(diagnosis);
  const tried = tasks.flatMap((task): ObservedConnect[] =>
    task.kind === 'connect'
      ? [{ from: task.at.key, to: task.to, attempts: Array(task.count).fill({ outcome }), via: 'bash' }]
      : [],
  );
  return { ...nothingObserved, connects: tried };
}

describe('first', () => {
  test('the name, the Service, its endpoints and the kernel, from the source', () => {
    const { tasks, unprobed } = planProbes(askOf(shop, 'web svc/api:80'));
    expect(textsOf(tasks)).toEqual([
      'DNS api.shop.svc from shop/web',
      'TCP 10.96.0.7:80 from shop/web',
      'TCP 10.1.1.7:8080 from shop/web',
      'TCP 10.1.2.7:8080 from shop/web',
      'kernel numbers in shop/web',
    ]);
    expect(unprobed).toEqual([]);
  });

  test('of many endpoints a few, the doubtful ones among them, and one that is good', () => {
    const pods = Array.from({ length: 20 }, (_, index) => {
      const labels = { app: index < 3 ? 'odd' : 'api' };
      return {
        ...runningPod(`api-${index}`, `10.1.2.${index + 10}`, 'n2'),
        metadata: { name: `api-${index}`, namespace: 'shop', labels },
      };
    });
    const all = pods.map((_, index) => ({ pod: `api-${index}`, ip: `10.1.2.${index + 10}`, node: 'n2' }));
    const denied = {
      kind: 'networkpolicies',
      metadata: { name: 'odd', namespace: 'shop' },
      spec: { podSelector: { matchLabels: { app: 'odd' } }, policyTypes: ['Ingress'], ingress: [] },
    };
    const asked = askOf(
      [...nodes, web, ...pods, denied, ...serviceWith('api', { port: 80 }, all)],
      'web svc/api:80',
    );
    const tried = planProbes(asked).tasks.flatMap((task) =>
      task.kind === 'connect' && task.to.role === 'endpoint' ? [task.to.address] : [],
    );
    expect(tried).toHaveLength(5);
    expect(tried.slice(0, 3).toSorted()).toEqual(['10.1.2.10', '10.1.2.11', '10.1.2.12']);
  });

  test('a pod that is not Ready is looked into at once', () => {
    const unready = [runningPod('api-1', '10.1.1.7', 'n1', { app: 'api', ready: false })];
    const asked = askOf(
      [
        ...nodes,
        web,
        ...unready,
        ...serviceWith('api', { port: 80, targetPort: 8080 }, [
          { pod: 'api-1', ip: '10.1.1.7', node: 'n1', ready: false },
        ]),
      ],
      'web svc/api:80',
    );
    expect(textsOf(planProbes(asked).tasks)).toEqual(
      expect.arrayContaining([
        'listening sockets of shop/api-1',
        'TCP 127.0.0.1:8080 from shop/api-1',
        'TCP [::1]:8080 from shop/api-1',
      ]),
    );
  });

  test('of one object alone, what its pods listen on', () => {
    const { tasks } = planProbes(askOf(shop, 'svc/api'));
    expect(textsOf(tasks).filter((text) => text.startsWith('listening'))).toEqual([
      'listening sockets of shop/api-1',
      'listening sockets of shop/api-2',
    ]);
  });

  test('by its address, no name is looked up; to a port that the Service has not, it is tried all the same', () => {
    expect(textsOf(planProbes(askOf(shop, 'web 10.96.0.7:80')).tasks).join()).not.toContain('DNS');
    expect(textsOf(planProbes(askOf(shop, 'web svc/api:81')).tasks)).toContain(
      'TCP 10.96.0.7:81 from shop/web',
    );
  });

  test('a host outside is looked up and connected to', () => {
    expect(textsOf(planProbes(askOf(shop, 'web api.partner.example:443')).tasks)).toEqual([
      'DNS api.partner.example from shop/web',
      'TCP api.partner.example:443 from shop/web',
      'kernel numbers in shop/web',
    ]);
  });

  test('what cannot be probed from is named', () => {
    const pending = { ...runningPod('web', '10.1.1.5', 'n1'), status: { phase: 'Pending' } };
    const windows = [
      readyNode('n1', '172.18.0.2', { 'kubernetes.io/os': 'windows' }),
      readyNode('n2', '172.18.0.3'),
    ];
    const rest = [...api, ...serviceWith('api', { port: 80, targetPort: 8080 }, ends)];
    expect(planProbes(askOf([...nodes, pending, ...rest], 'web svc/api:80')).unprobed).toEqual([
      { what: 'probes from shop/web', why: 'the pod is Pending' },
    ]);
    expect(planProbes(askOf([...windows, web, ...rest], 'web svc/api:80')).unprobed[0]?.why).toContain(
      'Windows',
    );
  });
});

describe('then', () => {
  const asked = askOf(shop, 'web svc/api:80');
  const first = new Set(planProbes(asked).tasks.map(taskKey));
  const next = (observed: Observed): string[] =>
    textsOf(planProbes(asked, observed).tasks.filter((task) => !first.has(taskKey(task))));

  test('where something connected: HTTP, and one path for each node', () => {
    expect(next(connects('connected', asked))).toEqual([
      'HTTP http://api.shop.svc:80/ from shop/web',
      'path MTU to 10.1.1.7 from shop/web',
      'path MTU to 10.1.2.7 from shop/web',
    ]);
  });

  test('where it is refused: the inside of the pods', () => {
    expect(next(connects('refused', asked))).toEqual([
      'listening sockets of shop/api-1',
      'TCP 127.0.0.1:8080 from shop/api-1',
      'TCP [::1]:8080 from shop/api-1',
      'listening sockets of shop/api-2',
      'TCP 127.0.0.1:8080 from shop/api-2',
      'TCP [::1]:8080 from shop/api-2',
    ]);
  });

  test('where it is silent: the nodes, too', () => {
    expect(next(connects('timeout', asked))).toEqual(
      expect.arrayContaining([
        'TCP 172.18.0.2:10250 from shop/web',
        'TCP 172.18.0.3:10250 from shop/web',
        'path MTU to 10.1.1.7 from shop/web',
      ]),
    );
  });

  test('a port that speaks something else is not asked for HTTP', () => {
    const redis = [
      ...nodes,
      web,
      ...api,
      ...serviceWith('api', { port: 80, targetPort: 8080, name: 'redis' }, ends),
    ];
    const other = askOf(redis, 'web svc/api:80');
    expect(textsOf(planProbes(other, connects('connected', other)).tasks).join()).not.toContain('HTTP');
  });

  test('nothing new is asked for when all was told', () => {
    const once = connects('connected', asked);
    const second = planProbes(asked, once).tasks.map(taskKey);
    expect(planProbes(asked, once).tasks.map(taskKey)).toEqual(second);
    expect(new Set(second).size).toBe(second.length);
  });
});

/** Objects and packets side by side: the marks of each hop, the verdict, what is proven and what contradicts. */
import { describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../../src/diagnose/diagnose.js';
import type { Observed, ObservedConnect, ObservedDns } from '../../../src/diagnose/observed.js';
import { askOf, readyNode, runningPod, serviceWith } from './scene.js';

type Outcome = ObservedConnect['attempts'][number]['outcome'];

const nodes = [readyNode('n1', '172.18.0.2'), readyNode('n2', '172.18.0.3')];
const pods = [
  runningPod('web', '10.1.1.5', 'n1'),
  runningPod('api-1', '10.1.1.7', 'n1', { app: 'api' }),
  runningPod('api-2', '10.1.2.7', 'n2', { app: 'api' }),
];
const both = [
  { pod: 'api-1', ip: '10.1.1.7', node: 'n1' },
  { pod: 'api-2', ip: '10.1.2.7', node: 'n2' },
];
const port = { port: 80, targetPort: 8080 };
const shop = [...nodes, ...pods, ...serviceWith('api', port, both)];
const one = [...nodes, ...pods.slice(0, 2), ...serviceWith('api', port, both.slice(0, 1))];
const denied = {
  kind: 'networkpolicies',
  metadata: { name: 'deny', namespace: 'shop' },
  spec: { podSelector: { matchLabels: { app: 'api' } }, policyTypes: ['Ingress'], ingress: [] },
};

function tried(outcomes: readonly Outcome[], to: Partial<ObservedConnect['to']>): ObservedConnect {
  return {
    from: 'pod shop/web',
    to: { role: 'endpoint', address: '10.1.1.7', port: 8080, protocol: 'TCP', ...to },
    attempts: outcomes.map((outcome) => ({ outcome })),
    via: 'bash or nc',
  };
}

const toService = (...outcomes: Outcome[]): ObservedConnect =>
  tried(outcomes, { role: 'service', address: '10.96.0.7', port: 80 });
const toFirst = (...outcomes: Outcome[]): ObservedConnect =>
  tried(outcomes, { endpoint: 'pod shop/api-1', node: 'n1' });
const toSecond = (...outcomes: Outcome[]): ObservedConnect =>
  tried(outcomes, { endpoint: 'pod shop/api-2', node: 'n2', address: '10.1.2.7' });

const noName: ObservedDns = {
  from: 'pod shop/web',
  name: 'api.shop.svc',
  resolvConf: { nameservers: ['10.96.0.10'], search: [], ndots: 5 },
  answers: [
    {
      name: 'api.shop.svc.',
      server: '10.96.0.10',
      type: 'A',
      transport: 'udp',
      rcode: 'NXDOMAIN',
      addresses: [],
      outcome: 'answered',
    },
  ],
  libc: { addresses: [] },
};

const ask = (
  objects: readonly object[],
  connects: readonly ObservedConnect[],
  more: Partial<Observed> = {},
  words = 'web svc/api:80',
): Diagnosis => askOf(objects, words, { connects, ...more });

const codes = ({ findings }: Diagnosis): string[] => findings.map(({ code }) => code);
const marks = ({ traces }: Diagnosis, at = 0): string =>
  (traces[at]?.hops ?? []).map((hop) => `${hop.at} ${hop.probe}`).join(', ');

describe('the verdict', () => {
  const all = ['connected', 'connected', 'connected'] as const;
  const none = ['timeout', 'timeout', 'timeout'] as const;

  test.each([
    ['everything connects', [toService(...all), toFirst(...all), toSecond(...all)], 'REACHABLE'],
    ['nothing does', [toService(...none), toFirst(...none), toSecond(...none)], 'UNREACHABLE'],
    [
      'one endpoint does not',
      [toService('connected', 'timeout'), toFirst(...all), toSecond(...none)],
      'AMBIGUOUS',
    ],
    [
      'by chance all calls met the bad one',
      [toService(...none), toFirst(...all), toSecond(...none)],
      'AMBIGUOUS',
    ],
    ['the Service alone does not', [toService(...none), toFirst(...all), toSecond(...all)], 'UNREACHABLE'],
    ['only endpoints could be tried', [toFirst(...all), toSecond(...all)], 'REACHABLE'],
    ['nothing could be tried', [toService('failed'), toFirst('failed')], 'UNDETERMINED'],
    ['nothing was tried', [], 'REACHABLE'],
  ] as const)('%s', (_, connects, verdict) => {
    expect(ask(shop, connects).verdict).toBe(verdict);
  });

  test('a client that is kept at one endpoint meets no other', () => {
    const pinned = shop.map((object) => {
      const { kind, spec } = object as { readonly kind: string; readonly spec: object };
      return kind === 'services' ? { ...object, spec: { ...spec, sessionAffinity: 'ClientIP' } } : object;
    });
    expect(ask(pinned, [toService(...none), toFirst(...all), toSecond(...none)]).verdict).toBe('UNREACHABLE');
  });

  test('without its name a Service is reached in part, by its name not at all', () => {
    const connects = [toService(...all), toFirst(...all), toSecond(...all)];
    expect(ask(shop, connects, { dns: [noName] }).verdict).toBe('AMBIGUOUS');
    expect(ask(shop, connects, { dns: [noName] }, 'web api.shop.svc:80').verdict).toBe('UNREACHABLE');
  });

  test('a path that swallows large packets is one in part', () => {
    const hole = {
      from: 'pod shop/web',
      endpoint: 'pod shop/api-1',
      localMtu: 1500,
      pathMtu: 1280,
      limit: 'blackHole',
    } as const;
    const found = ask(one, [toService(...all), toFirst(...all)], { mtu: [hole] });
    expect([found.verdict, codes(found)]).toEqual(['AMBIGUOUS', ['ND808']]);
  });

  test('silence on UDP tells nothing', () => {
    const udp = [
      ...nodes,
      ...pods.slice(0, 2),
      ...serviceWith('api', { ...port, protocol: 'UDP' }, both.slice(0, 1)),
    ];
    const silent = [toService('noAnswer'), toFirst('noAnswer')].map((connect) => ({
      ...connect,
      to: { ...connect.to, protocol: 'UDP' as const },
    }));
    expect(ask(udp, silent, {}, 'web svc/api:80/udp').verdict).toBe('UNDETERMINED');
    expect(ask([...udp, denied], silent, {}, 'web svc/api:80/udp').verdict).toBe('UNREACHABLE');
  });
});

describe('the marks of the way', () => {
  test('what connects passed everything; what was not tried has none', () => {
    const found = ask(shop, [toService('connected'), toFirst('connected')]);
    expect(marks(found)).toBe(
      'source pass, egress pass, service pass, node pass, ingress pass, endpoint pass',
    );
    expect(marks(found, 1)).toBe(
      'source pass, egress none, service pass, node none, ingress none, endpoint none',
    );
  });

  test('a refusal comes from the pod', () => {
    expect(marks(ask(one, [toFirst('refused')]))).toBe(
      'source pass, egress pass, service none, node pass, ingress pass, endpoint fail',
    );
  });

  test('unless a policy denies: some plugins answer for those', () => {
    expect(marks(ask([...one, denied], [toFirst('refused')]))).toContain('ingress fail, endpoint unknown');
  });

  test('silence is laid to what the objects blame, else to the endpoint', () => {
    expect(marks(ask([...one, denied], [toFirst('timeout')]))).toBe(
      'source pass, egress unknown, service none, node unknown, ingress fail, endpoint unknown',
    );
    expect(marks(ask(one, [toFirst('timeout')]))).toContain('ingress unknown, endpoint fail');
    expect(marks(ask(one, [toFirst('hostUnreachable')]))).toContain('node fail');
  });

  test('a Service is at fault where its endpoints answer', () => {
    expect(marks(ask(one, [toService('timeout'), toFirst('connected')]))).toContain('service fail');
    expect(marks(ask(one, [toService('timeout'), toFirst('timeout')]))).toContain('service unknown');
  });
});

describe('agreement and contradiction', () => {
  test('denied and silent is proven, with the attempts', () => {
    const [finding] = ask([...one, denied], [toFirst('timeout', 'timeout')]).findings;
    expect(finding).toMatchObject({ code: 'ND202', confidence: 'proven', severity: 'error' });
    expect(finding?.evidence.at(-1)).toEqual({
      source: 'probe',
      about: 'TCP 10.1.1.7:8080 from shop/web',
      excerpt: 'timeout 2/2',
    });
  });

  test('denied, and it passes: nobody enforces the policy', () => {
    const found = ask([...one, denied], [toService('connected'), toFirst('connected')]);
    expect([found.verdict, codes(found)]).toEqual(['REACHABLE', ['ND215', 'ND202']]);
    expect(found.findings.map(({ severity, confidence }) => `${severity} ${confidence}`)).toEqual([
      'warning proven',
      'warning possible',
    ]);
  });

  test('no endpoint by the objects, and it connects', () => {
    const none = [...nodes, ...pods.slice(0, 1), ...serviceWith('api', port, [])];
    const found = ask(none, [toService('connected')]);
    expect([found.verdict, codes(found)[0]]).toEqual(['REACHABLE', 'ND090']);
  });

  test('allowed, and lost: nothing that the objects show', () => {
    const found = ask(one, [toService('timeout'), toFirst('timeout')]);
    expect([found.verdict, codes(found)]).toEqual(['UNREACHABLE', ['ND090']]);
    expect(found.findings[0]?.message).toContain('packets are lost');
  });

  test('a probe that failed is named, and the objects answer', () => {
    const failed = [
      { what: 'probes in shop/web', why: 'forbidden: patch pods/ephemeralcontainers', code: 'ND005' },
    ];
    const found = ask(one, [], { failed });
    expect([found.verdict, codes(found)]).toEqual(['REACHABLE', []]);
    expect(found.notChecked).toEqual(expect.arrayContaining(failed));
  });
});

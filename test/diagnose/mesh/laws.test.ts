/** Laws of Istio's precedence and of its authorization, on many small worlds. Source: istio.io, PeerAuthentication and Authorization Policy. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Caller } from '../../../src/diagnose/mesh/attributes.js';
import { judgeAuthorization } from '../../../src/diagnose/mesh/authorization.js';
import { effectiveRule } from '../../../src/diagnose/mesh/destination.js';
import type {
  AuthorizationPolicy,
  DestinationRule,
  PeerAuthentication,
} from '../../../src/diagnose/mesh/objects.js';
import { effectiveMtls } from '../../../src/diagnose/mesh/peer.js';
import { Tri } from '../../../src/diagnose/policy/tri.js';

const root = 'istio-system';
const workload = { namespace: 'shop', labels: { app: 'api' } };

const meta = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  namespace: fc.constantFrom('shop', 'front', root),
  creationTimestamp: fc.constantFrom('2024-01-01T00:00:00Z', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'),
});
const mode = fc.constantFrom('UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT');
const unique = {
  selector: (one: { metadata: { name: string; namespace?: string } }) =>
    `${one.metadata.namespace ?? ''}/${one.metadata.name}`,
};

const peers = fc.uniqueArray(
  fc.record({
    metadata: meta,
    spec: fc.record({
      selector: fc.constantFrom(null, {}, { matchLabels: { app: 'api' } }, { matchLabels: { app: 'web' } }),
      mtls: fc.option(fc.record({ mode })),
      portLevelMtls: fc.constantFrom(
        null,
        { '8080': { mode: 'STRICT' } },
        { '8080': { mode: 'UNSET' } },
        { '9090': null },
      ),
    }),
  }),
  { maxLength: 6, ...unique },
) as fc.Arbitrary<PeerAuthentication[]>;

const shuffled = <T>(items: fc.Arbitrary<T[]>): fc.Arbitrary<[T[], T[]]> =>
  items.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));

describe('PeerAuthentication', () => {
  test('the order in which policies are read plays no part', () => {
    fc.assert(
      fc.property(shuffled(peers), ([one, other]) => {
        expect(effectiveMtls(one, workload, 8080, root)).toEqual(effectiveMtls(other, workload, 8080, root));
      }),
    );
  });

  test('policies of other namespaces, and for other workloads, change nothing', () => {
    fc.assert(
      fc.property(peers, (all) => {
        const about = all.filter(
          ({ metadata, spec }) =>
            metadata.namespace !== 'front' && spec?.selector?.matchLabels?.app !== 'web',
        );
        expect(effectiveMtls(all, workload, 8080, root)).toEqual(effectiveMtls(about, workload, 8080, root));
      }),
    );
  });

  test('a selector in the root namespace is ignored, and with nothing said it is PERMISSIVE', () => {
    const policy = {
      metadata: { name: 'a', namespace: root },
      spec: { selector: { matchLabels: { app: 'api' } }, mtls: { mode: 'STRICT' } },
    };
    expect(effectiveMtls([policy], workload, 8080, root)).toEqual({ mode: 'PERMISSIVE' });
    expect(effectiveMtls([], workload, undefined, root)).toEqual({ mode: 'PERMISSIVE' });
  });

  test('a policy of the workload that says a mode wins over all others', () => {
    fc.assert(
      fc.property(peers, (all) => {
        const own = {
          metadata: { name: 'own', namespace: 'shop', creationTimestamp: '2020-01-01T00:00:00Z' },
          spec: { selector: { matchLabels: { app: 'api' } }, mtls: { mode: 'DISABLE' } },
        };
        expect(effectiveMtls([...all, own], workload, 8080, root)).toMatchObject({ mode: 'DISABLE' });
      }),
    );
  });
});

const word = fc.constantFrom('*', 'shop', 'front', 'sho*', '*op');
const principal = fc.constantFrom(
  '*',
  'cluster.local/ns/shop/sa/web',
  'cluster.local/ns/front/*',
  '*/sa/web',
);
const lists = (item: fc.Arbitrary<string>) =>
  fc.option(fc.array(item, { minLength: 1, maxLength: 2 }), { nil: null });
const rule = fc.record(
  {
    from: fc.array(
      fc.record({
        source: fc.record(
          {
            namespaces: lists(word),
            notNamespaces: lists(word),
            principals: lists(principal),
            ipBlocks: lists(fc.constantFrom('10.0.0.0/8', '10.1.1.5', '192.168.0.0/16')),
          },
          { requiredKeys: [] },
        ),
      }),
      { maxLength: 2 },
    ),
    to: fc.array(
      fc.record({
        operation: fc.record(
          { ports: lists(fc.constantFrom('8080', '9090')), methods: lists(fc.constant('GET')) },
          { requiredKeys: [] },
        ),
      }),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);
const policy = (action: fc.Arbitrary<string>) =>
  fc.record({
    metadata: fc.record({ name: fc.constantFrom('a', 'b', 'c'), namespace: fc.constant('shop') }),
    spec: fc.record({ action, rules: fc.array(rule, { maxLength: 3 }) }),
  }) as fc.Arbitrary<AuthorizationPolicy>;
const someAction = fc.constantFrom('ALLOW', 'DENY', 'CUSTOM', 'AUDIT');
const caller: fc.Arbitrary<Caller> = fc.record({
  authenticated: fc.constantFrom(Tri.no, Tri.unknown, Tri.yes),
  namespace: fc.constantFrom('shop', 'front'),
  serviceAccount: fc.constantFrom('web', 'batch'),
  addresses: fc.constantFrom(['10.1.1.5'], [], ['172.16.0.1']),
  trustDomains: fc.constant(['cluster.local']),
  port: fc.constantFrom(8080, 9090),
  http: fc.constantFrom(Tri.no, Tri.unknown, Tri.yes),
});
const order = { deny: 0, unknown: 1, allow: 2 };

describe('AuthorizationPolicy', () => {
  test('the order of policies plays no part', () => {
    fc.assert(
      fc.property(shuffled(fc.array(policy(someAction), { maxLength: 4 })), caller, ([one, other], who) => {
        expect(judgeAuthorization(one, who).decision).toBe(judgeAuthorization(other, who).decision);
      }),
    );
  });

  test('where there is an ALLOW policy, another one takes nothing away', () => {
    fc.assert(
      fc.property(
        fc.array(policy(someAction), { maxLength: 3 }),
        policy(fc.constant('ALLOW')),
        policy(fc.constant('ALLOW')),
        caller,
        (others, allow, more, who) => {
          const before = judgeAuthorization([...others, allow], who).decision;
          expect(order[judgeAuthorization([...others, allow, more], who).decision]).toBeGreaterThanOrEqual(
            order[before],
          );
        },
      ),
    );
  });

  test('a DENY policy lets nothing more through', () => {
    fc.assert(
      fc.property(
        fc.array(policy(someAction), { maxLength: 3 }),
        policy(fc.constant('DENY')),
        caller,
        (others, deny, who) => {
          const before = judgeAuthorization(others, who).decision;
          expect(order[judgeAuthorization([...others, deny], who).decision]).toBeLessThanOrEqual(
            order[before],
          );
        },
      ),
    );
  });

  test('knowing more decides, and never turns a decision round', () => {
    fc.assert(
      fc.property(
        fc.array(policy(fc.constantFrom('ALLOW', 'DENY')), { maxLength: 4 }),
        caller,
        (all, who) => {
          const open = judgeAuthorization(all, { ...who, authenticated: Tri.unknown }).decision;
          for (const authenticated of [Tri.no, Tri.yes]) {
            const decided = judgeAuthorization(all, { ...who, authenticated }).decision;
            if (open !== 'unknown') expect(decided).toBe(open);
          }
        },
      ),
    );
  });

  test('without policies all is allowed; one ALLOW policy without rules denies all, one DENY policy without rules nothing', () => {
    fc.assert(
      fc.property(caller, (who) => {
        const of = (spec: NonNullable<AuthorizationPolicy['spec']>): AuthorizationPolicy => ({
          metadata: { name: 'x' },
          spec,
        });
        expect(judgeAuthorization([], who).decision).toBe('allow');
        expect(judgeAuthorization([of({})], who).decision).toBe('deny');
        expect(judgeAuthorization([of({ action: 'DENY' })], who).decision).toBe('allow');
        expect(judgeAuthorization([of({ rules: [{}] })], who).decision).toBe('allow');
        expect(judgeAuthorization([of({ action: 'DENY', rules: [{}] })], who).decision).toBe('deny');
      }),
    );
  });
});

test('DestinationRule: the order in which they are read plays no part, and the namespace of the client comes first', () => {
  const rules = fc.uniqueArray(
    fc.record({
      metadata: meta,
      spec: fc.record({
        host: fc.constantFrom('api', 'api.shop.svc.cluster.local', '*.shop.svc.cluster.local', '*', 'other'),
        exportTo: fc.constantFrom(null, ['.'], ['*']),
      }),
    }),
    { maxLength: 6, ...unique },
  ) as fc.Arbitrary<DestinationRule[]>;
  const host = { name: 'api.shop.svc.cluster.local', namespace: 'shop' };
  fc.assert(
    fc.property(shuffled(rules), ([one, other]) => {
      const client = { namespace: 'front', labels: {} };
      const found = effectiveRule(one, client, host, root);
      expect(found).toEqual(effectiveRule(other, client, host, root));
      const places = found?.rules.map(({ metadata }) => metadata.namespace) ?? [];
      expect(new Set(places).size).toBeLessThanOrEqual(1);
      const mine = one.some(
        ({ metadata, spec }) => metadata.namespace === 'front' && /^(\*|api\.shop)/.test(spec?.host ?? ''),
      );
      if (mine) expect(places[0]).toBe('front');
    }),
  );
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { findRemedy } from '../../../src/diagnose/policy/mend.js';
import { explainFlow } from '../../../src/diagnose/policy/verdict.js';
import type { WorldObject } from './world.js';
import { createWorld, flowOf } from './world.js';

const path = fileURLToPath(new URL('../../fixtures/policy/edge-cases.yaml', import.meta.url));
const { objects } = parse(readFileSync(path, 'utf8')) as { readonly objects: readonly WorldObject[] };

function remedyOf(policies: string, check: string, more: { readonly servicePort?: number } = {}) {
  const world = createWorld([...objects, ...(parse(policies) as WorldObject[])]);
  const flow = { ...flowOf(world, check), ...more };
  return { ...findRemedy(world.model, flow), verdict: explainFlow(world.model, flow) };
}

describe('the nearest rule and its one failing term', () => {
  test.each([
    [
      'the port of the Service instead of the pod',
      '[{ spec: { podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 80 }] }] } }]',
      'b/client > a/web TCP 8080',
      { servicePort: 80 },
      { code: 'ND204', field: 'spec.ingress[0].ports' },
      [{ op: 'add', path: '/spec/ingress/0/ports/-', value: { protocol: 'TCP', port: 8080 } }],
    ],
    [
      'another protocol',
      '[{ spec: { podSelector: {}, ingress: [{ ports: [{ port: 53 }] }] } }]',
      'b/client > a/web UDP 53',
      {},
      { code: 'ND210', field: 'spec.ingress[0].ports' },
      [{ op: 'add', path: '/spec/ingress/0/ports/-', value: { protocol: 'UDP', port: 53 } }],
    ],
    [
      'a port name that the destination lacks',
      '[{ spec: { podSelector: {}, ingress: [{ ports: [{ port: grpc }] }] } }]',
      'b/client > a/web TCP 8080',
      {},
      { code: 'ND211', field: 'spec.ingress[0].ports' },
      [{ op: 'add', path: '/spec/ingress/0/ports/-', value: { protocol: 'TCP', port: 8080 } }],
    ],
    [
      'a label that the namespace lacks',
      '[{ spec: { podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { name: b } } }] }] } }]',
      'b/client > a/web TCP 80',
      {},
      { code: 'ND205', field: 'spec.ingress[0].from[0].namespaceSelector.matchLabels.name' },
      [
        {
          op: 'add',
          path: '/spec/ingress/0/from/-',
          value: {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'b' } },
            podSelector: { matchLabels: { app: 'client' } },
          },
        },
      ],
    ],
    [
      'a podSelector that means its own namespace only',
      '[{ spec: { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: client } } }] }] } }]',
      'b/client > a/web TCP 80',
      {},
      { code: 'ND207', field: 'spec.ingress[0].from[0]' },
      [
        {
          op: 'add',
          path: '/spec/ingress/0/from/-',
          value: {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'b' } },
            podSelector: { matchLabels: { app: 'client' } },
          },
        },
      ],
    ],
    [
      'another label on the pod',
      '[{ spec: { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: api } } }] }] } }]',
      'a/db > a/web TCP 80',
      {},
      { code: 'ND202', field: 'spec.ingress[0].from[0].podSelector.matchLabels.app' },
      [{ op: 'add', path: '/spec/ingress/0/from/-', value: { podSelector: { matchLabels: { app: 'db' } } } }],
    ],
    [
      'an except that cuts the client out',
      '[{ spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 8.0.0.0/8, except: [8.8.0.0/16] } }] }] } }]',
      '8.8.8.8 > a/web TCP 80',
      {},
      { code: 'ND209', field: 'spec.ingress[0].from[0].ipBlock.except' },
      [{ op: 'add', path: '/spec/ingress/0/from/-', value: { ipBlock: { cidr: '8.8.8.8/32' } } }],
    ],
    [
      'an ipBlock over a pod',
      '[{ spec: { podSelector: {}, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0/8 } }] }] } }]',
      'a/web > a/db TCP 80',
      {},
      { code: 'ND208', field: 'spec.egress[0].to[0].ipBlock' },
      [{ op: 'add', path: '/spec/egress/0/to/-', value: { podSelector: { matchLabels: { app: 'db' } } } }],
    ],
  ])('%s', (_, policies, check, more, term, patch) => {
    const { nearest, mends, verdictAfter } = remedyOf(policies, check, more);
    const found = nearest.ingress ?? nearest.egress;
    expect(found?.failed).toEqual([expect.objectContaining(term)]);
    expect(mends.map((mend) => mend.patch)).toEqual([patch]);
    expect(verdictAfter).toBe('allow');
  });

  test('is the rule that misses by the fewest terms, not the first', () => {
    const { nearest } = remedyOf(
      `- { metadata: { name: far }, spec: { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: x, tier: y } } }], ports: [{ port: 1 }] }] } }
- { metadata: { name: near }, spec: { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: x } } }], ports: [{ port: 80 }] }, { from: [{ podSelector: {} }], ports: [{ port: 80 }] }] } }`,
      'b/client > a/web TCP 80',
    );
    expect(nearest.ingress?.rule).toMatchObject({ policy: { name: 'near' }, field: 'spec.ingress[1]' });
    expect(nearest.ingress?.failed).toHaveLength(1);
  });
});

describe('a patch', () => {
  test('adds a rule with just this peer and port where no rule is near, and is made for both sides', () => {
    const { mends, verdictAfter, verdict } = remedyOf(
      `- { metadata: { name: out, namespace: b }, spec: { podSelector: {}, policyTypes: [Egress] } }
- { metadata: { name: in }, spec: { podSelector: {}, ingress: [] } }`,
      'b/client > a/web TCP 8080',
    );
    expect(verdict.verdict).toBe('deny');
    expect(mends).toEqual([
      {
        direction: 'egress',
        policy: { kind: 'NetworkPolicy', namespace: 'b', name: 'out' },
        patch: [
          {
            op: 'add',
            path: '/spec/egress',
            value: [
              {
                to: [
                  {
                    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'a' } },
                    podSelector: { matchLabels: { app: 'web' } },
                  },
                ],
                ports: [{ protocol: 'TCP', port: 8080 }],
              },
            ],
          },
        ],
      },
      {
        direction: 'ingress',
        policy: { kind: 'NetworkPolicy', namespace: 'a', name: 'in' },
        patch: [expect.objectContaining({ op: 'add', path: '/spec/ingress/-' })],
      },
    ]);
    expect(verdictAfter).toBe('allow');
  });

  test('is not offered where an administrator denies, where a host is meant, or where labels tell nobody', () => {
    const admin = remedyOf(
      '[{ kind: AdminNetworkPolicy, spec: { priority: 1, subject: { namespaces: {} }, ingress: [{ name: no, action: Deny, from: [{ namespaces: {} }] }] } }]',
      'b/client > a/web TCP 80',
    );
    expect(admin.mends).toEqual([]);
    expect(admin.verdict.ingress.rule).toMatchObject({
      policy: { kind: 'AdminNetworkPolicy' },
      name: 'no',
      index: 0,
    });

    const denied = '[{ spec: { podSelector: {}, ingress: [] } }]';
    expect(remedyOf(denied, 'outside > a/web TCP 80').mends).toEqual([]);
    expect(remedyOf(denied, 'b/far-host > a/web TCP 80').verdictAfter).not.toBe('allow');
  });
});

describe('the account of a flow', () => {
  test('names every isolating policy, the rule that admits, and the walk through the tiers', () => {
    const { verdict } = remedyOf(
      `- { kind: ClusterNetworkPolicy, metadata: { name: admin }, spec: { tier: Admin, priority: 1, subject: { namespaces: {} }, ingress: [{ name: on, action: Pass, from: [{ namespaces: {} }] }] } }
- { metadata: { name: closed }, spec: { podSelector: {}, ingress: [] } }
- { metadata: { name: open }, spec: { podSelector: {}, ingress: [{ ports: [{ port: 1 }] }, { ports: [{ port: 80 }] }] } }`,
      'b/client > a/web TCP 80',
    );
    expect(verdict.ingress).toEqual({
      verdict: 'allow',
      policies: [
        { kind: 'ClusterNetworkPolicy', name: 'admin' },
        { kind: 'NetworkPolicy', namespace: 'a', name: 'closed' },
        { kind: 'NetworkPolicy', namespace: 'a', name: 'open' },
      ],
      rule: {
        policy: { kind: 'NetworkPolicy', namespace: 'a', name: 'open' },
        index: 1,
        field: 'spec.ingress[1]',
      },
      walk: [
        {
          tier: 'Admin',
          rule: {
            policy: { kind: 'ClusterNetworkPolicy', name: 'admin' },
            index: 0,
            field: 'spec.ingress[0]',
            name: 'on',
          },
          action: 'Pass',
          certain: true,
        },
        {
          tier: 'NetworkPolicy',
          rule: {
            policy: { kind: 'NetworkPolicy', namespace: 'a', name: 'open' },
            index: 1,
            field: 'spec.ingress[1]',
          },
          action: 'Allow',
          certain: true,
        },
      ],
      reasons: [],
    });
    expect(verdict.egress).toEqual({ verdict: 'allow', policies: [], walk: [], reasons: [] });
  });
});

describe('what could not be read', () => {
  const forbidden = { state: 'unknown', why: 'forbidden: list x' } as const;
  const closed = parse('[{ spec: { podSelector: {}, ingress: [] } }]') as WorldObject[];

  test.each([
    [
      'networkPolicies',
      { networkPolicies: () => forbidden },
      [],
      'NetworkPolicy objects of namespace a could not be read',
    ],
    [
      'adminNetworkPolicies',
      { adminNetworkPolicies: forbidden },
      closed,
      'AdminNetworkPolicy objects could not be read',
    ],
    [
      'baselineAdminNetworkPolicies',
      { baselineAdminNetworkPolicies: forbidden },
      [],
      'BaselineAdminNetworkPolicy objects',
    ],
    [
      'clusterNetworkPolicies',
      { clusterNetworkPolicies: forbidden },
      [],
      'ClusterNetworkPolicy objects could not be read',
    ],
    [
      'nativePolicies',
      { nativePolicies: forbidden },
      [],
      "policies of the network plugin's own could not be read",
    ],
  ])('%s leaves the verdict open, with the reason', (_, gaps, policies, reason) => {
    const world = createWorld([...objects, ...policies], undefined, gaps);
    const { verdict, ingress } = explainFlow(world.model, flowOf(world, 'b/client > a/web TCP 80'));
    expect(verdict).toBe('unknown');
    expect(ingress.reasons.join()).toContain(reason);
    expect(ingress.reasons.join()).toContain('forbidden: list x');
  });

  test('a tier that is not asked may be unread: NetworkPolicy decides before Baseline', () => {
    const world = createWorld([...objects, ...closed], undefined, {
      baselineAdminNetworkPolicies: forbidden,
    });
    const { ingress } = explainFlow(world.model, flowOf(world, 'b/client > a/web TCP 80'));
    expect(ingress.verdict).toBe('deny');
  });

  test('labels of a namespace matter only where a selector asks for them', () => {
    const world = createWorld(
      [
        ...objects,
        ...(parse(
          '[{ spec: { podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: b } } }], ports: [{ port: 80 }] }, { from: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: b } } }], ports: [{ port: 81 }] }] } }]',
        ) as WorldObject[]),
      ],
      undefined,
      { namespaces: forbidden },
    );
    const judged = (port: number) => explainFlow(world.model, flowOf(world, `b/client > a/web TCP ${port}`));
    expect([80, 81, 82].map((port) => judged(port).verdict)).toEqual(['unknown', 'allow', 'deny']);
    expect(judged(80).ingress.reasons).toEqual([
      'the labels of namespace b could not be read, and spec.ingress[0].from[0] selects by them',
    ]);
  });

  test('policies of the plugin itself concern their own namespace, or all', () => {
    const native = (namespace: string | undefined) => {
      const world = createWorld(objects, undefined, {
        nativePolicies: { state: 'there', items: [{ kind: 'CiliumNetworkPolicy', namespace, name: 'l7' }] },
      });
      return explainFlow(world.model, flowOf(world, 'b/client > a/web TCP 80'));
    };
    expect(native('a')).toMatchObject({ verdict: 'unknown', egress: { verdict: 'allow' } });
    expect(native('c').verdict).toBe('allow');
    expect(native(undefined).egress.reasons).toEqual([
      'CiliumNetworkPolicy l7 may decide too, and such policies are not evaluated',
    ]);
  });
});

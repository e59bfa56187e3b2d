import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { validateClusterPolicy, validateNetworkPolicy } from '../../../src/diagnose/policy/validate.js';

function fieldsOf(spec: string): string[] {
  return validateNetworkPolicy({ metadata: { name: 'x' }, spec: parse(spec) as object }).map(
    ({ field }) => field,
  );
}

describe('a NetworkPolicy that the API server would refuse', () => {
  test.each([
    ['{ podSelector: {}, ingress: [{ from: [{}] }] }', 'spec.ingress[0].from[0]'],
    [
      '{ podSelector: {}, ingress: [{ from: [{ podSelector: {}, ipBlock: { cidr: 10.0.0.0/8 } }] }] }',
      'spec.ingress[0].from[0]',
    ],
    [
      '{ podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: 10.0.0.0 } }] }] }',
      'spec.egress[0].to[0].ipBlock.cidr',
    ],
    [
      '{ podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: 010.0.0.0/8 } }] }] }',
      'spec.egress[0].to[0].ipBlock.cidr',
    ],
    [
      '{ ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.0/8, except: [11.0.0.0/16] } }] }] }',
      'spec.ingress[0].from[0].ipBlock.except[0]',
    ],
    [
      '{ ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.0/8, except: [10.0.0.0/8] } }] }] }',
      'spec.ingress[0].from[0].ipBlock.except[0]',
    ],
    ['{ ingress: [{ ports: [{ endPort: 90 }] }] }', 'spec.ingress[0].ports[0].endPort'],
    ['{ ingress: [{ ports: [{ port: http, endPort: 90 }] }] }', 'spec.ingress[0].ports[0].endPort'],
    ['{ ingress: [{ ports: [{ port: 91, endPort: 90 }] }] }', 'spec.ingress[0].ports[0].endPort'],
    ['{ ingress: [{ ports: [{ port: 0 }] }] }', 'spec.ingress[0].ports[0].port'],
    ['{ ingress: [{ ports: [{ protocol: ICMP }] }] }', 'spec.ingress[0].ports[0].protocol'],
    ['{ policyTypes: [ingress] }', 'spec.policyTypes[0]'],
    [
      '{ podSelector: { matchExpressions: [{ key: a, operator: Is, values: [b] }] } }',
      'spec.podSelector.matchExpressions[0].operator',
    ],
    [
      '{ podSelector: { matchExpressions: [{ key: a, operator: In }] } }',
      'spec.podSelector.matchExpressions[0].values',
    ],
    [
      '{ podSelector: { matchExpressions: [{ key: a, operator: Exists, values: [b] }] } }',
      'spec.podSelector.matchExpressions[0].values',
    ],
  ])('%s', (spec, field) => {
    expect(fieldsOf(spec)).toEqual([field]);
  });

  test('is none of those that it takes', () => {
    expect(
      fieldsOf(
        '{ podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}, { from: [], ports: [{}] }], egress: [{ to: [{ ipBlock: { cidr: "::/0", except: ["fd00::/8"] } }], ports: [{ port: 1, endPort: 1 }] }] }',
      ),
    ).toEqual([]);
  });
});

describe('a cluster-scoped policy that the API server would refuse', () => {
  test.each([
    ['ClusterNetworkPolicy', '{ priority: 1, subject: { namespaces: {} } }', 'spec.tier'],
    ['ClusterNetworkPolicy', '{ tier: Admin, priority: 1001, subject: { namespaces: {} } }', 'spec.priority'],
    ['AdminNetworkPolicy', '{ subject: { namespaces: {} } }', 'spec.priority'],
    ['AdminNetworkPolicy', '{ priority: 1, subject: {} }', 'spec.subject'],
    [
      'AdminNetworkPolicy',
      '{ priority: 1, subject: { namespaces: {} }, ingress: [{ action: Accept, from: [{ namespaces: {} }] }] }',
      'spec.ingress[0].action',
    ],
    [
      'AdminNetworkPolicy',
      '{ priority: 1, subject: { namespaces: {} }, egress: [{ action: Allow, to: [] }] }',
      'spec.egress[0].to',
    ],
    [
      'AdminNetworkPolicy',
      '{ priority: 1, subject: { namespaces: {} }, egress: [{ action: Allow, to: [{ networks: [all] }] }] }',
      'spec.egress[0].to[0].networks',
    ],
    ['BaselineAdminNetworkPolicy', '{ subject: { namespaces: {} } }', 'metadata.name'],
  ] as const)('%s %s', (kind, spec, field) => {
    const policy = { metadata: { name: 'x' }, spec: parse(spec) as object };
    expect(validateClusterPolicy(kind, policy).map((found) => found.field)).toEqual([field]);
  });

  test('a peer of a newer API is left to fail closed', () => {
    const spec = parse(
      '{ tier: Admin, priority: 1, subject: { namespaces: {} }, ingress: [{ action: Deny, from: [{ later: {} }] }] }',
    ) as object;
    expect(validateClusterPolicy('ClusterNetworkPolicy', { metadata: { name: 'x' }, spec })).toEqual([]);
  });
});

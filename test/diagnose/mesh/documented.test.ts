/** What Istio's documentation says, case by case (test/fixtures/istio). */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { judgeAuthorization } from '../../../src/diagnose/mesh/authorization.js';
import { inScope } from '../../../src/diagnose/mesh/egress.js';
import { matchesHost, resolveHost } from '../../../src/diagnose/mesh/hosts.js';
import { memberOf } from '../../../src/diagnose/mesh/membership.js';
import type { AuthorizationPolicy, PeerAuthentication } from '../../../src/diagnose/mesh/objects.js';
import { effectiveMtls } from '../../../src/diagnose/mesh/peer.js';
import { portProtocol } from '../../../src/diagnose/mesh/protocol.js';
import { Tri } from '../../../src/diagnose/policy/tri.js';

function fixture(name: string): unknown {
  return parse(readFileSync(fileURLToPath(new URL(`../../fixtures/istio/${name}`, import.meta.url)), 'utf8'));
}

interface AuthorizationCase {
  readonly about: string;
  readonly policies: readonly NonNullable<AuthorizationPolicy['spec']>[];
  readonly cases: readonly {
    readonly ask: {
      readonly port: number;
      readonly http?: boolean;
      readonly plain?: boolean;
      readonly namespace?: string;
      readonly account?: string;
      readonly address?: string;
      readonly trustDomains?: readonly string[];
    };
    readonly want: 'allow' | 'deny';
    readonly byRequest?: boolean;
  }[];
}

test.each(fixture('authorization.yaml') as AuthorizationCase[])('$about', ({ policies, cases }) => {
  const all = policies.map((spec, index): AuthorizationPolicy => ({ metadata: { name: `p${index}` }, spec }));
  for (const { ask, want, byRequest = false } of cases) {
    const verdict = judgeAuthorization(all, {
      authenticated: ask.plain === true ? Tri.no : Tri.yes,
      namespace: ask.namespace ?? 'shop',
      serviceAccount: ask.account ?? 'default',
      addresses: [ask.address ?? '10.1.1.5'],
      trustDomains: ask.trustDomains ?? ['cluster.local'],
      port: ask.port,
      http: ask.http === true ? Tri.yes : Tri.no,
    });
    expect({ ask, want: verdict.decision, byRequest: verdict.requests.length > 0 }).toEqual({
      ask,
      want,
      byRequest,
    });
  }
});

interface PeerCase {
  readonly about: string;
  readonly policies: readonly (NonNullable<PeerAuthentication['spec']> & { readonly namespace: string })[];
  readonly want: Readonly<Record<string, string>>;
}

test.each(fixture('peer-authentication.yaml') as PeerCase[])('$about', ({ policies, want }) => {
  const all = policies.map(({ namespace, ...spec }, index): PeerAuthentication => ({
    metadata: { name: `p${index}`, namespace },
    spec,
  }));
  const workload = { namespace: 'foo', labels: { app: 'finance' } };
  for (const [port, mode] of Object.entries(want))
    expect([port, effectiveMtls(all, workload, Number(port), 'istio-system').mode]).toEqual([port, mode]);
});

describe('injection', () => {
  // Namespace labels, labels and annotations of the pod, and whether the injector is called and says yes.
  test.each([
    [{ 'istio-injection': 'enabled' }, {}, {}, true],
    [{ 'istio-injection': 'enabled' }, { 'sidecar.istio.io/inject': 'true' }, {}, true],
    [{ 'istio-injection': 'enabled' }, { 'sidecar.istio.io/inject': 'false' }, {}, false],
    [{ 'istio-injection': 'enabled' }, {}, { 'sidecar.istio.io/inject': 'false' }, false],
    [
      { 'istio-injection': 'enabled' },
      { 'sidecar.istio.io/inject': 'true' },
      { 'sidecar.istio.io/inject': 'false' },
      true,
    ],
    [{ 'istio-injection': 'disabled' }, { 'sidecar.istio.io/inject': 'true' }, {}, false],
    [{}, {}, {}, false],
    [{}, { 'sidecar.istio.io/inject': 'true' }, {}, true],
    [{}, {}, { 'sidecar.istio.io/inject': 'true' }, false],
    [{}, { 'istio.io/rev': 'canary' }, {}, true],
    [{ 'istio.io/rev': 'canary' }, {}, {}, true],
    [{ 'istio.io/rev': 'canary' }, { 'sidecar.istio.io/inject': 'false' }, {}, false],
    // The older label goes before the newer one.
    [{ 'istio.io/rev': 'canary', 'istio-injection': 'disabled' }, {}, {}, false],
  ])('namespace %j, pod %j %j: %s', (namespace, labels, annotations, want) => {
    const pod = {
      metadata: { name: 'web', namespace: 'shop', labels, annotations },
      spec: { containers: [{ name: 'app' }] },
      status: { phase: 'Running' },
    };
    expect(memberOf(pod, namespace).expected !== undefined).toBe(want);
  });

  test('ambient: the label of the pod goes before that of its namespace, a sidecar before both', () => {
    const pod = (labels: Record<string, string>, ...containers: string[]) => ({
      metadata: { name: 'web', namespace: 'shop', labels },
      spec: { containers: ['app', ...containers].map((name) => ({ name })) },
      status: { phase: 'Running' },
    });
    const ambient = { 'istio.io/dataplane-mode': 'ambient' };
    expect(memberOf(pod({}), ambient).kind).toBe('ambient');
    expect(memberOf(pod({ 'istio.io/dataplane-mode': 'none' }), ambient).kind).toBe('none');
    expect(memberOf(pod(ambient), {}).kind).toBe('ambient');
    expect(memberOf(pod({}, 'istio-proxy'), ambient).kind).toBe('sidecar');
    expect(memberOf(pod({}, 'linkerd-proxy'), undefined).kind).toBe('linkerd');
  });
});

test.each([
  [{ name: 'http', port: 80 }, 'http'],
  [{ name: 'grpc-web-x', port: 80 }, 'http'],
  [{ name: 'HTTP2-a', port: 80 }, 'http'],
  [{ name: 'https', port: 443 }, 'tls'],
  [{ name: 'mysql', port: 3307 }, 'tcp'],
  [{ name: 'db', port: 3306 }, 'tcp'],
  [{ name: 'db', port: 3307 }, 'auto'],
  [{ name: 'httpx', port: 80 }, 'auto'],
  [{ name: 'http', port: 80, appProtocol: 'tcp' }, 'tcp'],
  // A name is not asked where there is an appProtocol, whatever that says.
  [{ name: 'http', port: 80, appProtocol: 'example.com/own' }, 'auto'],
  [{ port: 80, appProtocol: 'kubernetes.io/h2c' }, 'http'],
  [{ name: 'http', port: 80, protocol: 'UDP' }, 'udp'],
] as const)('the protocol of %j is %s', (port, protocol) => {
  expect(portProtocol(port).protocol).toBe(protocol);
});

test('hosts: short names are of the namespace of the object, all others stand as they are', () => {
  expect(resolveHost('api', 'shop')).toBe('api.shop.svc.cluster.local');
  expect(resolveHost('api.shop', 'front')).toBe('api.shop');
  expect(resolveHost('api.shop.svc.example.internal', 'front')).toBe('api.shop.svc.cluster.local');
  expect(matchesHost('*.shop.svc.cluster.local', 'api.shop.svc.cluster.local')).toBe(true);
  expect(matchesHost('*.example.com', 'example.com')).toBe(false);
});

test.each([
  [['./*', 'istio-system/*'], 'shop', true],
  [['./*', 'istio-system/*'], 'pay', false],
  [['*/*'], 'pay', true],
  [['pay/*'], 'pay', true],
  [['~/*'], 'shop', false],
  [['*/api.pay.svc.cluster.local'], 'pay', true],
])('a Sidecar with the hosts %j, and a Service of namespace %s: %s', (hosts, namespace, want) => {
  const sidecar = { metadata: { name: 'default', namespace: 'shop' }, spec: { egress: [{ hosts }] } };
  const host = { name: `api.${namespace}.svc.cluster.local`, namespace, port: 80 };
  expect(inScope(sidecar, { namespace: 'shop', labels: {} }, host)).toBe(want);
});

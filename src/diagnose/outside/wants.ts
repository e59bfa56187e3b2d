import { outsideKinds } from '../../target/kinds.js';
import type { Reference } from '../../target/reference.js';
import type { Question } from '../model/build.js';
import type { Facts } from '../model/facts.js';
import { systemNamespace } from '../model/pods.js';
import { itemsOf } from '../reading.js';
import type { Want } from '../snapshot/cluster.js';
import type { Snapshot, SnapshotKind } from '../snapshot/types.js';
import { buildLegs } from './legs.js';

/** Objects in front of Services; which of them lead to one is told only by all of them. */
const inFront: readonly SnapshotKind[] = [
  ...(['ingresses', 'ingressclasses', 'gateways', 'gatewayclasses', 'httproutes', 'grpcroutes'] as const),
  ...(['tlsroutes', 'tcproutes', 'services', 'pods', 'nodes', 'namespaces'] as const),
];

/** What is needed besides to see the way from outside. Nothing where references leave no room for one. */
export function wantsOfOutside(references: readonly Reference[], namespace: string): readonly Want[] {
  // `api.shop` is a Service as a rule; a host outside has one label more, or is written as a URL.
  const outside = references.some(
    (reference) =>
      reference.type === 'external' ||
      reference.type === 'url' ||
      (reference.type === 'host' &&
        /\.[^.]+\.[^.]+\.?$/.test(reference.host) &&
        !/\.svc(\.|$)/.test(reference.host)) ||
      (reference.type === 'object' && outsideKinds.some((kind) => kind === reference.kind)),
  );
  const single =
    references.length === 1 && references[0]?.type === 'object' && references[0].kind === 'service';
  if (!outside && !single) return [];
  const own = new Set(
    references.flatMap((reference) =>
      reference.type === 'object' && reference.kind !== 'node' ? [reference.namespace ?? namespace] : [],
    ),
  );
  return [
    // An open Service alone: nodes and its own namespace tell the rest.
    ...(single ? (['pods'] as const) : inFront).map((kind) => ({ kind })),
    // Many may read one namespace only.
    ...[...own].flatMap((each) =>
      (['ingresses', 'gateways', 'httproutes'] as const).map((kind) => ({ kind, namespace: each })),
    ),
    { kind: 'validatingwebhookconfigurations' },
    { kind: 'configmaps', namespace: systemNamespace, name: 'kube-proxy' },
  ];
}

/** What the first round leaves open: the namespaces of backends and controllers, grants between them, Secrets by their names. */
export function wantsBehind(snapshot: Snapshot, question: Question): readonly Want[] {
  const legs = legsOf(snapshot, question).filter(({ outside }) => outside !== undefined);
  if (legs.length === 0) return [];
  const ways = legs[0]?.outside?.ways ?? [];
  const namespaces = new Set<string>();
  for (const { destination, sourceNamespace } of legs)
    for (const each of [destination.namespace, sourceNamespace]) if (each !== undefined) namespaces.add(each);
  for (const { fronts } of ways)
    for (const { service } of fronts) namespaces.add(service.metadata.namespace ?? '');
  const wanted = [
    'networkpolicies',
    'endpointslices',
    'pods',
    'services',
    'deployments',
    'events',
    'referencegrants',
  ] as const;
  return [
    ...[...namespaces]
      .filter((each) => each !== '')
      .flatMap((each) => wanted.map((kind) => ({ kind, namespace: each }))),
    ...webhookNamespaces(snapshot).map((each) => ({ kind: 'endpointslices' as const, namespace: each })),
    // A certificate of another namespace needs a grant there.
    ...secretsOf(legs).map(({ namespace }) => ({ kind: 'referencegrants' as const, namespace })),
    ...secretsOf(legs).map(({ namespace, name }) => ({ kind: 'secrets' as const, namespace, name })),
  ];
}

/** A reference that means nothing throws, and will be told so when the question is answered. */
function legsOf(snapshot: Snapshot, question: Question): readonly Facts[] {
  try {
    return buildLegs(snapshot, question);
  } catch {
    return [];
  }
}

function webhookNamespaces({ read }: Snapshot): readonly string[] {
  const all = itemsOf(read('validatingwebhookconfigurations')).flatMap(({ webhooks }) =>
    (webhooks ?? []).flatMap(({ clientConfig, rules }) =>
      (rules ?? []).some(({ resources }) => resources?.includes('ingresses') === true)
        ? (clientConfig?.service?.namespace ?? [])
        : [],
    ),
  );
  return [...new Set(all)];
}

function secretsOf(legs: readonly Facts[]): readonly { readonly namespace: string; readonly name: string }[] {
  const [leg] = legs;
  const ways = leg?.outside?.ways ?? [];
  const all = [
    ...ways.flatMap((way) =>
      way.kind === 'ingress' && way.tls?.secretName !== undefined
        ? [{ namespace: way.ingress.metadata.namespace ?? '', name: way.tls.secretName }]
        : [],
    ),
    ...(leg?.outside?.gateways ?? []).flatMap(({ metadata, spec }) =>
      (spec?.listeners ?? []).flatMap(({ tls }) =>
        (tls?.certificateRefs ?? []).map(({ name, namespace }) => ({
          namespace: namespace ?? metadata.namespace ?? '',
          name,
        })),
      ),
    ),
  ];
  return [...new Map(all.map((one) => [`${one.namespace}/${one.name}`, one])).values()].slice(0, 50);
}

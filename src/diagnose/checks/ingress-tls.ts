import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { ObservedHttp } from '../observed.js';
import type { IngressWay } from '../outside/facts.js';
import { certifies, plainHost } from '../outside/match.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { ingressAt, ingressWay, say } from './outside-say.js';

/** The Secret of an Ingress: not there, of another type, or without one of its keys. Values are never read. */
export const ingressSecret: Check = {
  name: 'ingress-secret',
  codes: ['ND606'],
  // The Secret is read by its name, which only the Ingress says: what became of that is looked at in `find`.
  reads: [],
  mayRead: inputs('cluster', 'secrets'),
  concerns: (facts) => facts.outside?.whole === true && ingressWay(facts)?.tls?.secretName !== undefined,
  find: (facts) => {
    const way = ingressWay(facts);
    const name = way?.tls?.secretName;
    if (way === undefined || name === undefined) return [];
    const { namespace = '' } = way.ingress.metadata;
    const reading = facts.read('secrets', namespace, name);
    if (reading.state !== 'there') return [];
    const secret = reading.items.find(({ metadata }) => metadata.name === name);
    if (secret === undefined) return [absent(facts, way, name)];
    const lacking = ['tls.crt', 'tls.key'].filter((key) => secret.keys?.includes(key) === false);
    const other = secret.type !== undefined && secret.type !== 'kubernetes.io/tls';
    if (lacking.length === 0 && !other) return [];
    // A Secret of another type with both keys does for most controllers.
    const works = lacking.length === 0;
    return [
      say(
        'ND606',
        works
          ? `Secret ${namespace}/${name} is of type ${secret.type ?? ''} instead of kubernetes.io/tls, which some controllers do not take`
          : `Secret ${namespace}/${name} lacks ${lacking.join(' and ')}: the controller shows a certificate of its own instead`,
        {
          severity: works ? 'warning' : 'error',
          object: {
            kind: 'Secret',
            namespace,
            name,
            fieldPath: works ? 'type' : 'data',
            value: works ? (secret.type ?? '') : (secret.keys ?? []).join(', '),
          },
          evidence: [
            fromApi(
              `secret ${namespace}/${name}`,
              `type: ${secret.type ?? 'unknown'}, keys: ${(secret.keys ?? []).join(', ') || 'none'}`,
            ),
          ],
          fix: mend(way, name),
          ...common(facts, way, !works),
        },
      ),
    ];
  },
};

function absent(facts: Facts, way: IngressWay, name: string): Finding {
  const { namespace = '', name: own } = way.ingress.metadata;
  const elsewhere = itemsOf(facts.read('secrets')).flatMap(({ metadata }) =>
    metadata.name === name && metadata.namespace !== namespace ? [metadata.namespace ?? ''] : [],
  );
  return say(
    'ND606',
    `Secret ${namespace}/${name}, which Ingress ${namespace}/${own} names for TLS, does not exist: the controller shows a certificate of its own${elsewhere.length === 0 ? '' : `; the one in ${elsewhere.slice(0, 3).join(', ')} cannot be named from here`}`,
    {
      object: ingressAt(way, way.tls?.field, name),
      evidence: [
        fromApi(`ingress ${namespace}/${own}`, `${way.tls?.field ?? ''}: ${name}`),
        fromApi(`secrets of namespace ${namespace}`, `none is called ${name}`),
      ],
      fix: mend(way, name),
      ...common(facts, way, true),
    },
  );
}

function mend(way: IngressWay, name: string): Finding['fix'] {
  const { namespace = '', annotations } = way.ingress.metadata;
  return Object.keys(annotations ?? {}).some((key) => key.startsWith('cert-manager.io/'))
    ? {
        text: 'cert-manager is to make it: see why the Certificate is not Ready',
        commands: [kubectl(namespace, 'describe', 'certificate', name)],
      }
    : {
        text: 'make a Secret of the certificate and its key',
        commands: [kubectl(namespace, 'create', 'secret', 'tls', name, '--cert=tls.crt', '--key=tls.key')],
      };
}

/** Clients by https that look at the certificate stop there; those by http are not concerned. */
function common(
  { outside }: Facts,
  way: IngressWay,
  fails: boolean,
): Pick<Finding, 'hop' | 'touches' | 'blocks'> {
  const plain = outside?.url?.scheme === 'http';
  return {
    hop: 'ingress-controller',
    touches: [objectKey('ingress', way.ingress.metadata)],
    ...(fails && !plain ? { blocks: { model: 'fail' } as const } : {}),
  };
}

/** The certificate that was shown: for another name, over, or by somebody whom nobody trusts. */
export const outsideCertificate: Check = {
  name: 'outside-certificate',
  codes: ['ND607'],
  reads: [],
  concerns: ({ outside, observed }) =>
    outside?.way !== undefined && (observed?.http ?? []).some(({ tls }) => tls !== undefined),
  live: true,
  find: (facts) => {
    const way = facts.outside?.way;
    if (way === undefined) return [];
    const seen = new Set<string>();
    return (facts.observed?.http ?? [])
      .filter(({ to }) => to.role === 'external' || to.role === 'destination')
      .flatMap((one) => certificate(facts, one))
      .filter(({ message }) => !seen.has(message) && seen.add(message));
  },
};

function certificate({ outside, now }: Facts, { url, tls, to, from }: ObservedHttp): Finding[] {
  const way = outside?.way;
  if (way === undefined || tls === undefined || !URL.canParse(url)) return [];
  const host = plainHost(tls.serverName ?? new URL(url).hostname);
  const wrong = tls.names.length > 0 && !tls.names.some((name) => certifies(name, host));
  const days = tls.notAfter === undefined ? undefined : Math.floor((tls.notAfter - now) / 86_400_000);
  const over = days !== undefined && days < 0;
  const soon = days !== undefined && days >= 0 && days < 7;
  if (!wrong && !over && !soon && tls.error === undefined) return [];
  const fake = /fake certificate|traefik default/i.test(`${tls.subject ?? ''} ${tls.names.join(' ')}`);
  const why = wrong
    ? `is for ${tls.names.slice(0, 4).join(', ')} and not for ${host}${fake ? ": it is the controller's own, which it shows where it has none" : ''}`
    : over
      ? `is over since ${-days} days`
      : soon
        ? `is over in ${days} days`
        : `is not trusted: ${tls.error ?? ''}`;
  const [object, key] = culprit(way, outside?.target.name ?? host);
  return [
    say('ND607', `the certificate that ${to.address}:${to.port} shows for ${host} ${why}`, {
      severity: !wrong && !over && soon ? 'warning' : 'error',
      confidence: wrong || over ? 'proven' : 'likely',
      object,
      evidence: [
        {
          source: 'probe',
          about: `TLS from ${from} to ${to.address}:${to.port}, SNI ${host}`,
          excerpt: [
            `names ${tls.names.join(', ') || 'none'}`,
            ...(tls.notAfter === undefined ? [] : [`until ${new Date(tls.notAfter).toISOString()}`]),
            ...(tls.issuer === undefined ? [] : [`by ${tls.issuer}`]),
            ...(tls.error === undefined ? [] : [tls.error]),
          ].join('; '),
        },
      ],
      fix: {
        text:
          over || soon
            ? 'renew it; with cert-manager see the Certificate'
            : wrong
              ? 'put a certificate for this host into the Secret that spec.tls names'
              : 'send the whole chain (intermediates first), or let clients know the authority',
        commands: [],
      },
      hop: way.kind === 'route' ? 'gateway' : way.kind === 'ingress' ? 'ingress-controller' : 'address',
      touches: [key],
      ...(!wrong && !over && soon ? {} : { blocks: { model: 'fail' } as const }),
    }),
  ];
}

function culprit(
  way: NonNullable<NonNullable<Facts['outside']>['way']>,
  fallback: string,
): readonly [Finding['object'], string] {
  if (way.kind === 'ingress')
    return [
      ingressAt(way, way.tls?.field ?? 'spec.tls', way.tls?.secretName ?? ''),
      objectKey('ingress', way.ingress.metadata),
    ];
  if (way.kind === 'route') {
    const metadata = way.parent?.gateway?.metadata ?? way.route.metadata;
    const { namespace = '', name } = metadata;
    const kind = way.parent?.gateway === undefined ? way.routeKind : 'Gateway';
    return [
      { kind, namespace, name, fieldPath: 'spec.listeners[].tls.certificateRefs' },
      objectKey(kind, metadata),
    ];
  }
  const metadata = way.fronts[0]?.service.metadata;
  const { namespace = '', name = fallback } = metadata ?? {};
  return [{ kind: 'Service', namespace, name }, objectKey('service', { namespace, name })];
}

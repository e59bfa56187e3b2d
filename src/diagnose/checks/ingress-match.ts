import { nearNames } from '../../target/near.js';
import { kubectl } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { IngressWay } from '../outside/facts.js';
import { compareAge, ingressWays } from '../outside/ingress.js';
import { plainHost } from '../outside/match.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { ingressAt, ingressWay, nameOf, say } from './outside-say.js';

/** Hosts and paths that no rule means. */
export const ingressMatch: Check = {
  name: 'ingress-match',
  codes: ['ND608', 'ND609'],
  reads: inputs('cluster', 'ingresses'),
  mayRead: inputs('cluster', 'gateways', 'httproutes', 'grpcroutes', 'services'),
  concerns: ({ outside }) => outside?.target.kind === 'Host' || outside?.target.kind === 'Ingress',
  find: (facts) => {
    const { outside } = facts;
    if (outside === undefined) return [];
    if (outside.missed.length > 0 && outside.ways.length === 0) return pathless(facts);
    // What could not be read may serve the host, too.
    const all = (['gateways', 'httproutes', 'grpcroutes', 'services'] as const).every(
      (kind) => facts.read(kind).state !== 'unknown',
    );
    if (outside.ways.length === 0) return all ? hostless(facts) : [];
    return captureless(facts);
  },
};

/** Rules for a host that is near the one that was called. A host that is far from all of them is somebody else's. */
function hostless({ outside, asked }: Facts): Finding[] {
  const { url, hosts = [] } = outside ?? {};
  // A rule that is for this very host, and that nobody carries out, is not a matter of its host.
  if (url === undefined || hosts.some(({ host }) => host === url.host)) return [];
  const near = nearestHosts(
    url.host,
    hosts.map(({ host }) => host),
  );
  const [first] = near;
  const by = hosts.find(({ host }) => host === first);
  if (first === undefined || by === undefined) return [];
  const wildcard = first.startsWith('*.') && url.host.endsWith(first.slice(1));
  const [kind = '', path = ''] = by.by.split(' ');
  const [namespace = '', name = ''] = path.split('/');
  const ingress = kind === 'ingress';
  return [
    say(
      'ND608',
      `no rule is for the host ${url.host}; the nearest is ${first} of ${by.by}${wildcard ? ', in which the star is exactly one label' : ''}`,
      {
        confidence: asked.from === undefined || url.scheme !== undefined ? 'likely' : 'possible',
        object: {
          kind: ingress ? 'Ingress' : kind,
          namespace,
          name,
          fieldPath: ingress ? 'spec.rules[].host' : 'spec.hostnames',
          value: first,
        },
        evidence: hosts
          .filter(({ host }) => near.includes(host))
          .slice(0, 4)
          .map(({ host, by: own }) => fromApi(own, `host ${host}`)),
        fix: {
          text: `call ${first.replace(/^\*/, 'NAME')}, or add a rule for ${url.host}`,
          commands: [kubectl(namespace, 'get', kind, name, '-o', 'yaml')],
        },
        hop: 'route',
        touches: [by.by],
        blocks: { model: 'fail' },
      },
    ),
  ];
}

function nearestHosts(asked: string, hosts: readonly string[]): readonly string[] {
  const parent = (host: string): string => host.split('.').slice(1).join('.');
  const distinct = [...new Set(hosts)];
  const spelt = nearNames(asked, distinct).filter((host) => Math.abs(host.length - asked.length) <= 4);
  const zones = distinct.filter((host) => {
    const own = host.replace(/^\*\./, '');
    // The same zone, at least two labels of it: a public suffix such as com says nothing.
    return (
      own.split('.').length >= 2 &&
      (asked === own ||
        asked.endsWith(`.${own}`) ||
        (parent(asked) === parent(own) && parent(asked).includes('.')))
    );
  });
  return [...new Set([...spelt, ...zones])];
}

/** A rule as messages name it. */
interface RuleText {
  readonly by: string;
  readonly at: string;
  readonly kind: string;
  readonly path: string;
  readonly object: Finding['object'];
}

function pathless({ outside }: Facts): Finding[] {
  const { url, missed = [] } = outside ?? {};
  const rules = missed.flatMap((way): RuleText[] =>
    way.kind === 'ingress'
      ? [
          {
            by: objectKey('ingress', way.ingress.metadata),
            at: way.field.replace(/\.backend$/, ''),
            kind: way.pathKind,
            path: way.path ?? '/',
            object: ingressAt(way, way.field.replace(/\.backend$/, '.path'), way.path ?? '/'),
          },
        ]
      : way.kind === 'route'
        ? [
            {
              by: objectKey(way.routeKind, way.route.metadata),
              at: way.field,
              kind: way.match?.path?.type ?? 'PathPrefix',
              path: way.match?.path?.value ?? '/',
              object: {
                kind: way.routeKind,
                namespace: way.route.metadata.namespace ?? '',
                name: way.route.metadata.name,
                fieldPath: `${way.field}.matches`,
                value: way.match?.path?.value ?? '/',
              },
            },
          ]
        : [],
  );
  if (url === undefined) return [];
  const lower = rules.find(({ path }) => path.toLowerCase() === url.path.toLowerCase());
  const slash = rules.find(
    ({ kind, path }) => kind === 'Exact' && path.replace(/\/$/, '') === url.path.replace(/\/$/, ''),
  );
  const inside = rules.find(({ kind, path }) => kind === 'Exact' && url.path.startsWith(path));
  const element = rules.find(({ kind, path }) => kind.includes('Prefix') && url.path.startsWith(path));
  const [nearest] = nearNames(
    url.path,
    rules.map(({ path }) => path),
  );
  const first = slash ?? lower ?? inside ?? element ?? rules.find(({ path }) => path === nearest) ?? rules[0];
  if (first === undefined) return [];
  const why =
    first === slash
      ? ' (Exact, which differs by the last slash)'
      : first === lower
        ? ' (paths are case-sensitive)'
        : first === inside
          ? ' (Exact, which takes nothing below it)'
          : first === element
            ? ' (Prefix goes by whole elements of the path)'
            : ` (${first.kind})`;
  const [, place = ''] = first.by.split(' ');
  const [namespace = ''] = place.split('/');
  return [
    say(
      'ND609',
      `${url.host} has rules, and none for the path ${url.path}; the nearest is ${first.path}${why} of ${first.by} ${first.at}`,
      {
        confidence: 'likely',
        object: first.object,
        evidence: rules.slice(0, 5).map(({ by, kind, path }) => fromApi(by, `${kind} ${path}`)),
        fix: {
          text: `call a path that is there, or add a rule for ${url.path}`,
          commands: [kubectl(namespace, 'edit', first.by.split(' ')[0] ?? 'ingress', first.object.name)],
        },
        hop: 'route',
        touches: [first.by],
        blocks: { model: 'fail' },
      },
    ),
  ];
}

/** A rewrite that wants a group of the expression, of a path that has none. */
function captureless(facts: Facts): Finding[] {
  const way = ingressWay(facts);
  const key = 'nginx.ingress.kubernetes.io/rewrite-target';
  const target = way?.ingress.metadata.annotations?.[key];
  if (way === undefined || target === undefined || way.controller.product !== 'ingress-nginx') return [];
  const wanted = Math.max(...[...target.matchAll(/\$(\d)/g)].map(([, number]) => Number(number)), 0);
  const groups = (way.path ?? '').match(/\((?!\?)/g)?.length ?? 0;
  if (wanted <= groups || way.path === undefined) return [];
  const { namespace = '', name } = way.ingress.metadata;
  return [
    say(
      'ND609',
      `Ingress ${namespace}/${name} rewrites to ${target}, and its path ${way.path} has ${groups === 0 ? 'no group' : `${groups} groups`} in parentheses: the backend is asked for another path than clients ask for`,
      {
        severity: 'warning',
        object: ingressAt(way, `metadata.annotations[${key}]`, target),
        evidence: [
          fromApi(`ingress ${namespace}/${name}`, `${key}: ${target}`),
          fromApi(`ingress ${namespace}/${name}`, `${way.field.replace(/\.backend$/, '.path')}: ${way.path}`),
        ],
        fix: {
          text: `give the path its groups, as in ${way.path.replace(/\/$/, '')}(/|$)(.*) with /$2`,
          commands: [kubectl(namespace, 'edit', 'ingress', name)],
        },
        hop: 'route',
        touches: [objectKey('ingress', way.ingress.metadata)],
      },
    ),
  ];
}

/** The same host and path in two Ingresses of one class. */
export const ingressDuplicate: Check = {
  name: 'ingress-duplicate',
  codes: ['ND610'],
  reads: inputs('cluster', 'ingresses', 'ingressclasses'),
  mayRead: inputs('cluster', 'pods', 'services', 'nodes', 'endpointslices'),
  concerns: (facts) => ingressWay(facts)?.path !== undefined,
  find: (facts) => {
    const way = ingressWay(facts);
    if (way === undefined || isShared(way)) return [];
    const all = itemsOf(facts.read('ingresses')).filter(
      (one) =>
        nameOf(one) !== nameOf(way.ingress) &&
        (one.spec?.rules ?? []).some(({ host }) => plainHost(host ?? '') === (way.host ?? '')),
    );
    const around = { read: facts.read, model: facts.model };
    // Only rules are compared: who serves them was found out before.
    const others = all
      .flatMap((ingress) => ingressWays(around, ingress))
      .filter((one) => !isShared(one) && isSame(one, way));
    const [other] = others.filter(
      (one) =>
        JSON.stringify(one.backend) !== JSON.stringify(way.backend) ||
        one.ingress.metadata.namespace !== way.ingress.metadata.namespace,
    );
    if (other === undefined) return [];
    const older = compareAge(way.ingress, other.ingress) < 0;
    const known = ['ingress-nginx', 'NGINX Ingress Controller'].includes(way.controller.product ?? '');
    const [winner, loser] = older ? [way, other] : [other, way];
    const { namespace = '', name } = loser.ingress.metadata;
    const shown = `${way.host ?? 'any host'}${way.path ?? '/'}`;
    return [
      say(
        'ND610',
        `${shown} stands in Ingress ${nameOf(way.ingress)} and in Ingress ${nameOf(other.ingress)}${known ? `: the older one wins, ${nameOf(winner.ingress)}` : ', and which of them wins the controller decides'}`,
        {
          severity: !older && known ? 'error' : 'warning',
          object: ingressAt(loser, loser.field.replace(/\.backend$/, '.path'), loser.path ?? '/'),
          evidence: [winner, loser].map((one) =>
            fromApi(
              `ingress ${nameOf(one.ingress)}`,
              `${one.host ?? '(any host)'} ${one.path ?? ''} → ${one.backend?.name ?? ''}, created ${one.ingress.metadata.creationTimestamp ?? 'at an unknown time'}`,
            ),
          ),
          fix: {
            text: 'take the rule out of one of them',
            commands: [kubectl(namespace, 'edit', 'ingress', name)],
          },
          hop: 'route',
          touches: [objectKey('ingress', way.ingress.metadata)],
          ...(older ? {} : { blocks: { model: known ? 'fail' : 'unknown' } as const }),
        },
      ),
    ];
  },
};

/** Ingresses that share a host and path on purpose. */
function isShared({ ingress: { metadata } }: IngressWay): boolean {
  return (
    metadata.annotations?.['nginx.ingress.kubernetes.io/canary'] === 'true' ||
    metadata.annotations?.['nginx.org/mergeable-ingress-type'] !== undefined ||
    metadata.annotations?.['alb.ingress.kubernetes.io/group.name'] !== undefined
  );
}

function isSame(a: IngressWay, b: IngressWay): boolean {
  return a.host === b.host && a.path === b.path && a.pathKind === b.pathKind && a.class.name === b.class.name;
}

import { objectKey } from '../finding.js';
import type { PolicyModel } from '../policy/model.js';
import { itemsOf } from '../reading.js';
import type { ReadObjects } from '../snapshot/types.js';
import type { Ingress, IngressBackend } from '../snapshot/types-outside.js';
import { controllerOf } from './controllers.js';
import type { AskedUrl, Backend, ClassFacts, Controller, Entry, Front, IngressWay } from './facts.js';
import { entriesOfService, frontsOfPods, hostPortEntries, statusAddresses } from './fronts.js';
import { comparePaths, hostRank, ingressHostMatches, pathKind, pathMatches, plainHost } from './match.js';

/** What ways are made of. */
export interface Surroundings {
  readonly read: ReadObjects;
  readonly model: PolicyModel;
  readonly url?: AskedUrl;
}

const defaultAnnotation = 'ingressclass.kubernetes.io/is-default-class';

/** How the class of an Ingress is settled: the old annotation, the field, else the default class. */
function classOf(read: ReadObjects, { metadata, spec }: Ingress): ClassFacts {
  const reading = read('ingressclasses');
  const classes = itemsOf(reading);
  const defaults = classes
    .filter(({ metadata: own }) => own.annotations?.[defaultAnnotation] === 'true')
    .map(({ metadata: own }) => own.name);
  const known = reading.state === 'there' ? { known: classes.map(({ metadata: own }) => own.name) } : {};
  const annotation = metadata.annotations?.['kubernetes.io/ingress.class'];
  const field = spec?.ingressClassName ?? undefined;
  const [first] = defaults;
  // Controllers look at the annotation first, which is why the API server refuses new objects that have both.
  const [name, by] =
    annotation !== undefined && annotation !== ''
      ? ([annotation, 'annotation'] as const)
      : field !== undefined && field !== ''
        ? ([field, 'field'] as const)
        : first === undefined
          ? ([undefined, 'none'] as const)
          : ([first, 'default'] as const);
  const object = classes.find(({ metadata: own }) => own.name === name);
  const controller = object?.spec?.controller ?? undefined;
  return {
    ...(name === undefined ? {} : { name }),
    by,
    ...(object === undefined ? {} : { object }),
    ...(controller === undefined ? {} : { controller }),
    defaults,
    ...known,
  };
}

interface Proxy {
  readonly controller: Controller;
  readonly fronts: readonly Front[];
}

/** Found once for each class: thousands of Ingresses have the same one, and it takes a look at every pod. */
const proxies = new WeakMap<Surroundings, Map<string, Proxy>>();

function proxyOf(around: Surroundings, { controller: word, name }: ClassFacts): Proxy {
  const known = proxies.get(around) ?? new Map<string, Proxy>();
  proxies.set(around, known);
  const key = JSON.stringify([word, name]);
  const before = known.get(key);
  if (before !== undefined) return before;
  const { read, model } = around;
  const controller = controllerOf({ controller: word, className: name }, read('pods'));
  const made = { controller, fronts: frontsOfPods(read, model, controller.pods ?? [], [80, 443]) };
  known.set(key, made);
  return made;
}

/** Whether an Ingress has a rule that names this host; with `anyHost` also those that take every one. */
export function concernsHost({ spec }: Ingress, host: string, anyHost: boolean): boolean {
  const rules = (spec?.rules ?? []).some(({ host: own }) =>
    own == null || own === '' ? anyHost : ingressHostMatches(own, host),
  );
  return rules || (anyHost && spec?.defaultBackend != null);
}

/** Every rule of an Ingress as a way in, its default backend last. */
export function ingressWays(around: Surroundings, ingress: Ingress): readonly IngressWay[] {
  const { read, url } = around;
  const own = classOf(read, ingress);
  const { controller, fronts } = proxyOf(around, own);
  const addresses = statusAddresses(ingress.status);
  const { spec } = ingress;
  const common = { kind: 'ingress', ingress, class: own, controller, fronts, addresses } as const;
  const way = (
    field: string,
    declared: IngressBackend,
    rest: Partial<Pick<IngressWay, 'host' | 'path'>> & { readonly pathType?: string | null | undefined },
  ): IngressWay => {
    const { pathType, ...place } = rest;
    const tls = tlsOf(ingress, place.host);
    const backend = backendOf(declared, ingress.metadata.namespace ?? '');
    return {
      ...common,
      ...place,
      key: `${objectKey('ingress', ingress.metadata)} ${field}`,
      field,
      pathKind: pathKind(pathType),
      declared,
      sure: true,
      ...(tls === undefined ? {} : { tls }),
      ...(backend === undefined ? {} : { backend }),
      entries: entriesOf(around, { fronts, addresses, controller, ingress }, url, place, tls !== undefined),
    };
  };
  const rules = (spec?.rules ?? []).flatMap(({ host, http }, index) =>
    (http?.paths ?? []).map(({ path, pathType, backend }, at) =>
      way(`spec.rules[${index}].http.paths[${at}].backend`, backend, {
        ...(host == null || host === '' ? {} : { host: plainHost(host) }),
        path: path == null || path === '' ? '/' : path,
        pathType,
      }),
    ),
  );
  const fallback = spec?.defaultBackend;
  return fallback == null ? rules : [...rules, way('spec.defaultBackend', fallback, {})];
}

/** Which entry of `spec.tls` is for a host. One without hosts is for all of them. */
function tlsOf({ spec }: Ingress, host: string | undefined): IngressWay['tls'] {
  const index = (spec?.tls ?? []).findIndex(
    ({ hosts }) =>
      (hosts ?? []).length === 0 ||
      (host !== undefined &&
        (hosts ?? []).some((one) => plainHost(one) === host || ingressHostMatches(one, host))),
  );
  const found = spec?.tls?.[index];
  if (found === undefined) return undefined;
  const name = found.secretName ?? '';
  return { field: `spec.tls[${index}].secretName`, ...(name === '' ? {} : { secretName: name }) };
}

function backendOf({ service, resource }: IngressBackend, namespace: string): Backend | undefined {
  if (service != null) {
    const port = service.port?.number ?? service.port?.name ?? undefined;
    return { namespace, name: service.name, ...(port === undefined || port === '' ? {} : { port }) };
  }
  if (resource == null) return undefined;
  return { namespace, name: resource.name, kind: resource.kind, group: resource.apiGroup ?? '' };
}

function entriesOf(
  { read }: Surroundings,
  at: {
    readonly fronts: readonly Front[];
    readonly addresses: readonly string[];
    readonly controller: Controller;
    readonly ingress: Ingress;
  },
  url: AskedUrl | undefined,
  { host, path = '/' }: { readonly host?: string; readonly path?: string },
  tls: boolean,
): readonly Entry[] {
  const scheme = url?.scheme ?? (tls ? 'https' : 'http');
  const asked = url?.host ?? (host?.startsWith('*.') === true ? `netdebug${host.slice(1)}` : host);
  const http = {
    scheme,
    ...(asked === undefined ? {} : { host: asked }),
    path: url?.path ?? literal(path),
  } as const;
  const standard = scheme === 'https' ? 443 : 80;
  const port = typeof url?.port === 'number' ? url.port : standard;
  const by = objectKey('ingress', at.ingress.metadata);
  const own = at.addresses.map((address): Entry => ({
    of: 'ingress',
    address,
    port,
    protocol: 'TCP',
    http,
    by,
  }));
  const request = (number: number) => (number === standard ? http : undefined);
  const fronts = at.fronts.flatMap((front) =>
    entriesOfService(read, { ...front, ports: front.ports.filter((one) => one.port === standard) }, request),
  );
  const host_ = hostPortEntries(read, at.controller.pods ?? [], [standard], request);
  // The address of the Ingress is that of its controller's load balancer, as a rule.
  const known = new Set(own.map(({ address, port: number }) => `${address} ${number}`));
  return [...own, ...[...fronts, ...host_].filter((one) => !known.has(`${one.address} ${one.port}`))];
}

/** The part of a path that is no expression. */
function literal(path: string): string {
  return /^[^()[\]|^$*+?\\]*/.exec(path)?.[0] ?? '/';
}

/** Which way a URL takes, and why none. */
export interface IngressMatch {
  readonly ways: readonly IngressWay[];
  /** The host is known, and no path fits. */
  readonly pathMissed: readonly IngressWay[];
}

/**
 * The ways that a URL takes: for every class the rule that wins. Rules with the exact host count before those with a wildcard, and those before
 * rules without a host (only where `anyHost`); then the longest path, an exact one before a prefix; then the oldest Ingress.
 */
export function matchIngresses(ways: readonly IngressWay[], url: AskedUrl, anyHost: boolean): IngressMatch {
  const byClass = new Map<string, IngressWay[]>();
  for (const way of ways) {
    const key = way.class.name ?? '';
    byClass.set(key, [...(byClass.get(key) ?? []), way]);
  }
  const found: IngressWay[] = [];
  const missed: IngressWay[] = [];
  for (const group of byClass.values()) {
    const rules = group.filter(
      ({ path, host }) =>
        path !== undefined && (host !== undefined || anyHost) && ingressHostMatches(host, url.host),
    );
    const best = Math.max(...rules.map(({ host }) => hostRank(host)), 0);
    const ofHost = rules.filter(({ host }) => hostRank(host) === best);
    const fitting = ofHost.flatMap((way): IngressWay[] => {
      const match = pathMatches(expressionKind(way), way.path, url.path);
      return match === false ? [] : [{ ...way, sure: match === true }];
    });
    const [winner] = fitting.filter(({ sure }) => sure).toSorted(compareWays);
    const open = fitting.filter(({ sure }) => !sure);
    if (winner !== undefined || open.length > 0) {
      found.push(...(winner === undefined ? [] : [winner]), ...open);
      continue;
    }
    // Whatever no rule means goes to the default backend.
    const fallback = group.find(
      ({ path, ingress }) => path === undefined && (anyHost || ofHost.some((one) => one.ingress === ingress)),
    );
    if (fallback !== undefined) found.push(fallback);
    else missed.push(...ofHost);
  }
  return { ways: found, pathMissed: missed };
}

/** Paths of ingress-nginx are regular expressions where an annotation says so. */
function expressionKind({ ingress, pathKind: kind, path = '/' }: IngressWay): IngressWay['pathKind'] {
  const annotations = ingress.metadata.annotations ?? {};
  const expression =
    annotations['nginx.ingress.kubernetes.io/use-regex'] === 'true' ||
    annotations['nginx.ingress.kubernetes.io/rewrite-target'] !== undefined;
  return expression && /[()[\]|^$*+?\\]/.test(path) ? 'ImplementationSpecific' : kind;
}

/** Which of two ways with the same host wins. */
function compareWays(a: IngressWay, b: IngressWay): number {
  const paths = comparePaths(
    { kind: a.pathKind, path: a.path ?? '' },
    { kind: b.pathKind, path: b.path ?? '' },
  );
  return paths || compareAge(a.ingress, b.ingress);
}

/** The older object first; of the same age by namespace and name. */
export function compareAge(
  a: { readonly metadata: Ingress['metadata'] },
  b: { readonly metadata: Ingress['metadata'] },
): number {
  const key = ({ metadata }: typeof a): string =>
    `${metadata.creationTimestamp ?? '9'} ${metadata.namespace ?? ''}/${metadata.name}`;
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}

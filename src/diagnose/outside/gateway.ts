import { objectKey } from '../finding.js';
import { itemsOf } from '../reading.js';
import type { ReadObjects } from '../snapshot/types.js';
import type { Gateway, GatewayListener, Route, RouteBackend, RouteMatch } from '../snapshot/types-outside.js';
import { parentsOf } from './attach.js';
import { controllerOf, gatewayPods } from './controllers.js';
import type { AskedUrl, Backend, Controller, Entry, Front, Parent, RouteKind, RouteWay } from './facts.js';
import { entriesOfService, frontsOfPods } from './fronts.js';
import type { Surroundings } from './ingress.js';
import { compareAge } from './ingress.js';
import { gatewayHostMatches, hostRank, pathKind, pathMatches } from './match.js';

/** Route kinds by the name of their kind in a snapshot. */
export const routeKinds = {
  httproutes: 'HTTPRoute',
  grpcroutes: 'GRPCRoute',
  tlsroutes: 'TLSRoute',
  tcproutes: 'TCPRoute',
} as const satisfies Readonly<Record<string, RouteKind>>;

/** Every route that was read, with its kind. */
export function allRoutes(read: ReadObjects): readonly { readonly kind: RouteKind; readonly route: Route }[] {
  return (Object.keys(routeKinds) as (keyof typeof routeKinds)[]).flatMap((plural) =>
    itemsOf(read(plural)).map((route) => ({ kind: routeKinds[plural], route })),
  );
}

/** The controller of a Gateway, by its class, with the pods of its proxy. */
function gatewayController(read: ReadObjects, gateway: Gateway | undefined): Controller {
  const name = gateway?.spec?.gatewayClassName ?? undefined;
  const object = itemsOf(read('gatewayclasses')).find(({ metadata }) => metadata.name === name);
  const pods = read('pods');
  const found = controllerOf({ controller: object?.spec?.controllerName ?? '' }, pods);
  if (gateway === undefined || pods.state !== 'there' || found.place === 'cloud') return found;
  const { namespace = '', name: own } = gateway.metadata;
  const proxy = gatewayPods({ namespace, name: own }, pods.items);
  return proxy.length === 0 ? found : { ...found, place: 'pods', pods: proxy };
}

/** Every backend of every rule of a route as a way in: by the first parent to which it attaches, else by the first parent. */
export function routeWays(around: Surroundings, kind: RouteKind, route: Route): readonly RouteWay[] {
  const parents = parentsOf(around.read, kind, route);
  const attached = parents.filter(({ attachments }) =>
    attachments.some(({ misses }) => misses === undefined),
  );
  const [parent] = attached.length > 0 ? attached : parents;
  return waysByParent(around, kind, route, parent);
}

/** The ways of a route by each of its parents that is this Gateway. */
export function waysThroughGateway(
  around: Surroundings,
  gateway: Gateway,
  kind: RouteKind,
  route: Route,
): readonly RouteWay[] {
  return parentsOf(around.read, kind, route)
    .filter((parent) => parent.gateway === gateway)
    .flatMap((parent) => waysByParent(around, kind, route, parent));
}

const controllers = new WeakMap<Surroundings, Map<Gateway | undefined, Controller>>();

/** Found once for each Gateway: it takes a look at every pod. */
function cachedController(around: Surroundings, gateway: Gateway | undefined): Controller {
  const known = controllers.get(around) ?? new Map<Gateway | undefined, Controller>();
  controllers.set(around, known);
  const made = known.get(gateway) ?? gatewayController(around.read, gateway);
  known.set(gateway, made);
  return made;
}

function waysByParent(
  around: Surroundings,
  kind: RouteKind,
  route: Route,
  parent: Parent | undefined,
): readonly RouteWay[] {
  const { read, model } = around;
  const controller = cachedController(around, parent?.gateway);
  const listeners = (parent?.attachments ?? []).filter(({ misses }) => misses === undefined);
  const ports = [...new Set(listeners.map(({ listener }) => listener.port))];
  const fronts = frontsOfPods(read, model, controller.pods ?? [], ports);
  const hosts = [...new Set(listeners.flatMap(({ hosts: own }) => own))];
  const common = {
    kind: 'route',
    routeKind: kind,
    route,
    ...(parent === undefined ? {} : { parent }),
    controller,
    fronts,
    hosts,
    sure: true,
  } as const;
  return (route.spec?.rules ?? []).flatMap((rule, index): RouteWay[] => {
    const field = `spec.rules[${index}]`;
    const [match] = rule.matches ?? [];
    const place = { ...common, field, rule: index, ...(match === undefined ? {} : { match }) };
    const entries = entriesOf(around, parent, fronts, hosts, match);
    const backends = rule.backendRefs ?? [];
    const key = `${objectKey(kind, route.metadata)} ${field}`;
    if (backends.length === 0) return [{ ...place, key, entries }];
    return backends.map((declared, at): RouteWay => {
      const backend = backendOf(declared, route.metadata.namespace ?? '');
      return {
        ...place,
        key: `${key}.backendRefs[${at}]`,
        entries,
        declared,
        backendField: `${field}.backendRefs[${at}]`,
        ...(backend === undefined ? {} : { backend }),
      };
    });
  });
}

function backendOf(
  { group, kind, namespace, name, port, weight }: RouteBackend,
  home: string,
): Backend | undefined {
  if (weight === 0) return undefined;
  const service = (kind ?? 'Service') === 'Service' && (group ?? '') === '';
  return {
    namespace: namespace ?? home,
    name,
    ...(port == null ? {} : { port }),
    ...(service ? {} : { kind: kind ?? 'Service', group: group ?? '' }),
  };
}

function entriesOf(
  { read, url }: Surroundings,
  parent: Parent | undefined,
  fronts: readonly Front[],
  hosts: readonly string[],
  match: RouteMatch | undefined,
): readonly Entry[] {
  const gateway = parent?.gateway;
  if (parent === undefined || gateway === undefined) return [];
  const listeners = parent.attachments.flatMap(({ misses, listener }) =>
    misses === undefined ? [listener] : [],
  );
  const wanted = listeners.filter((one) => url === undefined || takes(one, url));
  const request = (listener: GatewayListener): Entry['http'] => {
    if (!['HTTP', 'HTTPS', 'TLS'].includes(listener.protocol)) return undefined;
    const [first] = hosts;
    const host = url?.host ?? (first?.startsWith('*.') === true ? `netdebug${first.slice(1)}` : first);
    const path = match?.path?.type === 'RegularExpression' ? '/' : (match?.path?.value ?? '/');
    return {
      scheme: listener.protocol === 'HTTP' ? 'http' : 'https',
      ...(host === undefined ? {} : { host }),
      path: url?.path ?? path,
    };
  };
  const by = objectKey('gateway', gateway.metadata);
  const own = wanted.flatMap((listener) =>
    (gateway.status?.addresses ?? []).map(({ value }): Entry => {
      const http = request(listener);
      return {
        of: 'gateway',
        address: value,
        port: listener.port,
        protocol: listener.protocol === 'UDP' ? 'UDP' : 'TCP',
        ...(http === undefined ? {} : { http }),
        by,
      };
    }),
  );
  const known = new Set(own.map(({ address, port }) => `${address} ${port}`));
  const inFront = fronts.flatMap((front) =>
    wanted.flatMap((listener) =>
      entriesOfService(
        read,
        { ...front, ports: front.ports.filter(({ port }) => port === listener.port) },
        () => request(listener),
      ),
    ),
  );
  return [...own, ...inFront.filter((one) => !known.has(`${one.address} ${one.port}`))];
}

/** Whether a listener is where a URL knocks. */
function takes({ port, protocol, hostname }: GatewayListener, url: AskedUrl): boolean {
  if (typeof url.port === 'number' && url.port !== port) return false;
  if (url.scheme === 'http' && protocol !== 'HTTP') return false;
  if (url.scheme === 'https' && protocol === 'HTTP') return false;
  return gatewayHostMatches(hostname, url.host);
}

/** Which way a URL takes through Gateways, and what of its host is known but has no path. */
export interface RouteMatches {
  readonly ways: readonly RouteWay[];
  readonly pathMissed: readonly RouteWay[];
}

/**
 * The ways that a URL takes: for every Gateway the listener with the most specific host, there the route with the most specific host, there the
 * rule whose match comes first. Source: HTTPRouteRule.matches in the reference of Gateway API. `anyHost`: also routes without a host.
 */
export function matchRoutes(around: Surroundings, url: AskedUrl, anyHost: boolean): RouteMatches {
  const { read } = around;
  const found: RouteWay[] = [];
  const missed: RouteWay[] = [];
  const fitting = allRoutes(read).filter(({ route }) => {
    const own = route.spec?.hostnames ?? [];
    return own.length === 0 || own.some((host) => gatewayHostMatches(host, url.host));
  });
  for (const gateway of itemsOf(read('gateways'))) {
    const listeners = (gateway.spec?.listeners ?? []).filter((listener) => takes(listener, url));
    const best = Math.max(...listeners.map(({ hostname }) => hostRank(hostname)), 0);
    const open = listeners.filter(({ hostname }) => hostRank(hostname) === best);
    const routes = fitting.flatMap(({ kind, route }) =>
      waysThroughGateway(around, gateway, kind, route).flatMap((way) => {
        const attached = (way.parent?.attachments ?? []).filter(
          ({ misses, listener }) => misses === undefined && open.includes(listener),
        );
        if (attached.length === 0) return [];
        const hosts = attached
          .flatMap(({ hosts: own }) => own)
          .filter((host) => gatewayHostMatches(host, url.host));
        const any = attached.some(({ hosts: own }) => own.length === 0);
        if (hosts.length === 0 && !(any && anyHost)) return [];
        return [{ way, rank: Math.max(...hosts.map((host) => hostRank(host)), 0) }];
      }),
    );
    const top = Math.max(...routes.map(({ rank }) => rank), 0);
    const ofHost = routes.filter(({ rank }) => rank === top).map(({ way }) => way);
    const winners = firstRule(ofHost, url);
    if (winners.length > 0) found.push(...winners);
    else missed.push(...ofHost);
  }
  return { ways: found, pathMissed: missed };
}

/** The ways of the rule that a request for this URL meets; where methods, headers or the implementation decide, those come besides, not sure. */
function firstRule(ways: readonly RouteWay[], url: AskedUrl): readonly RouteWay[] {
  const candidates = ways.flatMap((way) => {
    const matches = way.route.spec?.rules?.[way.rule]?.matches ?? [];
    const all: readonly RouteMatch[] = matches.length === 0 ? [{}] : matches;
    return all.flatMap((match) => {
      const kind = match.path?.type == null ? 'Prefix' : pathKind(match.path.type);
      const path = match.path?.value ?? '/';
      const plain = way.routeKind === 'TLSRoute' || way.routeKind === 'TCPRoute';
      const fits = plain
        ? true
        : way.routeKind === 'GRPCRoute'
          ? undefined
          : pathMatches(kind, path, url.path);
      if (fits === false) return [];
      const besides =
        (match.headers ?? []).length +
        (match.queryParams ?? []).length +
        (match.method == null || match.method === 'GET' ? 0 : 1);
      return [
        { way: { ...way, match }, sure: fits === true && besides === 0, exact: kind === 'Exact', path },
      ];
    });
  });
  const sure = candidates
    .filter((one) => one.sure)
    .toSorted(
      (a, b) =>
        Number(b.exact) - Number(a.exact) ||
        b.path.length - a.path.length ||
        compareAge(a.way.route, b.way.route) ||
        a.way.rule - b.way.rule,
    );
  const [first] = sure;
  const same = (one: RouteWay): boolean => one.route === first?.way.route && one.rule === first.way.rule;
  const chosen = new Map(sure.filter(({ way }) => same(way)).map(({ way }) => [way.key, way]));
  for (const { way } of candidates)
    if (!chosen.has(way.key) && !sure.some((one) => one.way.key === way.key))
      chosen.set(way.key, { ...way, sure: false });
  return [...chosen.values()];
}

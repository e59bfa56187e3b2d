import { matchesHost, resolveHost } from './hosts.js';
import type { Route, RouteDestination, RouteMatch, VirtualService } from './objects.js';
import type { PortProtocol } from './protocol.js';
import { byAge, isExported } from './select.js';

/** One place to which a VirtualService sends connections of a client. */
export interface Routed {
  readonly by: VirtualService;
  /** Of the destination, e.g. `spec.http[0].route[1].destination`. */
  readonly fieldPath: string;
  readonly destination: RouteDestination;
  /** `all` that get here, `some` by weight or by what a request asks for. */
  readonly share: 'all' | 'some';
}

interface Client {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
}

/** Where connections of a client to a host go, route by route up to the first that takes all that is left. None: straight to the host. */
export function routesOf(
  all: readonly VirtualService[],
  client: Client,
  host: { readonly name: string; readonly port: number | undefined; readonly protocol: PortProtocol },
): readonly Routed[] {
  const visible = byAge(all).filter(
    ({ metadata, spec }) =>
      isForMesh(spec?.gateways) && isExported(spec?.exportTo, metadata.namespace ?? '', client.namespace),
  );
  const means = (exact: boolean) => (one: VirtualService) =>
    (one.spec?.hosts ?? []).some((text) => {
      const resolved = resolveHost(text, one.metadata.namespace ?? '');
      return exact ? resolved === host.name : matchesHost(resolved, host.name);
    });
  // Of several for one host the oldest counts; proxies in pods do not merge them.
  const by = visible.find(means(true)) ?? visible.find(means(false));
  if (by === undefined) return [];
  const kinds = (
    { http: ['http'], tcp: ['tcp'], tls: ['tls', 'tcp'], auto: ['http', 'tcp'], udp: [] } as const
  )[host.protocol];
  const kind = kinds.find((one) => (by.spec?.[one] ?? []).length > 0);
  return kind === undefined ? [] : destinations(by, kind, by.spec?.[kind] ?? [], client, host.port);
}

function destinations(
  by: VirtualService,
  kind: 'http' | 'tcp' | 'tls',
  routes: readonly (Route | null)[],
  client: Client,
  port: number | undefined,
): readonly Routed[] {
  const found: Routed[] = [];
  for (const [index, route] of routes.entries()) {
    const taken = matchOf(route?.match, client, port);
    if (taken === 'never') continue;
    const targets = (route?.route ?? []).map((one, at) => ({ ...one, at }));
    // Without weights a single destination gets all, and of several each that has none gets nothing.
    const live = targets.length === 1 ? targets : targets.filter(({ weight }) => (weight ?? 0) > 0);
    for (const { destination, at } of live) {
      if (destination == null) continue;
      const share = taken === 'always' && live.length === 1 && found.length === 0 ? 'all' : 'some';
      found.push({ by, fieldPath: `spec.${kind}[${index}].route[${at}].destination`, destination, share });
    }
    if (taken === 'always') break;
  }
  return found;
}

/** Whether connections of this client take a route: always, never, or depending on what they ask for. */
function matchOf(
  matches: Route['match'],
  client: Client,
  port: number | undefined,
): 'always' | 'never' | 'sometimes' {
  if (matches == null || matches.length === 0) return 'always';
  const found = matches.map((match) => oneMatch(match ?? {}, client, port));
  return found.find((one) => one === 'always') ?? found.find((one) => one === 'sometimes') ?? 'never';
}

const known = ['port', 'gateways', 'sourceLabels', 'sourceNamespace', 'name'];

function oneMatch(
  match: RouteMatch,
  client: Client,
  port: number | undefined,
): 'always' | 'never' | 'sometimes' {
  const { sourceLabels, sourceNamespace } = match;
  if (match.port != null && port !== undefined && match.port !== port) return 'never';
  if (match.gateways != null && match.gateways.length > 0 && !match.gateways.includes('mesh')) return 'never';
  if (sourceNamespace != null && sourceNamespace !== '' && sourceNamespace !== client.namespace)
    return 'never';
  if (!Object.entries(sourceLabels ?? {}).every(([key, value]) => client.labels?.[key] === value))
    return 'never';
  return Object.keys(match).every((field) => known.includes(field)) ? 'always' : 'sometimes';
}

function isForMesh(gateways: readonly string[] | null | undefined): boolean {
  return gateways == null || gateways.length === 0 || gateways.includes('mesh');
}

import { ExitCode, NetdebugError } from '../../errors.js';
import type { ObjectReference } from '../../target/reference.js';
import { objectText, pick } from '../flows/party.js';
import type { Question } from '../model/build.js';
import { parseAddress } from '../policy/address.js';
import { itemsOf } from '../reading.js';
import { snapshotKinds } from '../snapshot/kinds.js';
import type { ReadObjects, SnapshotKind, SnapshotService, SnapshotTypes } from '../snapshot/types.js';
import type { IngressWay, ServiceWay, Way } from './facts.js';
import { entriesOfService, frontOf, isOpen } from './fronts.js';
import { allRoutes, matchRoutes, routeKinds, routeWays, waysThroughGateway } from './gateway.js';
import { servicesAt } from './hosts.js';
import type { Surroundings } from './ingress.js';
import { concernsHost, ingressWays, matchIngresses } from './ingress.js';
import type { OutsideQuestion } from './target.js';

/** Something that could not be read. */
export interface Gap {
  readonly what: string;
  readonly why: string;
  readonly code?: string;
}

/** The kinds that decide which ways there are, and who is on them. */
function deciding(object: ObjectReference | undefined): readonly SnapshotKind[] {
  if (object === undefined)
    return ['ingresses', 'ingressclasses', 'gateways', 'httproutes', 'grpcroutes', 'services', 'pods'];
  if (object.kind === 'service') return ['nodes'];
  return object.kind === 'ingress'
    ? ['ingressclasses', 'services', 'pods']
    : ['gateways', 'gatewayclasses', 'httproutes', 'namespaces', 'services', 'pods'];
}

function gapsOf(read: ReadObjects, kinds: readonly SnapshotKind[]): Gap[] {
  return kinds.flatMap((kind) => {
    const reading = read(kind);
    return reading.state === 'unknown' ? [gapOf(kind, reading.why)] : [];
  });
}

/** What could not be read, with the code of that. */
export function gapOf(what: string, why: string): Gap {
  return { what, why, code: why.startsWith('forbidden') ? 'ND001' : 'ND002' };
}

/** The ways that a question means. */
export interface Found {
  readonly ways: readonly Way[];
  readonly missed: readonly Way[];
  readonly gateway?: SnapshotTypes['gateways'];
}

/** The ways in for what a question names. Throws a NetdebugError, exit 6, for an object that is surely not there. */
export function waysOf(
  around: Surroundings,
  question: Question,
  { object, url, onlyIfServed, client }: OutsideQuestion,
  gaps: Gap[],
): Found {
  const { read } = around;
  gaps.push(...gapsOf(read, deciding(object)));
  if (object !== undefined) return waysOfObject(around, question, { object, onlyIfServed }, gaps);
  if (url === undefined) return { ways: [], missed: [] };
  const rules = (anyHost: boolean): readonly IngressWay[] =>
    itemsOf(read('ingresses'))
      .filter((ingress) => concernsHost(ingress, url.host, anyHost))
      .flatMap((ingress) => ingressWays(around, ingress));
  const services = servicesAt(read, url.host, url.port).map(({ service, port, node }) =>
    at(serviceWay(around, service, port), node),
  );
  const exact = [matchIngresses(rules(false), url, false), matchRoutes(around, url, false)];
  const ways = exact.flatMap((one): readonly Way[] => one.ways);
  const missed = exact.flatMap(({ pathMissed }): readonly Way[] => pathMissed);
  if (ways.length > 0 || missed.length > 0) return { ways, missed };
  const general = rules(true);
  // Behind the address of a controller's Service the rules decide.
  const behind = services.filter((way) => !isFrontOfController(general, way));
  if (behind.length > 0) return { ways: behind, missed: [] };
  // Rules without a host mean every one: whose host this is only DNS knows, and a foreign one is none of ours.
  if (onlyIfServed && client === 'pod') return { ways: [], missed: [] };
  const any = [matchIngresses(general, url, true), matchRoutes(around, url, true)];
  const addresses = new Set(
    [...general, ...services].flatMap(({ entries }) => entries.map(({ address }) => address)),
  );
  if (!addresses.has(url.host) && parseAddress(url.host) !== undefined) return { ways: [], missed: [] };
  return {
    ways: any.flatMap((one): readonly Way[] => one.ways),
    missed: any.flatMap((one): readonly Way[] => one.pathMissed),
  };
}

function isFrontOfController(ingresses: readonly Way[], { fronts: [front] }: ServiceWay): boolean {
  return ingresses.some(({ fronts }) => fronts.some(({ service }) => service === front?.service));
}

function waysOfObject(
  around: Surroundings,
  { namespace: home }: Question,
  { object: reference, onlyIfServed }: { readonly object: ObjectReference; readonly onlyIfServed: boolean },
  gaps: Gap[],
): Found {
  const { read } = around;
  const namespace = reference.namespace ?? home;
  const shown = objectText(reference, namespace);
  const find = <K extends SnapshotKind>(kind: K): SnapshotTypes[K] | undefined => {
    const reading = read(kind, namespace);
    if (reading.state === 'absent')
      throw new NetdebugError(`There is no ${shown}: the cluster has no ${snapshotKinds[kind].kind}.`, {
        exitCode: ExitCode.target,
        hint: 'The resource definitions of Gateway API are not installed.',
      });
    if (reading.state === 'there')
      return pick(
        reading.items as readonly { metadata: { name: string } }[],
        reference.name,
        shown,
      ) as SnapshotTypes[K];
    gaps.push(gapOf(`${kind} of ${namespace}`, reading.why));
    return undefined;
  };
  const none: Found = { ways: [], missed: [] };
  switch (reference.kind) {
    case 'service': {
      const service = itemsOf(read('services', namespace)).find(
        ({ metadata }) => metadata.name === reference.name,
      );
      if (service === undefined || !isOpen(service)) {
        // A Service alone that is not open is asked about from inside.
        if (onlyIfServed) return none;
        gaps.push(...gapsOf(read, ['gateways', 'httproutes', 'grpcroutes', 'tlsroutes', 'tcproutes']));
        const here = read('ingresses', namespace);
        if (here.state === 'unknown') gaps.push(gapOf(`ingresses of ${namespace}`, here.why));
        return withIngresses(around, namespace, reference, service);
      }
      return { ways: byNode(serviceWay(around, service, portOf(service, reference.port))), missed: [] };
    }
    case 'ingress': {
      const ingress = find('ingresses');
      return ingress === undefined ? none : { ways: ingressWays(around, ingress), missed: [] };
    }
    case 'gateway': {
      const gateway = find('gateways');
      if (gateway === undefined) return none;
      const ways = allRoutes(read).flatMap(({ kind, route }) =>
        waysThroughGateway(around, gateway, kind, route),
      );
      return { ways: ways.filter(({ parent }) => attaches(parent)), missed: [], gateway };
    }
    case 'httproute':
    case 'grpcroute':
    case 'tlsroute':
    case 'tcproute': {
      const plural = (Object.keys(routeKinds) as (keyof typeof routeKinds)[]).find(
        (one) => one === `${reference.kind}s`,
      );
      const route = plural === undefined ? undefined : find(plural);
      return plural === undefined || route === undefined
        ? none
        : { ways: routeWays(around, routeKinds[plural], route), missed: [] };
    }
    case 'pod':
    case 'node':
    case 'job':
    case 'deployment':
    case 'statefulset':
    case 'daemonset':
    case 'replicaset':
    case 'replicationcontroller':
      return none;
  }
}

function attaches(
  parent: { readonly attachments: readonly { readonly misses?: string }[] } | undefined,
): boolean {
  return parent?.attachments.some(({ misses }) => misses === undefined) === true;
}

/** A Service that has no address outside is reached by the Ingresses and routes that lead to it. */
function withIngresses(
  around: Surroundings,
  namespace: string,
  reference: ObjectReference,
  service: SnapshotService | undefined,
): Found {
  const ways: readonly Way[] = [
    ...itemsOf(around.read('ingresses', namespace)).flatMap((ingress) => ingressWays(around, ingress)),
    ...allRoutes(around.read).flatMap(({ kind, route }) => routeWays(around, kind, route)),
  ];
  const asked = reference.port;
  const port = (service?.spec.ports ?? []).find((one) => one.port === asked || one.name === asked);
  const leading = ways.filter(
    ({ backend }) =>
      backend?.kind === undefined &&
      backend?.name === reference.name &&
      backend.namespace === namespace &&
      (asked === undefined ||
        backend.port === undefined ||
        backend.port === asked ||
        backend.port === port?.port ||
        backend.port === port?.name),
  );
  if (leading.length > 0) return { ways: leading, missed: [] };
  const backend = {
    namespace,
    name: reference.name,
    ...(asked === undefined ? {} : { port: asked }),
  };
  const fronts =
    service === undefined ? [] : [frontOf(around.read, around.model, service, service.spec.ports ?? [])];
  return {
    ways: [{ kind: 'service', key: `service ${namespace}/${reference.name}`, entries: [], fronts, backend }],
    missed: [],
  };
}

/**
 * Under externalTrafficPolicy Local a node port leads to endpoints of its own node only: those with one and those without are two ways.
 * A load balancer sends to the former alone.
 */
function byNode(way: ServiceWay): readonly ServiceWay[] {
  const [front] = way.fronts;
  const ready = front?.ready ?? [];
  if (front?.service.spec.type !== 'NodePort' || front.service.spec.externalTrafficPolicy !== 'Local')
    return [way];
  if (ready.length === 0 || ready.some(({ node }) => node === undefined)) return [way];
  const good = way.entries.filter(({ node }) => ready.some((one) => one.node === node));
  const bad = way.entries.filter((entry) => !good.includes(entry));
  return good.length === 0 || bad.length === 0
    ? [way]
    : [
        { ...way, entries: good },
        { ...way, key: `${way.key} without endpoint`, entries: bad },
      ];
}

/** By the address of one node, only that is knocked at. */
function at(way: ServiceWay, node: string | undefined): ServiceWay {
  return node === undefined ? way : { ...way, entries: way.entries.filter((entry) => entry.node === node) };
}

/** The port of a Service by its number or name; by the number of a node port the port that it stands for. */
function portOf({ spec }: SnapshotService, port: number | string | undefined): number | string | undefined {
  const ports = spec.ports ?? [];
  if (ports.some((one) => one.port === port || one.name === port)) return port;
  return ports.find(({ nodePort }) => nodePort !== undefined && nodePort === port)?.port ?? port;
}

function serviceWay(
  { read, model, url }: Surroundings,
  service: SnapshotService,
  port: number | string | undefined,
): ServiceWay {
  const { namespace = '', name } = service.metadata;
  const ports = (service.spec.ports ?? []).filter(
    (one) => port === undefined || one.port === port || one.name === port,
  );
  const front = frontOf(read, model, service, ports);
  const http = url?.scheme === undefined ? undefined : { scheme: url.scheme, host: url.host, path: url.path };
  return {
    kind: 'service',
    key: `service ${namespace}/${name}`,
    entries: entriesOfService(read, front, () => http),
    fronts: [front],
    backend: { namespace, name, ...(port === undefined ? {} : { port }) },
  };
}

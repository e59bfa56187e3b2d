import { itemsOf } from '../reading.js';
import type { ReadObjects, SnapshotKind } from '../snapshot/types.js';
import { istioNamespace, meshConfig, type MeshConfig } from './config.js';
import { effectiveRule } from './destination.js';
import { inScope, outboundMode, sidecarOf } from './egress.js';
import { gapsOf, openAuthorization } from './gaps.js';
import { serviceFqdn } from './hosts.js';
import { linkOf } from './link.js';
import type { Member } from './membership.js';
import { memberOf, waypointOf } from './membership.js';
import { portProtocol } from './protocol.js';
import { routesOf } from './routes.js';
import type { ClientView, MeshEnd, MeshFacts, MeshQuestion } from './types.js';

/** Undefined where no pod of the question is in a mesh, or should be. */
export function meshFacts(question: MeshQuestion): MeshFacts | undefined {
  const { read, sources, endpoints, service } = question;
  const namespaces = new Map(
    itemsOf(read('namespaces')).map(({ metadata }) => [metadata.name, metadata.labels ?? {}]),
  );
  const members = new Map<string, Member>();
  for (const { key, pod } of [...sources, ...endpoints])
    if (pod !== undefined) members.set(key, memberOf(pod, namespaces.get(pod.metadata.namespace ?? '')));
  if ([...members.values()].every(({ kind, expected }) => kind === 'none' && expected === undefined))
    return undefined;
  const config = meshConfig(itemsOf(read('configmaps', istioNamespace, 'istio'))[0]?.data?.mesh);
  const port = service?.port;
  const host =
    service?.object === undefined || service.object.spec.type === 'ExternalName'
      ? undefined
      : {
          name: serviceFqdn(service.name, service.namespace),
          namespace: service.namespace,
          ...(port === undefined ? {} : { port: port.port }),
          protocol: port === undefined ? ('auto' as const) : portProtocol(port).protocol,
        };
  const waypoint = waypointOf(
    service?.object?.metadata.labels,
    namespaces.get(service?.namespace ?? '') ?? undefined,
  );
  const views = sources.map((end) => viewOf(read, end, members.get(end.key) ?? nobody, host, config));
  const common = {
    config,
    members,
    ...(host === undefined ? {} : { host }),
    ...(waypoint === undefined ? {} : { waypoint }),
  };
  // Only TCP passes through proxies.
  const links =
    question.protocol === 'TCP'
      ? views.flatMap((view) => endpoints.map((endpoint) => linkOf(read, view, endpoint, common)))
      : [];
  return {
    ...common,
    views,
    links,
    gaps: [...gapsOf(question, common, namespaces), ...openAuthorization(links)],
  };
}

/** What is in no mesh. */
const nobody: Member = { kind: 'none', native: false };

/** All objects of a kind in these namespaces that could be read. */
export function objectsIn<K extends SnapshotKind>(
  read: ReadObjects,
  kind: K,
  ...namespaces: readonly (string | undefined)[]
) {
  return [...new Set(namespaces)].flatMap((namespace) =>
    namespace === undefined ? [] : itemsOf(read(kind, namespace)),
  );
}

function viewOf(
  read: ReadObjects,
  end: MeshEnd,
  member: Member,
  host: MeshFacts['host'],
  config: MeshConfig,
): ClientView {
  const client = { namespace: end.namespace ?? '', labels: end.pod?.metadata.labels };
  const { rootNamespace } = config;
  const sidecar =
    member.kind === 'sidecar'
      ? sidecarOf(objectsIn(read, 'sidecars', client.namespace, rootNamespace), client, rootNamespace)
      : undefined;
  const common = {
    end,
    member,
    ...(sidecar === undefined ? {} : { sidecar }),
    outbound: outboundMode(sidecar, config),
  };
  if (host === undefined || member.kind !== 'sidecar') return { ...common, routes: [], scoped: true };
  const places = [client.namespace, host.namespace, rootNamespace];
  const rule = effectiveRule(objectsIn(read, 'destinationrules', ...places), client, host, rootNamespace);
  return {
    ...common,
    ...(rule === undefined ? {} : { rule }),
    routes: routesOf(objectsIn(read, 'virtualservices', ...places), client, {
      ...host,
      port: host.port,
    }),
    scoped: inScope(sidecar, client, { ...host, port: host.port }),
  };
}

/** The port of HBONE, the tunnel between pods of an ambient mesh. */
export const hbonePort = 15_008;

/** Whether connections between these two ends are in the tunnel of an ambient mesh. */
export function tunnelled({ links }: MeshFacts, source: string, endpoint: string): boolean {
  return links.some(
    (link) => link.view.end.key === source && link.endpoint.key === endpoint && link.sending.sent === 'hbone',
  );
}

/** The stretch of the way that belongs to proxies: undefined where neither end has one. It is open where what decides could not be read. */
export function meshHop(
  { links, gaps }: MeshFacts,
  source: string | undefined,
  endpoint: string | undefined,
): { readonly what: string; readonly model: 'pass' | 'unknown' } | undefined {
  const link = links.find((one) => one.view.end.key === source && one.endpoint.key === endpoint);
  const kinds = [link?.view.member.kind, link?.server?.kind];
  if (link === undefined || !kinds.some((kind) => kind === 'sidecar' || kind === 'ambient')) return undefined;
  const open =
    gaps.some(({ decides }) => decides) ||
    link.accepted !== 'yes' ||
    link.authorization?.decision === 'unknown';
  const way = kinds.map((kind) => (kind === undefined || kind === 'none' ? 'no proxy' : kind)).join(' to ');
  return { what: way, model: open ? 'unknown' : 'pass' };
}

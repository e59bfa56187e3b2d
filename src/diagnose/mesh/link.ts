import { Family, parseAddress } from '../policy/address.js';
import { Tri } from '../policy/tri.js';
import type { ReadObjects } from '../snapshot/types.js';
import type { Caller } from './attributes.js';
import { judgeAuthorization, policiesOf } from './authorization.js';
import { clientMode } from './destination.js';
import { excludedRange } from './egress.js';
import type { ClientView, MeshEnd, MeshFacts, MeshLink } from './types.js';
import { excludedPort } from './membership.js';
import { effectiveMtls } from './peer.js';
import { itemsOf } from '../reading.js';
import { accepted, sendingOf, type Sent } from './tls.js';

type Common = Pick<MeshFacts, 'config' | 'members' | 'host' | 'waypoint'>;

/** What becomes of a connection from a client to one endpoint. */
export function linkOf(read: ReadObjects, view: ClientView, endpoint: MeshEnd, common: Common): MeshLink {
  const { config, members, host, waypoint } = common;
  const server = members.get(endpoint.key);
  const { pod, port } = endpoint;
  const inMesh = pod !== undefined && (server?.kind === 'sidecar' || server?.kind === 'ambient');
  const around = inMesh && server.kind === 'sidecar' && excludedPort(pod, 'Inbound', port) !== undefined;
  const place = pod?.metadata.namespace ?? '';
  const workload = { namespace: place, labels: pod?.metadata.labels };
  const both = [...new Set([place, config.rootNamespace])];
  const takes =
    inMesh && !around
      ? effectiveMtls(
          both.flatMap((namespace) => itemsOf(read('peerauthentications', namespace))),
          workload,
          port,
          config.rootNamespace,
        )
      : undefined;
  const subset = view.routes.find(({ share }) => share === 'all')?.destination.subset ?? undefined;
  const { annotations } = view.end.pod?.metadata ?? {};
  const excluded =
    view.end.pod !== undefined &&
    (excludedPort(view.end.pod, 'Outbound', host?.port ?? port) !== undefined ||
      excludedRange(annotations, endpoint.address));
  const sending = sendingOf(
    {
      client: view.member,
      server,
      takes,
      rule: clientMode(view.rule, host?.port, subset),
      viaService: host !== undefined,
      scoped: view.scoped,
      excluded,
    },
    config,
  );
  const found: MeshLink = {
    view,
    endpoint,
    ...(server === undefined ? {} : { server }),
    ...(takes === undefined ? {} : { takes }),
    sending,
    // A pod that calls itself may or may not pass its proxy.
    accepted: view.end.key === endpoint.key ? 'yes' : accepted(sending.sent, server, takes),
  };
  if (!inMesh || around || found.accepted !== 'yes' || view.end.key === endpoint.key) return found;
  const policies = policiesOf(
    both.flatMap((namespace) => itemsOf(read('authorizationpolicies', namespace))),
    workload,
    config.rootNamespace,
  );
  const http = server.kind === 'ambient' ? Tri.no : httpOf(host?.protocol);
  const caller =
    waypoint === undefined || server.kind !== 'ambient'
      ? callerOf(view, endpoint, sending.sent, config.trustDomains, http)
      : // The waypoint calls in place of the client.
        { authenticated: Tri.yes, addresses: [], trustDomains: config.trustDomains, http, ...portOf(port) };
  return { ...found, authorization: judgeAuthorization(policies, caller) };
}

function httpOf(protocol: NonNullable<MeshFacts['host']>['protocol'] | undefined): Tri {
  if (protocol === 'http') return Tri.yes;
  return protocol === undefined || protocol === 'auto' ? Tri.unknown : Tri.no;
}

function portOf(port: number | undefined): { readonly port?: number } {
  return port === undefined ? {} : { port };
}

function callerOf(
  { end }: ClientView,
  endpoint: MeshEnd,
  sent: Sent,
  trustDomains: readonly string[],
  http: Tri,
): Caller {
  const authenticated =
    sent === 'istio' || sent === 'hbone' ? Tri.yes : sent === 'unknown' ? Tri.unknown : Tri.no;
  const family = parseAddress(endpoint.address ?? '')?.family ?? Family.v4 | Family.v6;
  const known =
    end.end.kind === 'pod' ? end.end.addresses : end.end.address === undefined ? [] : [end.end.address];
  return {
    authenticated,
    ...(end.namespace === undefined ? {} : { namespace: end.namespace }),
    ...(end.pod === undefined ? {} : { serviceAccount: end.pod.spec.serviceAccountName ?? 'default' }),
    addresses: known.filter((address) => (address.family & family) !== 0).map(({ text }) => text),
    trustDomains,
    http,
    ...portOf(endpoint.port),
  };
}

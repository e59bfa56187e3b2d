import { ExitCode, NetdebugError } from '../../errors.js';
import type { Reference } from '../../target/reference.js';
import { formatReference } from '../../target/reference.js';
import { objectKey } from '../finding.js';
import { hbonePort, meshFacts, tunnelled } from '../mesh/facts.js';
import type { MeshFacts } from '../mesh/types.js';
import { nodeEnd, podAt } from '../flows/party.js';
import { requiredPort } from '../flows/port.js';
import { createScene } from '../flows/scene.js';
import { parseAddress } from '../policy/address.js';
import { protocolOf } from '../policy/compile-namespaced.js';
import type { End } from '../policy/end.js';
import { endText } from '../policy/end.js';
import type { Protocol } from '../policy/objects.js';
import { explainFlow } from '../policy/verdict.js';
import type { Snapshot, SnapshotPod, SnapshotService } from '../snapshot/types.js';
import { dnsFacts } from './dns.js';
import { podEndpoint, selectorEndpoints, usableEndpoints } from './endpoints.js';
import type { Endpoint, Facts, Link, Source } from './facts.js';
import { systemNamespace } from './pods.js';
import type { Asking } from './pods-of.js';
import { podsOf, senders } from './pods-of.js';
import type { Place } from './service.js';
import { namedService, serviceByAddress, serviceFacts } from './service.js';

/** Pods of a workload, and endpoints, that are looked at one by one: enough to see a pattern, few enough to read. */
export const mostSources = 10;
const mostEndpoints = 50;

/** What is asked: one flow, or (without `from`) everything that concerns one object. */
export interface Question {
  readonly from?: Reference;
  readonly to: Reference;
  /** Of references that carry none. */
  readonly namespace: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Finds what FROM and TO stand for. What could not be read leaves gaps, which checks tell by their inputs; what surely is not there
 * is either a finding (a Service) or a NetdebugError: no such object (6), a reference that means nothing here (2).
 */
export function buildFacts(snapshot: Snapshot, { from, to, namespace, now }: Question): Facts {
  const scene = createScene(snapshot, namespace);
  const cut: { what: string; why: string; code?: string }[] = [];
  const place: Asking = {
    ...scene,
    flow: from !== undefined,
    unread: (what, why, code) => void cut.push({ what, why, ...(code === undefined ? {} : { code }) }),
  };
  const shorten = <T>(items: readonly T[], most: number, what: string): readonly T[] => {
    if (items.length > most)
      cut.push({
        what: `${items.length - most} of ${items.length} ${what}`,
        why: `only ${most} are looked at`,
      });
    return items.slice(0, most);
  };
  const sources =
    from === undefined
      ? []
      : shorten(sourcesOf(place, from), mostSources, `pods of ${formatReference(from)}`);
  const destination = destinationOf(place, to, sources[0]?.namespace ?? namespace);
  const endpoints = shorten(destination.endpoints, mostEndpoints, `endpoints of ${formatReference(to)}`);
  const dns = dnsFacts(
    snapshot.read('services', systemNamespace),
    snapshot.read('pods', systemNamespace),
    snapshot.read('endpointslices', systemNamespace),
  );
  const mesh = meshFacts({
    read: snapshot.read,
    protocol: destination.protocol,
    sources,
    endpoints,
    ...(destination.service === undefined ? {} : { service: destination.service }),
    outside: destination.outside,
  });
  return {
    now,
    namespace,
    asked: { ...(from === undefined ? {} : { from: formatReference(from) }), to: formatReference(to) },
    read: snapshot.read,
    model: scene.model,
    ...(from?.type === 'object' && from.kind !== 'node'
      ? { sourceNamespace: from.namespace ?? namespace }
      : {}),
    sources,
    destination: { ...destination, endpoints },
    links: linksOf(place, sources, endpoints, destination, mesh),
    ...(mesh === undefined ? {} : { mesh }),
    ...(dns === undefined ? {} : { dns }),
    cut,
  };
}

/** Every source to every endpoint, with what policies say. */
export function linksOf(
  { model }: Pick<Place, 'model'>,
  sources: readonly Source[],
  endpoints: readonly Endpoint[],
  { protocol, service }: Facts['destination'],
  mesh?: MeshFacts,
): Link[] {
  if (sources.length === 0) return endpoints.map((endpoint) => ({ endpoint }));
  const viaService =
    service?.object !== undefined && service.object.spec.clusterIP !== 'None' && service.port !== undefined;
  return sources.flatMap((source) =>
    endpoints.map((endpoint): Link => {
      if (endpoint.port === undefined) return { source, endpoint };
      // Between pods of an ambient mesh policies see its tunnel, and nothing of what is in it.
      const tunnel = mesh !== undefined && tunnelled(mesh, source.key, endpoint.key);
      const servicePort = tunnel ? undefined : service?.port?.port;
      const flow = {
        from: source.end,
        to: endpoint.end,
        protocol,
        port: tunnel ? hbonePort : endpoint.port,
        viaService,
        ...(servicePort === undefined || servicePort === endpoint.port ? {} : { servicePort }),
      };
      return { source, endpoint, flow, verdict: explainFlow(model, flow) };
    }),
  );
}

function sourcesOf(place: Asking, reference: Reference): readonly Source[] {
  const { model } = place;
  const other = (end: End): Source[] => [{ key: endText(end), text: endText(end), end }];
  switch (reference.type) {
    case 'external':
    case 'host':
    case 'url':
      throw fromOutside(formatReference(reference));
    case 'ip': {
      const pod = podAt(place, reference.ip);
      const address = parseAddress(reference.ip);
      if (pod !== undefined) return [sourcePod(place, pod)];
      const end = address === undefined ? undefined : model.ends.address(address);
      if (end?.role !== 'node') throw fromOutside(reference.ip);
      return other(end);
    }
    case 'object':
      if (reference.kind === 'node') {
        return place.snapshot.read('nodes').state === 'there'
          ? other(nodeEnd(place, reference)).map((one) => ({ ...one, key: objectKey('node', reference) }))
          : [];
      }
      return senders(place, reference).map((pod) => sourcePod(place, pod));
  }
}

/** A client outside calls what has an address outside. Questions about those come by another way (outside/legs.ts). */
function fromOutside(shown: string): NetdebugError {
  return new NetdebugError(
    `${shown} is outside the cluster: from there Services, Ingresses, Gateways, routes, URLs and addresses are called.`,
    {
      exitCode: ExitCode.usage,
      hint: 'Name the Service before the pods, or what stands before it, as in `diagnose external svc/api:80`.',
    },
  );
}

/** A pod as a source. */
export function sourcePod({ model }: Pick<Place, 'model'>, pod: SnapshotPod): Source {
  const { namespace = '', name } = pod.metadata;
  return {
    key: objectKey('pod', pod.metadata),
    text: `${namespace}/${name}`,
    namespace,
    pod,
    end: model.ends.pod(pod),
  };
}

type Destination = Facts['destination'];

function destinationOf(place: Asking, reference: Reference, home: string): Destination {
  const { snapshot, model, flow } = place;
  if (reference.type === 'external') {
    throw new NetdebugError(
      'external is a client outside the cluster: as a destination name a host or an address.',
      {
        exitCode: ExitCode.usage,
      },
    );
  }
  const protocol = reference.protocol.toUpperCase() as Protocol;
  const common = { protocol, ...(reference.port === undefined ? {} : { port: reference.port }) };
  const shown = formatReference(reference);
  const portOf = (end: End): number | undefined =>
    flow || reference.port !== undefined ? requiredPort(end, common, shown) : undefined;
  const outside = (end: End): Destination => {
    const port = portOf(end);
    const node = end.kind === 'address' ? end.node?.name : undefined;
    const endpoint: Endpoint = {
      key: endText(end),
      text: endText(end),
      ready: true,
      serving: true,
      terminating: false,
      end,
      ...(port === undefined ? {} : { port }),
      ...(node === undefined ? {} : { node }),
    };
    return { ...common, endpoints: [endpoint], outside: node === undefined };
  };
  const throughService = (facts: ReturnType<typeof namedService>): Destination => {
    const host = hostOutside(facts.object?.spec);
    if (host !== undefined && flow && typeof reference.port === 'number')
      return { ...outside(model.ends.outside(host)), namespace: facts.namespace, service: facts };
    const usable = usableEndpoints(facts.endpoints, facts.object);
    // Behind a Service without endpoints there may be more to see: its pods are looked at as if they were ready.
    const pods =
      facts.endpoints.length > 0 || facts.object === undefined
        ? facts.endpoints
        : selectorEndpoints(model, facts.selected, facts.object, facts.port);
    // Whoever names no port names no protocol either: a Service of UDP alone is asked by UDP.
    const own = reference.port === undefined ? protocolOf(facts.port?.protocol) : undefined;
    return {
      ...common,
      ...(facts.port === undefined || own === undefined ? {} : { protocol: own }),
      namespace: facts.namespace,
      service: facts,
      endpoints: usable.length > 0 ? usable : pods,
      outside: facts.object?.spec.type === 'ExternalName',
    };
  };
  if (reference.type === 'object') {
    if (reference.kind === 'service') return throughService(namedService(place, reference, common, shown));
    if (reference.kind === 'node') {
      if (snapshot.read('nodes').state !== 'there')
        return { ...common, endpoints: [], outside: false, node: reference.name };
      const found = outside(nodeEnd(place, reference));
      const endpoints = found.endpoints.map((one) => ({ ...one, node: reference.name }));
      return { ...found, endpoints, node: reference.name, outside: false };
    }
    const { pods, workload } = podsOf(place, reference);
    return {
      ...common,
      namespace: reference.namespace ?? place.namespace,
      ...(workload === undefined ? {} : { workload }),
      endpoints: pods.map((pod) => podEndpoint(model, pod, portOf(model.ends.pod(pod)))),
      outside: false,
    };
  }
  if (reference.type === 'ip') {
    const service = serviceByAddress(place, reference.ip);
    if (service !== undefined)
      return throughService(serviceFacts(place, service, common, shown, { byAddress: true }));
    const pod = podAt(place, reference.ip);
    const address = parseAddress(reference.ip);
    if (pod === undefined && address !== undefined) return outside(model.ends.address(address));
    if (pod === undefined) throw new NetdebugError(`${shown} is no address.`, { exitCode: ExitCode.usage });
    const end = model.ends.pod(pod);
    return {
      ...common,
      namespace: pod.metadata.namespace ?? '',
      endpoints: [podEndpoint(model, pod, portOf(end))],
      outside: false,
    };
  }
  const named = namedService(place, { host: reference.host, home }, common, shown);
  return named.name === '' ? outside(model.ends.outside(reference.host)) : throughService(named);
}

/** What an ExternalName stands for, unless that is a Service of the cluster again. */
function hostOutside(spec: SnapshotService['spec'] | undefined): string | undefined {
  const host = spec?.type === 'ExternalName' ? spec.externalName?.replace(/\.$/, '') : undefined;
  return host === undefined || host === '' || /\.svc(\.|$)/.test(host) || parseAddress(host) !== undefined
    ? undefined
    : host;
}

import { formatReference, type Reference } from '../../target/reference.js';
import { podPort } from '../flows/port.js';
import { meshFacts } from '../mesh/facts.js';
import { buildFacts, linksOf, mostSources, type Question, sourcePod } from '../model/build.js';
import { slicesOf } from '../model/endpoints.js';
import type { Endpoint, Facts, Source } from '../model/facts.js';
import { readyCondition } from '../model/pods.js';
import { parseAddress } from '../policy/address.js';
import { protocolOf } from '../policy/compile-namespaced.js';
import type { End } from '../policy/end.js';
import type { Snapshot } from '../snapshot/types.js';
import type { OutsideFacts, Way } from './facts.js';

/** The key of the client outside among sources. */
export const clientKey = 'a client outside the cluster';

/** What all legs of a question have in common. */
export interface LegBase {
  readonly snapshot: Snapshot;
  readonly question: Question;
  /** The client's own address, where it is known. */
  readonly address?: string;
  readonly outside: OutsideFacts;
}

/** One leg: the facts of the Service behind a way, with those as sources who connect to it. */
export function legOf(
  { snapshot, question, address, outside }: LegBase,
  way: Way | undefined,
  cut: Facts['cut'],
): Facts {
  const { namespace, now } = question;
  const backend = way?.backend;
  const asked = {
    ...(question.from === undefined ? {} : { from: formatReference(question.from) }),
    to: formatReference(question.to),
  };
  const protocol = question.to.type === 'object' ? question.to.protocol : 'tcp';
  const common = { asked, outside: { ...outside, ...(way === undefined ? {} : { way }) } };
  if (backend === undefined || backend.kind !== undefined) {
    // What stands behind is no Service, or nothing at all: the facts of a host that nobody knows, without an endpoint.
    const to: Reference = { type: 'host', host: 'netdebug.invalid', port: 80, protocol };
    const { destination, ...rest } = buildFacts(snapshot, { to, namespace, now });
    const nowhere = { protocol: destination.protocol, endpoints: [], outside: true };
    return { ...rest, ...common, destination: nowhere, links: [], cut };
  }
  const to: Reference = {
    type: 'object',
    kind: 'service',
    namespace: backend.namespace,
    name: backend.name,
    ...(backend.port === undefined ? {} : { port: backend.port }),
    protocol,
  };
  const built = buildFacts(snapshot, { to, namespace, now });
  const { service } = built.destination;
  const destination = {
    ...built.destination,
    ...(way?.kind === 'service' ? {} : { endpoints: dialled(built) }),
    // Nobody on this way asks the DNS of the cluster for the Service.
    ...(service === undefined ? {} : { service: { ...service, byAddress: true } }),
  };
  const sources = way === undefined ? [] : sourcesOf(built, way, address);
  const [first] = sources;
  const direct = way?.kind === 'service';
  const mesh = meshFacts({
    read: snapshot.read,
    protocol: destination.protocol,
    sources,
    endpoints: destination.endpoints,
    ...(destination.service === undefined ? {} : { service: destination.service }),
    outside: destination.outside,
  });
  const links = linksOf(built, sources, destination.endpoints, destination, mesh).map((link) =>
    // Controllers connect to the pods themselves: no address is translated on the way.
    direct || link.flow === undefined ? link : { ...link, flow: { ...link.flow, viaService: false } },
  );
  return {
    ...built,
    ...common,
    destination,
    sources,
    links,
    ...(mesh === undefined ? {} : { mesh }),
    ...(first?.namespace === undefined ? {} : { sourceNamespace: first.namespace }),
    cut: [...cut, ...built.cut],
  };
}

/** Endpoints as controllers dial them: at the port of the slices, also of a headless Service, whose own port other clients would call. */
function dialled({ read, destination: { service, endpoints } }: Facts): readonly Endpoint[] {
  const object = service?.object;
  const port = service?.port;
  if (object?.spec.clusterIP !== 'None' || port === undefined) return endpoints;
  const slices = slicesOf(object, read('endpointslices', object.metadata.namespace));
  const sliced = slices
    .flatMap((slice) => slice.ports ?? [])
    .find(({ name }) => (name ?? '') === (port.name ?? ''))?.port;
  return endpoints.map((endpoint) => {
    const { end } = endpoint;
    const number = sliced ?? podPort(end, port.targetPort ?? port.port, protocolOf(port.protocol) ?? 'TCP');
    return number === undefined ? endpoint : { ...endpoint, port: number };
  });
}

/** Who connects to the backend: the client itself, or the pods of the controller. */
function sourcesOf({ model }: Facts, way: Way, address: string | undefined): readonly Source[] {
  const client = (end: End): Source[] => [{ key: clientKey, text: clientKey, end }];
  if (way.kind === 'service') {
    const [front] = way.fronts;
    const known = address === undefined ? undefined : parseAddress(address);
    if (front?.service.spec.externalTrafficPolicy !== 'Local') return client(model.ends.behindNode());
    return client(known === undefined ? model.ends.outside() : model.ends.address(known));
  }
  const { place, pods = [] } = way.controller;
  // A load balancer of a cloud has an address outside.
  if (place === 'cloud') return client(model.ends.outside());
  // Ready ones do the work; where none is, the others show why.
  const ready = pods.filter((pod) => readyCondition(pod));
  const chosen = (ready.length > 0 ? ready : pods).slice(0, mostSources);
  if (chosen.length > 0) return chosen.map((pod) => sourcePod({ model }, pod));
  // Of a controller that nobody knows it is open what policies make of it, and only where there are policies.
  return client(model.ends.behindNode());
}

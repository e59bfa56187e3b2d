import { ExitCode, NetdebugError } from '../../errors.js';
import type { Reference } from '../../target/reference.js';
import { formatReference } from '../../target/reference.js';
import { parseAddress } from '../policy/address.js';
import type { End } from '../policy/end.js';
import type { Protocol } from '../policy/objects.js';
import type { Flow } from '../policy/verdict.js';
import { itemsOf } from '../reading.js';
import type { SnapshotService } from '../snapshot/types.js';
import type { Scene } from './party.js';
import { nodeEnd, objectText, pick, podAt, podsOfReference, required } from './party.js';
import { requiredPort } from './port.js';
import { serviceName } from './service-name.js';
import { endpointsOf, servicePort } from './service.js';

/**
 * The connections that FROM and TO stand for: one for every pod of FROM and every endpoint of TO, the pods of FROM outermost. Ports are
 * those that policies see, after a Service has replaced its own. Throws a NetdebugError when either end is none.
 */
export function resolveFlows(scene: Scene, from: Reference, to: Reference): readonly Flow[] {
  const destination = destinations(scene, to);
  const sources =
    from.type === 'external' && destination.hidesClient
      ? [scene.model.ends.behindNode()]
      : sourceEnds(scene, from);
  return sources.flatMap((source) => destination.flows.map((flow) => ({ from: source, ...flow })));
}

type Arrival = Omit<Flow, 'from'>;

interface Destinations {
  readonly flows: readonly Arrival[];
  /** Clients from outside arrive with the address of a node. */
  readonly hidesClient: boolean;
}

function sourceEnds(scene: Scene, reference: Reference): readonly End[] {
  const { ends } = scene.model;
  switch (reference.type) {
    case 'external':
      return [ends.outside()];
    case 'ip':
      return [endAt(scene, reference.ip)];
    case 'host':
    case 'url':
      return [ends.outside(reference.host)];
    case 'object':
      return reference.kind === 'node'
        ? [nodeEnd(scene, reference)]
        : podsOfReference(scene, reference).map(ends.pod);
  }
}

function destinations(scene: Scene, reference: Reference): Destinations {
  const { snapshot, model } = scene;
  const shown = formatReference(reference);
  if (reference.type === 'external') {
    throw new NetdebugError(
      'external is a client outside the cluster: as a destination name a host or an address.',
      {
        exitCode: ExitCode.usage,
      },
    );
  }
  const asked = {
    ...(reference.port === undefined ? {} : { port: reference.port }),
    protocol: reference.protocol.toUpperCase() as Protocol,
  };
  const direct = (end: End): Destinations => ({
    flows: [{ to: end, protocol: asked.protocol, port: requiredPort(end, asked, shown) }],
    hidesClient: false,
  });
  if (reference.type === 'object') {
    if (reference.kind === 'node') return direct(nodeEnd(scene, reference));
    if (reference.kind !== 'service') {
      return {
        flows: podsOfReference(scene, reference).flatMap((pod) => direct(model.ends.pod(pod)).flows),
        hidesClient: false,
      };
    }
    const namespace = reference.namespace ?? scene.namespace;
    const services = required(snapshot.read('services', namespace), shown);
    return throughService(
      scene,
      pick(services, reference.name, objectText(reference, namespace)),
      asked,
      shown,
    );
  }
  if (reference.type === 'ip') {
    const service = serviceAt(scene, reference.ip);
    return service === undefined
      ? direct(endAt(scene, reference.ip))
      : throughService(scene, service, asked, shown);
  }
  const name = serviceName(reference.host);
  if (name !== undefined) {
    const services = required(snapshot.read('services', name.namespace), shown);
    return throughService(scene, pick(services, name.name, shown), asked, shown);
  }
  const address = parseAddress(reference.host);
  return direct(address === undefined ? model.ends.outside(reference.host) : endAt(scene, address.text));
}

function throughService(
  scene: Scene,
  service: SnapshotService,
  asked: { readonly port?: number | string; readonly protocol: Protocol },
  shown: string,
): Destinations {
  const { type, externalName, clusterIP, externalTrafficPolicy } = service.spec;
  if (type === 'ExternalName' && externalName !== undefined) {
    const end = scene.model.ends.outside(externalName);
    return {
      flows: [{ to: end, protocol: asked.protocol, port: requiredPort(end, asked, shown) }],
      hidesClient: false,
    };
  }
  const called = servicePort(service, asked, shown).port;
  const flows = endpointsOf(scene, service, asked, shown).map(({ end, protocol, port }) => ({
    to: end,
    protocol,
    port,
    viaService: clusterIP !== 'None',
    ...(called === port ? {} : { servicePort: called }),
  }));
  const open = type === 'NodePort' || type === 'LoadBalancer';
  return { flows, hidesClient: open && externalTrafficPolicy !== 'Local' };
}

function endAt(scene: Scene, text: string): End {
  const address = parseAddress(text);
  if (address === undefined) throw new NetdebugError(`${text} is no address.`, { exitCode: ExitCode.usage });
  const pod = podAt(scene, text);
  if (pod === undefined) return scene.model.ends.address(address);
  const end = scene.model.ends.pod(pod);
  // The address that is dialled decides which family of a dual-stack pod is meant.
  return { ...end, addresses: end.addresses.filter(({ family }) => family === address.family) };
}

function serviceAt({ snapshot }: Scene, ip: string): SnapshotService | undefined {
  const wanted = parseAddress(ip)?.value.toString();
  return itemsOf(snapshot.read('services')).find(({ spec }) =>
    [spec.clusterIP ?? '', ...(spec.clusterIPs ?? [])].some(
      (text) => parseAddress(text)?.value.toString() === wanted,
    ),
  );
}

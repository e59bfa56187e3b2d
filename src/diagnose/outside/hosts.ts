import { objectKey } from '../finding.js';
import { parseAddress } from '../policy/address.js';
import { itemsOf } from '../reading.js';
import type { ReadObjects, SnapshotService } from '../snapshot/types.js';
import { isOpen, statusAddresses } from './fronts.js';
import { allRoutes } from './gateway.js';
import { plainHost } from './match.js';

/** What ExternalDNS reads on an object. Source: the reference of its annotations. */
export const externalDnsPrefix = 'external-dns.alpha.kubernetes.io/';

/** The host names that an object asks ExternalDNS for. */
export function annotatedHosts({
  annotations,
}: {
  readonly annotations?: Readonly<Record<string, string>> | null;
}): readonly string[] {
  return ['hostname', 'internal-hostname'].flatMap((name) =>
    (annotations?.[externalDnsPrefix + name] ?? '')
      .split(',')
      .map((host) => plainHost(host.trim()))
      .filter((host) => host !== ''),
  );
}

/** Every host that an Ingress, a route, a listener or an annotation names, with the object that does. */
export function namedHosts(read: ReadObjects): readonly { readonly host: string; readonly by: string }[] {
  const found = [
    ...itemsOf(read('ingresses')).flatMap(({ metadata, spec }) =>
      (spec?.rules ?? []).map(({ host }) => ({ host, by: objectKey('Ingress', metadata) })),
    ),
    ...allRoutes(read).flatMap(({ kind, route: { metadata, spec } }) =>
      (spec?.hostnames ?? []).map((host) => ({ host, by: objectKey(kind, metadata) })),
    ),
    ...itemsOf(read('gateways')).flatMap(({ metadata, spec }) =>
      (spec?.listeners ?? []).map(({ hostname }) => ({ host: hostname, by: objectKey('Gateway', metadata) })),
    ),
    ...itemsOf(read('services')).flatMap(({ metadata }) =>
      annotatedHosts(metadata).map((host) => ({ host, by: objectKey('Service', metadata) })),
    ),
  ];
  const known = new Map<string, { host: string; by: string }>();
  for (const { host, by } of found)
    if (host != null && host !== '') known.set(`${host} ${by}`, { host: plainHost(host), by });
  return [...known.values()];
}

/** A Service that is called from outside by a host or an address, and what its port is there. */
export interface ServiceHit {
  readonly service: SnapshotService;
  /** The port of the Service that is meant; undefined where the one that was called is none of them. */
  readonly port?: number;
  /** By the address of a node: only node ports are open there. */
  readonly node?: string;
}

/** The Services that a host or an address outside leads to: their load balancer, externalIPs, the nodes with their node ports, or a DNS record. */
export function servicesAt(
  read: ReadObjects,
  host: string,
  port: number | string | undefined,
): readonly ServiceHit[] {
  const wanted = plainHost(host);
  const address = parseAddress(host);
  const same = (text: string): boolean =>
    address === undefined
      ? plainHost(text) === wanted
      : parseAddress(text)?.value.toString() === address.value.toString();
  const services = itemsOf(read('services'));
  const own = services.filter(
    (service) =>
      isOpen(service) &&
      [
        ...statusAddresses(service.status),
        ...(service.spec.externalIPs ?? []),
        ...annotatedHosts(service.metadata),
      ].some(same),
  );
  const portOf = ({ spec }: SnapshotService): Pick<ServiceHit, 'port'> => {
    const found = (spec.ports ?? []).find((one) => one.port === port || one.name === port);
    const only = port === undefined && spec.ports?.length === 1 ? spec.ports[0] : undefined;
    const number = (found ?? only)?.port;
    return number === undefined ? {} : { port: number };
  };
  if (own.length > 0) return own.map((service) => ({ service, ...portOf(service) }));
  const node = itemsOf(read('nodes')).find(({ metadata, status }) =>
    (status?.addresses ?? []).some((one) => same(one.address) || metadata.name === wanted),
  );
  if (node === undefined || typeof port !== 'number') return [];
  const byNodePort = services.flatMap((service): ServiceHit[] => {
    const found = (service.spec.ports ?? []).find(({ nodePort }) => nodePort === port);
    return found === undefined ? [] : [{ service, port: found.port, node: node.metadata.name }];
  });
  if (byNodePort.length > 0) return byNodePort;
  // The port of the Service where its node port was meant.
  return services.flatMap((service): ServiceHit[] =>
    isOpen(service) &&
    (service.spec.ports ?? []).some((one) => one.port === port && one.nodePort !== undefined)
      ? [{ service, node: node.metadata.name }]
      : [],
  );
}

/** What the cluster's DNS pods know of the cluster: a file that the cluster process keeps up to date (JSON). */
import { listOf, objectOf, objectsOf, stringsOf, textOf } from '../../api/json.js';
import type { Store } from '../../types.js';

/** A port as DNS has it. */
export interface DnsPort {
  readonly name: string;
  readonly port: number;
  /** `tcp`, `udp`, `sctp` */
  readonly protocol: string;
}

/** An address behind a Service. */
export interface DnsEndpoint {
  readonly ip: string;
  /** The first label of its own name: its hostname, or its address with dashes. */
  readonly label: string;
  readonly ports: readonly DnsPort[];
}

/** A Service; `clusterIP` is absent when it is headless. */
export interface DnsService {
  readonly name: string;
  readonly namespace: string;
  readonly clusterIP?: string;
  readonly externalName?: string;
  readonly ports: readonly DnsPort[];
  readonly endpoints: readonly DnsEndpoint[];
}

/** All of it. `delayMs`: every answer is so late. */
export interface ZoneState {
  readonly services: readonly DnsService[];
  readonly namespaces: readonly string[];
  readonly corefile: string;
  readonly delayMs: number;
}

function portsOf(value: unknown): DnsPort[] {
  return objectsOf(value).map((port) => ({
    name: textOf(port.name) ?? '',
    port: Number(port.port ?? 0),
    protocol: (textOf(port.protocol) ?? 'TCP').toLowerCase(),
  }));
}

/** The state as the store has it now. */
export function zoneState(store: Store, delayMs: number): ZoneState {
  const slices = store.list({ group: 'discovery.k8s.io', resource: 'endpointslices' });
  const services = store.list({ group: '', resource: 'services' }).map((service): DnsService => {
    const spec = objectOf(service.spec as unknown);
    const { name, namespace = '' } = service.metadata;
    const own = slices.filter(
      ({ metadata }) =>
        metadata.namespace === namespace && stringsOf(metadata.labels)['kubernetes.io/service-name'] === name,
    );
    const endpoints = own.flatMap((slice) =>
      objectsOf(slice.endpoints)
        .filter((item) => objectOf(item.conditions).ready !== false)
        .flatMap((item) =>
          listOf(item.addresses).map((address): DnsEndpoint => {
            const ip = String(address);
            return {
              ip,
              label: textOf(item.hostname) ?? ip.replaceAll('.', '-'),
              ports: portsOf(slice.ports),
            };
          }),
        ),
    );
    const clusterIP = textOf(spec.clusterIP);
    const externalName = spec.type === 'ExternalName' ? textOf(spec.externalName) : undefined;
    return {
      name,
      namespace,
      ...(clusterIP === undefined || clusterIP === 'None' ? {} : { clusterIP }),
      ...(externalName === undefined ? {} : { externalName }),
      ports: portsOf(spec.ports),
      endpoints,
    };
  });
  const config = store.get({ group: '', resource: 'configmaps' }, 'kube-system', 'coredns');
  return {
    services,
    namespaces: store.list({ group: '', resource: 'namespaces' }).map(({ metadata }) => metadata.name),
    corefile: stringsOf(config?.data).Corefile ?? '',
    delayMs,
  };
}

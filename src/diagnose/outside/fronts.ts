import { isFinished } from '../../target/pods.js';
import { objectKey } from '../finding.js';
import { selectorEndpoints, sliceEndpoints, slicesOf } from '../model/endpoints.js';
import { addressesOf } from '../model/pods.js';
import { parseAddress } from '../policy/address.js';
import { protocolOf } from '../policy/compile-namespaced.js';
import type { PolicyModel } from '../policy/model.js';
import { itemsOf } from '../reading.js';
import { hasLabels } from '../snapshot/templates.js';
import type { ReadObjects, SnapshotPod, SnapshotService } from '../snapshot/types.js';
import type { LoadBalancerIngress } from '../snapshot/types-outside.js';
import type { Entry, Front } from './facts.js';

/** Nodes whose addresses are listed: every one has the same ports, and a cluster may have thousands. */
const mostNodes = 100;

type Http = NonNullable<Entry['http']>;

/** Whether clients outside can come in by a Service. */
export function isOpen({ spec }: SnapshotService): boolean {
  return (
    spec.type === 'NodePort' ||
    spec.type === 'LoadBalancer' ||
    (spec.externalIPs ?? []).some((ip) => ip !== '')
  );
}

/** A Service as a way into the cluster, with its ready endpoints. */
export function frontOf(
  read: ReadObjects,
  model: PolicyModel,
  service: SnapshotService,
  ports: Front['ports'],
): Front {
  const { namespace } = service.metadata;
  const slices = read('endpointslices', namespace);
  const pods = read('pods', namespace);
  if (slices.state !== 'there' || pods.state !== 'there') return { service, ports };
  const own = slicesOf(service, slices);
  const all =
    own.length > 0
      ? sliceEndpoints(model, own, pods.items, service, undefined)
      : selectorEndpoints(
          model,
          pods.items.filter((pod) => hasLabels(pod, service.spec.selector) && !isFinished(pod)),
          service,
          undefined,
        );
  return { service, ports, ready: all.filter((one) => one.ready) };
}

/** The Services with an address outside that stand before these pods. */
export function frontsOfPods(
  read: ReadObjects,
  model: PolicyModel,
  pods: readonly SnapshotPod[],
  wanted: readonly number[],
): readonly Front[] {
  const namespaces = [...new Set(pods.map(({ metadata }) => metadata.namespace))];
  return namespaces.flatMap((namespace) =>
    itemsOf(read('services', namespace))
      .filter((service) => isOpen(service) && pods.some((pod) => hasLabels(pod, service.spec.selector)))
      .flatMap((service) => {
        const ports = (service.spec.ports ?? []).filter(({ port }) => wanted.includes(port));
        return ports.length === 0 ? [] : [frontOf(read, model, service, ports)];
      }),
  );
}

/** The addresses in the status of a Service or an Ingress. */
export function statusAddresses(
  status:
    | { readonly loadBalancer?: { readonly ingress?: readonly LoadBalancerIngress[] | null } | null }
    | null
    | undefined,
): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => {
    const address = ip ?? hostname ?? '';
    return address === '' ? [] : [address];
  });
}

/** Every address at which a Service is to be had from outside: load balancer, externalIPs, then each node with its node ports. */
export function entriesOfService(
  read: ReadObjects,
  { service, ports }: Pick<Front, 'service' | 'ports'>,
  http?: (port: number) => Http | undefined,
): readonly Entry[] {
  const by = objectKey('service', service.metadata);
  const { spec } = service;
  const entries: Entry[] = [];
  const add = (
    of: Entry['of'],
    address: string,
    port: Front['ports'][number],
    number: number,
    rest: Partial<Entry> = {},
  ): void => {
    const request = http?.(port.port);
    entries.push({
      of,
      address,
      port: number,
      protocol: protocolOf(port.protocol) ?? 'TCP',
      ...rest,
      ...(request === undefined ? {} : { http: request }),
      by,
    });
  };
  for (const port of ports) {
    if (spec.type === 'LoadBalancer')
      for (const address of statusAddresses(service.status)) add('loadBalancer', address, port, port.port);
    for (const address of spec.externalIPs ?? [])
      if (address !== '') add('externalIP', address, port, port.port);
    if (port.nodePort === undefined || port.nodePort === 0) continue;
    for (const { metadata, status } of itemsOf(read('nodes')).slice(0, mostNodes)) {
      const addresses = (status?.addresses ?? []).filter(
        ({ type }) => type === 'ExternalIP' || type === 'InternalIP',
      );
      // Those that are meant for clients outside come first.
      for (const { type, address } of addresses.toSorted((a, b) =>
        a.type < b.type ? -1 : a.type > b.type ? 1 : 0,
      ))
        if (parseAddress(address) !== undefined)
          add('nodePort', address, port, port.nodePort, { node: metadata.name, addressType: type });
    }
  }
  return entries;
}

/** Ports of nodes that pods have taken for themselves: hostPort, and the ports of pods in the network of their node. */
export function hostPortEntries(
  read: ReadObjects,
  pods: readonly SnapshotPod[],
  wanted: readonly number[],
  http?: (port: number) => Http | undefined,
): readonly Entry[] {
  return pods.slice(0, mostNodes).flatMap((pod) =>
    pod.spec.containers.flatMap(({ ports }) =>
      (ports ?? []).flatMap((port): Entry[] => {
        const number = port.hostPort ?? (pod.spec.hostNetwork === true ? port.containerPort : undefined);
        if (number === undefined || !wanted.includes(number)) return [];
        const node = itemsOf(read('nodes')).find(({ metadata }) => metadata.name === pod.spec.nodeName);
        const address =
          node?.status?.addresses?.find(({ type }) => type === 'ExternalIP')?.address ??
          node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ??
          (pod.spec.hostNetwork === true ? addressesOf(pod)[0] : undefined);
        if (address === undefined) return [];
        const request = http?.(number);
        return [
          {
            of: 'hostPort',
            address,
            port: number,
            protocol: protocolOf(port.protocol) ?? 'TCP',
            ...(pod.spec.nodeName === undefined ? {} : { node: pod.spec.nodeName }),
            ...(request === undefined ? {} : { http: request }),
            by: objectKey('pod', pod.metadata),
          },
        ];
      }),
    ),
  );
}

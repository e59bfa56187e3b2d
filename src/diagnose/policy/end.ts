import type { Address } from './address.js';
import { parseAddress } from './address.js';
import { defaultNamespace, protocolOf } from './compile-namespaced.js';
import type { PolicyNamespace, PolicyNode, PolicyPod } from './objects.js';
import type { Reading } from '../reading.js';
import { itemsOf } from '../reading.js';
import type { KnownLabels } from './selector.js';

/** A node as a peer. Its labels are incomplete when nodes could not be read. */
export interface NodeEnd extends KnownLabels {
  readonly name: string;
}

/** One end of a connection that is a pod. */
export interface PodEnd {
  readonly kind: 'pod';
  /** Unique within a model. */
  readonly id: number;
  readonly namespace: string;
  readonly name: string;
  readonly labels: KnownLabels;
  readonly namespaceLabels: KnownLabels;
  /** None before the pod has one, as in a manifest. */
  readonly addresses: readonly Address[];
  readonly hostNetwork: boolean;
  /** Where it runs; absent before it is scheduled. */
  readonly node?: NodeEnd;
  /** Port numbers by `PROTOCOL/name`. */
  readonly namedPorts: ReadonlyMap<string, number>;
}

/** One end of a connection that is no pod. */
export interface AddressEnd {
  readonly kind: 'address';
  readonly id: number;
  /** Absent: some address outside the cluster. */
  readonly address?: Address;
  /** The name by which it is called, if by one. */
  readonly host?: string;
  /** The node whose address it is. */
  readonly node?: NodeEnd;
  /**
   * `outside`: outside the cluster. `node`: an address of a node. `behind-node`: a client outside whose connections arrive with
   * the address of whatever node took them (NodePort and LoadBalancer with externalTrafficPolicy Cluster).
   */
  readonly role: 'outside' | 'node' | 'behind-node';
}

export type End = PodEnd | AddressEnd;

/** What is needed to make ends of pods and addresses. */
export interface Surroundings {
  readonly namespaces: Reading<PolicyNamespace>;
  readonly nodes: Reading<PolicyNode>;
}

/** Makes ends of pods and addresses; every end gets an id of its own. */
export interface Ends {
  readonly pod: (pod: PolicyPod) => PodEnd;
  /** An address that belongs to no pod of the cluster's pod network. */
  readonly address: (address: Address, host?: string) => AddressEnd;
  /** An address outside the cluster that is not known. */
  readonly outside: (host?: string) => AddressEnd;
  /** A client outside, seen through a node of the cluster. */
  readonly behindNode: () => AddressEnd;
}

/** Ends in these surroundings. */
export function createEnds({ namespaces, nodes }: Surroundings): Ends {
  let last = 0;
  const labelsByNamespace = new Map(
    itemsOf(namespaces).map(({ metadata }) => [metadata.name, metadata.labels ?? {}]),
  );
  const nodesByName = new Map<string, NodeEnd>();
  const nodesByAddress = new Map<string, NodeEnd>();
  for (const { metadata, status } of itemsOf(nodes)) {
    const node = { name: metadata.name, labels: metadata.labels ?? {}, complete: true };
    nodesByName.set(node.name, node);
    for (const { address } of status?.addresses ?? [])
      nodesByAddress.set(parseAddress(address)?.value.toString() ?? address, node);
  }
  const namespaceLabels = (name: string): KnownLabels => {
    const labels = labelsByNamespace.get(name);
    // The API server puts this one label on every namespace; manifests lack it.
    return { labels: { ...labels, 'kubernetes.io/metadata.name': name }, complete: labels !== undefined };
  };
  const nodeOf = (pod: PolicyPod, addresses: readonly Address[]): NodeEnd | undefined => {
    const name = pod.spec.nodeName;
    if (name !== undefined) return nodesByName.get(name) ?? { name, labels: {}, complete: false };
    const own = pod.spec.hostNetwork === true ? addresses : [];
    return own
      .map((address) => nodesByAddress.get(address.value.toString()))
      .find((node) => node !== undefined);
  };
  return {
    pod: (pod) => {
      const { metadata, spec } = pod;
      const namespace = metadata.namespace ?? defaultNamespace;
      const addresses = addressesOf(pod);
      const node = nodeOf(pod, addresses);
      return {
        kind: 'pod',
        id: last++,
        namespace,
        name: metadata.name,
        labels: { labels: metadata.labels ?? {}, complete: true },
        namespaceLabels: namespaceLabels(namespace),
        addresses,
        hostNetwork: spec.hostNetwork === true,
        ...(node === undefined ? {} : { node }),
        namedPorts: namedPortsOf(pod),
      };
    },
    address: (address, host) => {
      const node = nodesByAddress.get(address.value.toString());
      return {
        kind: 'address',
        id: last++,
        address,
        ...(host === undefined ? {} : { host }),
        ...(node === undefined ? { role: 'outside' } : { node, role: 'node' }),
      };
    },
    outside: (host) => ({
      kind: 'address',
      id: last++,
      role: 'outside',
      ...(host === undefined ? {} : { host }),
    }),
    behindNode: () => ({ kind: 'address', id: last++, role: 'behind-node' }),
  };
}

/** The addresses of a pod, without those that are none. */
function addressesOf({ status }: PolicyPod): Address[] {
  const texts = new Set([
    ...(status?.podIPs ?? []).map(({ ip }) => ip),
    ...(status?.podIP === undefined ? [] : [status.podIP]),
  ]);
  return [...texts].flatMap((text) => parseAddress(text) ?? []);
}

/**
 * Ports that containers name, restartable init containers (native sidecars) included; the first of a name counts.
 * Source: core/v1 ContainerPort.
 */
function namedPortsOf({ spec }: PolicyPod): Map<string, number> {
  const ports = new Map<string, number>();
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const { name, containerPort, protocol } of [...spec.containers, ...sidecars].flatMap(
    (container) => container.ports ?? [],
  )) {
    const key = `${protocolOf(protocol) ?? ''}/${name ?? ''}`;
    if (name !== undefined && !ports.has(key)) ports.set(key, containerPort);
  }
  return ports;
}

/** How an end is called: `shop/web-0`, an address, a host name. */
export function endText(end: End): string {
  if (end.kind === 'pod') return `${end.namespace}/${end.name}`;
  return end.host ?? end.address?.text ?? 'a client outside the cluster';
}

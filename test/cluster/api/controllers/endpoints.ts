import { isDeepStrictEqual } from 'node:util';
import type { Stored } from '../../types.js';
import { objectOf, objectsOf, stringsOf, textOf, type JsonObject } from '../json.js';
import { podOf } from '../pods/types.js';
import type { ApiStore } from '../types.js';
import { controlledBy, isOwnedBy, isReady, pods } from './owned.js';

const services = { group: '', resource: 'services' };
const slices = { group: 'discovery.k8s.io', resource: 'endpointslices' };
const endpointsKey = { group: '', resource: 'endpoints' };

/** The number behind targetPort in this pod; undefined for a name that no container port has. */
function targetPort(pod: Stored, port: JsonObject): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target;
  const protocol = textOf(port.protocol) ?? 'TCP';
  const ports = (podOf(pod).spec.containers ?? []).flatMap((item) => item.ports ?? []);
  return ports.find((item) => item.name === target && (item.protocol ?? 'TCP') === protocol)?.containerPort;
}

function portsOf(pod: Stored, service: Stored): JsonObject[] {
  return objectsOf(objectOf(service.spec).ports).flatMap((port) => {
    const number = targetPort(pod, port);
    return number === undefined
      ? []
      : [{ name: textOf(port.name) ?? '', port: number, protocol: textOf(port.protocol) ?? 'TCP' }];
  });
}

function endpointOf(pod: Stored, service: Stored, publishNotReady: boolean): JsonObject {
  const { metadata, spec, status } = podOf(pod);
  const terminating = metadata.deletionTimestamp !== undefined;
  const serving = isReady(pod);
  return {
    addresses: [status.podIP],
    conditions: { ready: publishNotReady || (serving && !terminating), serving, terminating },
    ...(spec.hostname !== undefined && spec.subdomain === service.metadata.name
      ? { hostname: spec.hostname }
      : {}),
    targetRef: { kind: 'Pod', namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
    nodeName: spec.nodeName,
  };
}

interface Wanted {
  readonly ports: readonly JsonObject[] | null;
  readonly endpoints: readonly JsonObject[] | null;
}

/** One slice for each set of ports that the selected pods resolve to; a single empty one when there is no pod. */
function wantedSlices(service: Stored, selected: readonly Stored[]): Wanted[] {
  const publish = objectOf(service.spec).publishNotReadyAddresses === true;
  const groups = new Map<string, { ports: JsonObject[]; endpoints: JsonObject[] }>();
  for (const pod of selected) {
    const ports = portsOf(pod, service);
    const id = JSON.stringify(ports);
    const group = groups.get(id) ?? { ports, endpoints: [] };
    group.endpoints.push(endpointOf(pod, service, publish));
    groups.set(id, group);
  }
  if (groups.size === 0) return [{ ports: null, endpoints: null }];
  return [...groups.values()].map(({ ports, endpoints }) => ({
    ports: ports.length === 0 ? null : ports,
    endpoints,
  }));
}

function writeSlices(store: ApiStore, service: Stored, wanted: readonly Wanted[]): void {
  const { name, namespace } = service.metadata;
  const own = store.list(slices, namespace).filter((slice) => isOwnedBy(slice, service));
  const headless =
    objectOf(service.spec).clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {};
  for (const [index, { ports, endpoints }] of wanted.entries()) {
    const existing = own[index];
    if (existing !== undefined) {
      store.update(slices, namespace, existing.metadata.name, (slice) => {
        if (isDeepStrictEqual([slice.ports, slice.endpoints], [ports, endpoints])) return;
        Object.assign(slice, { ports, endpoints });
        slice.metadata.generation = (slice.metadata.generation ?? 0) + 1;
      });
      continue;
    }
    store.create(slices, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: `${name}-`,
        namespace,
        generation: 1,
        labels: {
          ...stringsOf(service.metadata.labels),
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
          'kubernetes.io/service-name': name,
          ...headless,
        },
        ownerReferences: [controlledBy(service)],
      },
      addressType: 'IPv4',
      endpoints,
      ports,
    });
  }
  for (const slice of own.slice(wanted.length)) store.remove(slices, namespace, slice.metadata.name);
}

function subsets(service: Stored, selected: readonly Stored[]): JsonObject[] {
  return wantedSlices(
    service,
    selected.filter((pod) => pod.metadata.deletionTimestamp === undefined),
  )
    .filter((item) => item.endpoints !== null && item.ports !== null)
    .map(({ endpoints, ports }) => {
      const all = (endpoints ?? []).map((item) => ({
        ready: objectOf(item.conditions).ready === true,
        address: {
          ip: Array.isArray(item.addresses) ? (item.addresses[0] as unknown) : undefined,
          nodeName: item.nodeName,
          targetRef: item.targetRef,
        },
      }));
      const ready = all.filter((item) => item.ready).map((item) => item.address);
      const not = all.filter((item) => !item.ready).map((item) => item.address);
      return {
        ...(ready.length > 0 ? { addresses: ready } : {}),
        ...(not.length > 0 ? { notReadyAddresses: not } : {}),
        ports,
      };
    });
}

function writeEndpoints(store: ApiStore, service: Stored, selected: readonly Stored[]): void {
  const { name, namespace } = service.metadata;
  const wanted = subsets(service, selected);
  const change = (object: Stored): void => {
    if (wanted.length > 0) object.subsets = wanted;
    else Reflect.deleteProperty(object, 'subsets');
  };
  if (store.update(endpointsKey, namespace, name, change) !== undefined) return;
  const labels = { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' };
  const object = { apiVersion: 'v1', kind: 'Endpoints', metadata: { name, namespace, labels } };
  store.create(endpointsKey, wanted.length > 0 ? { ...object, subsets: wanted } : object);
}

/** EndpointSlices and Endpoints of every Service that has a selector. */
export function reconcileEndpoints(store: ApiStore): void {
  const all = store.list(services);
  for (const service of all) {
    const { selector } = objectOf(service.spec as unknown);
    if (selector === undefined) continue;
    const labels = Object.entries(stringsOf(selector));
    const selected = store.list(pods, service.metadata.namespace).filter((pod) => {
      const { status, metadata } = podOf(pod);
      const ended = status.phase === 'Succeeded' || status.phase === 'Failed';
      return (
        !ended &&
        status.podIP !== undefined &&
        labels.every(([key, value]) => metadata.labels?.[key] === value)
      );
    });
    writeSlices(store, service, wantedSlices(service, selected));
    writeEndpoints(store, service, selected);
  }
  for (const { metadata } of store.list(endpointsKey)) {
    const managed = stringsOf(metadata.labels)['endpoints.kubernetes.io/managed-by'] !== undefined;
    const exists = all.some(
      (service) =>
        service.metadata.name === metadata.name && service.metadata.namespace === metadata.namespace,
    );
    if (managed && !exists) store.remove(endpointsKey, metadata.namespace, metadata.name);
  }
}

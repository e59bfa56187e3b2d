import { objectOf, objectsOf, textOf, type JsonObject } from './json.js';
import { field, invalid } from './status.js';
import type { ApiStore } from './types.js';

const services = { group: '', resource: 'services' };

/** Of the API server and of the cluster's DNS. */
const reserved = new Set(['10.96.0.1', '10.96.0.10']);

/** A free address of the service network, 10.96.0.0/12, from the bottom up. */
function freeAddress(store: ApiStore): string {
  const taken = new Set(store.list(services).map((service) => textOf(objectOf(service.spec).clusterIP)));
  for (let index = 1; index < 1 << 16; index += 1) {
    const address = `10.96.${index >> 8}.${index & 255}`;
    if (!taken.has(address) && !reserved.has(address)) return address;
  }
  throw new Error('the service network is full');
}

function freeNodePort(store: ApiStore, own: readonly JsonObject[]): number {
  const taken = new Set(
    store
      .list(services)
      .flatMap((service) => objectsOf(objectOf(service.spec).ports).map((port) => port.nodePort)),
  );
  own.forEach((port) => taken.add(port.nodePort));
  let port = 30_000;
  while (taken.has(port)) port += 1;
  return port;
}

/** Completes a Service: type, addresses, families, ports. Throws 422 when it has no ports and needs some. */
export function completeService(store: ApiStore, service: JsonObject): void {
  const spec = objectOf(service.spec);
  service.spec = spec;
  spec.type ??= 'ClusterIP';
  spec.sessionAffinity ??= 'None';
  service.status ??= { loadBalancer: {} };
  const ports = objectsOf(spec.ports);
  if (spec.type === 'ExternalName') return;
  if (ports.length === 0 && spec.clusterIP !== 'None') {
    const { name } = objectOf(service.metadata);
    throw invalid('Service', '', textOf(name) ?? '', [field.required('spec.ports')]);
  }
  for (const port of ports) {
    port.protocol ??= 'TCP';
    port.targetPort ??= port.port;
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') {
      if (spec.allocateLoadBalancerNodePorts !== false) port.nodePort ??= freeNodePort(store, ports);
    } else Reflect.deleteProperty(port, 'nodePort');
  }
  spec.clusterIP ??= freeAddress(store);
  spec.clusterIPs ??= [spec.clusterIP];
  spec.ipFamilies ??= ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
  spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'ClusterIP') spec.externalTrafficPolicy ??= 'Cluster';
}

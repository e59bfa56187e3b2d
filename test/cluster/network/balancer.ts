/**
 * A load balancer outside of the nodes: gives Services of type LoadBalancer addresses of a pool, and says to which nodes each address
 * leads. Pure, but for the status that it writes.
 */
import { objectOf, objectsOf, textOf } from '../api/json.js';
import { recordEvent } from '../api/events.js';
import type { ApiStore } from '../api/types.js';
import type { Store, Stored } from '../types.js';
import type { BalancerOptions } from './options.js';

const services = { group: '', resource: 'services' };
const usual = Array.from({ length: 10 }, (_, index) => `192.0.2.${10 + index}`);

/** Addresses and the nodes (by name) that they lead to. */
export type BalancerRoutes = ReadonlyMap<string, readonly string[]>;

function givenTo(service: Stored): readonly string[] {
  const { ingress } = objectOf(objectOf(service.status).loadBalancer);
  return objectsOf(ingress).flatMap((one) => textOf(one.ip) ?? []);
}

/** Those that no other controller has been asked for. */
function ours(store: Store): Stored[] {
  return store.list(services).filter((service) => {
    const spec = objectOf(service.spec);
    return spec.type === 'LoadBalancer' && spec.loadBalancerClass === undefined;
  });
}

/** Gives an address to whoever waits for one; where none is left an event says so, once. */
export function giveAddresses(store: ApiStore, { pool = usual }: BalancerOptions): void {
  const taken = new Set(ours(store).flatMap(givenTo));
  // Whoever came first is served first, also where several came at once.
  const waiting = ours(store)
    .filter((service) => givenTo(service).length === 0)
    .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
  for (const service of waiting) {
    const { namespace, name, uid } = service.metadata;
    const free = pool.find((address) => !taken.has(address));
    if (free === undefined) {
      const told = store
        .list({ group: '', resource: 'events' }, namespace)
        .some((event) => objectOf(event.involvedObject).uid === uid && event.reason === 'AllocationFailed');
      const message = `Failed to allocate IP for "${namespace ?? ''}/${name}": no available IPs`;
      if (!told)
        recordEvent(store, {
          object: service,
          type: 'Warning',
          reason: 'AllocationFailed',
          message,
          component: 'metallb-controller',
        });
      continue;
    }
    taken.add(free);
    store.update(services, namespace, name, (object) => {
      object.status = { loadBalancer: { ingress: [{ ip: free, ipMode: 'VIP' }] } };
    });
  }
}

/** Which nodes get the packets for an address: those that are Ready and not excluded; with externalTrafficPolicy Local those with endpoints. */
export function balancerRoutes(store: Store): BalancerRoutes {
  const nodes = store
    .list({ group: '', resource: 'nodes' })
    .filter(({ metadata, status }) => {
      const ready = objectsOf(objectOf(status).conditions).some(
        (one) => one.type === 'Ready' && one.status === 'True',
      );
      return (
        ready && metadata.labels?.['node.kubernetes.io/exclude-from-external-load-balancers'] === undefined
      );
    })
    .map(({ metadata }) => metadata.name);
  const routes = new Map<string, readonly string[]>();
  for (const service of ours(store)) {
    const spec = objectOf(service.spec);
    const { namespace, name } = service.metadata;
    const local = new Set(
      store
        .list({ group: 'discovery.k8s.io', resource: 'endpointslices' }, namespace)
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
        .flatMap((slice) => objectsOf(slice.endpoints))
        .filter(({ conditions }) => objectOf(conditions).ready !== false)
        .map(({ nodeName }) => nodeName),
    );
    const to = spec.externalTrafficPolicy === 'Local' ? nodes.filter((node) => local.has(node)) : nodes;
    for (const address of givenTo(service)) routes.set(address, to);
  }
  return routes;
}

/** The lines of `ip -batch` that bring the routes from `laid`, which is brought up to date, to what is wanted. */
export function routeCommands(
  wanted: BalancerRoutes,
  laid: Map<string, string>,
  addressOf: (node: string) => string | undefined,
): string[] {
  const commands: string[] = [];
  const hops = new Map<string, string>();
  for (const [address, nodes] of wanted) {
    const via = nodes.flatMap((node) => addressOf(node) ?? []).map((one) => `nexthop via ${one}`);
    // Nobody has it then: what is nowhere is silent.
    if (via.length > 0) hops.set(address, via.join(' '));
  }
  for (const address of laid.keys()) if (!hops.has(address)) commands.push(`route del ${address}/32`);
  for (const [address, to] of hops)
    if (laid.get(address) !== to) commands.push(`route replace ${address}/32 ${to}`);
  laid.clear();
  for (const [address, to] of hops) laid.set(address, to);
  return commands;
}

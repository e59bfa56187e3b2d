import type { KubeApi } from '../kube/api.js';
import { resourcePath } from '../kube/paths.js';
import type { KubeObject, Pod, Service } from '../kube/types.js';
import { isFinished } from './pods.js';

interface Node extends KubeObject {
  readonly spec?: { readonly podCIDRs?: readonly string[]; readonly podCIDR?: string };
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] };
}

/** Names of addresses, for people: `pod shop/web-0`, `node worker-1`, `service shop/api`, `gateway of node worker-1`. */
export type AddressNames = ReadonlyMap<string, string>;

/** Who has which address in the cluster, as far as it may be read: what is forbidden only leaves names out. Never rejects. */
export async function addressNames(api: Pick<KubeApi, 'list'>): Promise<AddressNames> {
  const read = <T>(resource: string): Promise<readonly T[]> =>
    api.list<T>(resourcePath({ resource })).then(
      ({ items }) => items,
      () => [],
    );
  const [pods, services, nodes] = await Promise.all([
    read<Pod>('pods'),
    read<Service>('services'),
    read<Node>('nodes'),
  ]);
  const names = new Map<string, string>();
  const full = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;
  for (const pod of pods.filter((one) => !isFinished(one)))
    for (const { ip } of pod.status?.podIPs ?? []) names.set(ip, `pod ${full(pod)}`);
  for (const service of services)
    for (const ip of service.spec.clusterIPs ?? []) names.set(ip, `service ${full(service)}`);
  for (const node of nodes) {
    // Most plugins give the bridge of a node the first address of its pods' range.
    for (const range of node.spec?.podCIDRs ?? []) {
      const gateway = /^(\d+\.\d+\.\d+)\.0\//.exec(range)?.[1];
      if (gateway !== undefined) names.set(`${gateway}.1`, `gateway of node ${node.metadata.name}`);
    }
    // Last: pods of the host's network have the node's address.
    for (const { address } of node.status?.addresses ?? []) names.set(address, `node ${node.metadata.name}`);
  }
  return names;
}

import type { KubeApi } from '../kube/api.js';
import { podsPath, resourcePath } from '../kube/paths.js';
import type { Pod, Service } from '../kube/types.js';
import type { LogPeer } from './types.js';

/** Tells what a peer in a log line is. */
export interface PeerNames {
  /** `pod shop/web-0`, `svc shop/api`, `node worker-1`; undefined for what is nothing of the cluster, or could not be read. */
  nameOf(peer: LogPeer, namespace: string): string | undefined;
}

/** A table of addresses and names. The youngest pod of an address wins: the older one is gone or finished. */
export function peerNames(pods: readonly Pod[], services: readonly Service[]): PeerNames {
  const addresses = new Map<string, string>();
  const nodes = new Map<string, string>();
  for (const { metadata, spec, status } of pods) {
    if (status?.hostIP !== undefined && spec.nodeName !== undefined)
      nodes.set(status.hostIP, `node ${spec.nodeName}`);
    if (spec.hostNetwork === true || status?.phase === 'Succeeded' || status?.phase === 'Failed') continue;
    for (const { ip } of status?.podIPs ?? [])
      addresses.set(ip, `pod ${metadata.namespace ?? ''}/${metadata.name}`);
  }
  const names = new Map<string, string>();
  for (const { metadata, spec } of services) {
    const name = `${metadata.namespace ?? ''}/${metadata.name}`;
    names.set(name, `svc ${name}`);
    for (const ip of spec.clusterIPs ?? []) if (ip !== 'None') addresses.set(ip, `svc ${name}`);
  }
  return {
    nameOf({ host }, namespace) {
      const byAddress = addresses.get(host) ?? nodes.get(host);
      if (byAddress !== undefined) return byAddress;
      const [service = '', other] = host.replace(/\.$/, '').split('.');
      // `api`, `api.shop`, `api.shop.svc.cluster.local`; a name with a domain of its own is somebody else.
      const isLocal = !host.includes('.') || /^[^.]+\.[^.]+(?:\.svc(?:\..+)?)?$/.test(host);
      return isLocal ? names.get(`${other ?? namespace}/${service}`) : undefined;
    },
  };
}

/**
 * Reads what addresses belong to: of all namespaces where that is allowed, else of these. What may not be read is left out:
 * a peer keeps its address then. Never rejects.
 */
export async function readPeerNames(
  api: Pick<KubeApi, 'list'>,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<PeerNames> {
  const all = async <T>(path: (namespace?: string) => string): Promise<readonly T[]> => {
    try {
      return (await api.list<T>(path(), { signal })).items;
    } catch {
      const some = await Promise.allSettled(namespaces.map((each) => api.list<T>(path(each), { signal })));
      return some.flatMap((each) => (each.status === 'fulfilled' ? each.value.items : []));
    }
  };
  const [pods, services] = await Promise.all([
    all<Pod>(podsPath),
    all<Service>((namespace) => resourcePath({ resource: 'services', namespace })),
  ]);
  return peerNames(pods, services);
}

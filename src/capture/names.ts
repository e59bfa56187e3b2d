import type { KubeApi } from '../kube/api.js';
import { podsPath, resourcePath } from '../kube/paths.js';
import type { Pod, Service } from '../kube/types.js';
import type { NameRecord } from '../pcap/merge-types.js';
import { isFinished } from '../target/pods.js';
import { placeOf } from './targets.js';

/** Names for addresses, and which could not be read. */
export interface AddressNames {
  readonly names: readonly NameRecord[];
  /** e.g. `services in namespace shop`. */
  readonly unread: readonly string[];
}

/** A capture that waits for names helps nobody. */
const READ_TIMEOUT_MS = 10_000;
/** More than this is a namespace that nobody reads name by name. */
const MOST_NAMES = 10_000;

/**
 * Names of the pods, Services and nodes that may be seen from these namespaces: those of the namespaces themselves. What may not be
 * read has no name. Never rejects.
 */
export async function readNames(
  api: Pick<KubeApi, 'list'>,
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<AddressNames> {
  const unread: string[] = [];
  const list = async <T>(path: string, what: string): Promise<readonly T[]> => {
    try {
      return (await api.list<T>(path, { signal, timeoutMs: READ_TIMEOUT_MS })).items;
    } catch {
      unread.push(what);
      return [];
    }
  };
  const read = namespaces.map(async (namespace) => {
    const services = list<Service>(
      resourcePath({ resource: 'services', namespace }),
      `services in namespace ${namespace}`,
    );
    const pods = list<Pod>(podsPath(namespace), `pods in namespace ${namespace}`);
    return [...namesOfPods(await pods), ...(await services).flatMap(namesOfService)];
  });
  return { names: joined((await Promise.all(read)).flat()).slice(0, MOST_NAMES), unread };
}

/** Pods by `name.namespace`, nodes (whose addresses are also those of pods in the host's network) by their names. */
export function namesOfPods(pods: readonly Pod[]): readonly NameRecord[] {
  return joined(
    pods.flatMap((pod) => {
      const { node, namespace, pod: name, podIPs } = placeOf(pod);
      const { hostIP } = pod.status ?? {};
      const nodes = hostIP === undefined || node === undefined ? [] : [{ address: hostIP, names: [node] }];
      // The address of a pod that has finished may be another's by now.
      if (pod.spec.hostNetwork === true || isFinished(pod)) return nodes;
      return [...nodes, ...podIPs.map((address) => ({ address, names: [`${name}.${namespace}`] }))];
    }),
  );
}

function namesOfService({ metadata, spec }: Service): NameRecord[] {
  const own = [...new Set([...(spec.clusterIPs ?? []), spec.clusterIP ?? ''])];
  return own
    .filter((address) => address !== '' && address !== 'None')
    .map((address) => ({ address, names: [`${metadata.name}.${metadata.namespace ?? ''}.svc`] }));
}

/** One record an address. */
function joined(records: readonly NameRecord[]): readonly NameRecord[] {
  const byAddress = new Map<string, Set<string>>();
  for (const { address, names } of records) {
    const all = byAddress.get(address) ?? new Set();
    for (const name of names) all.add(name);
    byAddress.set(address, all);
  }
  return [...byAddress].map(([address, names]) => ({ address, names: [...names] }));
}

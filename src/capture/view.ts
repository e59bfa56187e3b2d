import type { Pod } from '../kube/types.js';
import { podName } from '../target/pods.js';

/** What of a mesh is wanted: the application's plain text, what goes over the wire, or both. */
export type View = 'app' | 'wire' | 'both';

/** One interface to capture on. */
export interface ViewInterface {
  readonly interface: string;
  /** For the description of the interface. */
  readonly shows: string;
}

/** Containers that stand between an application and its network, by their names. */
const sidecars: ReadonlyMap<string, string> = new Map([
  ['istio-proxy', 'istio'],
  ['linkerd-proxy', 'linkerd'],
  ['kuma-sidecar', 'kuma'],
  ['consul-dataplane', 'consul'],
]);

const views: Readonly<Record<View, readonly ViewInterface[]>> = {
  app: [{ interface: 'lo', shows: 'between the application and its proxy' }],
  wire: [{ interface: 'eth0', shows: 'on the wire' }],
  both: [
    { interface: 'lo', shows: 'between the application and its proxy' },
    { interface: 'eth0', shows: 'on the wire' },
  ],
};

/** The mesh that a pod is in: its proxy is a container, a sidecar among the init containers, or (istio ambient) in its network. */
export function meshOf(pod: Pod): string | undefined {
  const native = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const { name } of [...pod.spec.containers, ...native]) {
    const mesh = sidecars.get(name);
    if (mesh !== undefined) return mesh;
  }
  return pod.metadata.annotations?.['ambient.istio.io/redirection'] === 'enabled'
    ? 'istio ambient'
    : undefined;
}

/**
 * The interfaces of a view, and what is to be said about it: without a mesh there is nothing plain on `lo`, and what is on `eth0`
 * may be plain already.
 */
export function viewInterfaces(
  view: View,
  pod: Pod,
): { readonly interfaces: readonly ViewInterface[]; readonly note: string | undefined } {
  const mesh = meshOf(pod);
  const note =
    mesh !== undefined
      ? undefined
      : `${podName(pod)} has no mesh proxy (${[...sidecars.keys()].slice(0, 2).join(', ')}): ${
          view === 'wire' ? 'eth0 shows all there is' : 'lo shows only what the pod says to itself'
        }`;
  return { interfaces: views[view], note };
}

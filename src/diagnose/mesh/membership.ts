import { isManifest, runningContainers } from '../model/pods.js';
import type { SnapshotPod } from '../snapshot/types.js';

/** Whose proxy takes the connections of a workload: Istio's in the pod, Istio's on the node (ambient), that of another mesh, or nobody's. */
export type MeshKind = 'sidecar' | 'ambient' | 'linkerd' | 'kuma' | 'consul' | 'none';

/** One pod and the mesh. */
export interface Member {
  readonly kind: MeshKind;
  /** The container of the proxy. */
  readonly proxy?: string;
  /** The proxy is an init container that keeps running: it is up before the application. */
  readonly native: boolean;
  /** What says that a proxy of Istio should be there, whether or not it is: a label, and whose. */
  readonly expected?: Expectation;
}

export interface Expectation {
  readonly mode: 'sidecar' | 'ambient';
  /** `namespace` or `pod`. */
  readonly of: 'namespace' | 'pod';
  readonly label: string;
  readonly revision: string;
}

type Labels = Readonly<Record<string, string>>;

const proxies: Readonly<Record<string, MeshKind>> = {
  'istio-proxy': 'sidecar',
  'linkerd-proxy': 'linkerd',
  'kuma-sidecar': 'kuma',
  'consul-dataplane': 'consul',
};

/** Namespaces into which Istio never injects. Source: istio pkg/kube/inject IgnoredNamespaces. */
const ignored = ['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage'];

/** What a pod is to a mesh. `namespaceLabels` is undefined where the namespace could not be read. */
export function memberOf(pod: SnapshotPod, namespaceLabels: Labels | undefined): Member {
  const running = runningContainers(pod);
  const proxy = running.find(({ name }) => Object.hasOwn(proxies, name))?.name;
  const expected = expectationOf(pod, namespaceLabels);
  const about = expected === undefined ? {} : { expected };
  if (proxy !== undefined) {
    const native = !pod.spec.containers.some(({ name }) => name === proxy);
    return { kind: proxies[proxy] ?? 'none', proxy, native, ...about };
  }
  const said = pod.metadata.annotations?.['ambient.istio.io/redirection'] === 'enabled';
  const captured = said || (expected?.mode === 'ambient' && mayBeCaptured(pod));
  return { kind: captured ? 'ambient' : 'none', native: false, ...about };
}

/** istio-cni says so once it has redirected a pod. Where annotations were left out, as in a saved snapshot, the labels are believed. */
function mayBeCaptured(pod: SnapshotPod): boolean {
  return pod.metadata.annotations === undefined || isManifest(pod);
}

/** Whether Istio's webhook would inject the pod, or istio-cni redirect it. Source: istio.io, "Controlling the injection policy". */
function expectationOf(pod: SnapshotPod, namespace: Labels | undefined): Expectation | undefined {
  const { labels = {}, annotations = {}, namespace: place = '' } = pod.metadata;
  // Injection would change the network of the node.
  if (pod.spec.hostNetwork === true || ignored.includes(place)) return undefined;
  const own = labels['sidecar.istio.io/inject'];
  const said = own ?? annotations['sidecar.istio.io/inject'];
  const injection = namespace?.['istio-injection'];
  const revision = namespace?.['istio.io/rev'];
  if (said !== 'false') {
    if (injection === 'enabled')
      return { mode: 'sidecar', of: 'namespace', label: 'istio-injection=enabled', revision: 'default' };
    if (injection === undefined && revision !== undefined && !isAmbient(namespace, labels))
      return { mode: 'sidecar', of: 'namespace', label: `istio.io/rev=${revision}`, revision };
    // Labels of a pod are asked only where those of its namespace say nothing; an annotation calls nobody.
    const silent = namespace !== undefined && injection === undefined && revision === undefined;
    const wanted = labels['istio.io/rev'];
    if (silent && wanted !== undefined && own !== 'false' && !isAmbient(namespace, labels))
      return { mode: 'sidecar', of: 'pod', label: `istio.io/rev=${wanted}`, revision: wanted };
    if (silent && own === 'true')
      return { mode: 'sidecar', of: 'pod', label: 'sidecar.istio.io/inject=true', revision: 'default' };
  }
  if (!isAmbient(namespace, labels)) return undefined;
  const of = labels['istio.io/dataplane-mode'] === undefined ? 'namespace' : 'pod';
  return { mode: 'ambient', of, label: 'istio.io/dataplane-mode=ambient', revision: revision ?? 'default' };
}

/** The label of a pod goes before that of its namespace; `none` takes a pod out. */
function isAmbient(namespace: Labels | undefined, pod: Labels): boolean {
  return (pod['istio.io/dataplane-mode'] ?? namespace?.['istio.io/dataplane-mode']) === 'ambient';
}

/** The waypoint that traffic to a workload or Service passes, by the nearest label; undefined for none. */
export function waypointOf(...labels: readonly (Labels | undefined)[]): string | undefined {
  const name = labels.map((one) => one?.['istio.io/use-waypoint']).find((one) => one !== undefined);
  return name === 'none' ? undefined : name;
}

/** Whether a port of the pod goes around its sidecar, by the annotations that say so; the annotation where it does. */
export function excludedPort(
  { metadata: { annotations } }: SnapshotPod,
  direction: 'Inbound' | 'Outbound',
  port: number | undefined,
): string | undefined {
  if (port === undefined) return undefined;
  const listed = (name: string): readonly string[] | undefined =>
    annotations?.[`traffic.sidecar.istio.io/${name}`]?.split(',').map((one) => one.trim());
  const name = `exclude${direction}Ports`;
  if (listed(name)?.includes(String(port)) === true) return `traffic.sidecar.istio.io/${name}`;
  const only = listed('includeInboundPorts');
  return direction === 'Inbound' && only !== undefined && !only.includes('*') && !only.includes(String(port))
    ? 'traffic.sidecar.istio.io/includeInboundPorts'
    : undefined;
}

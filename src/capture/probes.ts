import { isIPv4, isIPv6 } from 'node:net';
import type { KubeApi } from '../kube/api.js';
import { resourcePath } from '../kube/paths.js';
import type { Container, KubeObject, Pod, Probe } from '../kube/types.js';
import { podName } from '../target/pods.js';
import { withoutProbesFilter } from './filter.js';

/** core/v1 Node, what tells from where its kubelet reaches pods. */
export interface ProbingNode extends KubeObject {
  readonly spec?: { readonly podCIDR?: string; readonly podCIDRs?: readonly string[] };
  readonly status?: { readonly addresses?: readonly { readonly type: string; readonly address: string }[] };
}

/** What `--no-probes` does in one pod. */
export interface ProbeExclusion {
  /** pcap-filter(7) expression; undefined when no probe sends packets. */
  readonly filter: string | undefined;
  /** For people, one sentence each: what is left out, and what could not be. */
  readonly notes: readonly string[];
}

/** Ports on which a mesh's proxy answers probes in the application's place. */
const meshPorts: ReadonlyMap<number, string> = new Map([
  [15020, "istio's agent, for the application"],
  [15021, "istio's proxy"],
  [4191, "linkerd's proxy"],
]);

/** Annotations by which network plugins name the address that a node reaches its pods from. */
const sourceAnnotations = [
  'projectcalico.org/IPv4IPIPTunnelAddr',
  'projectcalico.org/IPv4VXLANTunnelAddr',
  'projectcalico.org/IPv6VXLANTunnelAddr',
  'network.cilium.io/ipv4-cilium-host',
  'network.cilium.io/ipv6-cilium-host',
];

/** TCP ports of the pod that the kubelet knocks at; names that no port of the container has. exec probes send nothing. */
export function probePorts(pod: Pod): {
  readonly ports: readonly number[];
  readonly unresolved: readonly string[];
} {
  const ports = new Set<number>();
  const unresolved = new Set<string>();
  // An init container has probes only when it is a sidecar.
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const container of [...pod.spec.containers, ...sidecars]) {
    const { livenessProbe, readinessProbe, startupProbe } = container;
    for (const probe of [livenessProbe, readinessProbe, startupProbe]) {
      const port = probe === undefined ? undefined : portOf(probe, container, pod);
      if (typeof port === 'string') unresolved.add(`${container.name}: ${port}`);
      else if (port !== undefined) ports.add(port);
    }
  }
  return { ports: [...ports].sort((a, b) => a - b), unresolved: [...unresolved] };
}

/** A number, a name that is not known, or undefined where no packet comes to this pod. */
function portOf(probe: Probe, container: Container, pod: Pod): number | string | undefined {
  const { port, host } = probe.httpGet ?? probe.tcpSocket ?? { port: probe.grpc?.port, host: undefined };
  // A probe of another host leaves from the node and never comes here.
  if (host !== undefined && host !== '' && !podAddresses(pod).includes(host)) return undefined;
  if (typeof port !== 'string') return port;
  if (/^\d+$/.test(port)) return Number(port);
  return container.ports?.find(({ name }) => name === port)?.containerPort ?? port;
}

function podAddresses({ status }: Pod): readonly string[] {
  return [...(status?.podIPs ?? []).map(({ ip }) => ip), status?.podIP ?? ''];
}

/**
 * Addresses that the kubelet's probes come from: the node's own, the first of its pod range (the bridge, where the network plugin has
 * one) and those that plugins name. Without the node, what the pod's status says.
 */
export function probeSources(pod: Pod, node: ProbingNode | undefined): readonly string[] {
  const { status } = pod;
  const { podCIDR, podCIDRs } = node?.spec ?? {};
  const gateways = [...(podCIDRs ?? []), podCIDR ?? ''].map(firstOf);
  const annotated = sourceAnnotations.map((name) => node?.metadata.annotations?.[name]);
  const own = node?.status?.addresses?.map(({ address }) => address) ?? [];
  const all = [
    status?.hostIP,
    ...(status?.hostIPs ?? []).map(({ ip }) => ip),
    ...own,
    ...gateways,
    ...annotated,
  ];
  return [...new Set(all)].filter(
    (address): address is string => address !== undefined && (isIPv4(address) || isIPv6(address)),
  );
}

/** `10.244.1.0/24` → `10.244.1.1`; undefined for what is no range. */
function firstOf(cidr: string): string | undefined {
  const [base = '', prefix = ''] = cidr.split('/');
  if (!/^\d{1,3}$/.test(prefix)) return undefined;
  if (isIPv4(base)) return base.replace(/\d+$/, (last) => String(Number(last) + 1));
  return isIPv6(base) && base.endsWith('::') ? `${base}1` : undefined;
}

/** The exclusion for a pod; pure. @param node Undefined when it may not be read. */
export function excludeProbes(pod: Pod, node: ProbingNode | undefined): ProbeExclusion {
  const { ports, unresolved } = probePorts(pod);
  const filter = withoutProbesFilter(probeSources(pod, node), ports);
  const shown = ports.map((port) => {
    const mesh = meshPorts.get(port);
    return mesh === undefined ? String(port) : `${port} (${mesh})`;
  });
  const notes = unresolved.map((name) => `a probe names a port that its container does not have (${name})`);
  if (ports.length === 0) notes.push(`${podName(pod)} has no probes that send packets`);
  else if (filter === undefined) notes.push(`the node of ${podName(pod)} is not known, so its probes stay`);
  else
    notes.push(
      `left out: TCP between the node and ${ports.length === 1 ? 'port' : 'ports'} ${shown.join(', ')} of ${podName(pod)}`,
    );
  return { filter, notes };
}

/** Reads the pod's node, where that is allowed, and makes the exclusion. */
export async function readProbeExclusion(api: Pick<KubeApi, 'get'>, pod: Pod): Promise<ProbeExclusion> {
  const { nodeName } = pod.spec;
  if (nodeName === undefined || probePorts(pod).ports.length === 0) return excludeProbes(pod, undefined);
  const path = resourcePath({ group: '', version: 'v1', resource: 'nodes', name: nodeName });
  // The status of the pod names the node's address too: what is missing then are the plugin's.
  const node = await api.get<ProbingNode>(path).catch(() => undefined);
  return excludeProbes(pod, node);
}

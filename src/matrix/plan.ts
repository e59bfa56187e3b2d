import { isIP } from 'node:net';
import { hasLabels } from '../diagnose/snapshot/templates.js';
import type { ContainerPort, Pod, Service } from '../kube/types.js';
import type { MatrixDestination, MatrixPlan, MatrixSource } from './types.js';

/** A port that was asked for: a number, or the name that containers and Services give it. */
export interface AskedPort {
  readonly port: number | string;
  readonly protocol: MatrixDestination['protocol'];
}

export interface PlanRequest {
  readonly pods: readonly Pod[];
  /** Services among the targets: destinations of their own. */
  readonly services: readonly Service[];
  /** Services that tell the ports of pods which declare none. */
  readonly known: readonly Service[];
  /** Empty: those that pods declare, else those that Services lead to. */
  readonly ports: readonly AskedPort[];
}

interface Port {
  readonly port: number;
  readonly protocol: MatrixDestination['protocol'];
}

/** Who connects to what: pods by name, then Services by name, each of their ports by number. */
export function planMatrix({ pods, services, known, ports }: PlanRequest): MatrixPlan {
  const sorted = [...pods].sort(byName);
  const found = sorted.map((pod) => ({ pod, ports: portsOfPod(pod, known, ports) }));
  const ofPods = found.flatMap(({ pod, ports: own }) =>
    own.map((port): MatrixDestination => ({
      kind: 'pod',
      ...named(pod),
      host: pod.status?.podIP ?? pod.status?.podIPs?.[0]?.ip,
      ...port,
    })),
  );
  const ofServices = [...services].sort(byName).flatMap((service) =>
    portsOfService(service, ports).map((port): MatrixDestination => ({
      kind: 'service',
      ...named(service),
      host: hostOfService(service),
      ...port,
    })),
  );
  return {
    sources: sorted.map(sourceOf),
    destinations: [...ofPods, ...ofServices],
    portless: found.filter((one) => one.ports.length === 0).map(({ pod }) => sourceOf(pod)),
  };
}

/** Whether the ports of a pod have to be looked for among the Services. */
export function declaresPorts(pod: Pod): boolean {
  return declaredPorts(pod).length > 0;
}

function portsOfPod(pod: Pod, known: readonly Service[], asked: readonly AskedPort[]): Port[] {
  const declared = declaredPorts(pod);
  if (asked.length > 0)
    return distinct(
      asked.flatMap(({ port, protocol }) =>
        typeof port === 'number'
          ? [{ port, protocol }]
          : declared.filter((one) => one.name === port).map((one) => portOf(one.containerPort, one.protocol)),
      ),
    );
  if (declared.length > 0) return distinct(declared.map((one) => portOf(one.containerPort, one.protocol)));
  const led = known
    .filter(
      ({ metadata, spec }) => metadata.namespace === pod.metadata.namespace && hasLabels(pod, spec.selector),
    )
    .flatMap(({ spec }) => spec.ports ?? [])
    .flatMap(({ port, targetPort = port, protocol }) =>
      typeof targetPort === 'number' ? [portOf(targetPort, protocol)] : [],
    );
  return distinct(led);
}

/** Ports of containers, those of restartable init containers (native sidecars) included. Source: core/v1 ContainerPort. */
function declaredPorts({ spec }: Pod): ContainerPort[] {
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...spec.containers, ...sidecars].flatMap(({ ports }) => ports ?? []);
}

function portsOfService({ spec }: Service, asked: readonly AskedPort[]): Port[] {
  const own = spec.ports ?? [];
  if (asked.length === 0) return distinct(own.map(({ port, protocol }) => portOf(port, protocol)));
  return distinct(
    asked.flatMap(({ port, protocol }) =>
      typeof port === 'number'
        ? [{ port, protocol }]
        : own.filter(({ name }) => name === port).map((one) => portOf(one.port, one.protocol)),
    ),
  );
}

/** Its address; by name where it has none of its own. A name with the namespace is found by every search list of a cluster. */
function hostOfService({ metadata, spec }: Service): string {
  if (spec.type === 'ExternalName') return spec.externalName ?? '';
  const own = [...(spec.clusterIPs ?? []), spec.clusterIP ?? ''].find((ip) => isIP(ip) !== 0);
  return own ?? `${metadata.name}.${metadata.namespace ?? 'default'}.svc`;
}

function portOf(port: number, protocol: string | undefined): Port {
  const word = (protocol ?? 'TCP').toLowerCase();
  return { port, protocol: word === 'udp' || word === 'sctp' ? word : 'tcp' };
}

function distinct(ports: readonly Port[]): Port[] {
  const known = new Map(ports.map((one) => [`${one.port}/${one.protocol}`, one]));
  return [...known.values()].sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

function named({ metadata }: Named): { readonly namespace: string; readonly name: string } {
  return { namespace: metadata.namespace ?? 'default', name: metadata.name };
}

function sourceOf(pod: Pod): MatrixSource {
  const { namespace, name } = named(pod);
  return { namespace, pod: name };
}

function byName(a: Named, b: Named): number {
  const [one, other] = [named(a), named(b)];
  return (
    one.namespace.localeCompare(other.namespace) ||
    one.name.localeCompare(other.name, 'en', { numeric: true })
  );
}

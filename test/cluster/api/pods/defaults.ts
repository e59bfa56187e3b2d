import { at, objectOf, stringsOf } from '../json.js';
import type { ResourceType } from '../resources.js';
import { podOf, type Container, type Pod, type PodSpec, type Toleration } from './types.js';

/** `Always` for no tag or `latest`, as the API server chooses. */
function pullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function requestsFromLimits(container: Container): void {
  const { limits, requests } = container.resources ?? {};
  if (limits === undefined || container.resources === undefined) return;
  container.resources.requests = { ...limits, ...requests };
}

/** Completes a container; `ephemeral` ones take no ports or resources. */
function defaultContainer(container: Container): void {
  container.resources ??= {};
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  container.imagePullPolicy ??= pullPolicy(container.image ?? '');
  for (const port of container.ports ?? []) port.protocol ??= 'TCP';
}

function defaultTolerations(tolerations: readonly Toleration[]): Toleration[] {
  const tolerates = (key: string): boolean =>
    tolerations.some((item) => (item.key ?? key) === key && (item.effect ?? 'NoExecute') === 'NoExecute');
  const missing = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
    (key) => !tolerates(key),
  );
  return [
    ...tolerations,
    ...missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 })),
  ];
}

/** What the versioned defaults of a PodSpec fill in, in pods and in pod templates alike. */
export function defaultPodSpec(spec: PodSpec): void {
  spec.restartPolicy ??= 'Always';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.securityContext ??= {};
  spec.schedulerName ??= 'default-scheduler';
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    defaultContainer(container);
    if (!spec.hostNetwork) continue;
    for (const port of container.ports ?? [])
      if (port.containerPort !== undefined) port.hostPort ??= port.containerPort;
  }
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container);
  if (spec.serviceAccountName !== undefined) spec.serviceAccount = spec.serviceAccountName;
}

/** Quality of service from requests and limits. Source: k8s.io/kubernetes/pkg/apis/core/v1/helper/qos. */
function qosClass(spec: PodSpec): string {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const some = containers.some(
    ({ resources }) => resources?.limits !== undefined || resources?.requests !== undefined,
  );
  if (!some) return 'BestEffort';
  const guaranteed = containers.every(({ resources }) =>
    ['cpu', 'memory'].every((name) => {
      const limit = resources?.limits?.[name];
      return limit !== undefined && (resources?.requests?.[name] ?? limit) === limit;
    }),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/**
 * A new pod as it is stored: defaults, what the admission plugins add (service account name, tolerations, priority),
 * and the status the API server begins with. Service account tokens are not mounted.
 */
export function completePod(object: unknown): void {
  const pod = podOf(object);
  pod.spec = objectOf(pod.spec);
  const { spec } = pod;
  defaultPodSpec(spec);
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])])
    requestsFromLimits(container);
  spec.enableServiceLinks ??= true;
  spec.serviceAccountName ??= spec.serviceAccount ?? 'default';
  spec.serviceAccount = spec.serviceAccountName;
  spec.tolerations = defaultTolerations(spec.tolerations ?? []);
  spec.priority ??= 0;
  spec.preemptionPolicy ??= 'PreemptLowerPriority';
  pod.status = { phase: 'Pending', qosClass: qosClass(spec) };
}

function defaultWorkload(resource: string, spec: Record<string, unknown>): void {
  const template = objectOf(at(spec, 'template', 'spec'));
  defaultPodSpec(template);
  if (resource === 'jobs') {
    spec.parallelism ??= 1;
    spec.completions ??= 1;
    spec.backoffLimit ??= 6;
    spec.completionMode ??= 'NonIndexed';
    spec.suspend ??= false;
    return;
  }
  if (resource !== 'daemonsets') spec.replicas ??= 1;
  if (resource === 'deployments') {
    spec.strategy ??= { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } };
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
  }
}

const workloads = new Set(['deployments', 'replicasets', 'daemonsets', 'statefulsets', 'jobs']);

/** stringData is write-only: it comes back as data. */
function defaultSecret(secret: Record<string, unknown>): void {
  secret.type ??= 'Opaque';
  const given = Object.entries(stringsOf(secret.stringData));
  if (given.length === 0) return;
  const encoded = given.map(([name, text]) => [name, Buffer.from(text).toString('base64')] as const);
  secret.data = { ...objectOf(secret.data), ...Object.fromEntries(encoded) };
  Reflect.deleteProperty(secret, 'stringData');
}

/** Defaults of the kinds that have some and are neither pods nor services. */
export function completeOther(type: ResourceType, object: Record<string, unknown>): void {
  if (workloads.has(type.resource)) defaultWorkload(type.resource, objectOf(object.spec));
  if (type.resource === 'secrets') defaultSecret(object);
  if (type.resource === 'networkpolicies') {
    const spec = objectOf(object.spec);
    spec.policyTypes ??= spec.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress'];
  }
  if (type.resource === 'namespaces') {
    const metadata = objectOf(object.metadata);
    metadata.labels = { ...objectOf(metadata.labels), 'kubernetes.io/metadata.name': metadata.name };
    object.spec ??= { finalizers: ['kubernetes'] };
    object.status = { phase: 'Active' };
  }
}

/** Pods that the kubelet made from a file: no ephemeral containers there. */
export function isMirrorPod(pod: Pod): boolean {
  return pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined;
}

import type { KubeObject, Pod, PodSpec, SecurityContext } from '../kube/types.js';
import { mergeContainer } from './custom.js';
import { securityContextOf } from './profile.js';
import { isOurs, leasedContainer, type DebugContainerSpec, type Rung } from './spec.js';
import type { DebugOptions } from './types.js';

/** A debug pod in the network of a node, as it is sent. */
export interface NodePodManifest extends KubeObject {
  readonly apiVersion: 'v1';
  readonly kind: 'Pod';
  readonly spec: PodSpec & {
    readonly nodeName: string;
    readonly hostNetwork: true;
    readonly activeDeadlineSeconds: number;
    readonly containers: readonly [DebugContainerSpec];
  } & Readonly<Record<string, unknown>>;
}

/** Label by which our own pods are known, with its value. */
const managedBy = { label: 'app.kubernetes.io/managed-by', value: 'kubectl-netdebug' } as const;

/** Annotation that says who made the pod, as the API server knows them. */
const createdBy = 'kubectl-netdebug/created-by';

/** Name of the one container. */
const nodeContainer = 'netdebug';

/** However long a tool runs in it, the kubelet ends the pod after a day. */
const nodePodDeadlineSeconds = 86_400;

/**
 * What a capture needs of root's rights and no more; without SETUID and SETGID Debian's tcpdump gives up. Not with
 * allowPrivilegeEscalation false: nothing here could gain any, and ping of some images is setuid.
 */
const leastContext: SecurityContext = {
  runAsUser: 0,
  runAsNonRoot: false,
  capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW', 'SETGID', 'SETUID'] },
};

/** Sidecars are of no use in the network of a node, and would not let the pod come to its end. */
const noSidecars = {
  labels: { 'sidecar.istio.io/inject': 'false', 'kuma.io/sidecar-injection': 'disabled' },
  annotations: {
    'sidecar.istio.io/inject': 'false',
    'linkerd.io/inject': 'disabled',
    'kuma.io/sidecar-injection': 'disabled',
    'consul.hashicorp.com/connect-inject': 'false',
  },
} as const;

/** What the pod of a node is made from. */
export interface NodePodInput {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  /** User name, as the API server knows it; undefined when it does not tell. */
  readonly createdBy: string | undefined;
  readonly options: DebugOptions;
}

/** `netdebug-NODE-xxxxx`: the name of a debug container, with the node in it, as the name of a pod (63 characters at most). */
export function nodePodName(node: string, containerName: string): string {
  const [prefix = '', random = ''] = containerName.split('-');
  const middle = node.replace(/[^a-z0-9]+/g, '-').slice(0, 40);
  return `${prefix}-${middle.replace(/^-+|-+$/g, '') || 'node'}-${random}`;
}

/** The pod: a function of node and options, nothing is asked or sent. */
export function nodePodManifest(input: NodePodInput): NodePodManifest {
  const { namespace, name, node, options } = input;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: { [managedBy.label]: managedBy.value, ...noSidecars.labels },
      annotations: {
        ...(input.createdBy === undefined ? {} : { [createdBy]: input.createdBy }),
        ...noSidecars.annotations,
      },
    },
    spec: {
      // Named outright: the scheduler is not asked, so neither taints nor a full node keep the pod away.
      nodeName: node,
      tolerations: [{ operator: 'Exists' }],
      hostNetwork: true,
      restartPolicy: 'Never',
      activeDeadlineSeconds: nodePodDeadlineSeconds,
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      containers: [nodeContainerSpec(name, options)],
    },
  };
}

function nodeContainerSpec(id: string, options: DebugOptions): DebugContainerSpec {
  const rung: Rung = options.profile === 'auto' ? 'netadmin' : options.profile;
  const context =
    options.profile === 'auto' || typeof rung !== 'string'
      ? leastContext
      : securityContextOf(rung, { metadata: { name: id }, spec: { containers: [] } });
  const spec = {
    ...leasedContainer(nodeContainer, id, rung, options),
    resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '512Mi' } },
    securityContext: context,
  };
  return typeof rung === 'string' ? spec : mergeContainer(spec, rung.container);
}

/** Whether a pod is a debug pod of this program on a node. */
export function isNodePod(pod: Pod): boolean {
  return (
    pod.metadata.labels?.[managedBy.label] === managedBy.value &&
    pod.spec.hostNetwork === true &&
    pod.spec.containers.some((container) => isOurs(container))
  );
}

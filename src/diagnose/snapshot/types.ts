import type { KubeObject, Pod, Service } from '../../kube/types.js';
import type {
  ClusterPolicy,
  LabelSelector,
  NetworkPolicy,
  PolicyNamespace,
  PolicyNode,
} from '../policy/objects.js';
import type { Reading } from '../reading.js';

/** core/v1 Service with what decides by which address its clients arrive. */
export type SnapshotService = Service & { readonly spec: { readonly externalTrafficPolicy?: string } };

/** discovery.k8s.io/v1 EndpointSlice. */
export interface EndpointSlice extends KubeObject {
  readonly endpoints?:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions?: { readonly ready?: boolean | null } | null;
        readonly targetRef?: {
          readonly kind?: string;
          readonly namespace?: string;
          readonly name?: string;
        } | null;
      }[]
    | null;
  readonly ports?:
    | readonly {
        readonly name?: string | null;
        readonly port?: number | null;
        readonly protocol?: string | null;
      }[]
    | null;
}

/** What makes pods: Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob. */
export interface Workload extends KubeObject {
  readonly spec: {
    readonly replicas?: number | null;
    /** ReplicationController has plain labels here. */
    readonly selector?: LabelSelector | Readonly<Record<string, string>> | null;
    readonly template?: PodTemplate | null;
    /** CronJob */
    readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplate | null } | null } | null;
  };
  readonly status?: { readonly completionTime?: string | null };
}

export interface PodTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> | null } | null;
  readonly spec: Pod['spec'];
}

/** The type of the objects of every kind that a snapshot can hold, by plural name. */
export interface SnapshotTypes {
  readonly pods: Pod;
  readonly namespaces: PolicyNamespace;
  readonly nodes: PolicyNode;
  readonly services: SnapshotService;
  readonly endpointslices: EndpointSlice;
  readonly deployments: Workload;
  readonly statefulsets: Workload;
  readonly daemonsets: Workload;
  readonly replicasets: Workload;
  readonly replicationcontrollers: Workload;
  readonly jobs: Workload;
  readonly cronjobs: Workload;
  readonly networkpolicies: NetworkPolicy;
  readonly adminnetworkpolicies: ClusterPolicy;
  readonly baselineadminnetworkpolicies: ClusterPolicy;
  readonly clusternetworkpolicies: ClusterPolicy;
  readonly ciliumnetworkpolicies: KubeObject;
  readonly ciliumclusterwidenetworkpolicies: KubeObject;
  readonly caliconetworkpolicies: KubeObject;
  readonly calicoglobalnetworkpolicies: KubeObject;
  readonly antreanetworkpolicies: KubeObject;
  readonly antreaclusternetworkpolicies: KubeObject;
}

export type SnapshotKind = keyof SnapshotTypes;

/** The objects of a moment, as they were read, or why they could not be. Nothing is fetched behind it. */
export interface Snapshot {
  /**
   * The objects of a kind, in one namespace or in all that were read. Unknown when any part of what is asked for is.
   * What was never asked for is unknown too.
   */
  readonly read: <K extends SnapshotKind>(kind: K, namespace?: string) => Reading<SnapshotTypes[K]>;
}

/** One part of a snapshot: a kind in one namespace, or everywhere when `namespace` is absent. */
export interface Part<K extends SnapshotKind = SnapshotKind> {
  readonly kind: K;
  readonly namespace?: string;
  readonly reading: Reading<SnapshotTypes[K]>;
}

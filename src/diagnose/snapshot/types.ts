import type { KubeEvent, KubeObject, Pod, Service } from '../../kube/types.js';
import type {
  AuthorizationPolicy,
  DestinationRule,
  PeerAuthentication,
  ServiceEntry,
  Sidecar,
  VirtualService,
} from '../mesh/objects.js';
import type {
  ClusterPolicy,
  LabelSelector,
  NetworkPolicy,
  PolicyNamespace,
  PolicyNode,
} from '../policy/objects.js';
import type { Reading } from '../reading.js';
import type {
  Gateway,
  GatewayClass,
  Ingress,
  IngressClass,
  ReferenceGrant,
  Route,
  SecretShape,
  ServiceOutside,
  WebhookConfiguration,
} from './types-outside.js';

/** core/v1 Pod with what decides how its names resolve and when it is Ready. */
export type SnapshotPod = Pod & {
  readonly spec: {
    readonly serviceAccountName?: string;
    readonly hostname?: string;
    readonly subdomain?: string;
    readonly dnsPolicy?: string;
    readonly dnsConfig?: {
      readonly nameservers?: readonly string[] | null;
      readonly searches?: readonly string[] | null;
      readonly options?: readonly { readonly name?: string; readonly value?: string }[] | null;
    } | null;
    readonly readinessGates?: readonly { readonly conditionType: string }[] | null;
  };
};

/** core/v1 Service with what decides which of its endpoints a client is given, and by which address clients arrive. */
export type SnapshotService = Service &
  ServiceOutside & {
    readonly spec: {
      readonly externalTrafficPolicy?: string;
      readonly internalTrafficPolicy?: string;
      readonly publishNotReadyAddresses?: boolean;
      readonly sessionAffinity?: string;
      readonly sessionAffinityConfig?: {
        readonly clientIP?: { readonly timeoutSeconds?: number | null } | null;
      } | null;
      readonly externalIPs?: readonly string[] | null;
      readonly trafficDistribution?: string | null;
      readonly ipFamilies?: readonly string[];
    };
  };

/** core/v1 Node with its state. */
export interface SnapshotNode extends PolicyNode {
  readonly spec?: {
    readonly podCIDR?: string;
    readonly podCIDRs?: readonly string[];
    readonly providerID?: string;
  } | null;
  readonly status?: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly conditions?: readonly ObjectCondition[];
  };
}

/** A condition in the status of an object. */
export interface ObjectCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string | null;
}

/** discovery.k8s.io/v1 EndpointSlice. */
export interface EndpointSlice extends KubeObject {
  /** IPv4, IPv6 or FQDN. */
  readonly addressType?: string;
  readonly endpoints?:
    | readonly {
        readonly addresses: readonly string[];
        readonly conditions?: {
          readonly ready?: boolean | null;
          readonly serving?: boolean | null;
          readonly terminating?: boolean | null;
        } | null;
        readonly nodeName?: string | null;
        readonly zone?: string | null;
        readonly hints?: {
          readonly forZones?: readonly { readonly name: string }[] | null;
          readonly forNodes?: readonly { readonly name: string }[] | null;
        } | null;
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
    /** StatefulSet */
    readonly serviceName?: string;
    /** ReplicationController has plain labels here. */
    readonly selector?: LabelSelector | Readonly<Record<string, string>> | null;
    readonly template?: PodTemplate | null;
    /** CronJob */
    readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplate | null } | null } | null;
  };
  readonly status?: {
    readonly completionTime?: string | null;
    readonly conditions?: readonly ObjectCondition[] | null;
  };
}

export interface PodTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> | null } | null;
  readonly spec: Pod['spec'];
}

/** core/v1 ConfigMap. Only a few of kube-system are kept, and of these only some of their data. */
export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>> | null;
}

/** The type of the objects of every kind that a snapshot can hold, by plural name. */
export interface SnapshotTypes {
  readonly pods: SnapshotPod;
  readonly namespaces: PolicyNamespace;
  readonly nodes: SnapshotNode;
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
  readonly events: KubeEvent;
  readonly configmaps: ConfigMap;
  readonly ingresses: Ingress;
  readonly ingressclasses: IngressClass;
  readonly gatewayclasses: GatewayClass;
  readonly gateways: Gateway;
  readonly httproutes: Route;
  readonly grpcroutes: Route;
  readonly tlsroutes: Route;
  readonly tcproutes: Route;
  readonly referencegrants: ReferenceGrant;
  readonly validatingwebhookconfigurations: WebhookConfiguration;
  readonly secrets: SecretShape;
  readonly peerauthentications: PeerAuthentication;
  readonly authorizationpolicies: AuthorizationPolicy;
  readonly destinationrules: DestinationRule;
  readonly virtualservices: VirtualService;
  readonly sidecars: Sidecar;
  readonly serviceentries: ServiceEntry;
  /** Only its labels are read, which name revisions and tags of Istio. */
  readonly mutatingwebhookconfigurations: KubeObject;
}

export type SnapshotKind = keyof SnapshotTypes;

/** The objects of a kind, in one namespace or in all that were read; or only the one of this name. */
export type ReadObjects = <K extends SnapshotKind>(
  kind: K,
  namespace?: string,
  name?: string,
) => Reading<SnapshotTypes[K]>;

/** The objects of a moment, as they were read, or why they could not be. Nothing is fetched behind it. */
export interface Snapshot {
  /** All that was read, as it was read. */
  readonly parts: readonly Part[];
  /** Where each object of files stands, by its key (`service shop/api`); absent for what came from a cluster. */
  readonly origins?: ReadonlyMap<string, Origin>;
  /**
   * The objects of a kind, in one namespace or in all that were read. Unknown when any part of what is asked for is.
   * What was never asked for is unknown too. `name`: that one object alone, whatever became of others; none where there is no such.
   */
  readonly read: ReadObjects;
}

/** The file of an object, and the how-manieth object of that file it is, from 0. */
export interface Origin {
  readonly file: string;
  readonly index: number;
}

/** One part of a snapshot: a kind in one namespace, or everywhere when `namespace` is absent; one object where `name` is there. */
export interface Part<K extends SnapshotKind = SnapshotKind> {
  readonly kind: K;
  readonly namespace?: string;
  readonly name?: string;
  readonly reading: Reading<SnapshotTypes[K]>;
}

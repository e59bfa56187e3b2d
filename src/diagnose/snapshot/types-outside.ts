/**
 * The objects in front of Services, with the fields that decide who comes in by which address. `null` stands where manifests may have it.
 * Sources: core/v1, networking.k8s.io/v1, admissionregistration.k8s.io/v1, gateway.networking.k8s.io v1 and v1alpha2.
 */
import type { KubeObject, ObjectMeta } from '../../kube/types.js';
import type { LabelSelector } from '../policy/objects.js';

/** The status of a load balancer: an address, or a name that leads to one. */
export interface LoadBalancerIngress {
  readonly ip?: string | null;
  readonly hostname?: string | null;
  /** VIP (default) or Proxy: whether packets keep the balancer's address as their destination. */
  readonly ipMode?: string | null;
  readonly ports?:
    readonly { readonly port: number; readonly protocol?: string; readonly error?: string | null }[] | null;
}

interface LoadBalancerStatus {
  readonly loadBalancer?: { readonly ingress?: readonly LoadBalancerIngress[] | null } | null;
  readonly conditions?: readonly OutsideCondition[] | null;
}

/** What a Service says about clients from outside. */
export interface ServiceOutside {
  readonly spec: {
    readonly externalIPs?: readonly string[] | null;
    readonly loadBalancerIP?: string | null;
    readonly loadBalancerClass?: string | null;
    readonly loadBalancerSourceRanges?: readonly string[] | null;
    readonly allocateLoadBalancerNodePorts?: boolean | null;
    readonly healthCheckNodePort?: number | null;
  };
  readonly status?: LoadBalancerStatus | null;
}

/** meta/v1 Condition. */
export interface OutsideCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string | null;
}

/** networking.k8s.io/v1 IngressBackend: one of the two. */
export interface IngressBackend {
  readonly service?: {
    readonly name: string;
    readonly port?: { readonly number?: number | null; readonly name?: string | null } | null;
  } | null;
  readonly resource?: {
    readonly apiGroup?: string | null;
    readonly kind: string;
    readonly name: string;
  } | null;
}

/** networking.k8s.io/v1 HTTPIngressPath. */
export interface IngressPath {
  readonly path?: string | null;
  readonly pathType?: string | null;
  readonly backend: IngressBackend;
}

/** networking.k8s.io/v1 Ingress. */
export interface Ingress extends KubeObject {
  readonly spec?: {
    readonly ingressClassName?: string | null;
    readonly defaultBackend?: IngressBackend | null;
    readonly tls?:
      readonly { readonly hosts?: readonly string[] | null; readonly secretName?: string | null }[] | null;
    readonly rules?:
      | readonly {
          readonly host?: string | null;
          readonly http?: { readonly paths?: readonly IngressPath[] | null } | null;
        }[]
      | null;
  } | null;
  readonly status?: LoadBalancerStatus | null;
}

/** networking.k8s.io/v1 IngressClass. */
export interface IngressClass extends KubeObject {
  readonly spec?: { readonly controller?: string | null } | null;
}

/** core/v1 Secret without a single value: from files the names of its keys are kept, from a cluster not even those arrive. */
export interface SecretShape extends KubeObject {
  readonly type?: string;
  /** Undefined where they are not known. */
  readonly keys?: readonly string[];
}

/** admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration. */
export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?:
    | readonly {
        readonly name: string;
        readonly failurePolicy?: string | null;
        readonly clientConfig?: {
          readonly url?: string | null;
          readonly service?: {
            readonly namespace: string;
            readonly name: string;
            readonly port?: number | null;
          } | null;
        } | null;
        readonly rules?:
          | readonly { readonly apiGroups?: readonly string[]; readonly resources?: readonly string[] }[]
          | null;
      }[]
    | null;
}

/** Metadata with the number of the last change of spec. */
type GenerationMeta = ObjectMeta & { readonly generation?: number };

/** gateway.networking.k8s.io GatewayClass. */
export interface GatewayClass extends KubeObject {
  readonly metadata: GenerationMeta;
  readonly spec?: { readonly controllerName?: string | null } | null;
  readonly status?: { readonly conditions?: readonly OutsideCondition[] | null } | null;
}

/** gateway.networking.k8s.io Listener. */
export interface GatewayListener {
  readonly name: string;
  readonly hostname?: string | null;
  readonly port: number;
  /** HTTP, HTTPS, TLS, TCP, UDP, or an implementation's own. */
  readonly protocol: string;
  readonly tls?: {
    readonly mode?: string | null;
    readonly certificateRefs?:
      | readonly {
          readonly group?: string | null;
          readonly kind?: string | null;
          readonly namespace?: string | null;
          readonly name: string;
        }[]
      | null;
  } | null;
  readonly allowedRoutes?: {
    readonly namespaces?: { readonly from?: string | null; readonly selector?: LabelSelector | null } | null;
    readonly kinds?: readonly { readonly group?: string | null; readonly kind: string }[] | null;
  } | null;
}

/** gateway.networking.k8s.io Gateway. */
export interface Gateway extends KubeObject {
  readonly metadata: GenerationMeta;
  readonly spec?: {
    readonly gatewayClassName?: string | null;
    readonly listeners?: readonly GatewayListener[] | null;
    readonly addresses?: readonly { readonly type?: string | null; readonly value?: string | null }[] | null;
  } | null;
  readonly status?: {
    readonly addresses?: readonly { readonly type?: string | null; readonly value: string }[] | null;
    readonly conditions?: readonly OutsideCondition[] | null;
    readonly listeners?:
      | readonly {
          readonly name: string;
          readonly attachedRoutes?: number;
          readonly supportedKinds?:
            readonly { readonly group?: string | null; readonly kind: string }[] | null;
          readonly conditions?: readonly OutsideCondition[] | null;
        }[]
      | null;
  } | null;
}

/** gateway.networking.k8s.io ParentReference. */
export interface ParentReference {
  readonly group?: string | null;
  readonly kind?: string | null;
  readonly namespace?: string | null;
  readonly name: string;
  readonly sectionName?: string | null;
  readonly port?: number | null;
}

/** gateway.networking.k8s.io BackendRef. */
export interface RouteBackend {
  readonly group?: string | null;
  readonly kind?: string | null;
  readonly namespace?: string | null;
  readonly name: string;
  readonly port?: number | null;
  /** Absent means 1. */
  readonly weight?: number | null;
}

/** One match of an HTTPRoute or a GRPCRoute. */
export interface RouteMatch {
  /** HTTPRoute; absent means PathPrefix `/`. */
  readonly path?: { readonly type?: string | null; readonly value?: string | null } | null;
  /** HTTPRoute: a word; GRPCRoute: service and method. */
  readonly method?:
    | string
    | { readonly type?: string | null; readonly service?: string | null; readonly method?: string | null }
    | null;
  readonly headers?: readonly { readonly name: string; readonly value?: string | null }[] | null;
  readonly queryParams?: readonly { readonly name: string; readonly value?: string | null }[] | null;
}

/** HTTPRoute, GRPCRoute, TLSRoute and TCPRoute of gateway.networking.k8s.io: what they have in common, and what each has besides. */
export interface Route extends KubeObject {
  readonly metadata: GenerationMeta;
  readonly spec?: {
    readonly parentRefs?: readonly ParentReference[] | null;
    readonly hostnames?: readonly string[] | null;
    readonly rules?:
      | readonly {
          readonly name?: string | null;
          readonly matches?: readonly RouteMatch[] | null;
          readonly filters?: readonly { readonly type?: string | null }[] | null;
          readonly backendRefs?: readonly RouteBackend[] | null;
        }[]
      | null;
  } | null;
  readonly status?: {
    readonly parents?:
      | readonly {
          readonly parentRef: ParentReference;
          readonly controllerName?: string;
          readonly conditions?: readonly OutsideCondition[] | null;
        }[]
      | null;
  } | null;
}

/** gateway.networking.k8s.io ReferenceGrant. */
export interface ReferenceGrant extends KubeObject {
  readonly spec?: {
    readonly from?:
      readonly { readonly group?: string | null; readonly kind: string; readonly namespace: string }[] | null;
    readonly to?:
      | readonly { readonly group?: string | null; readonly kind: string; readonly name?: string | null }[]
      | null;
  } | null;
}

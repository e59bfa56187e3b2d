/**
 * The fields of Istio's objects that decide whether and how two workloads talk, as its API names them. `null` stands where manifests may
 * have it. Sources: security.istio.io/v1 and networking.istio.io/v1; v1beta1 and v1alpha3 of them have the same fields.
 */
import type { KubeObject } from '../../kube/types.js';

export type Words = readonly string[] | null;

/** type/v1beta1 WorkloadSelector; Sidecar and ServiceEntry call its labels `labels`. */
export interface WorkloadSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | null;
  readonly labels?: Readonly<Record<string, string>> | null;
}

/** `UNSET`, `DISABLE`, `PERMISSIVE` or `STRICT`. */
export interface MutualTls {
  readonly mode?: string | null;
}

/** security.istio.io PeerAuthentication. */
export interface PeerAuthentication extends KubeObject {
  readonly spec?: {
    readonly selector?: WorkloadSelector | null;
    readonly mtls?: MutualTls | null;
    readonly portLevelMtls?: Readonly<Record<string, MutualTls | null>> | null;
  } | null;
}

/** Who calls; every field that is set has to hold. */
export type AuthorizationSource = Readonly<Record<string, Words>>;
/** What is called; every field that is set has to hold. */
export type AuthorizationOperation = Readonly<Record<string, Words>>;

export interface AuthorizationRule {
  readonly from?: readonly ({ readonly source?: AuthorizationSource | null } | null)[] | null;
  readonly to?: readonly ({ readonly operation?: AuthorizationOperation | null } | null)[] | null;
  readonly when?:
    readonly { readonly key: string; readonly values?: Words; readonly notValues?: Words }[] | null;
}

interface TargetRef {
  readonly group?: string | null;
  readonly kind: string;
  readonly name: string;
}

/** security.istio.io AuthorizationPolicy. */
export interface AuthorizationPolicy extends KubeObject {
  readonly spec?: {
    readonly selector?: WorkloadSelector | null;
    readonly targetRef?: TargetRef | null;
    readonly targetRefs?: readonly TargetRef[] | null;
    readonly action?: string | null;
    readonly provider?: { readonly name?: string | null } | null;
    readonly rules?: readonly (AuthorizationRule | null)[] | null;
  } | null;
}

interface ClientTls {
  readonly mode?: string | null;
}

export interface PortTrafficPolicy {
  readonly port?: { readonly number?: number | null } | null;
  readonly tls?: ClientTls | null;
}

export interface TrafficPolicy {
  readonly tls?: ClientTls | null;
  readonly portLevelSettings?: readonly PortTrafficPolicy[] | null;
}

export interface Subset {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly trafficPolicy?: TrafficPolicy | null;
}

/** networking.istio.io DestinationRule. */
export interface DestinationRule extends KubeObject {
  readonly spec?: {
    readonly host?: string | null;
    readonly trafficPolicy?: TrafficPolicy | null;
    readonly subsets?: readonly Subset[] | null;
    readonly exportTo?: Words;
    readonly workloadSelector?: WorkloadSelector | null;
  } | null;
}

export interface RouteDestination {
  readonly host?: string | null;
  readonly subset?: string | null;
  readonly port?: { readonly number?: number | null } | null;
}

/** What a route asks of a request. Only what is known without one is listed. */
export interface RouteMatch {
  readonly port?: number | null;
  readonly gateways?: Words;
  readonly sourceLabels?: Readonly<Record<string, string>> | null;
  readonly sourceNamespace?: string | null;
  readonly [field: string]: unknown;
}

export interface Route {
  readonly match?: readonly (RouteMatch | null)[] | null;
  readonly route?:
    readonly { readonly destination?: RouteDestination | null; readonly weight?: number | null }[] | null;
}

/** networking.istio.io VirtualService. */
export interface VirtualService extends KubeObject {
  readonly spec?: {
    readonly hosts?: Words;
    readonly gateways?: Words;
    readonly exportTo?: Words;
    readonly http?: readonly (Route | null)[] | null;
    readonly tls?: readonly (Route | null)[] | null;
    readonly tcp?: readonly (Route | null)[] | null;
  } | null;
}

/** networking.istio.io Sidecar. */
export interface Sidecar extends KubeObject {
  readonly spec?: {
    readonly workloadSelector?: WorkloadSelector | null;
    readonly egress?:
      | readonly {
          readonly hosts?: Words;
          readonly port?: { readonly number?: number | null } | null;
        }[]
      | null;
    readonly outboundTrafficPolicy?: { readonly mode?: string | null } | null;
  } | null;
}

/** networking.istio.io ServiceEntry. */
export interface ServiceEntry extends KubeObject {
  readonly spec?: {
    readonly hosts?: Words;
    readonly addresses?: Words;
    readonly exportTo?: Words;
    readonly ports?: readonly { readonly number?: number | null; readonly protocol?: string | null }[] | null;
  } | null;
}

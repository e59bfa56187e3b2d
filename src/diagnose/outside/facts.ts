/**
 * What a question about the way from outside stands for. Notes for those who build on it:
 *
 * - A question about the way from outside (`external ...`, a URL, an Ingress, a Gateway, a route) is cut into **legs** by `legs.ts`: one
 *   `Facts` for every backend. In each, `destination.service` is the Service behind the way, `sources` are the pods of the controller (or the
 *   client outside, where nothing stands between), and `outside` is this. Every check runs once for each leg.
 * - `outside.ways` are all ways of the question, `outside.way` is the one that the leg is about. Checks find by `way` what closes this
 *   leg only; the same finding in two legs is told once.
 * - `way.entries` are the addresses where a client knocks, ready for probes: address or name, port, protocol, node, and for HTTP the
 *   scheme, host (also for SNI) and path. Probes from the person's machine are `observed.*` with `from: 'here'`, `to.role: 'external'`.
 * - `way.fronts` are the Services by which packets enter the cluster: the Service itself, or those of the controller's or Gateway's pods.
 * - What is not known is not wrong: `whole` is false where only manifests were read, so that what is missing may be elsewhere.
 */
import type { Protocol } from '../policy/objects.js';
import type { SnapshotPod, SnapshotService } from '../snapshot/types.js';
import type {
  Gateway,
  GatewayListener,
  Ingress,
  IngressBackend,
  IngressClass,
  ParentReference,
  Route,
  RouteBackend,
  RouteMatch,
} from '../snapshot/types-outside.js';
import type { ExternalDns } from './external-dns.js';
import type { PathKind } from './match.js';

/** What a client outside asks for, as far as it was said. */
export interface AskedUrl {
  readonly text: string;
  /** Undefined for a host with a port, of which nobody said what it speaks. */
  readonly scheme?: 'http' | 'https';
  /** In lower case; an address where the URL has one. */
  readonly host: string;
  readonly port?: number | string;
  /** Without query; `/` where none was said. */
  readonly path: string;
}

/** An address at which clients outside knock. */
export interface Entry {
  readonly of: 'nodePort' | 'loadBalancer' | 'externalIP' | 'ingress' | 'gateway' | 'hostPort';
  /** An IP address, or a DNS name (load balancers of clouds). */
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** The node whose address it is. */
  readonly node?: string;
  /** Of a node: InternalIP, ExternalIP. */
  readonly addressType?: string;
  /** What to ask for there; `host` goes into Host and, for https, into SNI. */
  readonly http?: { readonly scheme: 'http' | 'https'; readonly host?: string; readonly path: string };
  /** Which object says so: `service shop/api`. */
  readonly by: string;
}

/** An endpoint that gets connections. */
export interface ReadyEndpoint {
  readonly key: string;
  readonly text: string;
  readonly address?: string;
  readonly node?: string;
}

/** A Service by which packets enter the cluster. */
export interface Front {
  readonly service: SnapshotService;
  /** Those of its ports that are meant. */
  readonly ports: NonNullable<SnapshotService['spec']['ports']>;
  /** Ready ones, on whatever port. Undefined where slices and pods could not be read. */
  readonly ready?: readonly ReadyEndpoint[];
}

/** A controller that turns Ingresses or Gateways into a running proxy. */
export interface Controller {
  /** `ingress-nginx`; undefined where nobody here knows it. */
  readonly product?: string;
  /** Where its proxy runs: in pods that are known, on every node, or outside the cluster (a load balancer of a cloud). */
  readonly place: 'pods' | 'nodes' | 'cloud' | 'unknown';
  /** The pods that connect to backends, finished ones left out. Undefined where pods of all namespaces could not be read. */
  readonly pods?: readonly SnapshotPod[];
  /** Arguments of its first pod. */
  readonly args: readonly string[];
}

/** How the class of an Ingress is settled. */
export interface ClassFacts {
  readonly name?: string;
  /** `annotation`: kubernetes.io/ingress.class; `default`: no class, and the cluster has a default one. */
  readonly by: 'field' | 'annotation' | 'default' | 'none';
  readonly object?: IngressClass;
  /** `spec.controller` of the class. */
  readonly controller?: string;
  /** Default classes, by name. */
  readonly defaults: readonly string[];
  /** Undefined where IngressClasses could not be read. */
  readonly known?: readonly string[];
}

/** What a way leads to: a Service, or something that only the controller understands. */
export interface Backend {
  readonly namespace: string;
  readonly name: string;
  readonly port?: number | string;
  /** Set where it is no Service of the core API. */
  readonly kind?: string;
  readonly group?: string;
}

interface WayBase {
  /** `ingress shop/web spec.rules[0].http.paths[1]`: unique among the ways. */
  readonly key: string;
  readonly entries: readonly Entry[];
  readonly fronts: readonly Front[];
  /** Undefined: this way ends before a backend (redirects, weight 0 everywhere). */
  readonly backend?: Backend;
}

/** Straight to a Service: NodePort, LoadBalancer, externalIPs. */
export interface ServiceWay extends WayBase {
  readonly kind: 'service';
}

/** Through a rule of an Ingress. */
export interface IngressWay extends WayBase {
  readonly kind: 'ingress';
  readonly ingress: Ingress;
  readonly class: ClassFacts;
  readonly controller: Controller;
  /** `spec.rules[0].http.paths[1]`, `spec.defaultBackend`. */
  readonly field: string;
  readonly host?: string;
  readonly path?: string;
  readonly pathKind: PathKind;
  /** False where only the controller knows whether the path that was asked for matches. */
  readonly sure: boolean;
  readonly declared: IngressBackend;
  /** The certificate for the host; undefined where it is not named in `spec.tls`. */
  readonly tls?: { readonly field: string; readonly secretName?: string };
  readonly addresses: readonly string[];
}

/** Which route kind; the plural is the kind in the snapshot. */
export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute';

/** A listener that a route may attach to, and why not. */
export interface Attachment {
  readonly listener: GatewayListener;
  /** Index in `spec.listeners`. */
  readonly index: number;
  /** `sectionName`, `port`, `protocol`, `namespace`, `kind` or `hostname`: what does not fit; undefined where it attaches. */
  readonly misses?: 'sectionName' | 'port' | 'protocol' | 'namespace' | 'kind' | 'hostname';
  /** `namespace` was not decided: the labels of namespaces could not be read. */
  readonly unsure?: boolean;
  /** Hostnames that route and listener have in common; empty: every one. */
  readonly hosts: readonly string[];
}

/** One parentRef of a route, and the Gateway behind it. */
export interface Parent {
  readonly ref: ParentReference;
  readonly field: string;
  /** Undefined: there is none of this name, or it is no Gateway (a Service, for a mesh). */
  readonly gateway?: Gateway;
  /** It is no Gateway but, say, a Service. */
  readonly foreign: boolean;
  readonly attachments: readonly Attachment[];
}

/** Through a rule of a route of Gateway API. */
export interface RouteWay extends WayBase {
  readonly kind: 'route';
  readonly routeKind: RouteKind;
  readonly route: Route;
  /** The parent by which this way enters; undefined for a Gateway without a route, or a route without a Gateway. */
  readonly parent?: Parent;
  readonly controller: Controller;
  /** `spec.rules[0]`. */
  readonly field: string;
  readonly rule: number;
  readonly match?: RouteMatch;
  readonly hosts: readonly string[];
  readonly sure: boolean;
  readonly declared?: RouteBackend;
  /** `spec.rules[0].backendRefs[1]`. */
  readonly backendField?: string;
}

export type Way = ServiceWay | IngressWay | RouteWay;

/** What was asked about, and every way in. */
export interface OutsideFacts {
  /** Who comes: a client outside, or a pod that takes the way over the outside. */
  readonly client: 'outside' | 'pod';
  readonly url?: AskedUrl;
  readonly target:
    | {
        readonly kind: 'Service' | 'Ingress' | 'Gateway' | RouteKind;
        readonly namespace: string;
        readonly name: string;
      }
    | { readonly kind: 'Host'; readonly name: string };
  readonly ways: readonly Way[];
  /** The way of this leg; undefined where none was found. */
  readonly way?: Way;
  /** Rules for the host that was asked for, none of which has a path that fits. */
  readonly missed: readonly Way[];
  /** Every Ingress and route that names a host near the one that was asked for, for messages. */
  readonly hosts: readonly { readonly host: string; readonly by: string }[];
  /** The Gateway that was asked about, or all that ways pass. */
  readonly gateways: readonly Gateway[];
  readonly externalDns: readonly ExternalDns[];
  /** The address of the client outside, where it was said. */
  readonly address?: string;
  /** Whether the snapshot is that of a cluster: what is not in it does not exist. Of manifests alone nobody knows. */
  readonly whole: boolean;
}

/** Whether this leg goes through a rule of an Ingress or a route, whose checks tell what is wrong with its backend. */
export function isBehindRule(outside: OutsideFacts | undefined): boolean {
  return outside?.way !== undefined && outside.way.kind !== 'service';
}

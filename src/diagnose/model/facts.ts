import type { MeshFacts } from '../mesh/types.js';
import type { Observed } from '../observed.js';
import type { OutsideFacts } from '../outside/facts.js';
import type { Protocol } from '../policy/objects.js';
import type { End } from '../policy/end.js';
import type { PolicyModel } from '../policy/model.js';
import type { Flow, FlowVerdict } from '../policy/verdict.js';
import type { ReadObjects, SnapshotPod, SnapshotService, Workload } from '../snapshot/types.js';

/** Where a connection begins. */
export interface Source {
  /** `pod shop/web-0`, `a client outside the cluster`. */
  readonly key: string;
  readonly text: string;
  readonly namespace?: string;
  readonly pod?: SnapshotPod;
  readonly end: End;
}

/** Where a connection may end: one address of a Service, a pod, a node, or something outside. */
export interface Endpoint {
  readonly key: string;
  readonly text: string;
  readonly address?: string;
  readonly pod?: SnapshotPod;
  readonly node?: string;
  /** Gets new connections. Absent conditions mean ready. */
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly serving: boolean;
  /** After the Service replaced its own; undefined where that cannot be told. */
  readonly port?: number;
  readonly end: End;
}

/** A Service as a destination. */
export interface ServiceFacts {
  readonly namespace: string;
  readonly name: string;
  /** The object; undefined when it does not exist or could not be read. */
  readonly object?: SnapshotService;
  /** By which DNS name it was asked for; undefined when it was named as an object or by its address. */
  readonly host?: string;
  /** By its address: DNS plays no part. */
  readonly byAddress: boolean;
  /** The port that is meant, of those it has. */
  readonly port?: NonNullable<SnapshotService['spec']['ports']>[number];
  /** The pods that its selector selects and that have not finished. */
  readonly selected: readonly SnapshotPod[];
  /** All endpoints that its slices hold for the port; those of its selector where there are no slices. */
  readonly endpoints: readonly Endpoint[];
  /** Whether `endpoints` come from slices. */
  readonly sliced: boolean;
}

/** What FROM and TO stand for, with one of them left out where only an object was asked about. */
export interface Facts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly namespace: string;
  /** As the person wrote them. */
  readonly asked: { readonly from?: string; readonly to: string };
  readonly read: ReadObjects;
  readonly model: PolicyModel;
  /** The namespace of FROM, where it has one. */
  readonly sourceNamespace?: string;
  readonly sources: readonly Source[];
  readonly destination: {
    readonly namespace?: string;
    readonly protocol: Protocol;
    readonly port?: number | string;
    readonly service?: ServiceFacts;
    readonly workload?: { readonly kind: string; readonly object: Workload };
    /** The node that is asked about. */
    readonly node?: string;
    /** Those that get connections; of a Service without any, the pods behind it, so that more causes are seen. */
    readonly endpoints: readonly Endpoint[];
    /** It is not of this cluster, or it is not known what it is. */
    readonly outside: boolean;
  };
  readonly links: readonly Link[];
  /** How names are looked up; undefined where no DNS Service is among the objects. */
  readonly dns?: DnsFacts;
  /** What proxies of a mesh make of it; undefined where no pod of it is in one, or should be. */
  readonly mesh?: MeshFacts;
  /** What probes and logs told; undefined where nothing was probed. */
  readonly observed?: Observed;
  /** The way from outside; undefined where nobody asked about it. */
  readonly outside?: OutsideFacts;
  /** What was left out because there is too much of it. */
  readonly cut: readonly { readonly what: string; readonly why: string; readonly code?: string }[];
}

/** One source, one endpoint, and what policies say. */
export interface Link {
  readonly source?: Source;
  readonly endpoint: Endpoint;
  readonly flow?: Flow;
  readonly verdict?: FlowVerdict;
}

/** The DNS Service of the cluster. */
export interface DnsFacts {
  readonly service: SnapshotService;
  readonly addresses: readonly string[];
  readonly pods: readonly SnapshotPod[];
  /** Ready endpoints; undefined where neither slices nor pods could be read. */
  readonly ready?: number;
}

/** What a started cluster offers to tests and to the demo; harness.ts makes it. */
import type { ApiClient, ApiObject } from './client.js';
import type { Fault, FaultId } from './faults.js';
import type { Breakage, NetworkOptions, OutsideDns, PolicyMode } from './network/options.js';
import type { PodProcess, RunPlace, RunResult } from './ipc.js';

/** How a cluster is started. */
export interface ClusterOptions {
  /** Default 2. */
  readonly nodes?: number;
  /** Applied in this order; namespaces that are missing are made first. Pods among them are waited for until they are ready. */
  readonly objects?: readonly unknown[];
  /** The network of Kubernetes: Services and policies, DNS if asked for. Default: none of it. */
  readonly network?: boolean | NetworkOptions;
  /** Custom resource definitions that are installed. Default none. */
  readonly custom?: readonly ('gateway-api' | 'istio')[];
  /** Overrides of the kubelet's and controllers' times, in milliseconds. */
  readonly timing?: Readonly<Record<string, number>>;
}

/** Rules of RBAC, as a Role has them. */
export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/** What a user may do: `rules` in `namespace` (default `default`), `clusterRules` everywhere. */
export interface UserOptions {
  readonly groups?: readonly string[];
  readonly rules?: readonly Rule[];
  readonly clusterRules?: readonly Rule[];
  readonly namespace?: string;
}

/** A running cluster. */
export interface TestCluster {
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  /** Removed by stop(). */
  readonly dir: string;
  /** PEM file of the cluster's authority. */
  readonly caFile: string;
  /** The administrator's kubeconfig (path): client certificate, context `netdebug-local`. */
  readonly kubeconfig: string;
  /** The same for a client outside of the cluster (`run` in `outside`): the API server at 203.0.113.1. Only with `network`. */
  readonly outsideKubeconfig: string;
  /** Milliseconds from startCluster() to ready, objects included. */
  readonly startedInMs: number;
  /** Makes a user with a bearer token and returns the path of its kubeconfig. */
  user(name: string, options?: UserOptions): Promise<string>;
  /** Creates objects, or merges them into those that exist. */
  apply(...objects: readonly unknown[]): Promise<ApiObject[]>;
  /** Deletes objects, in the background, with their own grace. */
  remove(...objects: readonly unknown[]): Promise<void>;
  /** Any request as the administrator, for what the other methods do not do. */
  readonly request: ApiClient['request'];
  get(apiVersion: string, kind: string, namespace: string | undefined, name: string): Promise<ApiObject>;
  list(apiVersion: string, kind: string, namespace?: string, labelSelector?: string): Promise<ApiObject[]>;
  /** Waits until the object looks as wanted; `undefined` is given when it was deleted. Default limit 20 s. */
  waitFor(
    what: {
      readonly apiVersion?: string;
      readonly kind?: string;
      readonly namespace?: string;
      readonly name: string;
    },
    predicate: (object: ApiObject | undefined) => boolean,
    timeoutMs?: number,
  ): Promise<ApiObject>;
  /** Waits until a pod's Ready condition is true. */
  ready(namespace: string, pod: string, timeoutMs?: number): Promise<ApiObject>;
  fault(fault: Fault): Promise<FaultId>;
  /** How many requests met the fault. */
  faultHits(id: FaultId): Promise<number>;
  clearFaults(): Promise<void>;
  /** The processes of a pod, pause process and debug containers included. */
  processes(namespace: string, pod: string): Promise<PodProcess[]>;
  /** Breaks the network, and resolves when it is broken. The id mends it. */
  breakNetwork(breakage: Breakage): Promise<string>;
  /** Mends one breakage, or all of them. */
  mendNetwork(id?: string): Promise<void>;
  /** From now on this is what DNS outside of the cluster says; what is left out stays. */
  setOutsideDns(names: OutsideDns): Promise<void>;
  /** From now on policies are kept in this way. */
  setPolicy(mode: PolicyMode): Promise<void>;
  /** Resolves when the nodes' rules are as the objects want them. apply(), remove() and waits for objects do it themselves. */
  settleNetwork(): Promise<void>;
  /** Runs a command with this machine's programs in the network between the nodes, outside of it, of a pod, or of a node. Default limit 20 s. */
  run(
    argv: readonly string[],
    options?: { readonly in?: RunPlace; readonly timeoutMs?: number },
  ): Promise<RunResult>;
  /** Refuses connections for `downMs` (default 500); open streams live `graceMs` (default 0) longer, then end bare. */
  restartApiServer(options?: { readonly downMs?: number; readonly graceMs?: number }): Promise<void>;
  /** Forgets the history of the store, as etcd does every five minutes: watches from before get 410. */
  compact(): Promise<void>;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Contracts between the rooms of the local cluster: the API server (api/), the kubelet and its runtime (node/)
 * and the streams (stream/). All of it runs in one process, the cluster process, which harness.ts starts.
 */
import type { Duplex, Readable } from 'node:stream';

/** A Kubernetes object, stored as JSON. */
export interface Stored {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    creationTimestamp: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
    ownerReferences?: Record<string, unknown>[];
    [key: string]: unknown;
  };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects of any kind, checked where they are read
  [key: string]: any;
}

/** `{group: '', resource: 'pods'}`; group as in apiVersion without the version. */
export interface ResourceKey {
  readonly group: string;
  readonly resource: string;
}

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly key: ResourceKey;
  readonly object: Stored;
  readonly previous?: Stored;
}

/** The store (etcd's part). Synchronous: one process, one thread. Objects given out are never mutated: copy, then update. */
export interface Store {
  get(key: ResourceKey, namespace: string | undefined, name: string): Stored | undefined;
  list(key: ResourceKey, namespace?: string): Stored[];
  /** Sets uid, resourceVersion, creationTimestamp. Throws a StatusError 409 when it exists. */
  create(key: ResourceKey, object: unknown): Stored;
  /** Reads, lets `change` make the new object (from a deep copy), stores it with a new resourceVersion. No event when nothing changed. undefined when absent. */
  update(
    key: ResourceKey,
    namespace: string | undefined,
    name: string,
    change: (object: Stored) => void,
  ): Stored | undefined;
  remove(key: ResourceKey, namespace: string | undefined, name: string): Stored | undefined;
  /** Every change from now on, in order. Returns a function that ends it. */
  subscribe(listener: (event: StoreEvent) => void): () => void;
}

/** What the kubelet of a node offers to the API server's streaming subresources. */
export interface Kubelet {
  /** Starts a process in a running container. Rejects with a KubeletError. */
  exec(request: KubeletExec): Promise<KubeletProcess>;
  /** Joins the container's main process. */
  attach(request: KubeletAttach): Promise<KubeletProcess>;
  /** The container's log as a byte stream. Ends unless `follow`. */
  logs(request: KubeletLogs): Promise<Readable>;
  /** Connects to a port inside the pod's network namespace (port-forward). */
  dial(podUid: string, port: number): Promise<Duplex>;
}

export interface KubeletExec {
  readonly podUid: string;
  readonly container: string;
  readonly argv: readonly string[];
  readonly stdin: boolean;
  readonly tty: boolean;
}

export type KubeletAttach = Omit<KubeletExec, 'argv'>;

export interface KubeletLogs {
  readonly podUid: string;
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly sinceSeconds?: number;
  readonly sinceTime?: string;
}

/** A remote process as the kubelet sees it. Backpressure is real: what is not read stops the process. */
export interface KubeletProcess {
  readonly stdout: Readable;
  /** Absent with tty. */
  readonly stderr?: Readable;
  /** Writes and resolves when there is room again. */
  write(data: Buffer): Promise<void>;
  /** Half-close. */
  endInput(): void;
  resize(columns: number, rows: number): void;
  /** Resolves when the process ended AND every holder of its output has closed it. */
  readonly exit: Promise<{ readonly code: number }>;
  /** The session is gone: what that means for the process is `exec-client-gone.json`. */
  abandon(how: 'v5-closed' | 'v5-cut' | 'v4-closed' | 'v4-cut'): void;
}

/** Thrown by the kubelet; `status` is the HTTP code before the upgrade, `message` is what channel 3 or the body says. */
export class KubeletError extends Error {
  readonly status: number;
  constructor(message: string, status = 500) {
    super(message);
    this.status = status;
  }
}

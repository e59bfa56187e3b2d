import type { IncomingMessage } from 'node:http';
import type { Server } from 'node:https';
import type { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Kubelet, ResourceKey, Store, StoreEvent, Stored } from '../types.js';

/** Who asks: the user of a client certificate (CN, O) or of a bearer token, after impersonation. */
export interface Identity {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid?: string | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** The store as the API server needs it: with its history, which lists and watches go back in. */
export interface ApiStore extends Store {
  /** The resourceVersion of the last change. */
  readonly revision: number;
  /** Changes up to this resourceVersion are forgotten: a watch or list from before it is answered 410. */
  readonly compacted: number;
  /** The changes after `revision`, oldest first; undefined when some of them are forgotten. */
  since(revision: number): readonly StoreEvent[] | undefined;
  /** The objects as they were at `revision`; undefined when that is forgotten. */
  at(key: ResourceKey, namespace: string | undefined, revision: number): Stored[] | undefined;
  /** Forgets the history up to `revision` (default: all of it), as etcd does every five minutes. */
  compact(revision?: number): void;
  /** Milliseconds since the epoch, as this cluster has them. */
  now(): number;
}

/** An upgrade request that passed authentication, authorization and the checks of `exec-errors.json`. Nothing is written to the socket yet. */
export interface StreamRequest {
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly pod: Stored;
  /** Empty for portforward. */
  readonly container: string;
  readonly subresource: 'exec' | 'attach' | 'portforward';
  /** `command` repeats. */
  readonly query: URLSearchParams;
  readonly kubelet: Kubelet;
}

/** What an interceptor can do to a request before it is routed. Cutting connections is done on the sockets, see {@link ApiServer.server}. */
export type Fault =
  /** Waits, then goes on as if nothing had been. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Answers with a Status of this code (429, 500, 503, 504 have their usual words), and Retry-After if given. */
  | {
      readonly kind: 'status';
      readonly code: number;
      readonly retryAfterSeconds?: number;
      readonly message?: string;
    }
  /** A watch gets 200 and then an ERROR event with a 410 Status; a list is answered 410. Other requests go on. */
  | { readonly kind: 'gone' }
  /** The connection is reset without an answer. */
  | { readonly kind: 'reset' };

export interface ApiServerOptions {
  readonly store: ApiStore;
  readonly tls: { readonly key: string; readonly cert: string; readonly ca: string };
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Instead of host and port: connections come from a server that listens already, which stays the caller's. */
  readonly listener?: NetServer;
  /** Default 0: any free one. */
  readonly port?: number;
  /** The kubelet of a node, undefined when there is none of that name. */
  readonly kubelet?: (nodeName: string) => Kubelet | undefined;
  readonly onStream?: (request: StreamRequest) => void;
  /** Who a bearer token belongs to. */
  readonly token?: (token: string) => Identity | undefined;
  readonly intercept?: (req: IncomingMessage) => Fault | undefined;
  /** Time between bookmarks of a watch, default 60 000 ms as on the real one. */
  readonly bookmarkMs?: number;
  /** How long a list from the future waits before it is answered 504, default 3 000 ms as on the real one. */
  readonly futureRevisionMs?: number;
}

export interface ApiServer {
  readonly host: string;
  readonly port: number;
  /** `https://127.0.0.1:port` */
  readonly url: string;
  /** For faults on connections: its `secureConnection` and `connection` events. */
  readonly server: Server;
  /**
   * New connections are refused at once; the open ones get `graceMs` (default 0) to end, then a bare end of TCP,
   * as `apiserver-restart.json` has it.
   */
  close(graceMs?: number): Promise<void>;
}

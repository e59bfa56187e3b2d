import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Kubelet } from '../../types.js';
import { negotiate, type Representation } from '../negotiate.js';
import type { RequestInfo, ResourceRequest } from '../request.js';
import type { ResourceType } from '../resources.js';
import type { ApiStore, Identity } from '../types.js';

/** What all requests share. */
export interface Api {
  readonly store: ApiStore;
  readonly kubelet: (nodeName: string) => Kubelet | undefined;
  readonly bookmarkMs: number;
  readonly futureRevisionMs: number;
  /** Tokens that were made here by serviceaccounts/x/token. */
  readonly issueToken: (identity: Identity) => string;
}

/** One request on its way. */
export interface Exchange {
  readonly api: Api;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly url: URL;
  readonly query: URLSearchParams;
  readonly info: RequestInfo;
  readonly who: Identity;
  /** Texts for `Warning: 299` headers. */
  readonly warnings: string[];
  /** A fault: this watch or list is to be told that its resourceVersion is gone. */
  readonly gone: boolean;
}

/** A request for a resource, with its type found. */
export interface ResourceExchange extends Exchange {
  readonly wanted: ResourceRequest;
  readonly type: ResourceType;
}

/** The form of the answer. Throws 406. */
export function representation(
  exchange: Exchange,
  options: { streaming?: boolean; also?: string } = {},
): Representation {
  return negotiate(exchange.req.headers.accept, options);
}

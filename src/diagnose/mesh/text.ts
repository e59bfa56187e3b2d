import type { KubeObject } from '../../kube/types.js';

/** `PeerAuthentication shop/default`: how messages call an object. */
export function objectText(kind: string, { metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;
}

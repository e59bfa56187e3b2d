import { outsideKinds } from '../../target/kinds.js';
import type { ObjectReference, Reference } from '../../target/reference.js';
import { parseReference } from '../../target/reference.js';
import type { Question } from '../model/build.js';
import { parseAddress } from '../policy/address.js';
import type { AskedUrl } from './facts.js';
import { plainHost } from './match.js';

/** What of a question is about the way from outside. */
export interface OutsideQuestion {
  /** Who comes: `address` is set where the client's own is known. */
  readonly client: { readonly address?: string } | 'pod' | 'nobody';
  readonly object?: ObjectReference;
  readonly url?: AskedUrl;
  /** A host that may also be one inside, or foreign: only where something of the cluster serves it the way is from outside. */
  readonly onlyIfServed: boolean;
}

/** The words of a question, `FROM TO` or `TARGET`. Throws a NetdebugError, exit 2, for what cannot be meant. */
export function parseQuestion(from: string | undefined, to: string): Pick<Question, 'from' | 'to'> {
  if (from !== undefined) return { from: parseReference(from, 'either'), to: parseReference(to, 'either') };
  // A URL or a host can be asked about alone; a bare name is a pod.
  return { to: parseReference(to, /:\/\/|^\[|^[^/]*\./.test(to) ? 'either' : 'object') };
}

/** How a question is one about the way from outside; undefined where it is not. `nodes`: whether an address is that of a pod or a node. */
export function outsideQuestion(
  { from, to }: Pick<Question, 'from' | 'to'>,
  inside: (address: string) => boolean,
): OutsideQuestion | undefined {
  const client = clientOf(from, inside);
  const outside = typeof client === 'object';
  if (to.type === 'external') return undefined;
  if (to.type === 'object') {
    if (outsideKinds.some((kind) => kind === to.kind)) return { client, object: to, onlyIfServed: false };
    // A Service alone: what clients outside meet is looked at besides.
    return to.kind === 'service' && client !== 'pod'
      ? { client, object: to, onlyIfServed: !outside }
      : undefined;
  }
  // Addresses and names without a dot mean what they mean inside, unless somebody comes from outside.
  const name = to.type === 'url' || (to.type === 'host' && to.host.includes('.'));
  if (!outside && (!name || parseAddress(hostOf(to)) !== undefined)) return undefined;
  return { client, url: urlOf(to), onlyIfServed: !outside };
}

function clientOf(
  from: Reference | undefined,
  inside: (address: string) => boolean,
): OutsideQuestion['client'] {
  if (from === undefined) return 'nobody';
  if (from.type === 'external') return {};
  return from.type === 'ip' && !inside(from.ip) ? { address: from.ip } : 'pod';
}

function hostOf(to: Extract<Reference, { type: 'url' | 'host' | 'ip' }>): string {
  return to.type === 'ip' ? to.ip : to.host;
}

function urlOf(to: Extract<Reference, { type: 'url' | 'host' | 'ip' }>): AskedUrl {
  const host = plainHost(hostOf(to));
  if (to.type === 'url') {
    const { protocol, pathname } = new URL(to.url);
    return {
      text: to.url,
      scheme: protocol === 'http:' ? 'http' : 'https',
      host,
      port: to.port,
      path: pathname,
    };
  }
  const scheme = to.port === 80 ? 'http' : to.port === 443 ? 'https' : undefined;
  return {
    text: host,
    ...(scheme === undefined ? {} : { scheme }),
    host,
    ...(to.port === undefined ? {} : { port: to.port }),
    path: '/',
  };
}

import type { Query } from './api.js';

/** Where an object or a list lives under the API server's root. */
export interface ResourceAddress {
  /** API group, empty or absent for core. */
  readonly group?: string | undefined;
  /** Default `v1`. */
  readonly version?: string | undefined;
  /** Plural name: `pods`, `endpointslices`. */
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** `log`, `exec`, `ephemeralcontainers`. */
  readonly subresource?: string | undefined;
}

/** Path of a resource; every part is percent-encoded, so that a name can never leave its place. */
export function resourcePath(address: ResourceAddress): string {
  const { group, version = 'v1', resource, namespace, name, subresource } = address;
  const parts = group ? ['apis', group, version] : ['api', version];
  if (namespace !== undefined) parts.push('namespaces', namespace);
  parts.push(resource);
  if (name !== undefined) parts.push(name);
  if (subresource !== undefined) parts.push(subresource);
  return parts.map((part) => `/${encodePart(part)}`).join('');
}

/** `/api/v1/namespaces/NS/pods`, or of all namespaces when none is named. */
export function podsPath(namespace?: string): string {
  return resourcePath({ resource: 'pods', namespace });
}

/** `/api/v1/namespaces/NS/pods/NAME[/SUBRESOURCE]` */
export function podPath(namespace: string, name: string, subresource?: string): string {
  return resourcePath({ resource: 'pods', namespace, name, subresource });
}

/** `/api/v1/namespaces/NAME` */
export function namespacePath(name: string): string {
  return resourcePath({ resource: 'namespaces', name });
}

/** `/api/v1/namespaces/NS/events` */
export function eventsPath(namespace: string): string {
  return resourcePath({ resource: 'events', namespace });
}

/** The query string with its `?`, or nothing. Lists become repeated keys (`command=a&command=b`), undefined is left out. */
export function queryString(query: Query | undefined): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    if (typeof value === 'object') for (const each of value) search.append(key, each);
    else search.append(key, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

function encodePart(part: string): string {
  // An empty name would turn a GET of one object into a list, and dots would climb.
  if (part === '' || part === '.' || part === '..') throw new TypeError(`not a name: '${part}'`);
  return encodeURIComponent(part);
}

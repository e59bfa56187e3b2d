import type { KubeObject } from '../../kube/types.js';

/** A name of a Service as Istio keeps it, whatever the zone of the cluster is called. */
export function serviceFqdn(name: string, namespace: string): string {
  return `${name}.${namespace}.svc.cluster.local`;
}

/**
 * A host as an object of a namespace means it: a name without a dot is a Service of that namespace; every other name stands as it is
 * written, `api.shop` too. Source: istio pkg/config/model ResolveShortnameToFQDN.
 */
export function resolveHost(host: string, namespace: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name.includes('.') || name.startsWith('*'))
    return name.replace(/\.svc\.[a-z0-9.-]+$/, '.svc.cluster.local');
  return serviceFqdn(name, namespace);
}

/** Whether a host or a wildcard (`*`, `*.example.com`) means a name. */
export function matchesHost(pattern: string, name: string): boolean {
  if (pattern === '*') return true;
  return pattern.startsWith('*')
    ? name.endsWith(pattern.slice(1)) && name !== pattern.slice(1)
    : pattern === name;
}

/** Those whose host means the name most exactly: the name itself before wildcards, longer wildcards before shorter ones. */
export function mostSpecific<T extends KubeObject>(
  items: readonly T[],
  hostOf: (item: T) => string | null | undefined,
  name: string,
): readonly T[] {
  const found = items.flatMap((item) => {
    const host = hostOf(item);
    if (host == null) return [];
    const resolved = resolveHost(host, item.metadata.namespace ?? '');
    return matchesHost(resolved, name)
      ? [{ item, rank: resolved === name ? Infinity : resolved.length }]
      : [];
  });
  const best = Math.max(0, ...found.map(({ rank }) => rank));
  return found.filter(({ rank }) => rank === best).map(({ item }) => item);
}

/** A Service by its DNS name: `api.shop.svc`, `api.shop.svc.cluster.local`. Undefined for any other name. */
export function serviceName(host: string): { readonly name: string; readonly namespace: string } | undefined {
  const match = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(\.[a-z0-9.-]+)?\.?$/i.exec(host);
  const [, name, namespace] = match ?? [];
  return name === undefined || namespace === undefined
    ? undefined
    : { name: name.toLowerCase(), namespace: namespace.toLowerCase() };
}

import type { Facts } from '../model/facts.js';

/** The name to look up, as an application would write it; none where an address was named. */
export function lookedUp({ destination, asked }: Facts): string | undefined {
  const { service, endpoints } = destination;
  if (service !== undefined) {
    if (service.byAddress) return undefined;
    return (
      service.host ?? (service.object === undefined ? undefined : `${service.name}.${service.namespace}.svc`)
    );
  }
  const [only] = endpoints;
  const host = only?.end.kind === 'address' && only.pod === undefined ? only.end.host : undefined;
  return host === undefined || asked.from === undefined ? undefined : host;
}

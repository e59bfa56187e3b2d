import { parseAddress } from '../policy/address.js';
import type { Facts } from './facts.js';

/** Whether the destination is a Service that is called by a name, which only the DNS of the cluster knows. */
export function namesService({ sources, destination: { service }, dns }: Facts): boolean {
  return (
    service?.object !== undefined &&
    !service.byAddress &&
    dns !== undefined &&
    sources.some(({ pod }) => pod !== undefined)
  );
}

/** The name of a host outside that is asked for; undefined where the destination is none. */
export function hostAsked({ destination }: Pick<Facts, 'destination'>): string | undefined {
  return destination.endpoints
    .flatMap(({ end }) => (end.kind === 'address' ? (end.host ?? []) : []))
    .find((host) => parseAddress(host) === undefined);
}

/** Whether some source asks the DNS of the cluster for the destination, a Service or a host outside. */
export function usesDns(facts: Facts): boolean {
  const { sources, dns } = facts;
  return (
    (namesService(facts) || (hostAsked(facts) !== undefined && dns !== undefined)) &&
    sources.some(({ pod }) => pod !== undefined && asksCluster(facts, pod))
  );
}

/** Whether the resolver of a pod asks the DNS of the cluster. */
export function asksCluster({ dns }: Facts, { spec }: NonNullable<Facts['sources'][number]['pod']>): boolean {
  if (spec.dnsPolicy === 'None')
    return (spec.dnsConfig?.nameservers ?? []).some((one) => dns?.addresses.includes(one) === true);
  return (
    spec.dnsPolicy !== 'Default' &&
    (spec.hostNetwork !== true || spec.dnsPolicy === 'ClusterFirstWithHostNet')
  );
}

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

/** Whether some source asks the DNS of the cluster for the destination, a Service or a host outside. */
export function usesDns(facts: Facts): boolean {
  const { sources, destination, dns } = facts;
  const host = destination.endpoints.some(
    ({ end }) => end.kind === 'address' && end.host !== undefined && parseAddress(end.host) === undefined,
  );
  return (
    (namesService(facts) || (host && dns !== undefined)) &&
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

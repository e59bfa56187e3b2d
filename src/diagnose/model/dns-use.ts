import type { Facts } from './facts.js';

/** Whether the destination is called by a name that the DNS of the cluster answers. */
export function usesDns({ sources, destination: { service }, dns }: Facts): boolean {
  return (
    service?.object !== undefined &&
    !service.byAddress &&
    dns !== undefined &&
    sources.some(({ pod }) => pod !== undefined)
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

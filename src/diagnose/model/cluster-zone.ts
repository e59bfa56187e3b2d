import { itemsOf } from '../reading.js';
import type { DnsBlock } from './corefile.js';
import { dnsBlocks, serviceZones } from './corefile.js';
import type { Facts } from './facts.js';
import { systemNamespace } from './pods.js';

/** The Corefile of CoreDNS; undefined where there is none, as with another DNS. */
export function corefileOf({ read }: Pick<Facts, 'read'>): readonly DnsBlock[] | undefined {
  const text = itemsOf(read('configmaps', systemNamespace, 'coredns'))[0]?.data?.Corefile;
  const blocks = text === undefined ? [] : dnsBlocks(text);
  return blocks.length === 0 ? undefined : blocks;
}

/** What kubelets tell pods, by kubeadm's ConfigMap: the domain of their search list, and the servers they ask. */
export function kubeletDns({ read }: Pick<Facts, 'read'>): {
  readonly domain?: string;
  readonly servers: readonly string[];
} {
  const text = itemsOf(read('configmaps', systemNamespace, 'kubelet-config'))[0]?.data?.kubelet;
  const { clusterDomain, clusterDNS } = JSON.parse(text ?? '{}') as Readonly<Record<string, unknown>>;
  return {
    ...(typeof clusterDomain === 'string' && clusterDomain !== ''
      ? { domain: clusterDomain.replace(/\.$/, '').toLowerCase() }
      : {}),
    servers: Array.isArray(clusterDNS) ? clusterDNS.filter((one) => typeof one === 'string') : [],
  };
}

/** All zones in which CoreDNS knows Services; undefined where that cannot be told, as with files that it imports. */
export function zonesOf(blocks: readonly DnsBlock[]): readonly string[] | undefined {
  if (blocks.some(({ open }) => open) && blocks.every((block) => serviceZones(block) === undefined))
    return undefined;
  const zones = [...new Set(blocks.flatMap((block) => serviceZones(block) ?? []))];
  return zones.includes('') ? undefined : zones;
}

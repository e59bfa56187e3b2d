import type { Evidence } from '../finding.js';
import { objectKey } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { ObservedLog } from '../observed.js';
import { parseAddress } from '../policy/address.js';
import { addressesOf } from '../model/pods.js';
import { observedOf } from './live-seen.js';

/** The lines of the logs of these pods (`pod shop/web-0`). */
export function logsOf(facts: Facts, pods: readonly string[]): readonly ObservedLog[] {
  return observedOf(facts).logs.filter(({ pod }) => pods.includes(pod));
}

/** Lines of the DNS pods of the cluster. */
export function dnsLogs(facts: Facts, pattern: string): readonly ObservedLog[] {
  const pods = (facts.dns?.pods ?? []).map(({ metadata }) => objectKey('pod', metadata));
  return logsOf(facts, pods).filter((one) => one.pattern === pattern);
}

/** A line as evidence, with how often such lines came. */
export function fromLog({ pod, container, previous, count, sample }: ObservedLog): Evidence {
  const before = previous ? ', before its restart' : '';
  return {
    source: 'log',
    about: `${pod}, container ${container}${before}`,
    excerpt: `${count > 1 ? `${count} such lines, the latest: ` : ''}${sample}`,
  };
}

/** Whether a line speaks of the destination of this flow, by its name or by one of its addresses, and of its port if of any. */
export function isAboutDestination({ destination, sourceNamespace }: Facts, { peer }: ObservedLog): boolean {
  if (peer === undefined) return false;
  const { service, endpoints } = destination;
  const ports = new Set([service?.port?.port, ...endpoints.map(({ port }) => port), destination.port]);
  if (peer.port !== undefined && !ports.has(peer.port)) return false;
  const address = parseAddress(peer.host)?.value.toString();
  if (address !== undefined) {
    const { clusterIP = '', clusterIPs = [] } = service?.object?.spec ?? {};
    const own = [
      clusterIP,
      ...clusterIPs,
      ...endpoints.flatMap((one) => [
        one.address ?? '',
        ...(one.pod === undefined ? [] : addressesOf(one.pod)),
      ]),
    ];
    return own.some((one) => parseAddress(one)?.value.toString() === address);
  }
  if (service === undefined) return false;
  const host = peer.host.replace(/\.$/, '');
  if (host === service.host) return true;
  const [name, namespace = sourceNamespace, kind = 'svc'] = host.split('.');
  return name === service.name && namespace === service.namespace && kind === 'svc' && service.name !== '';
}

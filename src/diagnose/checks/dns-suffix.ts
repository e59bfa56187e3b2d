import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import { corefileOf, kubeletDns, zonesOf } from '../model/cluster-zone.js';
import { blockFor, captureOf, captureText, isWithin, type DnsBlock } from '../model/corefile.js';
import { serviceHost } from '../model/dns.js';
import { asksCluster, hostAsked, namesService, usesDns } from '../model/dns-use.js';
import type { Facts, Source } from '../model/facts.js';
import { systemNamespace } from '../model/pods.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { corefileInput, silentPlugins } from './corefile.js';

/** Plugins of every Corefile that have no Services. */
const answering = new Set(['forward', 'proxy', 'hosts', 'template', 'rewrite']);

/** Names that end in a domain which is not the cluster's, and candidates of the search list for which somebody else answers first. */
export const dnsSuffix: Check = {
  name: 'dns-suffix',
  codes: ['ND409', 'ND411'],
  reads: [...inputs('source', 'pods'), ...inputs('system', 'services'), corefileInput],
  mayRead: [{ kind: 'configmaps', where: 'system', name: 'kubelet-config' }],
  concerns: (facts) => usesDns(facts) && askedName(facts) !== undefined,
  find: (facts) => {
    const blocks = corefileOf(facts);
    const zones = blocks && zonesOf(blocks);
    if (blocks === undefined || zones === undefined || zones.length === 0) return [];
    const { domain = zones[0] ?? '' } = kubeletDns(facts);
    return [...otherDomain(facts, blocks, zones), ...captured(facts, blocks, domain)];
  },
};

/** The name as the application asks for it. */
function askedName(facts: Facts): string | undefined {
  const name = facts.destination.service?.host ?? hostAsked(facts);
  return name?.toLowerCase();
}

function otherDomain(facts: Facts, blocks: readonly DnsBlock[], zones: readonly string[]): Finding[] {
  const { service } = facts.destination;
  const host = askedName(facts);
  const named = host === undefined ? undefined : serviceHost(host, facts.namespace, () => false);
  if (!namesService(facts) || named?.zone === undefined || zones.includes(named.zone)) return [];
  if (servedElsewhere(blocks, host ?? '')) return [];
  const short = `${service?.name ?? ''}.${service?.namespace ?? ''}.svc`;
  const sources = facts.sources.filter(({ pod }) => pod !== undefined && asksCluster(facts, pod));
  return [
    {
      code: 'ND411',
      severity: 'error',
      confidence: 'likely',
      object: {
        kind: 'ConfigMap',
        namespace: systemNamespace,
        name: 'coredns',
        fieldPath: 'data.Corefile',
        value: zones.join(' '),
      },
      message: `${host ?? ''} ends in ${named.zone}, and the domain of the cluster is ${zones.join(', ')}: the name does not exist`,
      evidence: [fromApi(`configmap ${systemNamespace}/coredns`, `kubernetes ${zones.join(' ')}`)],
      fix: {
        text: `call ${short}, which works in every cluster, or ${short}.${zones[0] ?? ''}`,
        commands: [],
      },
      hop: 'dns',
      touches: ['dns'],
      blocks: { model: 'fail', sources: sources.map(({ key }) => key) },
    },
  ];
}

/** Another cluster, or a set of them, may have the name: a server block of its own, or a plugin such as multicluster. */
function servedElsewhere(blocks: readonly DnsBlock[], host: string): boolean {
  const block = blockFor(blocks, host);
  return (
    block === undefined ||
    block.open ||
    block.zones.some((zone) => zone !== '' && isWithin(host, zone)) ||
    block.lines.some(({ words: [plugin = ''] }) => !silentPlugins.has(plugin) && !answering.has(plugin))
  );
}

/** A candidate that comes before the right one, and that a line of the Corefile answers. */
function captured(facts: Facts, blocks: readonly DnsBlock[], domain: string): Finding[] {
  const host = askedName(facts) ?? '';
  const { service } = facts.destination;
  const right = service?.object === undefined ? host : `${service.name}.${service.namespace}.svc.${domain}`;
  // A name without a dot is there to be completed.
  if (!host.includes('.')) return [];
  return facts.sources.flatMap((source): Finding[] => {
    if (source.pod === undefined || !asksCluster(facts, source.pod)) return [];
    for (const candidate of candidates(source, host, domain)) {
      if (candidate === right) return [];
      const block = blockFor(blocks, candidate);
      const capture = block && captureOf(block, candidate, 'A');
      if (capture?.address === undefined) continue;
      const { namespace = '', name } = source.pod.metadata;
      return [
        {
          code: 'ND409',
          severity: 'warning',
          // A host outside may well be meant to be completed so.
          confidence: service?.object === undefined ? 'possible' : 'likely',
          object: { kind: 'Pod', namespace, name, fieldPath: 'spec.dnsConfig', value: candidate },
          message: `${source.text} asks for ${candidate} before ${right}, as its search list says, and line ${captureText(capture)}: it goes there`,
          evidence: [
            fromApi(`configmap ${systemNamespace}/coredns`, captureText(capture)),
            fromApi(
              `pod ${source.text}`,
              `ndots ${ndotsOf(source.pod)}, ${host} has ${host.split('.').length - 1} dots`,
            ),
          ],
          fix: { text: `end the name with a dot (${right}.), or set ndots to 2 in dnsConfig`, commands: [] },
          hop: 'dns',
          touches: ['dns', source.key],
          blocks: { model: 'unknown', sources: [source.key] },
        },
      ];
    }
    return [];
  });
}

/** The names that the resolver of a pod asks for, in its order. Source: resolv.conf(5), and what the kubelet writes there. */
function candidates({ pod, namespace = '' }: Source, host: string, domain: string): readonly string[] {
  if (host.endsWith('.')) return [host.slice(0, -1)];
  const own = pod?.spec.dnsPolicy === 'None' ? [] : [`${namespace}.svc.${domain}`, `svc.${domain}`, domain];
  const searches = [...own, ...(pod?.spec.dnsConfig?.searches ?? [])].map((one) =>
    one.replace(/\.$/, '').toLowerCase(),
  );
  const completed = searches.map((search) => `${host}.${search}`);
  return host.split('.').length - 1 >= ndotsOf(pod) ? [host, ...completed] : [...completed, host];
}

/** The kubelet writes 5 where the pod says nothing; with dnsPolicy None it writes nothing, and 1 is the resolver's own. */
function ndotsOf(pod: Source['pod']): number {
  const option = pod?.spec.dnsConfig?.options?.find(({ name }) => name === 'ndots')?.value;
  const number = Number(option ?? Number.NaN);
  return Number.isInteger(number) ? number : pod?.spec.dnsPolicy === 'None' ? 1 : 5;
}

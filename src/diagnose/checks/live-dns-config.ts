import type { Finding } from '../finding.js';
import { fromApi, objectKey } from '../finding.js';
import { namesService } from '../model/dns-use.js';
import type { Facts } from '../model/facts.js';
import { addressesOf } from '../model/pods.js';
import type { SnapshotService } from '../snapshot/types.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import type { Lookup } from './live-dns-seen.js';
import {
  fromAnswer,
  fromResolvConf,
  isAnswered,
  isClusterServer,
  isNodeLocal,
  isResolved,
  lookups,
  sameAddress,
} from './live-dns-seen.js';
import { dnsLogs, fromLog } from './live-log-lines.js';

/** A Service that was made just now may not have reached the DNS servers. */
const settledMs = 30_000;

/** The name of a Service that does not resolve although the Service is there: the wrong server, search list or domain, or a Corefile that answers for it. */
export const liveDnsConfig: Check = {
  name: 'live-dns-config',
  codes: ['ND401', 'ND402', 'ND405', 'ND411'],
  live: true,
  reads: [
    ...inputs('source', 'pods'),
    ...inputs('destination', 'services', 'pods', 'endpointslices'),
    ...inputs('system', 'services', 'pods'),
  ],
  concerns: (facts) => namesService(facts) && (facts.observed?.dns.length ?? 0) > 0,
  find: (facts) => {
    const object = facts.destination.service?.object;
    if (object === undefined) return [];
    return lookups(facts).flatMap((lookup) => {
      const asked = otherServer(facts, lookup) ?? otherDomain(facts, lookup) ?? noSearch(facts, lookup);
      return asked === undefined ? corefile(facts, lookup, object) : [asked];
    });
  },
};

function common({ source }: Lookup): Pick<
  Finding,
  'severity' | 'confidence' | 'hop' | 'touches' | 'blocks'
> & {
  readonly object: Finding['object'];
} {
  const { namespace = '', name } = source.pod?.metadata ?? { name: source.text };
  return {
    severity: 'error',
    confidence: 'proven',
    object: { kind: 'Pod', namespace, name },
    hop: 'dns',
    touches: [source.key, 'dns'],
    blocks: { model: 'fail', sources: [source.key] },
  };
}

function otherServer(facts: Facts, lookup: Lookup): Finding | undefined {
  const { source, dns } = lookup;
  const { nameservers } = dns.resolvConf;
  if (isResolved(dns) || nameservers.length === 0) return undefined;
  if (nameservers.some((one) => isClusterServer(facts, one) || isNodeLocal(one))) return undefined;
  const answered = dns.answers.find(isAnswered);
  return {
    ...common(lookup),
    code: 'ND401',
    // Without an answer it is not sure that the server is another than the cluster's: it might be an address of it that is not among the objects.
    confidence: answered === undefined ? 'likely' : 'proven',
    message: `${source.text} asks ${nameservers.join(', ')}, and not the DNS of the cluster (${facts.dns?.addresses.join(', ') ?? ''}), which alone knows ${dns.name}`,
    evidence: [fromResolvConf(lookup), ...(answered === undefined ? [] : [fromAnswer(lookup, answered)])],
    fix: {
      text: 'set dnsPolicy: ClusterFirst (with hostNetwork ClusterFirstWithHostNet) in the template of the pod',
      commands: [],
    },
  };
}

function otherDomain({ destination: { service } }: Facts, lookup: Lookup): Finding | undefined {
  const { dns, zone } = lookup;
  const [, called] = /\.svc\.(.+?)\.?$/.exec(dns.name.toLowerCase()) ?? [];
  if (zone === undefined || called === undefined || called === zone || isResolved(dns)) return undefined;
  const answer = dns.answers.find(
    (one) => one.rcode === 'NXDOMAIN' && one.name.toLowerCase() === `${dns.name}.`.toLowerCase(),
  );
  if (answer === undefined) return undefined;
  const short = `${service?.name ?? ''}.${service?.namespace ?? ''}.svc`;
  return {
    ...common(lookup),
    code: 'ND411',
    message: `${dns.name} ends in ${called}, and the domain of this cluster is ${zone}`,
    evidence: [fromAnswer(lookup, answer), fromResolvConf(lookup)],
    fix: { text: `call ${short}, which every cluster completes, or ${short}.${zone}`, commands: [] },
  };
}

function noSearch(facts: Facts, lookup: Lookup): Finding | undefined {
  const { source, dns } = lookup;
  const { search } = dns.resolvConf;
  if (isResolved(dns) || /\.svc(\.|$)/.test(dns.name) || !dns.answers.some(isAnswered)) return undefined;
  const wanted = dns.name.includes('.') ? 'svc.' : `${source.namespace ?? ''}.svc.`;
  if (search.some((one) => one.startsWith(wanted))) return undefined;
  const refused = dns.answers.find((one) => one.rcode === 'NXDOMAIN' && isServer(facts, one.server));
  if (refused === undefined) return undefined;
  const { name = '', namespace = '' } = facts.destination.service ?? {};
  return {
    ...common(lookup),
    code: 'ND402',
    message: `the search list of ${source.text} (${search.join(' ') || 'empty'}) lacks ${wanted}<cluster domain>: ${dns.name} is looked up as it stands`,
    evidence: [fromResolvConf(lookup), fromAnswer(lookup, refused)],
    fix: {
      text: `add the search domains of the cluster to dnsConfig, or call ${name}.${namespace}.svc.<cluster domain>`,
      commands: [],
    },
  };
}

function isServer(facts: Facts, server: string): boolean {
  return isClusterServer(facts, server) || isNodeLocal(server);
}

/** The full name of a Service that is there, denied by the servers of the cluster, or answered with somebody else's address. */
function corefile(facts: Facts, lookup: Lookup, object: SnapshotService): Finding[] {
  const { service } = facts.destination;
  const { dns, zone } = lookup;
  const { namespace = '', name, creationTimestamp } = object.metadata;
  if (zone === undefined || object.spec.type === 'ExternalName') return [];
  const age = facts.now - Date.parse(creationTimestamp ?? '1970-01-01T00:00:00Z');
  const headless = object.spec.clusterIP === 'None';
  const usable = (service?.endpoints ?? []).filter(
    (one) => one.ready || object.spec.publishNotReadyAddresses,
  );
  if (age < settledMs || (headless && usable.length === 0)) return [];
  const full = `${name}.${namespace}.svc.${zone}.`;
  const own = headless
    ? usable.flatMap((one) => [one.address ?? '', ...(one.pod === undefined ? [] : addressesOf(one.pod))])
    : [object.spec.clusterIP ?? '', ...(object.spec.clusterIPs ?? [])];
  const has = { A: own.some((one) => one.includes('.')), AAAA: own.some((one) => one.includes(':')) };
  const answers = dns.answers.filter(
    (one) =>
      one.name.toLowerCase() === full &&
      isServer(facts, one.server) &&
      isAnswered(one) &&
      // That there is no address of a family which the Service has not is right.
      (has[one.type] || one.rcode !== 'NOERROR'),
  );
  const [first] = answers;
  if (first === undefined) return [];
  const given = answers.flatMap(({ addresses }) => addresses);
  const denied = answers.every(
    ({ rcode, addresses }) => rcode === 'NXDOMAIN' || (rcode === 'NOERROR' && addresses.length === 0),
  );
  const strange = given.length > 0 && given.every((one) => !own.some((mine) => sameAddress(one, mine)));
  const closed = answers.every(({ rcode }) => rcode === 'REFUSED');
  if (!denied && !strange && !closed) return [];
  const reloads = dnsLogs(facts, 'coredns-reload');
  const system = facts.dns?.service.metadata;
  return [
    {
      ...common(lookup),
      code: 'ND405',
      confidence: reloads.length > 0 ? 'proven' : 'likely',
      object: { kind: 'Service', namespace: system?.namespace ?? '', name: system?.name ?? '' },
      message: strange
        ? `the DNS of the cluster answers ${full} with ${[...new Set(given)].slice(0, 3).join(', ')}, which is no address of Service ${namespace}/${name} (${own
            .filter((one) => one !== '')
            .slice(0, 3)
            .join(', ')}): a template, rewrite or hosts of the Corefile answers for it`
        : `the DNS of the cluster ${closed ? 'refuses to answer for' : 'denies'} ${full}, and Service ${namespace}/${name} is there: a template, a rewrite or the zone of the plugin kubernetes in the Corefile`,
      evidence: [
        fromAnswer(lookup, first),
        fromApi(objectKey('service', object.metadata), `clusterIP ${object.spec.clusterIP ?? ''}`),
        ...reloads.slice(0, 1).map(fromLog),
      ],
      fix: {
        text: 'correct the Corefile: `kubernetes ZONE in-addr.arpa ip6.arpa` has to name the domain of the cluster, and no template or rewrite may stand before it',
        commands: ['kubectl -n kube-system get configmap coredns -o yaml'],
      },
      touches: ['dns'],
      blocks: { model: 'fail', sources: [lookup.source.key] },
    },
  ];
}

import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import { usesDns } from '../model/dns-use.js';
import type { Facts } from '../model/facts.js';
import { addressesOf, systemNamespace } from '../model/pods.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import type { DnsAnswer, Lookup } from './live-dns-seen.js';
import {
  fromAnswer,
  fromLibc,
  fromResolvConf,
  isAnswered,
  isClusterServer,
  isNodeLocal,
  lookups,
  sameAddress,
} from './live-dns-seen.js';

/** Names that resolve, but late, or to the wrong address. */
export const liveDnsAnswers: Check = {
  name: 'live-dns-answers',
  codes: ['ND409', 'ND412', 'ND414'],
  live: true,
  reads: [
    ...inputs('source', 'pods'),
    ...inputs('destination', 'services', 'pods', 'endpointslices'),
    ...inputs('system', 'services', 'pods'),
  ],
  concerns: (facts) => (facts.observed?.dns.length ?? 0) > 0 && usesDns(facts),
  find: (facts) =>
    lookups(facts).flatMap((lookup) => [
      ...captured(facts, lookup),
      ...slowSearch(facts, lookup),
      ...inSteps(lookup),
      ...stale(facts, lookup),
    ]),
};

function common({ source }: Lookup): Pick<Finding, 'severity' | 'hop' | 'touches' | 'object'> {
  const { namespace = '', name } = source.pod?.metadata ?? { name: source.text };
  return {
    severity: 'warning',
    object: { kind: 'Pod', namespace, name },
    hop: 'dns',
    touches: [source.key, 'dns'],
  };
}

/** Addresses that the destination has, by the objects; none for a host outside. */
function addressesMeant({ destination: { service } }: Facts): readonly string[] {
  const spec = service?.object?.spec;
  if (service === undefined || spec === undefined || spec.type === 'ExternalName') return [];
  return [
    spec.clusterIP ?? '',
    ...(spec.clusterIPs ?? []),
    ...service.endpoints.flatMap((one) => [
      one.address ?? '',
      ...(one.pod === undefined ? [] : addressesOf(one.pod)),
    ]),
  ].filter((one) => one !== '' && one !== 'None');
}

/** A name of the search list that has an address, and not that of the destination, comes before the name itself. */
function captured(facts: Facts, lookup: Lookup): Finding[] {
  const { dns, source, zone } = lookup;
  const whole = `${dns.name.replace(/\.$/, '')}.`.toLowerCase();
  const meant = addressesMeant(facts);
  const candidates = dns.answers.filter(
    ({ addresses, name }) => addresses.length > 0 && name.toLowerCase() !== whole,
  );
  const straight = dns.answers
    .filter(({ name }) => name.toLowerCase() === whole)
    .flatMap(({ addresses }) => addresses);
  const found = candidates.find(({ name, addresses }) => {
    // What the cluster itself says of its own names is judged as the Corefile's.
    if (zone !== undefined && name.toLowerCase().endsWith(`.${zone}.`)) return false;
    const used =
      dns.libc.addresses.length === 0 ||
      dns.libc.addresses.some((one) => addresses.some((other) => sameAddress(one, other)));
    const others = meant.length > 0 ? meant : straight;
    // Without another address to compare, it may well be what was meant: a short name of a search domain.
    return (
      used && others.length > 0 && addresses.every((one) => !others.some((other) => sameAddress(one, other)))
    );
  });
  if (found === undefined) return [];
  const domain = found.name.slice(whole.length - 1).replace(/^\.|\.$/g, '');
  return [
    {
      ...common(lookup),
      code: 'ND409',
      severity: 'error',
      confidence: 'proven',
      message: `${source.text} gets ${found.addresses.slice(0, 3).join(', ')} for ${dns.name}, the answer for ${found.name}: the search domain ${domain} answers for names that it does not have`,
      evidence: [fromAnswer(lookup, found), fromLibc(lookup), fromResolvConf(lookup)],
      fix: {
        text: `end the name with a dot (${dns.name}.), set ndots to 2 in dnsConfig, or take ${domain} out of the search list`,
        commands: [],
      },
      blocks: { model: 'fail', sources: [source.key] },
    },
  ];
}

/** From so long on the names tried in vain before the right one are felt. */
const feltMs = 500;

/** Each name of the search list is asked before a host outside, and together that takes long. */
function slowSearch({ destination }: Facts, lookup: Lookup): Finding[] {
  const { dns, source } = lookup;
  const whole = `${dns.name.replace(/\.$/, '')}.`.toLowerCase();
  const vain = dns.answers.filter(
    ({ name, rcode, outcome }) =>
      name.toLowerCase() !== whole && outcome === 'answered' && rcode === 'NXDOMAIN',
  );
  const slowest = new Map<string, number>();
  for (const { name, ms = 0 } of vain) slowest.set(name, Math.max(slowest.get(name) ?? 0, ms));
  const total = [...slowest.values()].reduce((sum, ms) => sum + ms, 0);
  // One slow answer is a slow server; it is the number of names that this is about.
  const even = [...slowest.values()].every((ms) => ms < 2000);
  const outside = destination.service?.object === undefined;
  if (!outside || slowest.size < 3 || total < feltMs || !even) return [];
  return [
    {
      ...common(lookup),
      code: 'ND409',
      severity: 'info',
      confidence: 'likely',
      message: `${source.text} asks for ${slowest.size} names in vain before ${dns.name}, which takes ${Math.round(total)} ms: it has fewer dots than ndots:${dns.resolvConf.ndots}`,
      evidence: [...vain.slice(0, 3).map((one) => fromAnswer(lookup, one)), fromResolvConf(lookup)],
      fix: { text: `end the name with a dot (${dns.name}.), or set ndots to 2 in dnsConfig`, commands: [] },
    },
  ];
}

/** Resolvers wait 5 s for an answer before they ask again, musl 2.5 s. Source: resolv.conf(5), musl's res_msend.c. */
const steps = [2500, 5000, 10_000, 15_000] as const;

function inSteps(lookup: Lookup): Finding[] {
  const { dns, source } = lookup;
  const { ms, addresses } = dns.libc;
  const step = ms === undefined ? undefined : steps.find((one) => ms >= one - 50 && ms < one + 900);
  const quick = dns.answers.filter(
    (one) => isAnswered(one) && one.addresses.length > 0 && (one.ms ?? 0) < 1000,
  );
  const [dead] = deadServers(dns.answers);
  if (step === undefined || ms === undefined || addresses.length === 0 || quick.length === 0) return [];
  // A cache on the node that is down is a finding of its own.
  if (dead !== undefined && isNodeLocal(dead)) return [];
  const [good] = quick;
  return [
    {
      ...common(lookup),
      code: 'ND412',
      confidence: dead === undefined ? 'likely' : 'proven',
      message:
        dead === undefined
          ? `${dns.name} resolves in ${source.text} after ${Math.round(ms)} ms, one or more waits of ${step < 5000 ? '2.5' : '5'} s, and a server answers at once: packets of DNS are lost, as when two queries of one socket race in connection tracking`
          : `${dns.name} resolves in ${source.text} after ${Math.round(ms)} ms: the server ${dead} does not answer, and the next is asked only after it`,
      evidence: [
        fromLibc(lookup),
        ...(good === undefined ? [] : [fromAnswer(lookup, good)]),
        ...dns.answers
          .filter(({ server }) => server === dead)
          .slice(0, 1)
          .map((one) => fromAnswer(lookup, one)),
      ],
      fix: {
        text:
          dead === undefined
            ? 'run NodeLocal DNSCache, or set the option single-request-reopen in dnsConfig (glibc)'
            : `take ${dead} out of the nameservers`,
        commands: [],
      },
    },
  ];
}

/** Servers none of whose answers came, where another one answers. */
function deadServers(answers: readonly DnsAnswer[]): readonly string[] {
  const servers = [...new Set(answers.map(({ server }) => server))];
  const alive = servers.filter((server) => answers.some((one) => one.server === server && isAnswered(one)));
  return alive.length === 0 ? [] : servers.filter((server) => !alive.includes(server));
}

/** Programs get another address than the servers give: a cache between them holds an old one. */
function stale(facts: Facts, lookup: Lookup): Finding[] {
  const { dns, source } = lookup;
  const given = dns.answers
    .filter(({ server }) => isClusterServer(facts, server) || isNodeLocal(server))
    .flatMap(({ addresses }) => addresses);
  const used = dns.libc.addresses;
  const aliases = (
    source.pod?.spec as
      | { readonly hostAliases?: readonly { readonly hostnames?: readonly string[] | null }[] | null }
      | undefined
  )?.hostAliases;
  const alias = (aliases ?? []).some(({ hostnames }) => hostnames?.includes(dns.name) === true);
  const meant = addressesMeant(facts);
  if (alias || given.length === 0 || used.length === 0 || meant.length === 0) return [];
  const differs = used.every((one) => ![...given, ...meant].some((other) => sameAddress(one, other)));
  if (!differs || !given.some((one) => meant.some((other) => sameAddress(one, other)))) return [];
  const first = dns.answers.find(({ addresses }) => addresses.length > 0);
  return [
    {
      ...common(lookup),
      code: 'ND414',
      severity: 'error',
      confidence: 'likely',
      message: `programs in ${source.text} get ${used.slice(0, 3).join(', ')} for ${dns.name}, and DNS says ${[...new Set(given)].slice(0, 3).join(', ')}: a cache or /etc/hosts in the pod holds an old address`,
      evidence: [
        fromLibc(lookup),
        ...(first === undefined ? [] : [fromAnswer(lookup, first)]),
        fromApi(
          `service ${facts.destination.service?.namespace ?? systemNamespace}/${facts.destination.service?.name ?? ''}`,
          meant.slice(0, 3).join(' '),
        ),
      ],
      fix: { text: 'look into /etc/hosts of the pod; restart the cache, or the pod', commands: [] },
      blocks: { model: 'fail', sources: [source.key] },
    },
  ];
}

import type { Evidence } from '../finding.js';
import type { Facts, Source } from '../model/facts.js';
import { addressesOf } from '../model/pods.js';
import type { ObservedDns } from '../observed.js';
import { parseAddress } from '../policy/address.js';
import { observedOf } from './live-seen.js';

/** One answer of one server, or that none came. */
export type DnsAnswer = ObservedDns['answers'][number];

/** What a source saw when it looked up the destination. */
export interface Lookup {
  readonly source: Source;
  readonly dns: ObservedDns;
  /** `cluster.local`, by the search list; undefined where the list names none. */
  readonly zone?: string;
}

/** The lookups of the sources; that of `localhost` is about something else. */
export function lookups(facts: Facts): readonly Lookup[] {
  return facts.sources.flatMap((source) =>
    observedOf(facts)
      .dns.filter(({ from, name }) => from === source.key && name !== 'localhost')
      .map((dns) => {
        const zone = zoneOf(dns.resolvConf.search);
        return { source, dns, ...(zone === undefined ? {} : { zone }) };
      }),
  );
}

/** The cluster domain that a search list names behind `svc`. */
function zoneOf(search: readonly string[]): string | undefined {
  for (const domain of search) {
    const zone = /^(?:[^.]+\.)?svc\.(.+?)\.?$/.exec(domain)?.[1];
    if (zone !== undefined) return zone.toLowerCase();
  }
  return undefined;
}

/** Whether something came back, whatever it says. */
export function isAnswered({ outcome, rcode }: DnsAnswer): boolean {
  return outcome === 'answered' && rcode !== undefined;
}

/** Whether the name has an address by somebody's word. */
export function isResolved({ answers, libc }: ObservedDns): boolean {
  return libc.addresses.length > 0 || answers.some(({ addresses }) => addresses.length > 0);
}

/** Whether a server is the DNS of the cluster: its Service, or one of the pods behind it. */
export function isClusterServer({ dns }: Facts, server: string): boolean {
  const own = [...(dns?.addresses ?? []), ...(dns?.pods ?? []).flatMap(addressesOf)];
  return own.some((one) => sameAddress(one, server));
}

/** Whether a server is on the node itself: a cache such as NodeLocal DNSCache. */
export function isNodeLocal(server: string): boolean {
  return parseAddress(server)?.value.range() === 'linkLocal';
}

/** Whether two texts are one address. */
export function sameAddress(a: string, b: string): boolean {
  const [one, other] = [parseAddress(a), parseAddress(b)];
  return one !== undefined && one.value.toString() === other?.value.toString();
}

/** An answer as evidence. */
export function fromAnswer({ source }: Lookup, answer: DnsAnswer): Evidence {
  const { name, type, server, transport, rcode, addresses, ms, outcome } = answer;
  const took = ms === undefined ? '' : ` in ${Math.round(ms)} ms`;
  const said = rcode === undefined ? outcome : [rcode, ...addresses.slice(0, 4)].join(' ');
  return {
    source: 'probe',
    about: `${source.key} asks ${server} for ${name} ${type} over ${transport}`,
    excerpt: `${said}${took}`,
  };
}

/** What getaddrinfo(3) made of it, as evidence. */
export function fromLibc({ source, dns }: Lookup): Evidence {
  const { addresses, ms } = dns.libc;
  const took = ms === undefined ? '' : ` after ${Math.round(ms)} ms`;
  return {
    source: 'probe',
    about: `${source.key} looks up ${dns.name} as programs do`,
    excerpt: `${addresses.slice(0, 4).join(' ') || 'no address'}${took}`,
  };
}

/** resolv.conf as evidence. */
export function fromResolvConf({ source, dns }: Lookup): Evidence {
  const { nameservers, search, ndots } = dns.resolvConf;
  return {
    source: 'probe',
    about: `/etc/resolv.conf of ${source.text}`,
    excerpt: `nameserver ${nameservers.join(' ')}; search ${search.join(' ') || '(none)'}; ndots:${ndots}`,
  };
}

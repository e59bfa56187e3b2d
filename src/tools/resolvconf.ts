import { isIP } from 'node:net';
import { printable } from './text.js';

/** resolv.conf(5) as the C library reads it. */
export interface ResolvConf {
  /** In the order in which they are asked; glibc takes the first three. */
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  /** Names with fewer dots are looked for in the search list first. Default 1. */
  readonly ndots: number;
  /** The other options, as they are written. */
  readonly options: readonly string[];
}

/** Reads resolv.conf: the last `search` (or `domain`) counts, a comment begins with # or ;. */
export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  const options: string[] = [];
  let search: readonly string[] = [];
  for (const line of text.slice(0, 65_536).split('\n')) {
    const [keyword, ...words] = printable(line).trim().split(/\s+/);
    const [first] = words;
    if (keyword === 'nameserver' && first !== undefined && isIP(first.split('%')[0] ?? '') !== 0)
      nameservers.push(first);
    if (keyword === 'search') search = words;
    if (keyword === 'domain' && first !== undefined) search = [first];
    if (keyword === 'options') options.push(...words);
  }
  const ndots = options.flatMap((one) => /^ndots:(\d{1,4})$/.exec(one)?.[1] ?? []).at(-1);
  return {
    nameservers: nameservers.slice(0, 3),
    search: search.map((domain) => domain.replace(/\.$/, '')).filter((domain) => domain !== ''),
    // glibc caps it at 15.
    ndots: ndots === undefined ? 1 : Math.min(15, Number(ndots)),
    options: options.filter((one) => !one.startsWith('ndots:')),
  };
}

/** Every name that the resolver would ask for, in its order, each with its last dot. */
export function searchCandidates(name: string, { search, ndots }: ResolvConf): string[] {
  if (name.endsWith('.')) return [name];
  const dots = name.split('.').length - 1;
  const absolute = `${name}.`;
  const searched = search.map((domain) => `${name}.${domain}.`);
  const all = dots >= ndots ? [absolute, ...searched] : [...searched, absolute];
  return [...new Set(all)].filter((one) => one.length <= 254);
}

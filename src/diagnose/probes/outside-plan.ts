import { isIP } from 'node:net';
import type { Entry, OutsideFacts } from '../outside/facts.js';
import type { ProbeTo } from '../observed.js';

/** Addresses that are tried, names that are looked up, and requests that are made, at most. */
const outsideLimits = { addresses: 16, names: 4, requests: 12 } as const;

/** One request: where to connect to, and the URL that says scheme, host and path. */
export interface OutsideRequest {
  readonly to: ProbeTo;
  readonly url: string;
}

/** What to try from the machine of the person. */
export interface OutsidePlan {
  /** Names to look up, here and at the servers that answer for their zones. */
  readonly names: readonly string[];
  readonly connects: readonly ProbeTo[];
  readonly requests: readonly OutsideRequest[];
  /** What was left out because there is too much of it. */
  readonly cut: readonly { readonly what: string; readonly why: string }[];
}

/** The names of the ways in: that of the URL, those that load balancers have instead of addresses, those that rules serve. Pure. */
export function outsideNames({ url, ways }: OutsideFacts): readonly string[] {
  const entries = ways.flatMap((way) => way.entries);
  const named = [
    ...(url === undefined ? [] : [url.host]),
    ...entries.map(({ address }) => address),
    // Without a URL the hosts of the rules are what people will type.
    ...(url === undefined ? entries.flatMap(({ http }) => http?.host ?? []) : []),
  ];
  return [...new Set(named)].filter(isHostName).slice(0, outsideLimits.names);
}

/**
 * Every address that the ways have, and those that their names lead to (`found`: name → addresses, from whichever server told them);
 * requests where a way speaks HTTP. Pure.
 */
export function planOutside(
  outside: OutsideFacts,
  found: ReadonlyMap<string, readonly string[]>,
): OutsidePlan {
  const { url, ways } = outside;
  const entries = ways.flatMap((way) => way.entries);
  const places = new Map<string, ProbeTo>();
  const requests = new Map<string, OutsideRequest>();
  const add = (to: ProbeTo, entry?: Entry): void => {
    const key = `${to.protocol} ${to.address} ${to.port}`;
    if (!places.has(key)) places.set(key, to);
    if (!kept().includes(key)) return;
    const request = requestOf(outside, to, entry);
    if (request !== undefined) requests.set(`${key} ${request.url}`, request);
  };
  const kept = (): string[] => [...places.keys()].slice(0, outsideLimits.addresses);
  for (const entry of entries) {
    for (const address of isHostName(entry.address) ? (found.get(entry.address) ?? []) : [entry.address])
      add(toOf(entry, address), entry);
  }
  if (url !== undefined) {
    const port = typeof url.port === 'number' ? url.port : url.scheme === 'http' ? 80 : 443;
    // What the name leads to may be somewhere that no object knows: a record that is left over.
    for (const address of isHostName(url.host) ? (found.get(url.host) ?? []) : [url.host])
      add({ role: 'external', address, port, protocol: 'TCP' });
  }
  return {
    names: outsideNames(outside),
    connects: kept().flatMap((key) => places.get(key) ?? []),
    requests: everyUrlFirst([...requests.values()]).slice(0, outsideLimits.requests),
    cut:
      places.size > outsideLimits.addresses
        ? [
            {
              what: `${places.size - outsideLimits.addresses} of ${places.size} addresses from outside`,
              why: `only ${outsideLimits.addresses} are tried`,
            },
          ]
        : [],
  };
}

/** One request for each URL, then the same at other addresses. */
function everyUrlFirst(requests: readonly OutsideRequest[]): readonly OutsideRequest[] {
  const seen = new Map<string, number>();
  const ranked = requests.map((request) => {
    const rank = seen.get(request.url) ?? 0;
    seen.set(request.url, rank + 1);
    return { request, rank };
  });
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ request }) => request);
}

function toOf({ port, protocol, node }: Entry, address: string): ProbeTo {
  return { role: 'external', ...(node === undefined ? {} : { node }), address, port, protocol };
}

function requestOf({ url }: OutsideFacts, to: ProbeTo, entry: Entry | undefined): OutsideRequest | undefined {
  if (to.protocol !== 'TCP') return undefined;
  const wanted = url?.scheme === undefined ? undefined : { ...url, scheme: url.scheme };
  const http = wanted ?? entry?.http;
  if (http === undefined) return undefined;
  // At the port of the other scheme the URL is not served.
  if (wanted !== undefined && entry?.http !== undefined && entry.http.scheme !== wanted.scheme)
    return undefined;
  const host = http.host ?? to.address;
  if (!isHostName(host) && isIP(host) === 0) return undefined;
  const usual = http.scheme === 'http' ? 80 : 443;
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}${to.port === usual ? '' : `:${to.port}`}`;
  return { to, url: `${http.scheme}://${authority}${http.path.startsWith('/') ? http.path : '/'}` };
}

/** A name that DNS can be asked for: a wildcard is none. */
function isHostName(text: string): boolean {
  return (
    isIP(text) === 0 &&
    /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(text)
  );
}

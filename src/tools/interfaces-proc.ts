import type {
  InterfaceTables,
  Link,
  LinkAddress,
  LinkCounters,
  Neighbour,
  Route,
} from './interfaces-types.js';
import { printable } from './text.js';
import { formatIpv6 } from './sockets-parse.js';

/** Reads /proc/net/dev: bytes, packets, errors and drops of each interface. */
export function parseProcDev(
  text: string,
): Map<string, { readonly received: LinkCounters; readonly sent: LinkCounters }> {
  const found = new Map<string, { readonly received: LinkCounters; readonly sent: LinkCounters }>();
  for (const line of text.split('\n')) {
    const [, name = '', rest = ''] = /^\s*([^\s:]+):\s*(.*)$/.exec(printable(line)) ?? [];
    const numbers = rest.split(/\s+/).map(Number);
    if (name === '' || numbers.length < 16 || numbers.some(Number.isNaN)) continue;
    const from = (at: number): LinkCounters => {
      const [bytes = 0, packets = 0, errors = 0, dropped = 0] = numbers.slice(at);
      return { bytes, packets, errors, dropped };
    };
    found.set(name, { received: from(0), sent: from(8) });
  }
  return found;
}

/**
 * Reads /proc/net: dev, route, fib_trie, arp, if_inet6, ipv6_route, and MTU, state and MAC under /sys/class/net.
 * An IPv4 address is told by the kernel without its interface: it is given to that whose route holds it.
 */
export function parseProcTables(parts: readonly string[]): InterfaceTables | undefined {
  const [dev = '', route = '', trie = '', arp = '', inet6 = '', route6 = '', sys = ''] = parts;
  const counted = parseProcDev(dev);
  if (counted.size === 0) return undefined;
  const four = procRoutes(route);
  const own = localAddresses(trie);
  const six = procInet6(inet6);
  const links = [...counted].map(([name, counts]): Link => {
    const of = (what: string): string | undefined =>
      new RegExp(`/${escaped(name)}/${what}:(.*)$`, 'm').exec(sys)?.[1];
    const [mtu, state, mac] = ['mtu', 'operstate', 'address'].map(of);
    return {
      name,
      ...(mtu === undefined ? {} : { mtu: Number(mtu) }),
      ...(state === undefined ? {} : { state: printable(state).toUpperCase() }),
      ...(mac === undefined ? {} : { mac: printable(mac) }),
      addresses: [...own.filter((one) => deviceOf(one.address, four) === name), ...(six.get(name) ?? [])],
      ...counts,
    };
  });
  return { links, routes: [...four, ...procRoutes6(route6)], neighbours: procArp(arp) };
}

function escaped(name: string): string {
  return name.replace(/[^\w-]/g, '\\$&');
}

/** Little-endian hex of an IPv4 address. */
function ipv4(hex: string): string {
  return (hex.match(/../g) ?? [])
    .reverse()
    .map((byte) => parseInt(byte, 16))
    .join('.');
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

function procRoutes(text: string): Route[] {
  return text.split('\n').flatMap((line): Route[] => {
    const [device = '', destination = '', gateway = '', , , , metric, mask = ''] = printable(line)
      .trim()
      .split(/\s+/);
    if (!/^[0-9A-F]{8}$/.test(destination) || !/^[0-9A-F]{8}$/.test(mask)) return [];
    const length = numberOf(ipv4(mask)).toString(2).replaceAll('0', '').length;
    const prefix = length === 0 ? 'default' : `${ipv4(destination)}${length === 32 ? '' : `/${length}`}`;
    const via = gateway === '00000000' ? {} : { gateway: ipv4(gateway) };
    const cost = metric === '0' || metric === undefined ? {} : { metric: Number(metric) };
    return [{ family: 4, destination: prefix, ...via, device, ...cost }];
  });
}

/** The `/32 host LOCAL` leaves; the trie shows each table that holds them. */
function localAddresses(trie: string): LinkAddress[] {
  const lines = trie.split('\n');
  const all = lines.flatMap((line, at) => {
    const address = /\|-- ([\d.]+)/.exec(line)?.[1];
    return address !== undefined && (lines[at + 1] ?? '').includes('/32 host LOCAL') ? [address] : [];
  });
  return [...new Set(all)].map((address) => ({
    family: 4,
    address,
    prefixLength: 32,
    scope: address.startsWith('127.') ? 'host' : 'global',
  }));
}

/** The interface of the narrowest route that holds an address of our own; loopback's are those of 127/8. */
function deviceOf(address: string, routes: readonly Route[]): string | undefined {
  if (address.startsWith('127.')) return 'lo';
  const holding = routes.flatMap(({ destination, device }) => {
    const [prefix = '', length = destination === 'default' ? '0' : '32'] = destination.split('/');
    const bits = 2 ** (32 - Number(length));
    const start = destination === 'default' ? 0 : numberOf(prefix);
    const holds = Math.floor(numberOf(address) / bits) === Math.floor(start / bits);
    return holds ? [{ device, length: Number(length) }] : [];
  });
  return holding.sort((a, b) => b.length - a.length)[0]?.device;
}

const scopes: Readonly<Record<string, string>> = { '00': 'global', '10': 'host', '20': 'link', '40': 'site' };

function procInet6(text: string): Map<string, LinkAddress[]> {
  const found = new Map<string, LinkAddress[]>();
  for (const line of text.split('\n')) {
    const [hex = '', , length = '', scope = '', , name = ''] = printable(line).trim().split(/\s+/);
    if (!/^[0-9a-f]{32}$/.test(hex)) continue;
    const one = {
      family: 6,
      address: ipv6(hex),
      prefixLength: parseInt(length, 16),
      scope: scopes[scope] ?? scope,
    } as const;
    found.set(name, [...(found.get(name) ?? []), one]);
  }
  return found;
}

function ipv6(hex: string): string {
  return formatIpv6((hex.match(/..../g) ?? []).map((group) => parseInt(group, 16)));
}

/** Routes that `ip -6 route` shows too: not those of the table local, nor multicast, nor the kernel's own unreachable ones. */
function procRoutes6(text: string): Route[] {
  return text.split('\n').flatMap((line): Route[] => {
    const [to = '', length = '', , , via = '', metric = '', , , flags = '', device = ''] = printable(line)
      .trim()
      .split(/\s+/);
    const bits = parseInt(flags, 16);
    if (!/^[0-9a-f]{32}$/.test(to) || (bits & 0x80200000) !== 0 || to.startsWith('ff')) return [];
    const prefix = parseInt(length, 16);
    const destination = prefix === 0 ? 'default' : `${ipv6(to)}${prefix === 128 ? '' : `/${prefix}`}`;
    const gateway = /^0+$/.test(via) ? {} : { gateway: ipv6(via) };
    return [{ family: 6, destination, ...gateway, device, metric: parseInt(metric, 16) }];
  });
}

function procArp(text: string): Neighbour[] {
  return text.split('\n').flatMap((line): Neighbour[] => {
    const [address = '', , flags = '', mac = '', , device = ''] = printable(line).trim().split(/\s+/);
    if (!/^[\d.]+$/.test(address)) return [];
    const complete = (parseInt(flags, 16) & 2) !== 0;
    return [{ address, device, ...(complete ? { mac } : {}), state: complete ? 'COMPLETE' : 'INCOMPLETE' }];
  });
}

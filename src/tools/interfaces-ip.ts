import { isIP } from 'node:net';
import * as z from 'zod';
import { parseProcDev } from './interfaces-proc.js';
import type { InterfaceTables, Link, LinkAddress, Neighbour, Route } from './interfaces-types.js';
import { printable } from './text.js';

const text = z.string().transform((one) => printable(one).slice(0, 200));
const counters = z.object({
  bytes: z.number(),
  packets: z.number(),
  errors: z.number(),
  dropped: z.number(),
});
const links = z.array(
  z.object({
    ifname: text,
    mtu: z.number().optional(),
    operstate: text.optional(),
    address: text.optional(),
    stats64: z.object({ rx: counters, tx: counters }).optional(),
  }),
);
const addresses = z.array(
  z.object({
    ifname: text.optional(),
    addr_info: z
      .array(
        z.object({
          family: z.string(),
          local: text.optional(),
          prefixlen: z.number().optional(),
          scope: text.optional(),
        }),
      )
      .optional(),
  }),
);
const routes = z.array(
  z.object({
    dst: text,
    gateway: text.optional(),
    dev: text.optional(),
    prefsrc: text.optional(),
    metric: z.number().optional(),
    type: text.optional(),
  }),
);
const neighbours = z.array(
  z.object({ dst: text, dev: text, lladdr: text.optional(), state: z.array(text).optional() }),
);

/** Reads `ip -j`: link with counters, addr, routes of both families, neighbours. Undefined when this ip has no JSON. */
export function parseIpJson(parts: readonly string[]): InterfaceTables | undefined {
  const [link, addr, four, six, neigh] = parts;
  const all = read(links, link);
  const known = read(addresses, addr);
  if (all === undefined || known === undefined) return undefined;
  return {
    links: all.map(({ ifname, mtu, operstate, address, stats64 }) => ({
      name: ifname,
      ...(mtu === undefined ? {} : { mtu }),
      ...(operstate === undefined ? {} : { state: operstate }),
      ...(address === undefined ? {} : { mac: address }),
      addresses: known
        .filter((one) => one.ifname === ifname)
        .flatMap(({ addr_info }) => addr_info ?? [])
        .flatMap(({ family, local, prefixlen = 0, scope = '' }): LinkAddress[] =>
          local === undefined
            ? []
            : [{ family: family === 'inet6' ? 6 : 4, address: local, prefixLength: prefixlen, scope }],
        ),
      ...(stats64 === undefined ? {} : { received: stats64.rx, sent: stats64.tx }),
    })),
    routes: [...jsonRoutes(four, 4), ...jsonRoutes(six, 6)],
    neighbours: (read(neighbours, neigh) ?? []).map(({ dst, dev, lladdr, state }) => ({
      address: dst,
      device: dev,
      ...(lladdr === undefined ? {} : { mac: lladdr }),
      state: state?.[0] ?? '',
    })),
  };
}

function jsonRoutes(part: string | undefined, family: 4 | 6): Route[] {
  return (read(routes, part) ?? []).map(({ dst, gateway, dev, prefsrc, metric, type }) => ({
    family,
    destination: dst,
    ...(gateway === undefined ? {} : { gateway }),
    ...(dev === undefined ? {} : { device: dev }),
    ...(prefsrc === undefined ? {} : { source: prefsrc }),
    ...(metric === undefined ? {} : { metric }),
    ...(type === undefined || type === 'unicast' ? {} : { type }),
  }));
}

function read<T>(schema: z.ZodType<T>, part: string | undefined): T | undefined {
  try {
    const done = schema.safeParse(JSON.parse(part?.trim() === '' ? '[]' : (part ?? '')));
    return done.success ? done.data : undefined;
  } catch {
    return undefined;
  }
}

/** Reads `ip` as text, busybox's or iproute2's: addr, routes of both families, neighbours, and /proc/net/dev for the counters. */
export function parseIpText(parts: readonly string[]): InterfaceTables | undefined {
  const [addr = '', four = '', six = '', neigh = '', dev = ''] = parts.map(printableLines);
  const counted = parseProcDev(dev);
  const found: Link[] = addr.split(/^(?=\d+: )/m).flatMap((block): Link[] => {
    const head = /^\d+: ([^:@\s]+)(?:@\S+)?: <([^>]*)>.*? mtu (\d+)/.exec(block);
    if (head === null) return [];
    const [, name = '', flags = '', mtu] = head;
    const mac = /link\/\S+ ([0-9a-f:]+)/.exec(block)?.[1];
    const stated = / state (\S+)/.exec(block)?.[1];
    const state = stated ?? (flags.split(',').includes('LOWER_UP') ? 'UP' : 'DOWN');
    return [
      {
        name,
        mtu: Number(mtu),
        state,
        ...(mac === undefined ? {} : { mac }),
        addresses: textAddresses(block),
        ...counted.get(name),
      },
    ];
  });
  if (found.length === 0) return undefined;
  return {
    links: found,
    routes: [...textRoutes(four, 4), ...textRoutes(six, 6)],
    neighbours: textNeighbours(neigh),
  };
}

function printableLines(part: string): string {
  return part.split('\n').map(printable).join('\n');
}

function textAddresses(block: string): LinkAddress[] {
  const all = block.matchAll(/^\s+inet(6?) ([0-9a-f.:]+)(?: peer \S+?)?\/(\d+).*? scope (\S+)/gm);
  return [...all].map(([, six, address = '', length, scope = '']) => ({
    family: six === '6' ? 6 : 4,
    address,
    prefixLength: Number(length),
    scope,
  }));
}

function textRoutes(part: string, family: 4 | 6): Route[] {
  return part.split('\n').flatMap((line): Route[] => {
    const words = line.trim().split(/\s+/);
    const types = ['unreachable', 'blackhole', 'prohibit', 'local', 'broadcast', 'multicast', 'throw'];
    const type = types.includes(words[0] ?? '') ? words.shift() : undefined;
    const [destination = ''] = words;
    // busybox shows the multicast route of the table local, iproute2 does not.
    if (type === 'multicast') return [];
    if (destination !== 'default' && isIP(destination.split('/')[0] ?? '') === 0) return [];
    const after = (word: string): string | undefined => {
      const at = words.indexOf(word);
      return at < 0 ? undefined : words[at + 1];
    };
    const [gateway, device, source, metric] = ['via', 'dev', 'src', 'metric'].map(after);
    return [
      {
        family,
        destination,
        ...(gateway === undefined ? {} : { gateway }),
        ...(device === undefined ? {} : { device }),
        ...(source === undefined ? {} : { source }),
        ...(metric === undefined ? {} : { metric: Number(metric) }),
        ...(type === undefined ? {} : { type }),
      },
    ];
  });
}

function textNeighbours(part: string): Neighbour[] {
  return part.split('\n').flatMap((line): Neighbour[] => {
    const [, address = '', device = '', rest = ''] = /^(\S+) dev (\S+)(.*)$/.exec(line.trim()) ?? [];
    if (isIP(address) === 0) return [];
    const mac = /lladdr ([0-9a-f:]+)/.exec(rest)?.[1];
    const state = /\b([A-Z]{4,})\s*$/.exec(rest)?.[1] ?? '';
    return [{ address, device, ...(mac === undefined ? {} : { mac }), state }];
  });
}

/** How each breakage of a node's network is made and mended: commands of ip(8), tables of nft(8). */
import { replaceTable } from './nft.js';
import type { Breakage } from './options.js';

/** What a node needs to know of itself and the others. */
export interface BrokenNode {
  readonly name: string;
  readonly address: string;
  readonly podCidr: string;
}

/** What is to be done in a node's namespace: first ip commands, then a transaction of nft. */
export interface NodeChange {
  readonly node: string;
  readonly ip: readonly string[];
  readonly nft: string;
}

function filter(table: string, hook: string, rules: readonly string[]): string {
  return replaceTable(`ip ${table}`, [
    'chain broken {',
    // Behind DNAT and before everything else that filters.
    `type filter hook ${hook} priority -120`,
    ...rules,
    '}',
  ]);
}

function lossRules(breakage: Extract<Breakage, { kind: 'loss' }>): string[] {
  const chance = breakage.percent >= 100 ? 'drop' : `numgen random mod 100 < ${breakage.percent} drop`;
  const { address, port } = breakage;
  const protocol = breakage.protocol ?? (port === undefined ? undefined : 'tcp');
  const ports = (side: string): string =>
    protocol === undefined
      ? ''
      : port === undefined
        ? ` meta l4proto ${protocol}`
        : ` ${protocol} ${side} ${port}`;
  const both = [
    ['daddr', 'dport'],
    ['saddr', 'sport'],
  ] as const;
  return both
    .map(([field, side]) =>
      `${address === undefined ? '' : `ip ${field} ${address}`}${ports(side)} ${chance}`.trim(),
    )
    .filter((rule, index) => address !== undefined || port !== undefined || index === 0);
}

/** The changes that break; `id` names what is added so that it can be taken away. Pure. */
export function breaking(breakage: Breakage, id: string, nodes: readonly BrokenNode[]): NodeChange[] {
  const table = `broken-${id}`;
  switch (breakage.kind) {
    case 'mtu-black-hole':
      return (breakage.nodes ?? nodes.map(({ name }) => name)).map((node) => ({
        node,
        ip: [`link set eth0 mtu ${breakage.mtu ?? 1280}`],
        nft: filter(table, 'output', ['icmp type destination-unreachable icmp code frag-needed drop']),
      }));
    case 'lost-route':
      return nodes
        .filter(({ name }) => name === breakage.to)
        .map(({ podCidr }) => ({ node: breakage.node, ip: [`route del ${podCidr}`], nft: '' }));
    case 'node-down':
      return breakage.link === true ? [{ node: breakage.node, ip: ['link set eth0 down'], nft: '' }] : [];
    case 'kube-proxy-down':
      return breakage.flushed === true
        ? [{ node: breakage.node, ip: [], nft: 'table ip kube-proxy\ndelete table ip kube-proxy\n' }]
        : [];
    case 'loss':
      return [{ node: breakage.node, ip: [], nft: filter(table, 'forward', lossRules(breakage)) }];
    case 'no-hairpin': {
      const prefix = nodes.find(({ name }) => name === breakage.node)?.podCidr.replace(/\d+\/\d+$/, '') ?? '';
      const pairs = Array.from({ length: 253 }, (_, host) => `${prefix}${host + 2} . ${prefix}${host + 2}`);
      const rule = `ip saddr . ip daddr { ${pairs.join(', ')} } drop`;
      return [{ node: breakage.node, ip: [], nft: filter(table, 'forward', [rule]) }];
    }
    case 'dns-slow':
    case 'dns-forward-down':
    case 'dns-down':
      return [];
  }
}

/** The changes that mend. */
export function mending(breakage: Breakage, id: string, nodes: readonly BrokenNode[]): NodeChange[] {
  const routes = (name: string, to?: string): string[] =>
    nodes
      .filter((other) => other.name !== name && (to === undefined || other.name === to))
      .map((other) => `route replace ${other.podCidr} via ${other.address}`);
  return breaking(breakage, id, nodes).map(({ node, nft }) => {
    const table = /^table (ip broken-\S+)$/m.exec(nft)?.[1];
    return {
      node,
      ip:
        breakage.kind === 'mtu-black-hole'
          ? ['link set eth0 mtu 1500']
          : breakage.kind === 'lost-route'
            ? routes(node, breakage.to)
            : breakage.kind === 'node-down'
              ? // With the link went the routes over it.
                ['link set eth0 up', 'route replace default via 172.30.0.1', ...routes(node)]
              : [],
      nft: table === undefined ? '' : `delete table ${table}\n`,
    };
  });
}

/**
 * The network of the cluster, inside of its network namespace: a backbone bridge, a namespace for every node with a bridge
 * for its pods, routes between the nodes. Node i has 172.30.0.(10+i) and the pods 10.244.i.0/24; with IPv6 also
 * fd00:172:30::(10+i) and fd00:10:244:i::/64.
 *
 * A routed network is for Services and policies, which need to see every packet: no bridge, but a link of its own for
 * every pod, as the CNI plugin ptp makes it; IPv4 only; an address that no pod has is silent; and there is an outside.
 */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { nft } from '../network/nft.js';
import type { Launcher } from './process.js';
import { unshare, type Step } from './steps.js';

/** As on the recorded cluster; 1472 bytes of ping payload do not fit. */
const podMtu = 1400;
const backbone = 'nd-backbone';

export interface NodeNetwork {
  readonly name: string;
  readonly address: string;
  readonly podCidr: string;
  /** Whose network and UTS namespaces are those of the node. */
  readonly pid: number;
  readonly index: number;
}

/** Addresses of a pod, IPv4 first. */
export interface PodAddresses {
  readonly ip: string;
  readonly ip6: string | undefined;
}

/** Sysctls of a network namespace, as containerd sets them for pods. `group` is the only one that a single-user namespace knows. */
export function podSysctls(group: number | undefined): Step[] {
  const range = group === undefined ? '0 2147483647' : `${group} ${group}`;
  return [
    ['trywrite', '/proc/sys/net/ipv4/ping_group_range', range],
    ['trywrite', '/proc/sys/net/ipv4/ip_unprivileged_port_start', '0'],
    // Nobody else has these addresses: no second of waiting for IPv6.
    ['trywrite', '/proc/sys/net/ipv6/conf/all/accept_dad', '0'],
    ['trywrite', '/proc/sys/net/ipv6/conf/default/accept_dad', '0'],
  ];
}

/** Runs `ip -batch` in the network namespace of a process, or in that of this one. Rejects with what ip said. */
export function ip(pid: number | undefined, commands: readonly string[]): Promise<void> {
  const argv = [...(pid === undefined ? [] : ['nsenter', '-t', String(pid), '-n']), 'ip', '-batch', '-'];
  const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(commands.map((command) => `${command}\n`).join(''));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) {
        resolve();
      } else {
        reject(new Error(`ip -batch: ${said.trim()} (${commands.join('; ')})`));
      }
    });
  });
}

/** The network of all nodes. */
export class Network {
  readonly nodes: readonly NodeNetwork[];
  readonly #ipv6: boolean;
  readonly #routed: boolean;
  /** A process in a network outside of the cluster; only with a routed network. */
  readonly outside: number | undefined;
  readonly #next = new Map<string, number>();
  #veth = 0;

  private constructor(nodes: readonly NodeNetwork[], ipv6: boolean, outside?: number) {
    this.nodes = nodes;
    this.#ipv6 = ipv6;
    this.#routed = outside !== undefined;
    this.outside = outside;
  }

  /** Lays the network for nodes node-1 … node-N. The namespace of this process must be the cluster's own. */
  static async create(launcher: Launcher, nodeCount: number, routed = false): Promise<Network> {
    const ipv6 = !routed && existsSync('/proc/sys/net/ipv6');
    const outside = routed ? launcher.hold([unshare('newnet')]) : undefined;
    const nodes = await Promise.all(
      Array.from({ length: nodeCount }, async (_, zero): Promise<NodeNetwork> => {
        const index = zero + 1;
        const name = `node-${index}`;
        const steps: Step[] = [
          unshare('newnet', 'newuts'),
          ['hostname', name],
          ['trywrite', '/proc/sys/net/ipv4/ip_forward', '1'],
          ['trywrite', '/proc/sys/net/ipv4/conf/all/send_redirects', '0'],
          ['trywrite', '/proc/sys/net/ipv6/conf/all/forwarding', '1'],
          ...podSysctls(undefined),
        ];
        const { pid } = await launcher.hold(steps);
        return { name, address: `172.30.0.${10 + index}`, podCidr: `10.244.${index}.0/24`, pid, index };
      }),
    );
    const network = new Network(nodes, ipv6, (await outside)?.pid);
    await network.#layBackbone();
    await Promise.all([
      ...nodes.map((node) => network.#layNode(node)),
      ...(network.outside === undefined ? [] : [layOutside(network.outside)]),
    ]);
    return network;
  }

  node(name: string): NodeNetwork | undefined {
    return this.nodes.find((node) => node.name === name);
  }

  async #layBackbone(): Promise<void> {
    const commands = [
      'link set lo up',
      `link add ${backbone} address ${macOf('172.30.0.1')} type bridge mcast_snooping 0`,
      `addr add 172.30.0.1/24 brd + dev ${backbone}`,
      ...(this.#ipv6 ? [`addr add fd00:172:30::1/64 dev ${backbone} nodad`] : []),
      `link set ${backbone} up`,
    ];
    for (const { index, pid, address, podCidr } of this.nodes) {
      commands.push(
        `link add nd-node${index} type veth peer name eth0 netns ${pid}`,
        `link set nd-node${index} master ${backbone}`,
        `link set nd-node${index} up`,
        `route add ${podCidr} via ${address}`,
        ...(this.#ipv6 ? [`route add fd00:10:244:${index}::/64 via fd00:172:30::${10 + index}`] : []),
      );
    }
    await ip(undefined, commands);
  }

  async #layNode(node: NodeNetwork): Promise<void> {
    const commands = [
      'link set lo up',
      `addr add ${node.address}/24 brd + dev eth0`,
      'link set eth0 up',
      'route add default via 172.30.0.1',
      `link add cni0 address ${macOf(`10.244.${node.index}.1`)} mtu ${podMtu} type bridge mcast_snooping 0`,
      `addr add 10.244.${node.index}.1/${this.#routed ? '32' : '24 brd +'} dev cni0`,
      'link set cni0 up',
      ...(this.#routed ? [`route add blackhole ${node.podCidr}`] : []),
    ];
    if (this.#ipv6) {
      commands.push(
        `addr add fd00:172:30::${10 + node.index}/64 dev eth0 nodad`,
        `addr add fd00:10:244:${node.index}::1/64 dev cni0 nodad`,
      );
    }
    for (const other of this.nodes.filter((peer) => peer !== node)) {
      commands.push(`route add ${other.podCidr} via ${other.address}`);
      if (this.#ipv6) {
        commands.push(`route add fd00:10:244:${other.index}::/64 via fd00:172:30::${10 + other.index}`);
      }
    }
    await ip(node.pid, commands);
    if (this.#routed) {
      // Outside of the cluster nobody knows a way to pods.
      const rule = 'ip saddr 10.244.0.0/16 ip daddr != { 10.244.0.0/16, 172.30.0.0/24 } masquerade';
      await nft(
        node.pid,
        `table ip cni {\nchain outwards {\ntype nat hook postrouting priority 110\n${rule}\n}\n}\n`,
      );
    }
  }

  /** Joins the network namespace of a pod to its node: eth0 with addresses of its own and a default route. */
  async attach(node: NodeNetwork, pid: number): Promise<PodAddresses> {
    // Addresses are not given out again before the range is used up, as on a real node.
    const host = this.#next.get(node.name) ?? 2;
    this.#next.set(node.name, host >= 254 ? 2 : host + 1);
    const addresses: PodAddresses = {
      ip: `10.244.${node.index}.${host}`,
      ip6: this.#ipv6 ? `fd00:10:244:${node.index}::${host.toString(16)}` : undefined,
    };
    this.#veth += 1;
    const veth = `veth${this.#veth.toString(16).padStart(8, '0')}`;
    const gateway = `10.244.${node.index}.1`;
    await ip(node.pid, [
      `link add ${veth} mtu ${podMtu} type veth peer name eth0 mtu ${podMtu} netns ${pid}`,
      ...(this.#routed ? [] : [`link set ${veth} master cni0`]),
      `link set ${veth} up`,
      ...(this.#routed ? [`route add ${addresses.ip} dev ${veth} src ${node.address}`] : []),
    ]);
    await ip(pid, [
      'link set lo up',
      `addr add ${addresses.ip}/24 brd + dev eth0${this.#routed ? ' noprefixroute' : ''}`,
      ...(addresses.ip6 ? [`addr add ${addresses.ip6}/64 dev eth0 nodad`] : []),
      'link set eth0 up',
      ...(this.#routed ? [`route add ${gateway} dev eth0`, `route add ${node.podCidr} via ${gateway}`] : []),
      `route add default via ${gateway}`,
      ...(addresses.ip6 ? [`route add default via fd00:10:244:${node.index}::1`] : []),
    ]);
    return addresses;
  }
}

/** A network beyond the backbone: 203.0.113.10 and .20, whose packets come to nodes from outside of the cluster. */
async function layOutside(pid: number): Promise<void> {
  await ip(undefined, [
    `link add nd-outside type veth peer name eth0 netns ${pid}`,
    'addr add 203.0.113.1/24 dev nd-outside',
    // Two servers of DNS (network/dns/outside.ts).
    'addr add 203.0.113.53/24 dev nd-outside',
    'addr add 203.0.113.54/24 dev nd-outside',
    'link set nd-outside up',
    // What is nowhere is silent.
    'route add blackhole default',
    // The way from node to node is their own: this one knows no pods for them. (No filter: that would see bridged frames
    // as well where br_netfilter is loaded.)
    `rule add iif ${backbone} pref 100 lookup 100`,
    'route add 203.0.113.0/24 dev nd-outside table 100',
    'route add blackhole default table 100',
  ]);
  await ip(pid, [
    'link set lo up',
    'addr add 203.0.113.10/24 dev eth0',
    'addr add 203.0.113.20/24 dev eth0',
    'link set eth0 up',
    'route add default via 203.0.113.1',
  ]);
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
}

/**
 * A link-layer address of its own, made of the address as CNI plugins make it. A bridge without one takes that of its lowest port, and
 * another one when that port goes: whoever knew the gateway then talks to nobody for half a minute.
 */
function macOf(address: string): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return ['0a', '58', ...bytes].join(':');
}

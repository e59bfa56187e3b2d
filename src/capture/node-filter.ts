import { isIP } from 'node:net';
import type { ServerAddress } from '../kube/server-addresses.js';
import type { Socket } from '../tools/sockets-parse.js';
import { combineFilters } from './filter.js';

/** What is known of the ways that a capture on a node takes to us. */
export interface OwnStreams {
  /** The node's IP addresses. */
  readonly nodeAddresses: readonly string[];
  readonly kubeletPort: number;
  readonly apiServers: readonly ServerAddress[];
  /**
   * Ports on the loopback interface on which the container runtime may serve the kubelet (it chooses one by chance);
   * `all` when they could not be read.
   */
  readonly loopbackPorts: readonly number[] | 'all';
}

/** Port of the konnectivity server, which agents on nodes connect to where the API server cannot reach the kubelets itself. */
const konnectivityPort = 8132;

/**
 * The pcap-filter(7) expression of the packets that carry a capture away from the node, each of which would else be captured,
 * carried away and captured again: API server to kubelet, agent to konnectivity server, us to an API server on this node, and, where
 * loopback is captured too, kubelet to container runtime. Empty when nothing is known.
 * @param interfaceName Loopback matters on `lo` and `any` only.
 */
export function ownStreamsFilter(streams: OwnStreams, interfaceName: string): string {
  const { nodeAddresses, kubeletPort, apiServers, loopbackPorts } = streams;
  const nodes = nodeAddresses.filter(isAddress);
  const servers = apiServers.filter(({ address, port }) => isAddress(address) && isPort(port));
  const serverPorts = unique(servers.map(({ port }) => port));
  const parts: string[] = [];
  // The node as the server: its kubelet, and an API server that runs here. Not what the node asks of others.
  const served = unique([kubeletPort, ...serverPorts].filter(isPort));
  if (nodes.length > 0 && served.length > 0) {
    // In this language `and` does not bind closer than `or`: every pair has brackets of its own.
    const side = (direction: string): string =>
      `(${any(nodes.map((address) => `${direction} host ${address}`))} and ${any(served.map((port) => `${direction} port ${port}`))})`;
    parts.push(`(${side('dst')} or ${side('src')})`);
  }
  const elsewhere = servers.filter(({ address }) => !nodes.includes(address) && !isLoopback(address));
  for (const address of unique(elsewhere.map((each) => each.address))) {
    const ports = elsewhere.filter((each) => each.address === address).map(({ port }) => port);
    const all = unique([...ports, konnectivityPort]).map((port) => `port ${port}`);
    parts.push(`(host ${address} and ${any(all)})`);
  }
  if (interfaceName === 'any' || interfaceName === 'lo') {
    const loopback = '((src net 127.0.0.0/8 and dst net 127.0.0.0/8) or (src host ::1 and dst host ::1))';
    const ports = loopbackPorts === 'all' ? [] : loopbackPorts.filter(isPort).map((port) => `port ${port}`);
    if (loopbackPorts === 'all') parts.push(loopback);
    else if (ports.length > 0) parts.push(`(${any(ports)} and ${loopback})`);
  }
  return parts.length === 0 ? '' : `tcp and (${parts.join(' or ')})`;
}

/**
 * A person's filter without the packets that the other expression describes. Throws a NetdebugError (2) for brackets that do not
 * match.
 */
export function withoutStreams(filter: string | undefined, streams: string): string | undefined {
  return combineFilters(filter, streams === '' ? undefined : `not (${streams})`);
}

/**
 * Where the container runtime may serve the kubelet: TCP ports that are listened to on loopback alone and have a connection from
 * loopback at this moment, in which a stream of ours is open.
 */
export function loopbackPortsOf(sockets: readonly Socket[]): readonly number[] {
  const tcp = sockets.filter(({ protocol }) => protocol === 'tcp');
  const listening = new Set(
    tcp
      .filter(({ state, localAddress }) => state === 'LISTEN' && isLoopback(localAddress))
      .map(({ localPort }) => localPort),
  );
  const connected = tcp.filter(
    ({ state, localPort, localAddress, remoteAddress }) =>
      state === 'ESTABLISHED' &&
      listening.has(localPort) &&
      isLoopback(localAddress) &&
      isLoopback(remoteAddress),
  );
  return [...unique(connected.map(({ localPort }) => localPort))].sort((a, b) => a - b);
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

/** Not with a zone (`fe80::1%eth0`), which libpcap does not know. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes('%');
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536;
}

function any(alternatives: readonly string[]): string {
  return alternatives.length === 1 ? (alternatives[0] ?? '') : `(${alternatives.join(' or ')})`;
}

function unique<T>(all: readonly T[]): readonly T[] {
  return [...new Set(all)];
}

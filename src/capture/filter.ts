import { isIP } from 'node:net';
import { ExitCode, NetdebugError } from '../errors.js';
import { filterWord } from '../tools/tcpdump.js';

/** An address that packets come from or go to. */
export interface PeerAddress {
  /** IPv4 or IPv6, or a DNS name, which libpcap looks up in the pod. */
  readonly host: string;
  /** Only packets to or from this port of it. */
  readonly port?: { readonly number: number; readonly protocol: 'tcp' | 'udp' | 'sctp' } | undefined;
}

/** More addresses than this make a filter that the kernel takes no more (BPF_MAXINSNS), or that nobody can read. */
export const MOST_PEER_ADDRESSES = 100;

/**
 * The pcap-filter(7) expression of the packets that match the person's filter and every addition. Undefined when all is undefined.
 * The person's comes first: libpcap carries the words before into what follows (`tcp port 80 and 443`), and additions that are whole
 * expressions take nothing over. Throws a NetdebugError (2) for brackets that do not match, which could close ours.
 */
export function combineFilters(
  person: string | undefined,
  ...additions: readonly (string | undefined)[]
): string | undefined {
  const own = filterWord(person);
  const parts = [own, ...additions.map(filterWord)].filter((part) => part !== undefined);
  if (parts.length <= 1) return parts[0];
  if (own !== undefined) checkBrackets(own);
  return parts.map((part) => `(${part})`).join(' and ');
}

/**
 * Whether every bracket has its other half. In the language of libpcap a parenthesis is never part of a name, nor can it be quoted
 * or escaped (scanner.l), so counting is enough.
 */
function checkBrackets(filter: string): void {
  let depth = 0;
  for (const character of filter) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (depth < 0) break;
  }
  if (depth === 0) return;
  throw new NetdebugError(
    `The filter ${JSON.stringify(filter.slice(0, 200))} has a ${depth < 0 ? 'closing' : 'opening'} bracket without its other half.`,
    { exitCode: ExitCode.usage, hint: 'The language is that of the manual page pcap-filter(7).' },
  );
}

/**
 * The expression of the packets to or from any of these addresses; ARP for them is among them where no port is meant.
 * Undefined when there are none. Throws a NetdebugError (2) when there are too many.
 */
export function peerFilter(peers: readonly PeerAddress[]): string | undefined {
  const alternatives = [...new Set(peers.map(peerExpression))];
  if (alternatives.length === 0) return undefined;
  if (alternatives.length > MOST_PEER_ADDRESSES) {
    throw new NetdebugError(
      `--peer stands for ${alternatives.length} addresses; a filter takes at most ${MOST_PEER_ADDRESSES}.`,
      {
        exitCode: ExitCode.usage,
        hint: 'Name a pod or a smaller workload, or filter by net or port with -f.',
      },
    );
  }
  return alternatives.join(' or ');
}

function peerExpression({ host, port }: PeerAddress): string {
  const where = hostExpression(host);
  return port === undefined ? where : `(${where} and ${port.protocol} port ${port.number})`;
}

/** `host X`. A backslash makes libpcap take any word for a name, one of its own language too. */
function hostExpression(host: string): string {
  if (isIP(host) !== 0) return `host ${host}`;
  if (!/^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})$/.test(host)) {
    throw new NetdebugError(`${JSON.stringify(host.slice(0, 100))} cannot stand in a filter.`, {
      exitCode: ExitCode.usage,
    });
  }
  return `host \\${host}`;
}

/**
 * The expression that leaves out TCP between these addresses and these ports: the kubelet's probes.
 * Undefined when either is empty.
 */
export function withoutProbesFilter(
  sources: readonly string[],
  ports: readonly number[],
): string | undefined {
  const hosts = [...new Set(sources)].filter((address) => isIP(address) !== 0);
  const numbers = [...new Set(ports)].filter((port) => Number.isInteger(port) && port > 0 && port < 65_536);
  if (hosts.length === 0 || numbers.length === 0) return undefined;
  const anyHost = hosts.map((address) => `host ${address}`).join(' or ');
  const anyPort = numbers.map((port) => `tcp port ${port}`).join(' or ');
  return `not ((${anyHost}) and (${anyPort}))`;
}

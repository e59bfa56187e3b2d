/**
 * Three ways to the same rows. Sources: iproute2 misc/ss.c, net-tools netstat.c, busybox networking/netstat.c,
 * Documentation/networking/proc_net_tcp.rst and include/net/tcp_states.h of the kernel.
 */
import { printable } from './text.js';

/** The kernel's names of TCP states; UNCONN is a UDP socket without a peer. */
export type SocketState =
  | 'ESTABLISHED'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'FIN_WAIT1'
  | 'FIN_WAIT2'
  | 'TIME_WAIT'
  | 'CLOSE'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'LISTEN'
  | 'CLOSING'
  | 'UNCONN'
  | 'UNKNOWN';

export interface SocketProcess {
  readonly pid: number;
  readonly name: string;
}

export interface Socket {
  readonly protocol: 'tcp' | 'udp';
  /** Family of the socket itself: an IPv6 socket also serves IPv4, then its addresses read `::ffff:10.0.0.1`. */
  readonly family: 'ipv4' | 'ipv6';
  readonly state: SocketState;
  /** `0.0.0.0` or `::` when bound to all addresses. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  /** 0 when there is no peer. */
  readonly remotePort: number;
  /** Bytes that the program has not read; for LISTEN: connections that it has not accepted. */
  readonly recvQ: number;
  /** Bytes that the peer has not acknowledged. */
  readonly sendQ: number;
  /** Most connections that may wait for accept; known from ss, for LISTEN only. */
  readonly backlog: number | undefined;
  /** Interface that the socket is bound to; known from ss only. */
  readonly device: string | undefined;
  readonly uid: number | undefined;
  /** undefined also when no program holds the socket any more. */
  readonly inode: number | undefined;
  /** Empty when they cannot be seen: no shared process namespace, no rights, or read from /proc/net. */
  readonly processes: readonly SocketProcess[];
}

const SS_STATES: Readonly<Record<string, SocketState>> = {
  ESTAB: 'ESTABLISHED',
  'SYN-SENT': 'SYN_SENT',
  'SYN-RECV': 'SYN_RECV',
  'FIN-WAIT-1': 'FIN_WAIT1',
  'FIN-WAIT-2': 'FIN_WAIT2',
  'TIME-WAIT': 'TIME_WAIT',
  'CLOSE-WAIT': 'CLOSE_WAIT',
  'LAST-ACK': 'LAST_ACK',
  LISTEN: 'LISTEN',
  CLOSING: 'CLOSING',
  UNCONN: 'CLOSE',
};

/** include/net/tcp_states.h, from 1 on; TCP_NEW_SYN_RECV (12) is a kind of SYN_RECV. */
const PROC_STATES: readonly SocketState[] = [
  'UNKNOWN',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'SYN_RECV',
];

/** netstat prints the kernel's names. */
const NETSTAT_STATES: ReadonlySet<string> = new Set(PROC_STATES.slice(1));

const SS_ROW = /^(tcp|udp)\s+(\S+)\s+(\d+)\s+(\d+)\s+(\S+):(\S+)\s+(\S+):(\S+)(.*)$/;

/** Output of `ss -H -tunape`, with or without the heading. Lines that are no socket are left out. */
export function parseSs(text: string): Socket[] {
  return rows(text, (line) => {
    const row = SS_ROW.exec(line);
    if (row === null) return undefined;
    const [
      ,
      protocol,
      word = '',
      recvQ,
      sendQ,
      localText = '',
      localPort,
      remoteText = '',
      remotePort,
      rest = '',
    ] = row;
    const local = ssAddress(localText);
    const remote = ssAddress(remoteText);
    const state = udpState(protocol, SS_STATES[word] ?? 'UNKNOWN');
    const listening = state === 'LISTEN';
    const users = /users:\((\(.*\))\)(?=\s|$)/.exec(rest)?.[1];
    const attributes = users === undefined ? rest : rest.replace(users, '');
    const inode = /\bino:(\d+)/.exec(attributes)?.[1];
    // ss leaves the user out when it is root.
    const uid = inode === undefined ? undefined : (/\buid:(\d+)/.exec(attributes)?.[1] ?? 0);
    return {
      protocol: protocol === 'udp' ? 'udp' : 'tcp',
      family: local.address.includes(':') ? 'ipv6' : 'ipv4',
      state,
      localAddress: local.address,
      localPort: port(localPort),
      remoteAddress: remote.address,
      remotePort: port(remotePort),
      recvQ: Number(recvQ),
      sendQ: listening ? 0 : Number(sendQ),
      backlog: listening ? Number(sendQ) : undefined,
      device: local.device,
      uid: uid === undefined ? undefined : Number(uid),
      inode: Number(inode ?? 0) || undefined,
      processes: users === undefined ? [] : ssProcesses(users),
    };
  });
}

/** `*` is the IPv6 socket that serves IPv4 too; `[::1]`, `127.0.0.53%lo`, `[fe80::1]%eth0`. */
function ssAddress(text: string): { address: string; device: string | undefined } {
  const [host = '', device] = text.split('%');
  return { address: host === '*' ? '::' : host.replace(/^\[|\]$/g, ''), device };
}

function ssProcesses(users: string): SocketProcess[] {
  const found = new Map<number, string>();
  for (const one of users.slice(1, -1).split('),(')) {
    const parts = /^"(.*)",pid=(\d+),/.exec(one);
    if (parts !== null) found.set(Number(parts[2]), printable(parts[1] ?? ''));
  }
  return [...found].map(([pid, name]) => ({ pid, name }));
}

const NETSTAT_ROW =
  /^(tcp|udp)(6?)\s+(\d+)\s+(\d+)\s+(\S+):(\S+)\s+(\S+):(\S+)(?:\s+([A-Z][A-Z_\d]+))?\s*(.*)$/;

/** Output of `netstat -tunap`, with `-W` and `-e` or without, of net-tools or busybox. */
export function parseNetstat(text: string): Socket[] {
  return rows(text, (line) => {
    const row = NETSTAT_ROW.exec(line);
    if (row === null) return undefined;
    const [
      ,
      protocol,
      six,
      recvQ,
      sendQ,
      localText = '',
      localPort,
      remoteText = '',
      remotePort,
      word,
      rest = '',
    ] = row;
    const extended = /^(\d+) +(\d+)(?: +(.*))?$/.exec(rest);
    const holder = /^(\d+)\/(.*)$/.exec((extended === null ? rest : (extended[3] ?? '')).trim());
    const family = six === '6' || localText.includes(':') ? 'ipv6' : 'ipv4';
    const state: SocketState =
      word === undefined ? 'CLOSE' : NETSTAT_STATES.has(word) ? (word as SocketState) : 'UNKNOWN';
    return {
      protocol: protocol === 'udp' ? 'udp' : 'tcp',
      family,
      state: udpState(protocol, state),
      localAddress: mapped(family, localText),
      localPort: port(localPort),
      remoteAddress: mapped(family, remoteText),
      remotePort: port(remotePort),
      recvQ: Number(recvQ),
      sendQ: Number(sendQ),
      backlog: undefined,
      device: undefined,
      uid: extended === null ? undefined : Number(extended[1]),
      inode: Number(extended?.[2] ?? 0) || undefined,
      processes: holder === null ? [] : [{ pid: Number(holder[1]), name: printable(holder[2] ?? '').trim() }],
    };
  });
}

/** net-tools prints the IPv4 addresses of IPv6 sockets without their prefix. */
function mapped(family: 'ipv4' | 'ipv6', address: string): string {
  return family === 'ipv6' && !address.includes(':') ? `::ffff:${address}` : address;
}

const PROC_ROW =
  /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{2}) ([0-9A-F]{8}):([0-9A-F]{8}) \S+ \S+\s+(\d+)\s+\d+\s+(\d+)/;

/**
 * Output of `cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6`, in any order; the headings tell tcp from udp.
 * The kernel writes addresses as words of the machine; this reads those of little-endian machines.
 */
export function parseProcNet(text: string): Socket[] {
  let protocol: 'tcp' | 'udp' = 'tcp';
  return rows(text, (line) => {
    if (line.includes('local_address')) {
      protocol = line.includes('drops') ? 'udp' : 'tcp';
      return undefined;
    }
    const row = PROC_ROW.exec(line);
    if (row === null) return undefined;
    const [
      ,
      local = '',
      localPort = '',
      remote = '',
      remotePort = '',
      state = '',
      sendQ = '',
      recvQ = '',
      uid,
      inode,
    ] = row;
    return {
      protocol,
      family: local.length === 8 ? 'ipv4' : 'ipv6',
      state: udpState(protocol, PROC_STATES[parseInt(state, 16)] ?? 'UNKNOWN'),
      localAddress: procAddress(local),
      localPort: parseInt(localPort, 16),
      remoteAddress: procAddress(remote),
      remotePort: parseInt(remotePort, 16),
      recvQ: parseInt(recvQ, 16),
      sendQ: parseInt(sendQ, 16),
      backlog: undefined,
      device: undefined,
      uid: Number(uid),
      inode: Number(inode) || undefined,
      processes: [],
    };
  });
}

function procAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16)),
  );
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[i * 2] ?? 0) * 256 + (bytes[i * 2 + 1] ?? 0));
  return formatIpv6(groups);
}

/** Text form of an IPv6 address given as eight 16-bit groups, as inet_ntop writes it (RFC 5952). */
export function formatIpv6(groups: readonly number[]): string {
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    const last = groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]);
    return `::ffff:${last.join('.')}`;
  }
  const words = groups.map((group) => group.toString(16));
  // The longest run of zero groups is written as `::`; the first of equal ones; never a single group.
  let best = { start: -1, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return words.join(':');
  return `${words.slice(0, best.start).join(':')}::${words.slice(best.start + best.length).join(':')}`;
}

/** UDP sockets borrow the numbers of TCP: CLOSE there means not connected. */
function udpState(protocol: string | undefined, state: SocketState): SocketState {
  return protocol === 'udp' && state === 'CLOSE' ? 'UNCONN' : state;
}

function port(text: string | undefined): number {
  return text === undefined || text === '*' ? 0 : Number(text);
}

/** No line of these tools is longer than this; the other side shall not keep our regular expressions busy. */
const LONGEST_ROW = 8192;

function rows(text: string, parse: (line: string) => Socket | undefined): Socket[] {
  const found: Socket[] = [];
  for (const line of text.split('\n')) {
    const socket = line.length > LONGEST_ROW ? undefined : parse(line);
    if (socket !== undefined) found.push(socket);
  }
  return found;
}

/**
 * Who talks to whom in one packet: as much of the headers as that takes, for the link types that tcpdump captures in pods.
 * What is cut short or nonsense is told by how far it could be read; nothing here throws.
 */

/** What could be read of a packet. One object is filled again and again: copy what is to be kept. */
export interface Dissected {
  /** Words from the outside in, e.g. `IPv4/TCP`, `ARP`, `other`. */
  protocol: string;
  /** Source and destination as raw bytes in the packet: where they begin, and 4 or 16; 0 when there are none. */
  sourceAt: number;
  destinationAt: number;
  addressLength: 0 | 4 | 16;
  /** undefined where the protocol has none, or they were cut off. */
  sourcePort: number | undefined;
  destinationPort: number | undefined;
  /** What fragments of one packet have in common besides their addresses; undefined for a whole packet. */
  fragmentId: number | undefined;
  /** True for a fragment that does not hold the ports. */
  laterFragment: boolean;
}

const LINKTYPE = {
  null: 0,
  ethernet: 1,
  raw: 12,
  raw101: 101,
  loop: 108,
  sll: 113,
  ipv4: 228,
  ipv6: 229,
  sll2: 276,
};
const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd };
const VLAN_TAGS: readonly number[] = [0x8100, 0x88a8, 0x9100];
/** More tags, or extension headers, than this are no packet that anybody sent for a purpose. */
const MOST_NESTED = 8;

const withPorts: ReadonlyMap<number, string> = new Map([
  [6, 'TCP'],
  [17, 'UDP'],
  [132, 'SCTP'],
  [33, 'DCCP'],
  [136, 'UDP-Lite'],
]);
const withoutPorts: ReadonlyMap<number, string> = new Map([
  [1, 'ICMP'],
  [2, 'IGMP'],
  [4, 'IPIP'],
  [41, 'IPv6-in-IP'],
  [47, 'GRE'],
  [50, 'ESP'],
  [58, 'ICMPv6'],
  [89, 'OSPF'],
  [103, 'PIM'],
  [112, 'VRRP'],
]);
const EXTENSION = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  destination: 60,
  mobility: 135,
};

/** An object to be filled. */
export function emptyDissection(): Dissected {
  return {
    protocol: 'other',
    sourceAt: 0,
    destinationAt: 0,
    addressLength: 0,
    sourcePort: undefined,
    destinationPort: undefined,
    fragmentId: undefined,
    laterFragment: false,
  };
}

/** Reads the packet `bytes[start, end)` of this LINKTYPE_ number into `out`. Never throws. */
export function dissect(
  linktype: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Dissected,
): void {
  out.protocol = 'other';
  out.addressLength = 0;
  out.sourcePort = out.destinationPort = out.fragmentId = undefined;
  out.laterFragment = false;
  const stop = Math.min(end, bytes.length);
  switch (linktype) {
    case LINKTYPE.ethernet:
      readEthertype(bytes, start + 12, stop, out);
      return;
    case LINKTYPE.sll:
      readEthertype(bytes, start + 14, stop, out);
      return;
    case LINKTYPE.sll2:
      // The type stands at the beginning; addresses and index of the interface follow.
      if (start + 20 <= stop) readPayload(u16(bytes, start), bytes, start + 20, stop, out);
      return;
    case LINKTYPE.raw:
    case LINKTYPE.raw101:
    case LINKTYPE.ipv4:
    case LINKTYPE.ipv6:
      readIp(bytes, start, stop, out);
      return;
    case LINKTYPE.null:
    case LINKTYPE.loop:
      // The family is in the byte order of whoever captured, and has other numbers on other systems; the version says the same.
      readIp(bytes, start + 4, stop, out);
      return;
  }
}

/** An EtherType at `at`, after any VLAN tags. */
function readEthertype(bytes: Uint8Array, at: number, end: number, out: Dissected): void {
  for (let tags = 0; at + 2 <= end && tags <= MOST_NESTED; tags++, at += 4) {
    const type = u16(bytes, at);
    if (!VLAN_TAGS.includes(type)) {
      readPayload(type, bytes, at + 2, end, out);
      return;
    }
  }
}

function readPayload(type: number, bytes: Uint8Array, at: number, end: number, out: Dissected): void {
  if (VLAN_TAGS.includes(type)) readEthertype(bytes, at + 2, end, out);
  else if (type === ETHERTYPE.ipv4 || type === ETHERTYPE.ipv6) readIp(bytes, at, end, out);
  else if (type === ETHERTYPE.arp) readArp(bytes, at, end, out);
}

function readArp(bytes: Uint8Array, at: number, end: number, out: Dissected): void {
  out.protocol = 'ARP';
  // Ethernet and IPv4; anything else has other lengths.
  if (at + 28 > end || u16(bytes, at + 2) !== ETHERTYPE.ipv4 || bytes[at + 4] !== 6 || bytes[at + 5] !== 4)
    return;
  addresses(out, at + 14, at + 24, 4);
}

function readIp(bytes: Uint8Array, at: number, end: number, out: Dissected): void {
  if (at >= end) return;
  const version = (bytes[at] ?? 0) >> 4;
  if (version === 4) readIpv4(bytes, at, end, out);
  else if (version === 6) readIpv6(bytes, at, end, out);
}

function readIpv4(bytes: Uint8Array, at: number, end: number, out: Dissected): void {
  out.protocol = 'IPv4';
  const headerLength = ((bytes[at] ?? 0) & 15) * 4;
  if (headerLength < 20 || at + 20 > end) return;
  addresses(out, at + 12, at + 16, 4);
  const fragment = u16(bytes, at + 6);
  fragmented(out, (fragment & 0x1fff) > 0, (fragment & 0x2000) > 0, u16(bytes, at + 4));
  // What lies beyond the packet's own length is padding.
  const total = u16(bytes, at + 2);
  readTransport(
    bytes[at + 9] ?? 0,
    bytes,
    at + headerLength,
    total < headerLength ? end : Math.min(end, at + total),
    out,
  );
}

function readIpv6(bytes: Uint8Array, at: number, end: number, out: Dissected): void {
  out.protocol = 'IPv6';
  if (at + 40 > end) return;
  addresses(out, at + 8, at + 24, 16);
  let next = bytes[at + 6] ?? 0;
  let position = at + 40;
  for (let headers = 0; headers < MOST_NESTED; headers++) {
    switch (next) {
      case EXTENSION.fragment: {
        if (position + 8 > end) return;
        const word = u16(bytes, position + 2);
        fragmented(
          out,
          word >> 3 > 0,
          (word & 1) > 0,
          u16(bytes, position + 4) * 65_536 + u16(bytes, position + 6),
        );
        next = bytes[position] ?? 0;
        position += 8;
        // After the offset of a later fragment come no headers any more.
        if (out.laterFragment) {
          readTransport(next, bytes, position, end, out);
          return;
        }
        break;
      }
      case EXTENSION.hopByHop:
      case EXTENSION.routing:
      case EXTENSION.destination:
      case EXTENSION.mobility:
      case EXTENSION.authentication: {
        if (position + 2 > end) return;
        const length = bytes[position + 1] ?? 0;
        const units = next === EXTENSION.authentication ? (length + 2) * 4 : (length + 1) * 8;
        next = bytes[position] ?? 0;
        position += units;
        break;
      }
      default:
        readTransport(next, bytes, position, end, out);
        return;
    }
  }
}

function readTransport(number: number, bytes: Uint8Array, at: number, end: number, out: Dissected): void {
  const name = withPorts.get(number);
  if (name === undefined) {
    out.protocol += `/${withoutPorts.get(number) ?? `protocol ${number}`}`;
    return;
  }
  out.protocol += `/${name}`;
  if (out.laterFragment || at + 4 > end) return;
  out.sourcePort = u16(bytes, at);
  out.destinationPort = u16(bytes, at + 2);
}

function addresses(out: Dissected, source: number, destination: number, length: 4 | 16): void {
  out.sourceAt = source;
  out.destinationAt = destination;
  out.addressLength = length;
}

function fragmented(out: Dissected, later: boolean, more: boolean, id: number): void {
  if (!later && !more) return;
  out.laterFragment = later;
  out.fragmentId = id;
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** An address as people write it; IPv6 as RFC 5952 says. */
export function addressText(bytes: Uint8Array, at: number, length: 4 | 16): string {
  if (length === 4) return bytes.subarray(at, at + 4).join('.');
  const words = Array.from({ length: 8 }, (_, i) => u16(bytes, at + 2 * i));
  let best = { from: 0, length: 1 };
  for (let from = 0; from < 8; from++) {
    let count = 0;
    while (from + count < 8 && words[from + count] === 0) count++;
    if (count > best.length) best = { from, length: count };
  }
  const hex = words.map((word) => word.toString(16));
  if (best.length === 1) return hex.join(':');
  return `${hex.slice(0, best.from).join(':')}::${hex.slice(best.from + best.length).join(':')}`;
}

import { writePcapHeader } from '../../src/pcap/header.js';
import { writePcapRecord } from '../../src/pcap/writer.js';

/** Frames for tests, byte by byte from the RFCs; checksums are left zero. */

const u16 = (value: number): Uint8Array => Uint8Array.of((value >> 8) & 0xff, value & 0xff);

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

function ip4(text: string): Uint8Array {
  return Uint8Array.from(text.split('.').map(Number));
}

function ip6(text: string): Uint8Array {
  const [head = '', tail] = text.split('::');
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [before, after] = [words(head), words(tail ?? '')];
  const zeros = tail === undefined ? [] : new Array<string>(8 - before.length - after.length).fill('0');
  return join(...[...before, ...zeros, ...after].map((word) => u16(parseInt(word, 16))));
}

/** Ethernet II, with VLAN tags between the addresses and the type. */
export function ether(type: number, payload: Uint8Array, vlans: readonly number[] = []): Uint8Array {
  const tags = vlans.map((id, i) => join(u16(i === 0 && vlans.length > 1 ? 0x88a8 : 0x8100), u16(id)));
  return join(new Uint8Array(12).fill(2), ...tags, u16(type), payload);
}

/** LINUX_SLL. */
export function cooked(type: number, payload: Uint8Array): Uint8Array {
  return join(u16(0), u16(1), u16(6), new Uint8Array(8), u16(type), payload);
}

/** LINUX_SLL2. */
export function cooked2(type: number, payload: Uint8Array): Uint8Array {
  return join(u16(type), u16(0), new Uint8Array(4), u16(1), Uint8Array.of(0, 6), new Uint8Array(8), payload);
}

export interface Ip4Options {
  readonly id?: number;
  /** In units of 8 bytes. */
  readonly offset?: number;
  readonly more?: boolean;
  readonly optionWords?: number;
}

export function ipv4(
  source: string,
  destination: string,
  protocol: number,
  payload: Uint8Array,
  { id = 1, offset = 0, more = false, optionWords = 0 }: Ip4Options = {},
): Uint8Array {
  const header = 20 + optionWords * 4;
  return join(
    Uint8Array.of(0x45 + optionWords, 0),
    u16(header + payload.length),
    u16(id),
    u16((more ? 0x2000 : 0) | offset),
    Uint8Array.of(64, protocol, 0, 0),
    ip4(source),
    ip4(destination),
    new Uint8Array(optionWords * 4).fill(1),
    payload,
  );
}

/** `next`: the first header after the fixed one. */
export function ipv6(source: string, destination: string, next: number, payload: Uint8Array): Uint8Array {
  return join(
    Uint8Array.of(0x60, 0, 0, 0),
    u16(payload.length),
    Uint8Array.of(next, 64),
    ip6(source),
    ip6(destination),
    payload,
  );
}

export function udp(source: number, destination: number, size = 8): Uint8Array {
  return join(u16(source), u16(destination), u16(8 + size), u16(0), new Uint8Array(size));
}

export function tcp(source: number, destination: number, size = 0): Uint8Array {
  return join(
    u16(source),
    u16(destination),
    new Uint8Array(8),
    Uint8Array.of(0x50, 0x10),
    u16(1024),
    u16(0),
    u16(0),
    new Uint8Array(size),
  );
}

export function sctp(source: number, destination: number): Uint8Array {
  return join(u16(source), u16(destination), new Uint8Array(8), Uint8Array.of(11, 0, 0, 4));
}

export function icmpEcho(request: boolean): Uint8Array {
  return join(Uint8Array.of(request ? 8 : 0, 0), u16(0), u16(7), u16(1), new Uint8Array(16));
}

export function arp(source: string, destination: string): Uint8Array {
  return join(
    u16(1),
    u16(0x0800),
    Uint8Array.of(6, 4),
    u16(1),
    new Uint8Array(6).fill(2),
    ip4(source),
    new Uint8Array(6),
    ip4(destination),
  );
}

export const IPV4 = 0x0800;
export const IPV6 = 0x86dd;
export const ARP = 0x0806;

/** A pcap file of these frames, one a second, the time being the place in the list. */
export function pcapOf(frames: readonly Uint8Array[], linktype = 1): Uint8Array {
  const head = { littleEndian: true, precision: 'micro', linktype, snaplen: 262_144 } as const;
  return join(
    writePcapHeader(head),
    ...frames.map((data, seconds) =>
      writePcapRecord(head, { seconds, nanoseconds: 0, originalLength: data.length, data }),
    ),
  );
}

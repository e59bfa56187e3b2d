import ipaddr from 'ipaddr.js';

/** Bits that tell the address families apart, so that a set of families is a number. */
export const Family = { v4: 1, v6: 2 } as const;

export interface Address {
  readonly text: string;
  /** One of {@link Family}. */
  readonly family: number;
  readonly value: ipaddr.IPv4 | ipaddr.IPv6;
}

/** A block of addresses, e.g. `10.0.0.0/8`. */
export interface Cidr {
  readonly text: string;
  readonly family: number;
  readonly base: ipaddr.IPv4 | ipaddr.IPv6;
  readonly prefixLength: number;
}

/** An IPv4 address in four decimal parts or an IPv6 address; undefined for anything else. An IPv4-mapped IPv6 address is IPv4. */
export function parseAddress(text: string): Address | undefined {
  // The library takes 0x7f.1 and 010.0.0.1 as inet_aton does; the API server does not.
  if (!text.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(text)) return undefined;
  if (!ipaddr.isValid(text) || text.includes('%')) return undefined;
  const value = ipaddr.process(text);
  return { text, family: familyOf(value), value };
}

/** A block in CIDR notation; undefined for anything else. Bits behind the prefix do not count. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = '', more] = text.split('/');
  if (more !== undefined || !/^\d{1,3}$/.test(length) || !ipaddr.isValidCIDR(text)) return undefined;
  if (!address.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(address)) return undefined;
  const [base, prefixLength] = ipaddr.parseCIDR(text);
  return { text, family: familyOf(base), base, prefixLength };
}

/** Whether the block holds the address; families never cross. */
export function contains(cidr: Cidr, address: Address): boolean {
  return cidr.family === address.family && address.value.match([cidr.base, cidr.prefixLength] as never);
}

/** Whether the block holds all of another block. */
export function containsBlock(outer: Cidr, inner: Cidr): boolean {
  return (
    outer.family === inner.family &&
    outer.prefixLength <= inner.prefixLength &&
    inner.base.match([outer.base, outer.prefixLength] as never)
  );
}

/** The block that holds this address and no other. */
export function hostBlock(address: Address): string {
  return `${address.value.toString()}/${address.family === Family.v4 ? 32 : 128}`;
}

function familyOf(value: ipaddr.IPv4 | ipaddr.IPv6): number {
  return value.kind() === 'ipv4' ? Family.v4 : Family.v6;
}

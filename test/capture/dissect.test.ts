import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isIPv6 } from 'node:net';
import { addressText, dissect, emptyDissection } from '../../src/capture/dissect.js';
import {
  ARP,
  arp,
  cooked,
  cooked2,
  ether,
  icmpEcho,
  IPV4,
  ipv4,
  IPV6,
  ipv6,
  join,
  sctp,
  tcp,
  udp,
} from './frames.js';

const [a, b] = ['10.0.0.1', '10.0.0.2'];
const [a6, b6] = ['fd00::1', 'fd00::2'];

/** In words: protocol, source and destination. */
function words(linktype: number, frame: Uint8Array): string {
  const out = emptyDissection();
  // Somewhere in a larger buffer, as packets are.
  const bytes = join(new Uint8Array(7).fill(0xff), frame, new Uint8Array(40).fill(0xff));
  dissect(linktype, bytes, 7, 7 + frame.length, out);
  const end = (at: number, port: number | undefined): string =>
    out.addressLength === 0
      ? ''
      : ` ${addressText(bytes, at, out.addressLength)}${port === undefined ? '' : `#${port}`}`;
  return `${out.protocol}${end(out.sourceAt, out.sourcePort)}${end(out.destinationAt, out.destinationPort)}`;
}

const simple = ipv4(a, b, 6, tcp(40000, 80));
const simple6 = ipv6(a6, b6, 17, udp(5000, 53));

describe('link types', () => {
  test.each<[string, number, Uint8Array]>([
    ['Ethernet', 1, ether(IPV4, simple)],
    ['Ethernet with a VLAN', 1, ether(IPV4, simple, [5])],
    ['Ethernet with two', 1, ether(IPV4, simple, [5, 6])],
    ['LINUX_SLL', 113, cooked(IPV4, simple)],
    ['LINUX_SLL2', 276, cooked2(IPV4, simple)],
    ['LINUX_SLL2 with a VLAN', 276, cooked2(0x8100, join(Uint8Array.of(0, 5, 8, 0), simple))],
    ['RAW', 101, simple],
    ['RAW as some systems number it', 12, simple],
    ['IPV4', 228, simple],
    ['NULL, little endian', 0, join(Uint8Array.of(2, 0, 0, 0), simple)],
    ['NULL, big endian', 0, join(Uint8Array.of(0, 0, 0, 2), simple)],
    ['LOOP', 108, join(Uint8Array.of(0, 0, 0, 2), simple)],
  ])('%s', (_, linktype, frame) => {
    expect(words(linktype, frame)).toBe(`IPv4/TCP ${a}#40000 ${b}#80`);
  });

  test('IPv6 in each of them', () => {
    const expected = `IPv6/UDP ${a6}#5000 ${b6}#53`;
    expect(words(1, ether(IPV6, simple6))).toBe(expected);
    expect(words(276, cooked2(IPV6, simple6))).toBe(expected);
    expect(words(0, join(Uint8Array.of(30, 0, 0, 0), simple6))).toBe(expected);
    expect(words(229, simple6)).toBe(expected);
  });

  test('others are others', () => {
    expect(words(999, simple)).toBe('other');
    expect(words(-1, simple)).toBe('other');
    expect(words(1, ether(0x88cc, new Uint8Array(40)))).toBe('other');
    expect(words(1, new Uint8Array(5))).toBe('other');
  });
});

describe('what IP carries', () => {
  test('protocols with and without ports', () => {
    expect(words(101, ipv4(a, b, 132, sctp(36412, 36412)))).toBe(`IPv4/SCTP ${a}#36412 ${b}#36412`);
    expect(words(101, ipv4(a, b, 1, icmpEcho(true)))).toBe(`IPv4/ICMP ${a} ${b}`);
    expect(words(101, ipv6(a6, b6, 58, icmpEcho(true)))).toBe(`IPv6/ICMPv6 ${a6} ${b6}`);
    expect(words(101, ipv4(a, b, 250, new Uint8Array(8)))).toBe(`IPv4/protocol 250 ${a} ${b}`);
    expect(words(1, ether(ARP, arp(a, b)))).toBe(`ARP ${a} ${b}`);
  });

  test('options of IPv4, extension headers of IPv6', () => {
    expect(words(101, ipv4(a, b, 6, tcp(1, 2), { optionWords: 3 }))).toBe(`IPv4/TCP ${a}#1 ${b}#2`);
    const options = Uint8Array.of(43, 1, ...new Array<number>(14).fill(0));
    const routing = Uint8Array.of(51, 0, ...new Array<number>(6).fill(0));
    const authentication = Uint8Array.of(6, 4, ...new Array<number>(22).fill(0));
    expect(words(101, ipv6(a6, b6, 0, join(options, routing, authentication, tcp(1, 2))))).toBe(
      `IPv6/TCP ${a6}#1 ${b6}#2`,
    );
  });

  test('fragments: the first holds the ports, later ones are known by their number', () => {
    const out = emptyDissection();
    const later = ipv4(a, b, 17, udp(1, 2), { id: 77, offset: 10 });
    dissect(101, later, 0, later.length, out);
    expect(out).toMatchObject({
      protocol: 'IPv4/UDP',
      laterFragment: true,
      fragmentId: 77,
      sourcePort: undefined,
    });
    const head = Uint8Array.of(17, 0, 0, 1, 0, 0, 1, 0);
    const first = ipv6(a6, b6, 44, join(head, udp(1, 2)));
    dissect(101, first, 0, first.length, out);
    expect(out).toMatchObject({ protocol: 'IPv6/UDP', laterFragment: false, fragmentId: 256, sourcePort: 1 });
  });

  test('ports that were cut off by the snaplen, or lie in the padding, are none', () => {
    expect(words(101, simple.subarray(0, 22))).toBe(`IPv4/TCP ${a} ${b}`);
    expect(words(101, simple.subarray(0, 12))).toBe('IPv4');
    expect(words(101, simple6.subarray(0, 39))).toBe('IPv6');
    const short = ipv4(a, b, 6, new Uint8Array());
    expect(words(1, ether(IPV4, join(short, new Uint8Array(26).fill(9))))).toBe(`IPv4/TCP ${a} ${b}`);
  });
});

test('an IPv6 address is written as Node writes it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }), (raw) => {
      const text = addressText(Uint8Array.from(raw), 0, 16);
      expect(isIPv6(text)).toBe(true);
      // IPv4-mapped addresses, which URL writes in hexadecimal as well, need no exception.
      expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
    }),
  );
});

test('hostile packets never throw, and no address or port lies outside of them', () => {
  const out = emptyDissection();
  const types = fc.constantFrom(0, 1, 12, 101, 108, 113, 228, 229, 276, 999);
  const frames = fc.constantFrom(
    ether(IPV4, simple, [1, 2]),
    cooked2(IPV6, ipv6(a6, b6, 0, join(Uint8Array.of(44, 0, 0, 0, 0, 0, 0, 0), new Uint8Array(16)))),
    simple,
    simple6,
    ether(ARP, arp(a, b)),
  );
  const broken = fc
    .tuple(frames, fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 6 }), fc.nat(120))
    .map(([frame, changes, cut]) => {
      const copy = Uint8Array.from(frame);
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
      return copy.subarray(0, cut);
    });
  fc.assert(
    fc.property(types, fc.oneof(broken, fc.uint8Array({ maxLength: 120 })), (linktype, bytes) => {
      dissect(linktype, bytes, 0, bytes.length, out);
      if (out.addressLength > 0) {
        expect(out.sourceAt + out.addressLength).toBeLessThanOrEqual(bytes.length);
        expect(out.destinationAt + out.addressLength).toBeLessThanOrEqual(bytes.length);
      }
    }),
    { numRuns: 2000 },
  );
});

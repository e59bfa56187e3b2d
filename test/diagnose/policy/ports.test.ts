import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PortRange, Ports } from '../../../src/diagnose/policy/ports.js';
import {
  createPortAlgebra,
  lastPort,
  portTexts,
  protocols,
  rangesOf,
} from '../../../src/diagnose/policy/ports.js';

const range: fc.Arbitrary<PortRange> = fc
  .record({
    protocol: fc.constantFrom(...protocols),
    ends: fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })),
    high: fc.boolean(),
  })
  .map(({ protocol, ends: [a, b], high }) => {
    const shift = high ? lastPort - 12 : 0;
    return { protocol, first: Math.min(a, b) + shift, last: Math.max(a, b) + shift };
  });
const ranges = fc.array(range, { maxLength: 5 });

/** The set the slow way: every port near the ends of the range, one by one. */
function members(of: (protocol: string, port: number) => boolean): string[] {
  return protocols.flatMap((protocol) =>
    [...Array(14).keys(), ...Array.from({ length: 14 }, (_, index) => lastPort - 13 + index)]
      .filter((port) => port >= 1 && of(protocol, port))
      .map((port) => `${protocol} ${port}`),
  );
}

function has(list: readonly PortRange[]): (protocol: string, port: number) => boolean {
  return (protocol, port) =>
    list.some((one) => one.protocol === protocol && one.first <= port && port <= one.last);
}

describe('sets of ports', () => {
  test('union, intersection and difference are those of the members', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const { of, union, intersect, subtract } = createPortAlgebra();
        const list = (set: Ports): string[] => members(has(rangesOf(set)));
        const [inA, inB] = [has(a), has(b)];
        expect(list(union(of(a), of(b)))).toEqual(members((...port) => inA(...port) || inB(...port)));
        expect(list(intersect(of(a), of(b)))).toEqual(members((...port) => inA(...port) && inB(...port)));
        expect(list(subtract(of(a), of(b)))).toEqual(members((...port) => inA(...port) && !inB(...port)));
      }),
    );
  });

  test('equal sets are the same object, however they came about', () => {
    fc.assert(
      fc.property(ranges, ranges, (a, b) => {
        const { of, union, all, subtract } = createPortAlgebra();
        expect(union(of(a), of(b))).toBe(of([...b, ...a]));
        expect(union(subtract(all, of(a)), of(a))).toBe(all);
      }),
    );
  });

  test('are written as ranges, all of them as ALL', () => {
    const { of, all, none, subtract } = createPortAlgebra();
    expect(portTexts(all)).toEqual(['ALL']);
    expect(portTexts(none)).toEqual([]);
    expect(
      portTexts(
        of([
          { protocol: 'UDP', first: 53, last: 53 },
          { protocol: 'TCP', first: 8000, last: 8999 },
          { protocol: 'TCP', first: 9000, last: 9000 },
          { protocol: 'SCTP', first: 0, last: 70_000 },
        ]),
      ),
    ).toEqual(['TCP 8000-9000', 'UDP 53', 'SCTP 1-65535']);
    expect(portTexts(subtract(all, of([{ protocol: 'TCP', first: 80, last: 80 }])))).toEqual([
      'TCP 1-79',
      'TCP 81-65535',
      'UDP 1-65535',
      'SCTP 1-65535',
    ]);
  });
});

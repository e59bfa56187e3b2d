import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { heatOf } from '../../../src/diagnose/intermittent/heat.js';
import type { ObservedConnect, ProbeTo } from '../../../src/diagnose/observed.js';
import type { Outcome } from '../../../src/tools/probe.js';

function tried(to: Partial<ProbeTo>, marks: string): ObservedConnect {
  const outcomes: Readonly<Record<string, Outcome>> = { '+': 'connected', '-': 'timeout', x: 'refused' };
  return {
    from: 'here',
    to: { role: 'external', address: '192.0.2.1', port: 80, protocol: 'TCP', ...to },
    attempts: Array.from(marks, (mark) => ({ outcome: outcomes[mark] ?? 'failed' })),
    via: 'here',
  };
}

describe('the odd one out', () => {
  test('one node of three', () => {
    const { odd, rows } = heatOf([
      tried({ node: 'a', address: '10.0.0.1' }, '++++++++++'),
      tried({ node: 'b', address: '10.0.0.2' }, '----------'),
      tried({ node: 'c', address: '10.0.0.3' }, '+++++++++-'),
    ]);
    expect(odd.map(({ dimension, value }) => `${dimension} ${value}`)).toEqual([
      'node b',
      'address 10.0.0.2',
    ]);
    expect(odd[0]).toMatchObject({ attempts: 10, succeeded: 0, others: { attempts: 20, succeeded: 19 } });
    expect(rows[2]).toMatchObject({
      attempts: 10,
      succeeded: 9,
      failures: [{ outcome: 'timeout', count: 1 }],
    });
  });

  test('a dead record among two, and a family that nobody serves', () => {
    const { odd } = heatOf([
      tried({ address: '192.0.2.1' }, '++++++'),
      tried({ address: '2001:db8::1' }, 'xxxxxx'),
      tried({ address: '192.0.2.2' }, '++++++'),
    ]);
    expect(odd.map(({ dimension, value }) => `${dimension} ${value}`)).toEqual([
      'address 2001:db8::1',
      'family IPv6',
    ]);
  });

  test('nobody, where all fail, all succeed, or the difference may be chance', () => {
    expect(heatOf([tried({ node: 'a' }, '---'), tried({ node: 'b' }, '---')]).odd).toEqual([]);
    expect(heatOf([tried({ node: 'a' }, '+++'), tried({ node: 'b' }, '+++')]).odd).toEqual([]);
    expect(heatOf([tried({ node: 'a' }, '++-'), tried({ node: 'b' }, '+++')]).odd).toEqual([]);
  });

  test('UDP, and what was tried once, is not compared', () => {
    const { rows } = heatOf([tried({ protocol: 'UDP' }, '---'), tried({}, '+')]);
    expect(rows).toEqual([]);
  });
});

test('cells are shares of stretches of time, and nothing is lost in them', () => {
  const mark = fc.constantFrom('+', '-', 'x');
  fc.assert(
    fc.property(fc.string({ unit: mark, minLength: 2, maxLength: 300 }), (marks) => {
      const [row] = heatOf([tried({}, marks)]).rows;
      expect(row?.cells.length).toBe(Math.min(20, marks.length));
      expect(row?.cells.every((cell) => cell >= 0 && cell <= 1)).toBe(true);
      const failed = (row?.failures ?? []).reduce((sum, { count }) => sum + count, 0);
      expect((row?.succeeded ?? 0) + failed).toBe(marks.length);
      if (row?.succeeded === marks.length) expect(new Set(row.cells)).toEqual(new Set([1]));
    }),
  );
});

test('the order of the rows names nobody else', () => {
  const rows = [
    tried({ endpoint: 'pod a' }, '++++++++'),
    tried({ endpoint: 'pod b' }, '+-------'),
    tried({ endpoint: 'pod c' }, '+++++++-'),
  ];
  const named = (order: readonly ObservedConnect[]): unknown =>
    heatOf(order).odd.map(({ dimension, value }) => [dimension, value]);
  expect(named(rows)).toEqual([['endpoint', 'pod b']]);
  expect(named(rows.toReversed())).toEqual(named(rows));
});

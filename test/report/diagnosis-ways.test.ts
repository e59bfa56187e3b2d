import { describe, expect, test } from '@jest/globals';
import { waysDrawing } from '../../src/report/diagnosis-drawing.js';
import { groupWays, several } from '../../src/report/diagnosis-ways.js';
import { madeDocument } from './made-diagnosis.js';

describe('ways', () => {
  const [broken, open, third] = madeDocument().traces;
  if (broken === undefined || open === undefined || third === undefined) throw new Error('too few ways');
  const whole = { ...third, hops: third.hops.map((hop) => ({ ...hop, probe: 'pass' as const })) };
  const elsewhere = {
    ...whole,
    endpoint: '10.1.4.4:8080',
    hops: whole.hops.map((hop) => (hop.at === 'node' ? { ...hop, what: 'worker-4' } : hop)),
  };

  test('that are alike are told once, the broken ones first, without a name that only one of them has', () => {
    const ways = groupWays([whole, elsewhere, broken]);
    expect(ways.map(({ endpoints }) => endpoints)).toEqual([
      ['10.1.2.7:8080'],
      ['10.1.3.9:8080', '10.1.4.4:8080'],
    ]);
    expect(ways[1]?.hops.find(({ at }) => at === 'node')?.what).toBe(several);
    expect(ways[1]?.hops.find(({ at }) => at === 'service')?.what).toBe('shop/api');
  });

  test('share the boxes with which they begin', () => {
    const boxes = (traces: Parameters<typeof groupWays>[0]): number =>
      (waysDrawing(groupWays(traces)).split('<svg')[1] ?? '').split('<g class="hop').length - 1;
    expect(boxes([broken])).toBe(7);
    expect(boxes([broken, open])).toBe(10);
  });

  test('that are too long for a page side by side are drawn downwards only', () => {
    const [first] = groupWays([whole]);
    if (first === undefined) throw new Error('no way');
    const long = waysDrawing([{ ...first, hops: [...first.hops, ...first.hops] }]);
    expect(long.match(/<svg class="[^"]*"/g)).toEqual(['<svg class="down always"']);
  });
});

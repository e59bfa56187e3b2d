import { expect, test } from '@jest/globals';
import { judgeEveryPair, largeCluster } from './large.js';

test('all pairs of 1,000 pods in 20 namespaces under 500 policies take less than 5 s of CPU', () => {
  const objects = largeCluster({ pods: 1000, namespaces: 20, policies: 500 });
  const before = process.cpuUsage();
  const { pairs, open } = judgeEveryPair(objects);
  const { user, system } = process.cpuUsage(before);

  expect(pairs).toBe(999_000);
  expect(open).toBeGreaterThan(0);
  expect((user + system) / 1e6).toBeLessThan(5);
});

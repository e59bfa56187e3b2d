import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { withDeadline } from '../../src/kube/deadline.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test.each([
  [2_900, []],
  [4_500, [3_000, 4_000, undefined]],
])('a call of %d ms tells that it takes its time: %j', async (ms, expected) => {
  const told: (number | undefined)[] = [];
  const endpoint = { server: 'https://x', onSlow: (waitedMs: number | undefined) => told.push(waitedMs) };
  const call = withDeadline(endpoint, 60_000, undefined, () => sleep(ms));
  await jest.advanceTimersByTimeAsync(ms);
  await call;
  await jest.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(expected);
});

test('one that fails is no longer waited for', async () => {
  const told: (number | undefined)[] = [];
  const endpoint = { server: 'https://x', onSlow: (waitedMs: number | undefined) => told.push(waitedMs) };
  const call = withDeadline(
    endpoint,
    5_000,
    undefined,
    (signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      ),
  ).catch((error: unknown) => error);
  await jest.advanceTimersByTimeAsync(5_000);
  expect(await call).toMatchObject({ message: 'The API server https://x did not answer within 5 s.' });
  expect(told.at(-1)).toBeUndefined();
  expect(jest.getTimerCount()).toBe(0);
});

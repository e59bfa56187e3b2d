import { expect, test } from '@jest/globals';
import { podFate } from '../../src/debugger/fate.js';
import { base } from './fake-server.js';
import { apiError, fakeApi } from './fakes.js';

const at = { namespace: 'shop', pod: 'web-0' };
const answering = (answer: () => Promise<unknown>) => fakeApi({ get: () => answer() as Promise<never> });

test.each([
  ['as it was', {}, undefined],
  [
    'being deleted',
    { metadata: { ...base.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
    'pod shop/web-0 is being deleted',
  ],
  [
    'evicted',
    { status: { phase: 'Failed', reason: 'Evicted' } },
    'pod shop/web-0 has finished (Failed: Evicted)',
  ],
])('a pod that is %s', async (_name, change, expected) => {
  expect(
    await podFate(
      answering(() => Promise.resolve({ ...base, ...change })),
      at,
    ),
  ).toBe(expected);
});

test('one that is gone, and one that cannot be read', async () => {
  const failing = (code: number) => answering(() => Promise.reject(apiError(code, 'no')));
  expect(await podFate(failing(404), at)).toBe('pod shop/web-0 was deleted');
  expect(await podFate(failing(500), at)).toBeUndefined();
});

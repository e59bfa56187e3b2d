import { expect, test } from '@jest/globals';
import { growingTable } from '../../../plugin/print/growing.js';
import type { Clock } from '../../../src/debugger/types.js';

/** A clock whose sleeps end when they are told to, or are aborted. */
function handClock(): { readonly clock: Clock; readonly ring: () => Promise<void> } {
  let due: (() => void)[] = [];
  const sleep = (_: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      due.push(resolve);
      signal?.addEventListener('abort', () => resolve());
    });
  const ring = async (): Promise<void> => {
    const now = due;
    due = [];
    now.forEach((one) => one());
    await Promise.resolve();
    await Promise.resolve();
  };
  return { clock: { now: () => 0, sleep }, ring };
}

test('rows that come together are put in order; those that come later follow under the same headings', async () => {
  const { clock, ring } = handClock();
  const shown: (string | Promise<string>)[] = [];
  const rows = growingTable(['TO', 'MS', 'OUTCOME'], [5, 4], (text) => void shown.push(text), clock);
  rows.add(2, ['web-1', '0.30', 'refused']);
  rows.add(1, ['web-0', undefined, 'con\u001b[2Jnected']);
  expect(shown).toEqual([]);
  await ring();
  const first = 'TO      MS     OUTCOME\nweb-0   <none>   connected\nweb-1   0.30   refused\n';
  expect(shown).toEqual([first]);
  rows.add(0, ['a-longer-name', '1000', 'timed out']);
  // The end waits for nothing, and nothing is printed twice.
  rows.end();
  expect(shown).toEqual([first, 'a-longer-name   1000   timed out\n']);
  await ring();
  rows.end();
  expect(shown).toHaveLength(2);
});

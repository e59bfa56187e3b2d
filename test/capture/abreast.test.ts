import { expect, test } from '@jest/globals';
import { keepAbreast } from '../../src/capture/abreast.js';

const MiB = 1024 * 1024;

/** Twenty sources, so that each may hold a twentieth of 4 MiB, and a clock moved by hand. */
function twenty() {
  const clock = { ms: 0, now: () => clock.ms };
  const abreast = keepAbreast(clock);
  for (let count = 0; count < 20; count++) abreast.add();
  const source = { heldBytes: MiB };
  /** Whether the source waits; a promise that has settled is seen at once. */
  const waits = async (): Promise<boolean> => {
    const waiting = abreast.wait(source);
    if (waiting === undefined) return false;
    let settled = false;
    void waiting.then(() => (settled = true));
    await new Promise((resolve) => setImmediate(resolve));
    return !settled;
  };
  return { abreast, clock, source, waits };
}

test('a source that holds its share is read on at once', async () => {
  const { source, waits } = twenty();
  source.heldBytes = 200 * 1024;
  expect(await waits()).toBe(false);
});

test('one that is ahead waits until half of its share is left', async () => {
  const { abreast, source } = twenty();
  let went = false;
  void abreast.wait(source)?.then(() => (went = true));
  const look = async (): Promise<boolean> => {
    abreast.look(100);
    await new Promise((resolve) => setImmediate(resolve));
    return went;
  };
  source.heldBytes = 150 * 1024;
  expect(await look()).toBe(false);
  source.heldBytes = 100 * 1024;
  expect(await look()).toBe(true);
});

test('when the others do not come it goes on after half a second of the merge, and does not wait again for two seconds', async () => {
  const { abreast, clock, source, waits } = twenty();
  const waiting = abreast.wait(source);
  abreast.look(499);
  clock.ms = 60_000;
  // The time of the merge stands still while the sink takes nothing.
  abreast.look(499);
  expect(await waits()).toBe(true);
  abreast.look(500);
  await waiting;
  expect(await waits()).toBe(false);
  clock.ms += 1_999;
  expect(await waits()).toBe(false);
  clock.ms += 1;
  expect(await waits()).toBe(true);
});

import { describe, expect, test } from '@jest/globals';
import { Writable } from 'node:stream';
import { setImmediate as settled } from 'node:timers/promises';
import { unlessReaderHangs } from '../../plugin/interrupt.js';
import { writeOut } from '../../plugin/print/out.js';
import { fakeEnvironment } from './environment.js';

/** A reader that takes only what it is told to take. */
function reader() {
  const waiting: (() => void)[] = [];
  const stdout = new Writable({ write: (_chunk, _encoding, taken) => void waiting.push(taken) });
  return { stdout, take: () => waiting.shift()?.() };
}

describe('unlessReaderHangs', () => {
  function started() {
    const { stdout, take } = reader();
    const environment = fakeEnvironment([], { stdout });
    const work = (async () => {
      await writeOut(stdout, 'one');
      await writeOut(stdout, 'two');
      return 0;
    })();
    const outcome = { code: undefined as number | undefined, told: [] as string[] };
    const tell = (text: string): void => void outcome.told.push(text);
    void unlessReaderHangs(environment, work, 130, tell).then((code) => (outcome.code = code));
    return { environment, take, outcome };
  }

  test('a reader may be as slow as it likes while nobody asks to stop', async () => {
    const { environment, take, outcome } = started();
    environment.advance(3_600_000);
    await settled();
    expect(outcome.code).toBeUndefined();
    take();
    await settled();
    take();
    await settled();
    expect(outcome.code).toBe(0);
  });

  test('after Ctrl-C it has ten seconds for each thing it takes', async () => {
    const { environment, take, outcome } = started();
    const seconds = async (count: number): Promise<void> => {
      for (let second = 0; second < count; second++) environment.advance(1_000);
      await settled();
    };
    environment.stop({ kind: 'interrupted', signal: 'SIGINT' });
    await seconds(9);
    take();
    await settled();
    await seconds(10);
    expect(outcome.code).toBeUndefined();
    await seconds(1);
    expect(outcome).toEqual({
      code: 130,
      told: ['waiting for the reader of stdout; Ctrl-C again ends at once'],
    });
  });

  test('work that has nothing to write is not given up', async () => {
    const environment = fakeEnvironment([]);
    let finish: (code: number) => void = () => undefined;
    const work = new Promise<number>((resolve) => (finish = resolve));
    const result = unlessReaderHangs(environment, work, 130, () => undefined);
    environment.stop({ kind: 'interrupted', signal: 'SIGTERM' });
    environment.advance(60_000);
    finish(8);
    expect(await result).toBe(8);
  });
});

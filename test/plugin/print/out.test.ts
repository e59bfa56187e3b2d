import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { outProgress, writeOut } from '../../../plugin/print/out.js';

/** As Bun has it for a file: the call that the write is over, and a few steps later the event that it failed. */
class FullDisk extends Writable {
  override write(_chunk: unknown, done?: BufferEncoding | ((error: Error) => void)): boolean {
    const error = new Error('ENOSPC: no space left on device');
    if (typeof done === 'function') done(error);
    void Promise.resolve()
      .then(() => undefined)
      .then(() => this.emit('error', error));
    return false;
  }
}

test('a write that fails has told so before it is over', async () => {
  const full = new FullDisk();
  const told: string[] = [];
  full.on('error', ({ message }) => told.push(message));
  await writeOut(full, 'a line\n');
  expect(told).toEqual(['ENOSPC: no space left on device']);
  expect(outProgress(full)).toEqual({ pending: 0, taken: 1 });
});

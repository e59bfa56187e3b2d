import { Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { outProgress, writeOut } from '../../../plugin/print/out.js';

test('a write that fails has told so before it is over', async () => {
  const full = new Writable({
    write: (_chunk, _encoding, done) => done(new Error('ENOSPC: no space left on device')),
  });
  const told: string[] = [];
  full.on('error', ({ message }) => told.push(message));
  await writeOut(full, 'a line\n');
  expect(told).toEqual(['ENOSPC: no space left on device']);
  expect(outProgress(full)).toEqual({ pending: 0, taken: 1 });
});

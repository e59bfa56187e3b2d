import { expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { waitForLogLine } from '../../../src/capture/spool/log.js';
import type { ReadOptions } from '../../../src/kube/api.js';
import { apiError, fakeApi } from '../../debugger/fakes.js';
import { fast } from '../start.js';

const request = { namespace: 'shop', pod: 'web', container: 'main', pattern: 'timed*out', clock: fast };

test('a log is followed over lost connections, from where it was', async () => {
  const asked: ReadOptions[] = [];
  const logs = ['nothing\n', undefined, 'GET / 200\nupstream \u001b[31mtimed  out\nlater timed out\n'];
  const api = fakeApi({
    stream: (_path, options = {}) => {
      const log = logs[asked.length];
      asked.push(options);
      return log === undefined
        ? Promise.reject(new Error('the container is not running'))
        : Promise.resolve(Readable.from([Buffer.from(log)]));
    },
  });
  const { signal } = new AbortController();
  expect(await waitForLogLine(api, { ...request, signal })).toBe('upstream [31mtimed out');
  expect(asked.map(({ query }) => ({ ...query, sinceTime: '' }))).toEqual(
    Array(3).fill({ container: 'main', follow: true, sinceTime: '' }),
  );
});

test('a log that cannot be read is given up', async () => {
  let tries = 0;
  const api = fakeApi({
    stream: () => {
      tries += 1;
      return Promise.reject(new Error('the container is not running'));
    },
  });
  const { signal } = new AbortController();
  await expect(waitForLogLine(api, { ...request, signal })).rejects.toThrow('not running');
  expect(tries).toBe(60);
});

test('a log that may not be read is not asked for again', async () => {
  let tries = 0;
  const api = fakeApi({
    stream: () => {
      tries += 1;
      return Promise.reject(apiError(403, 'pods "web" is forbidden'));
    },
  });
  const { signal } = new AbortController();
  await expect(waitForLogLine(api, { ...request, signal })).rejects.toMatchObject({ exitCode: 5 });
  expect(tries).toBe(1);
});

test('nothing matches, and then it is over', async () => {
  const over = new AbortController();
  const api = fakeApi({
    stream: () => {
      setImmediate(() => over.abort());
      return Promise.resolve(Readable.from([Buffer.from('GET / 200\n')]));
    },
  });
  expect(await waitForLogLine(api, { ...request, signal: over.signal })).toBeUndefined();
});

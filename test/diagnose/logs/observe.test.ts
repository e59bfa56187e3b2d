import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { logLimits, observeLogs, recentLogs } from '../../../src/diagnose/logs/observe.js';
import type { KubeApi } from '../../../src/kube/api.js';
import { ApiError } from '../../../src/kube/status.js';
import type { OpenLog } from '../../../src/logs/read.js';
import type { LogSource } from '../../../src/logs/sources.js';

const web: LogSource = { namespace: 'shop', pod: 'web-0', container: 'app', previous: false };
const signal = new AbortController().signal;
/** A clock on which nothing is ever late; `ring` makes everything late. */
function clock() {
  let ring = (): void => undefined;
  const rung = new Promise<void>((resolve) => (ring = resolve));
  return { now: () => 0, sleep: () => rung, ring: () => ring() };
}
const lines = (...all: readonly string[]): Readable =>
  Readable.from([Buffer.from(all.map((line) => `${line}\n`).join(''))]);
const opens =
  (...all: readonly string[]): OpenLog =>
  () =>
    Promise.resolve(lines(...all));
const answer = (code: number): ApiError =>
  new ApiError(code, { kind: 'Status', code }, { server: '', method: 'GET', path: '/' });
const refused = 'dial tcp 10.96.0.20:80: connect: connection refused';

describe('logs of the pods on the way', () => {
  test('lines are counted by pattern and peer, and the latest is shown', async () => {
    const open = opens(
      `2025-01-01T00:00:00Z ${refused}`,
      '2025-01-01T00:00:01Z all is well',
      `2025-01-01T00:00:02Z again: ${refused}`,
      '2025-01-01T00:00:03Z password=x connect ECONNREFUSED 10.96.0.30:81',
    );
    const { logs, failed } = await observeLogs([web], open, { clock: clock(), signal });
    expect(failed).toEqual([]);
    expect(logs).toEqual([
      {
        pod: 'pod shop/web-0',
        container: 'app',
        previous: false,
        pattern: 'connection-refused',
        codes: ['ND102', 'ND302', 'ND303', 'ND307'],
        peer: { host: '10.96.0.20', port: 80 },
        count: 2,
        sample: `again: ${refused}`,
      },
      expect.objectContaining({ count: 1, sample: 'password=*** connect ECONNREFUSED 10.96.0.30:81' }),
    ]);
  });

  test('the API is asked for the end of a log, and for no more than that', async () => {
    const asked: unknown[] = [];
    const api: Pick<KubeApi, 'stream'> = {
      stream: (path, options) => {
        asked.push([path, options?.query]);
        return Promise.resolve(lines());
      },
    };
    await observeLogs([web, { ...web, previous: true }], recentLogs(api), { clock: clock(), signal });
    const path = '/api/v1/namespaces/shop/pods/web-0/log';
    const limits = { container: 'app', timestamps: true, tailLines: 2000, limitBytes: 1_048_576 };
    expect(asked).toEqual([
      [path, { ...limits, previous: undefined, sinceSeconds: 600 }],
      [path, { ...limits, previous: true, sinceSeconds: 3600 }],
    ]);
  });

  test('a server that does not stop is stopped', async () => {
    const chunk = Buffer.from(`2025-01-01T00:00:00Z ${'x'.repeat(1000)}\n`.repeat(100));
    let given = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          given += chunk.length;
          yield chunk;
        }
      })(),
    );
    const { failed } = await observeLogs([web], () => Promise.resolve(endless), { clock: clock(), signal });
    expect(failed).toEqual([]);
    expect(given).toBeLessThan(logLimits.bytes * 3);
  });

  test('what may not be read is one gap, and what is not there is none', async () => {
    const open: OpenLog = ({ container }) => Promise.reject(answer(container === 'old' ? 404 : 403));
    const sources = [web, { ...web, container: 'b' }, { ...web, container: 'old' }];
    expect(await observeLogs(sources, open, { clock: clock(), signal })).toEqual({
      logs: [],
      failed: [{ what: 'logs of 2 containers', why: 'forbidden: get pods/log', code: 'ND001' }],
    });
  });

  test('what is not read in time is named, and what was read counts', async () => {
    const time = clock();
    const stuck = new Readable({ read: () => undefined });
    const open: OpenLog = ({ container }) => {
      if (container === 'app') return Promise.resolve(lines(`2025-01-01T00:00:00Z ${refused}`));
      queueMicrotask(() => time.ring());
      return Promise.resolve(stuck);
    };
    const slow = { ...web, container: 'slow' };
    const { logs, failed } = await observeLogs([web, slow], open, { clock: time, signal });
    expect(logs).toHaveLength(1);
    expect(failed).toEqual([expect.objectContaining({ code: 'ND009' })]);
  });

  test('of files only what is not older than ten minutes than the newest line counts', async () => {
    const open = opens(`2025-01-01T00:00:00Z ${refused}`, `2025-01-01T03:00:00Z ${refused}`);
    const { logs } = await observeLogs([web], open, { clock: clock(), signal, recent: true });
    expect(logs).toEqual([expect.objectContaining({ count: 1 })]);
  });
});

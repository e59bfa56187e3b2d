import { describe, expect, test } from '@jest/globals';
import type { SessionContext } from '../../plugin/context.js';
import { spoolsOf } from '../../plugin/spool.js';
import type { CaptureSource } from '../../src/capture/source.js';
import { fakeApi } from '../debugger/fakes.js';
import { clock } from '../tools/local.js';

const source = {
  interface: 'eth0',
  filter: undefined,
  argv: ['tcpdump', '-w', '-'],
} as unknown as CaptureSource;
const at = { namespace: 'shop', pod: 'web', container: 'netdebug-x' };

/** Opens a spool in a pod whose containers have these limits. Nothing but the pod can be read. */
function open(bytes: number, ...limits: (string | undefined)[]): Promise<unknown> {
  const containers = limits.map((limit) => ({
    name: 'main',
    resources: limit === undefined ? {} : { limits: { 'ephemeral-storage': limit } },
  }));
  const api = fakeApi({ get: <T>() => Promise.resolve({ spec: { containers } } as T) });
  const environment = { clock, random: Math.random, signal: new AbortController().signal };
  const context = { api, environment, status: { note: () => undefined }, debug: { ttlSeconds: 900 } };
  const options = { mode: 'stream', bytes, trigger: undefined, keepSeconds: 30 } as const;
  const more = { container: undefined, durationMs: undefined };
  const spools = spoolsOf(context as unknown as SessionContext, options, more);
  return spools.open(source, () => Promise.resolve(at));
}

describe('a pod with a limit of ephemeral storage', () => {
  test.each([[['64Mi']], [['32Mi', undefined, '64Mi']]])(
    '%j: a spool of 100 MB could get it evicted',
    async (limits) => {
      await expect(open(100e6, ...limits)).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringContaining('evicted') as unknown,
      });
    },
  );

  test.each([[['1Gi']], [[undefined]]])('%j: it is started', async (limits) => {
    await expect(open(100e6, ...limits)).rejects.toThrow('exec was not expected');
  });
});

import { describe, expect, test } from '@jest/globals';
import { parseIperf, throughput } from '../../src/tools/throughput.js';
import type { RunTool } from '../../src/tools/run.js';
import { clock, localTools, recorded } from './local.js';
import { withNetns } from './netns.js';
import { answerTo } from './transcript.js';

const said = (...words: string[]) => answerTo('netshoot', 'iperf3', '-J', ...words).stdout;

describe('recorded in pods of a real cluster', () => {
  test('both directions', () => {
    expect(parseIperf(said('-c', '10.244.2.99', '-t', '1'), 'forward')).toEqual({
      direction: 'forward',
      mbitPerSecond: 12_250.18,
      retransmits: 3471,
      samples: [{ second: 1, mbitPerSecond: 12_277.59, retransmits: 3471 }],
    });
    expect(parseIperf(said('-R', '-c', '10.244.2.99', '-t', '1'), 'reverse')).toMatchObject({
      mbitPerSecond: 13_366.91,
      retransmits: 4265,
    });
  });

  test('refused and silent are told apart; what is no JSON is none', () => {
    const outcome = (...words: string[]) => parseIperf(said(...words), 'forward')?.failure?.outcome;
    expect(outcome('-c', '10.244.2.99', '-p', '5202', '-t', '1')).toBe('refused');
    expect(outcome('-c', '198.51.100.1', '--connect-timeout', '1000', '-t', '1')).toBe('timeout');
    expect(parseIperf('usage', 'forward')).toBeUndefined();
    expect(parseIperf('[]', 'forward')).toBeUndefined();
  });
});

describe('throughput', () => {
  const request = { address: '127.0.0.1', port: 5201, seconds: 1, streams: 1 };

  test('with the real iperf3, both ways; the server is gone afterwards', async () => {
    await withNetns(async ({ run }) => {
      const result = await throughput(run, run, request, { clock });
      expect(result.directions.map(({ direction }) => direction)).toEqual(['forward', 'reverse']);
      for (const { mbitPerSecond, samples, failure } of result.directions) {
        expect(mbitPerSecond).toBeGreaterThan(1);
        expect(samples.length).toBeGreaterThan(0);
        expect(failure).toBeUndefined();
      }
      // The port is free again.
      expect((await throughput(run, run, request, { clock })).directions).toHaveLength(2);
    });
  }, 60_000);

  test('a server that cannot be reached, a port that is taken, no iperf3', async () => {
    await withNetns(async ({ run }) => {
      const elsewhere = await throughput(run, run, { ...request, address: '192.0.2.1' }, { clock });
      expect(elsewhere.directions).toMatchObject([
        { direction: 'forward', failure: { outcome: 'networkUnreachable' } },
      ]);
    });
    const nothing: RunTool = () => Promise.resolve(recorded({ exit: 127 }));
    await expect(throughput(localTools(), nothing, request, { clock })).rejects.toMatchObject({
      exitCode: 7,
    });
    const taken: RunTool = () =>
      Promise.resolve(
        recorded({
          exit: 1,
          stderr: 'iperf3: error - unable to start listener for connections: Address already in use\n',
        }),
      );
    await expect(throughput(localTools(), taken, request, { clock })).rejects.toMatchObject({
      exitCode: 8,
      details: [expect.stringContaining('already in use')],
    });
  }, 30_000);
});

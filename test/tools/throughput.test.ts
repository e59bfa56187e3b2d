import { describe, expect, test } from '@jest/globals';
import { throughput } from '../../src/tools/throughput.js';
import { followNc } from '../../src/tools/throughput-nc.js';
import { parseIperf, parseIperfInterval } from '../../src/tools/throughput-parse.js';
import type { ThroughputEvent } from '../../src/tools/throughput-types.js';
import type { RunTool } from '../../src/tools/run.js';
import { clock, localTools, recorded } from './local.js';
import { withBusybox } from './busybox.js';
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
      message: expect.stringContaining('neither iperf3') as unknown,
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

describe('without iperf3', () => {
  const request = { address: '127.0.0.1', port: 5202, seconds: 2, streams: 4 };

  test('busybox: nc and dd, both ways, each second as it is over', async () => {
    await withBusybox(async (run) => {
      const told: string[] = [];
      let ended = false;
      const options = {
        clock,
        onEvent: ({ direction }: ThroughputEvent) =>
          void told.push(`${direction} ${ended ? 'late' : 'live'}`),
      };
      const result = await throughput(run, run, request, options).finally(() => (ended = true));
      expect(result).toMatchObject({ via: 'nc', streams: 1 });
      expect(result.directions.map(({ direction }) => direction)).toEqual(['forward', 'reverse']);
      for (const { mbitPerSecond, retransmits, failure, samples } of result.directions) {
        expect(failure).toBeUndefined();
        expect(mbitPerSecond).toBeGreaterThan(1);
        expect(retransmits).toBeGreaterThanOrEqual(0);
        expect(samples.length).toBeGreaterThan(0);
      }
      expect(new Set(told)).toEqual(new Set(['forward live', 'reverse live']));
      expect(told).toHaveLength(result.directions.flatMap(({ samples }) => samples).length);
    });
  }, 30_000);

  test('a port that is taken, and one that cannot be reached', async () => {
    await withBusybox(async (run) => {
      const taken = await run(['nc', '-l', '-p', '5202', '-e', 'sleep', '60']);
      await expect(throughput(run, run, { ...request, seconds: 1 }, { clock })).rejects.toMatchObject({
        exitCode: 8,
        details: [expect.stringContaining('ddress already in use')],
      });
      taken.abandon();
      const elsewhere = await throughput(run, run, { ...request, address: '192.0.2.1' }, { clock });
      expect(elsewhere.directions).toMatchObject([
        { direction: 'forward', failure: { outcome: 'networkUnreachable' } },
      ]);
    });
  }, 30_000);
});

test('blocks that dd has read, with the time of the container; what else is said is kept', () => {
  const told: number[] = [];
  const { onLine, end } = followNc(({ mbitPerSecond }) => void told.push(mbitPerSecond));
  const lines = [
    'segments 5',
    'begin 100.000000',
    'tick 101.000000',
    '1000+0 records in',
    '1000+0 records out',
    'tick 102.000000',
    '3000+0 records in',
    'nc: \u001b[2Jodd',
    '3000+1 records in',
    'end 102.100000 0',
    'segments 8',
  ];
  lines.slice(0, 4).forEach(onLine);
  expect(told).toEqual([524.29]);
  lines.slice(4).forEach(onLine);
  expect(end()).toMatchObject({
    samples: [
      { second: 1, mbitPerSecond: 524.29 },
      { second: 2, mbitPerSecond: 1048.58 },
    ],
    mbitPerSecond: 748.98,
    retransmits: 3,
    code: 0,
    words: ['nc: [2Jodd'],
    began: true,
  });
  const nothing = followNc(() => undefined);
  ['begin x', '9+0 records in', 'end y 1'].forEach(nothing.onLine);
  expect(nothing.end()).toMatchObject({ samples: [], code: 1 });
});

test('intervals as the server of iperf3 says them', () => {
  const read = (line: string, streams = 1) => parseIperfInterval(line, streams);
  expect(read('[  5]   0.00-1.00   sec  1134 MBytes  9512 Mbits/sec                  ')).toEqual({
    second: 1,
    mbitPerSecond: 9512,
  });
  expect(read('[  5]   1.00-2.00   sec  1.24 GBytes  10650 Mbits/sec    0   3.18 MBytes       ')).toEqual({
    second: 2,
    mbitPerSecond: 10_650,
  });
  expect(read('[SUM]   0.00-1.00   sec  2.1 GBytes  18012 Mbits/sec', 4)?.mbitPerSecond).toBe(18_012);
  for (const line of [
    '[SUM]   0.00-1.00   sec  2.1 GBytes  18012 Mbits/sec',
    '[  5]   0.00-1.04   sec  4.13 MBytes  33.3 Mbits/sec                  receiver',
    '[  5]   1.00-1.04   sec  4.13 MBytes  866 Mbits/sec',
    '[  5]   0.00-5.00   sec  4.13 MBytes  866 Mbits/sec',
    'Accepted connection from 10.0.0.1, port 1',
  ])
    expect(read(line)).toBeUndefined();
});

import { describe, expect, test } from '@jest/globals';
import { trace, traceArgv, type TraceRequest } from '../../src/tools/trace.js';
import { parsePingTrace, parseTracepath, parseTraceroute } from '../../src/tools/trace-parse.js';
import type { RunTool } from '../../src/tools/run.js';
import { clock, localTools, recorded, type Said } from './local.js';
import { answerTo } from './transcript.js';
import { withNetns } from './netns.js';

const request: TraceRequest = {
  destination: '10.244.2.99',
  maxHops: 4,
  waitSeconds: 1,
  protocol: 'udp',
  port: undefined,
};
const way = ['10.244.1.1', '172.30.0.12', '10.244.2.99'];
const said = (...command: string[]) => answerTo('netshoot', ...command);
const container =
  (says: (argv: readonly string[]) => Said): RunTool =>
  (argv) =>
    Promise.resolve(recorded(says(argv)));

describe('recorded in pods of a real cluster', () => {
  test('traceroute and tracepath', () => {
    const hops = parseTraceroute(said('traceroute', '-n', '-w', '1', '10.244.2.99').stdout);
    expect(hops.map(({ addresses }) => addresses[0])).toEqual(way);
    expect(hops[0]).toEqual({ ttl: 1, addresses: ['10.244.1.1'], ms: [0.376, 0.026, 0.004] });
    const silent = parseTraceroute(
      said('traceroute', '-n', '-w', '1', '-q', '1', '-m', '4', '198.51.100.1').stdout,
    );
    expect(silent.map(({ addresses }) => addresses)).toEqual([[], [], [], []]);
    const path = parseTracepath(said('tracepath', '-n', '10.244.2.99').stdout);
    expect(path.map(({ addresses }) => addresses[0])).toEqual(way);
    expect(parseTracepath(said('tracepath', '-n', '-m', '3', '198.51.100.1').stdout)).toMatchObject([
      { ttl: 1, addresses: ['10.244.1.1'] },
      { ttl: 2, addresses: [] },
      { ttl: 3, addresses: [] },
    ]);
  });

  test('pings with a growing TTL', () => {
    const exceeded = said('ping', '-n', '-c', '1', '-t', '1', '10.244.2.99').stdout;
    const reply = '64 bytes from 10.244.2.99: icmp_seq=1 ttl=62 time=0.1 ms\n';
    expect(
      parsePingTrace(`hop 1\n${exceeded}hop 2\nPING x\nhop 3\n${reply}`).map(({ addresses }) => addresses),
    ).toEqual([['10.244.1.1'], [], ['10.244.2.99']]);
  });
});

describe('trace', () => {
  test('each way in its turn', async () => {
    const says = (missing: readonly string[]) =>
      container((argv) => {
        const [program = ''] = argv;
        if (missing.includes(program)) return { exit: 127 };
        if (program === 'sh')
          return { exit: 0, stdout: 'hop 1\n64 bytes from 10.244.2.99: icmp_seq=1 ttl=64 time=0.1 ms\n' };
        return {
          exit: 0,
          stdout: (program === 'traceroute'
            ? said('traceroute', '-n', '-w', '1', '10.244.2.99')
            : said('tracepath', '-n', '10.244.2.99')
          ).stdout,
        };
      });
    expect(await trace(says([]), request, { clock })).toMatchObject({ via: 'traceroute', reached: true });
    expect(await trace(says(['traceroute']), request, { clock })).toMatchObject({
      via: 'tracepath',
      reached: true,
    });
    expect(await trace(says(['traceroute', 'tracepath']), request, { clock })).toMatchObject({
      via: 'ping',
      reached: true,
    });
  });

  test('a container that may not, and one that has nothing', async () => {
    const refused = answerTo('busybox', 'traceroute', '-n', '-w', '1', '-m', '4', '-q', '1', '10.244.2.99');
    const busybox = container((argv) =>
      argv[0] === 'traceroute'
        ? { exit: 1, stderr: refused.stderr }
        : argv[0] === 'sh'
          ? { exit: 0, stdout: 'hop 1\nping: permission denied\n' }
          : { exit: 127 },
    );
    await expect(trace(busybox, request, { clock })).rejects.toMatchObject({
      exitCode: 7,
      details: [
        'traceroute: traceroute: socket: Operation not permitted',
        'tracepath: not in the image',
        'ping: ping: permission denied',
      ],
    });
  });

  test('TCP and ICMP as they were asked for; the real ping loop', async () => {
    expect(traceArgv({ ...request, protocol: 'tcp', port: 8080 })).toContain('-T');
    expect(traceArgv({ ...request, protocol: 'icmp' })).toContain('-I');
    await withNetns(async ({ prefix }) => {
      const run: RunTool = (argv) =>
        argv[0] === 'sh' ? localTools(prefix)(argv) : Promise.resolve(recorded({ exit: 127 }));
      const result = await trace(run, { ...request, destination: '127.0.0.1' }, { clock });
      expect(result).toMatchObject({
        via: 'ping',
        reached: true,
        hops: [{ ttl: 1, addresses: ['127.0.0.1'] }],
      });
    });
  }, 20_000);
});

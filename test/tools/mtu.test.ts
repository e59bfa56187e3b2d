import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mtu } from '../../src/tools/mtu.js';
import { parseMtuPing, parseTracepathMtu } from '../../src/tools/mtu-parse.js';
import type { RunTool } from '../../src/tools/run.js';
import { clock, recorded, type Said } from './local.js';
import { answerTo } from './transcript.js';

const request = { destination: '10.0.0.9', waitSeconds: 1 };

/** A network: the pod's own MTU, and one on the way, which is told of or not. */
const network = (local: number, path: number, how: 'announced' | 'silent', known = { mtu: 0 }): RunTool => {
  const say = (bytes: number): Said => {
    const here = known.mtu > 0 ? known.mtu : local;
    if (bytes > here) return { exit: 1, stderr: `ping: local error: message too long, mtu=${here}\n` };
    if (bytes <= path)
      return { exit: 0, stdout: `${bytes - 20} bytes from 10.0.0.9: icmp_seq=1 ttl=62 time=0.1 ms\n` };
    if (how === 'silent') return { exit: 1 };
    known.mtu = path;
    return { exit: 1, stdout: `From 10.0.0.1 icmp_seq=1 Frag needed and DF set (mtu = ${path})\n` };
  };
  return (argv) => Promise.resolve(recorded(say(Number(argv[argv.indexOf('-s') + 1]) + 28), 1000));
};

describe('mtu', () => {
  test('nothing on the way is smaller', async () => {
    const result = await mtu(network(1450, 1450, 'silent'), request, { clock });
    expect(result).toMatchObject({ localMtu: 1450, pathMtu: 1450, limit: 'none', via: 'ping' });
    expect(result.guess).toContain('VXLAN');
  });

  test('a router that says so is named', async () => {
    const result = await mtu(network(1500, 1420, 'announced'), request, { clock });
    expect(result).toMatchObject({ localMtu: 1500, pathMtu: 1420, limit: 'announced', hop: '10.0.0.1' });
    expect(result.guess).toContain('WireGuard');
  });

  test('the size of every black hole is found, in few steps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 577, max: 1499 }), async (path) => {
        const result = await mtu(network(1500, path, 'silent'), request, { clock });
        expect(result).toMatchObject({ localMtu: 1500, pathMtu: path, limit: 'blackHole' });
        expect(result.tries.length).toBeLessThan(16);
      }),
      { numRuns: 30 },
    );
  });

  test('each size is told before the next is tried', async () => {
    const told: number[] = [];
    const before: number[] = [];
    const run = network(1500, 1420, 'silent');
    const result = await mtu(
      (argv) => {
        before.push(told.length);
        return run(argv);
      },
      request,
      { clock, onEvent: ({ bytes }) => void told.push(bytes) },
    );
    expect(before).toEqual(before.map((_, at) => at));
    expect(told).toEqual(result.tries.map(({ bytes }) => bytes));
  });

  test('nobody answers; and a busybox, which cannot', async () => {
    expect(await mtu(network(1500, 0, 'silent'), request, { clock })).toMatchObject({
      limit: 'unreachable',
    });
    const busybox: RunTool = ([program]) =>
      Promise.resolve(
        recorded(program === 'ping' ? { exit: 1, stderr: "ping: invalid option -- 'M'\n" } : { exit: 127 }),
      );
    await expect(mtu(busybox, request, { clock })).rejects.toMatchObject({ exitCode: 7 });
  });
});

describe('recorded in pods of a real cluster', () => {
  test('ping', () => {
    const ping = (size: string) => {
      const said = answerTo(
        'netshoot',
        'ping',
        '-n',
        '-c',
        '2',
        '-i',
        '0.2',
        '-M',
        'do',
        '-s',
        size,
        '10.244.2.99',
      );
      return parseMtuPing(said.stdout, said.stderr, Number(size) + 28);
    };
    expect(ping('1372')).toEqual({ bytes: 1400, outcome: 'reply' });
    expect(ping('1473')).toEqual({ bytes: 1501, outcome: 'tooLongHere', mtu: 1400 });
  });

  test('tracepath', () => {
    const path = (...words: string[]) =>
      parseTracepathMtu(answerTo('netshoot', 'tracepath', ...words).stdout, 'x');
    expect(path('-n', '10.244.2.99')).toMatchObject({
      via: 'tracepath',
      localMtu: 1400,
      pathMtu: 1400,
      limit: 'none',
    });
    expect(path('-n', '-m', '3', '198.51.100.1')).toMatchObject({ limit: 'unreachable' });
  });
});

import { describe, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { SinkClosed } from '../../src/capture/sink.js';
import type { LiveStatistics } from '../../src/capture/statistics.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import type { RunTool } from '../../src/tools/run.js';
import { localTools, type LocalSession } from '../tools/local.js';
import { isolated, withNetns, without, type Netns } from '../tools/netns.js';
import { expectWhole, memorySink, payloads, sent, slowly } from './sinks.js';
import { fast, start } from './start.js';

async function until(what: () => boolean): Promise<void> {
  while (!what()) await sleep(5);
}

describe('capture with the real tcpdump', () => {
  test('exactly the packets that were sent, one by one', async () => {
    await withNetns(async ({ run, send }) => {
      const sink = memorySink();
      const { began, summary } = start(run, sink, { packetCount: 200 });
      await began;
      await send(200);
      expect(await summary).toMatchObject({
        kind: 'CaptureSummary',
        format: 'pcap',
        sources: [{ name: 'default/web:lo', pod: 'web', linktype: 'EN10MB (Ethernet)' }],
        packets: 200,
        bytes: 24 + 200 * (16 + 14 + 28 + 32),
        captured: 200,
        droppedByKernel: 0,
        droppedByInterface: 0,
        whole: true,
        complete: true,
        endedBy: 'limit',
        problems: [],
        exit: 0,
      });
      expect(payloads(sink.bytes())).toEqual(sent(200));
      expect(sink.calls).toEqual(['close']);
    });
  });

  test('Ctrl-C: the last packets and the counters arrive, nothing is left running', async () => {
    await withNetns(async ({ run, send }) => {
      const sink = memorySink();
      let session: LocalSession | undefined;
      const { began, summary, interrupt } = start(async (argv) => (session = await run(argv)), sink);
      await began;
      await send(50);
      await until(() => sink.bytes().length >= 24 + 50 * 90);
      interrupt();
      expect(await summary).toMatchObject({
        packets: 50,
        captured: 50,
        complete: true,
        endedBy: 'interrupt',
        exit: 130,
      });
      expect(await session?.done).toEqual({ kind: 'exited', exitCode: 0 });
      expect(payloads(sink.bytes())).toEqual(sent(50));
    });
  });

  test('any interface, nanoseconds, a short snaplen', async () => {
    await withNetns(async ({ run, send }) => {
      const sink = memorySink();
      const { began, summary } = start(run, sink, {
        interface: 'any',
        snaplen: 64,
        precision: 'nano',
        packetCount: 5,
      });
      await began;
      await send(5, { size: 500 });
      expect(await summary).toMatchObject({
        sources: [{ linktype: 'LINUX_SLL2 (Linux cooked v2)' }],
        packets: 5,
        complete: true,
        exit: 0,
      });
      expectWhole(sink.bytes(), 5);
      expect(payloads(sink.bytes())[4]).toBe('packet-0004.....');
    });
  });

  test('a largest size: the file stays below and ends at a whole packet', async () => {
    await withNetns(async ({ run, flood }) => {
      const sink = memorySink();
      const { began, summary } = start(run, sink, { maxBytes: 100_000 });
      await began;
      const quiet = flood(700);
      const { packets, bytes, endedBy, exit, problems } = await summary;
      await quiet();
      const record = 16 + 42 + 700;
      expect({ packets, bytes, endedBy, exit, problems }).toEqual({
        packets: Math.floor((100_000 - 24) / record),
        bytes: 24 + Math.floor((100_000 - 24) / record) * record,
        endedBy: 'limit',
        exit: 0,
        problems: [],
      });
      expectWhole(sink.bytes(), packets);
    });
  });

  test('a duration', async () => {
    await withNetns(async ({ run, flood }) => {
      const sink = memorySink();
      const { began, summary } = start(run, sink, { durationMs: 300 });
      await began;
      const quiet = flood(100);
      const { endedBy, exit, problems, packets, durationMs } = await summary;
      await quiet();
      expect({ endedBy, exit, problems }).toEqual({ endedBy: 'limit', exit: 0, problems: [] });
      expect(durationMs).toBeGreaterThanOrEqual(299);
      expectWhole(sink.bytes(), packets);
    });
  });

  test('a reader slower than the traffic: memory stays, the kernel drops, and both are said', async () => {
    await withNetns(async ({ run, flood }) => {
      const sink = memorySink(slowly(2_000_000));
      const live: LiveStatistics[] = [];
      const { began, summary, interrupt } = start(
        run,
        sink,
        { bufferKiB: 512 },
        {
          clock: fast,
          onStatistics: (one) => void live.push(one),
        },
      );
      await began;
      const quiet = flood(1400);
      await until(() => sink.bytes().length > 1_000_000);
      interrupt();
      await quiet();
      const { packets, captured, complete, problems, notes, droppedByKernel, receivedByFilter } =
        await summary;
      expect(problems).toEqual([]);
      expect(complete).toBe(true);
      expect(droppedByKernel).toBeGreaterThan(0);
      expect(receivedByFilter).toBeGreaterThanOrEqual(packets);
      // The packet that tcpdump held in its hand when it was told to stop may be missing, and then is named.
      expect((captured ?? 0) - packets).toBe(notes.length);
      expectWhole(sink.bytes(), packets);
      expect(live.at(-1)?.packets).toBeGreaterThan(0);
    });
  });

  test('live statistics ask tcpdump for its counters without disturbing it', async () => {
    await withNetns(async ({ run, send }) => {
      const sink = memorySink();
      const live: LiveStatistics[] = [];
      const { began, summary, interrupt } = start(
        run,
        sink,
        {},
        { clock: fast, onStatistics: (one) => void live.push(one) },
      );
      await began;
      await send(20);
      await until(() => live.some((one) => one.packets === 20 && one.droppedByKernel === 0));
      await send(20);
      await until(() => live.some((one) => one.packets === 40));
      interrupt();
      expect(await summary).toMatchObject({ packets: 40, complete: true });
      expect(live.some((one) => one.packetsPerSecond > 0 && one.bytesPerSecond > 0)).toBe(true);
    });
  });

  test('a full disk stops it; what was written opens', async () => {
    await withNetns(async ({ run, flood }) => {
      const sink = memorySink((total) => {
        if (total > 50_000)
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      });
      const { began, summary } = start(run, sink);
      await began;
      const quiet = flood(500);
      const { packets, bytes, endedBy, exit, problems } = await summary;
      await quiet();
      expect({ endedBy, exit, problems }).toEqual({
        endedBy: 'sink',
        exit: 8,
        problems: ['The disk is full; what was written before is whole.'],
      });
      expect(bytes).toBe(sink.bytes().length);
      expectWhole(sink.bytes(), packets);
      expect(sink.calls).toEqual(['close']);
    });
  });

  test('Wireshark is closed: an end in order', async () => {
    await withNetns(async ({ run, flood }) => {
      const sink = memorySink((total) => {
        if (total > 20_000) throw new SinkClosed();
      });
      const { began, summary } = start(run, sink);
      await began;
      const quiet = flood(500);
      expect(await summary).toMatchObject({ endedBy: 'reader', exit: 0, problems: [] });
      await quiet();
    });
  });

  test('tcpdump is killed in the pod', async () => {
    await withNetns(async ({ run, send }) => {
      const sink = memorySink();
      let session: LocalSession | undefined;
      const { began, summary } = start(async (argv) => (session = await run(argv)), sink);
      await began;
      await send(3);
      // The file header, and three records of 74 bytes.
      await until(() => sink.bytes().length >= 24 + 3 * (16 + 74));
      session?.kill('SIGKILL');
      const { endedBy, exit, problems, whole } = await summary;
      expect({ endedBy, exit, whole }).toEqual({ endedBy: 'tool', exit: 8, whole: true });
      expect(problems.join(' ')).toMatch(/killed in the pod.*counters did not arrive/);
      expectWhole(sink.bytes(), 3);
    });
  });

  test.each([
    ['a bad filter', 2, { filter: 'bad(' }, isolated()],
    ['an interface that is not there', 2, { interface: 'eth7' }, isolated()],
    ['no NET_RAW', 5, {}, [...isolated(), ...without('net_raw')]],
    [
      'no SETGID, noticed after the header is out',
      5,
      {},
      [...isolated(true), ...without('setgid', 'setuid')],
    ],
    ['tcpdump not there', 7, {}, ['/nowhere/']],
  ])('%s ends before a sink is opened', async (_, exitCode, request, prefix) => {
    const sink = memorySink();
    await expect(start(localTools(prefix), sink, request).summary).rejects.toMatchObject({ exitCode });
    expect(sink.opened).toBe(0);
  });

  test('the connection goes after any number of bytes: the file opens, exit code 8', async () => {
    await withNetns(async (netns) => {
      for (const bytes of [24, 25, 100, 5000, 123_456]) {
        const sink = memorySink();
        const { began, summary } = start(
          cutAfter(netns, bytes, () => began),
          sink,
        );
        await began;
        const quiet = netns.flood(900);
        const { endedBy, exit, packets, problems } = await summary;
        await quiet();
        expect({ endedBy, exit }).toEqual({ endedBy: 'lost', exit: 8 });
        expect(problems[0]).toBe('The connection was lost.');
        expect(packets).toBe(Math.floor((bytes - 24) / (16 + 42 + 900)));
        expectWhole(sink.bytes(), packets);
      }
    });
  });
});

/** A connection that ends after so many bytes of stdout, not before the capture began. */
function cutAfter(netns: Netns, bytes: number, began: () => Promise<void>): RunTool {
  return async (argv) => {
    const session = await netns.run(argv);
    const stdout = new PassThrough();
    const error = new NetdebugError('The connection was lost.', { exitCode: ExitCode.unreachable });
    let rest = bytes;
    const lost = new Promise<void>((resolve) => {
      session.stdout.on('data', (chunk: Buffer) => {
        stdout.write(chunk.subarray(0, rest));
        rest -= Math.min(rest, chunk.length);
        if (rest === 0) resolve();
      });
    });
    const done = lost.then(began).then(() => {
      session.abandon();
      stdout.end();
      return { kind: 'lost', error } as const;
    });
    return { ...session, stdout, done };
  };
}

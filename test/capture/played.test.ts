import { describe, expect, test } from '@jest/globals';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import { writePcapHeader } from '../../src/pcap/header.js';
import { writePcapRecord } from '../../src/pcap/writer.js';
import type { RunTool } from '../../src/tools/run.js';
import { played, recorded } from '../tools/local.js';
import { expectWhole, memorySink, type MemorySink } from './sinks.js';
import { fast, start } from './start.js';

describe('capture of a played tcpdump', () => {
  const header = writePcapHeader({ littleEndian: true, precision: 'micro', snaplen: 262144, linktype: 1 });
  const record = (length: number): Uint8Array =>
    writePcapRecord(
      { littleEndian: true, precision: 'micro' },
      { seconds: 1, nanoseconds: 0, originalLength: length, data: new Uint8Array(length) },
    );
  const LISTENING = 'tcpdump: listening on lo, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n';
  const counters = (captured: number): string =>
    `${captured} packets captured\n${captured} packets received by filter\n0 packets dropped by kernel\n`;

  test('missing program', async () => {
    const run: RunTool = () => Promise.resolve(recorded({ exit: 127, stderr: 'sh: tcpdump: not found\n' }));
    await expect(start(run, memorySink()).summary).rejects.toMatchObject({ exitCode: 7 });
  });

  test('something that is no pcap never reaches a sink', async () => {
    const sink = memorySink();
    const run: RunTool = () => Promise.resolve(recorded({ exit: 0, stdout: 'Hello, I am a shell banner.' }));
    await expect(start(run, sink).summary).rejects.toMatchObject({
      exitCode: 8,
      message: expect.stringContaining('not begin as a pcap') as unknown,
    });
    expect(sink.opened).toBe(0);
  });

  test('a capture with no packet is a file with a header', async () => {
    const sink = memorySink();
    const session = played((self) => {
      self.stderr.write(counters(0));
      self.finish({ kind: 'exited', exitCode: 0 });
    });
    const { began, summary, interrupt } = start(() => Promise.resolve(session), sink);
    session.stdout.write(header);
    session.stderr.write(LISTENING);
    await began;
    interrupt();
    expect(await summary).toMatchObject({
      packets: 0,
      bytes: 24,
      complete: true,
      exit: 130,
      first: undefined,
    });
    expectWhole(sink.bytes(), 0);
  });

  test('Ctrl-C before tcpdump listens', async () => {
    const sink = memorySink();
    const session = played((self) => self.finish({ kind: 'exited', exitCode: 0 }));
    const { summary, interrupt } = start(() => Promise.resolve(session), sink);
    interrupt();
    await expect(summary).rejects.toMatchObject({ exitCode: 130 });
    expect(sink.opened).toBe(0);
  });

  test('a tool that does not stop is left in bounded time', async () => {
    const sink = memorySink();
    const session = played();
    const { began, summary, interrupt } = start(() => Promise.resolve(session), sink, {}, { clock: fast });
    session.stdout.write(header);
    session.stderr.write(LISTENING);
    await began;
    session.stdout.write(record(60).subarray(0, 50));
    interrupt();
    const { exit, endedBy, problems } = await summary;
    expect({ exit, endedBy }).toEqual({ exit: 8, endedBy: 'interrupt' });
    expect(problems).toEqual([
      'tcpdump did not end in time after it was told to stop.',
      'The last packet did not arrive whole: 50 bytes of it were left out.',
      "tcpdump's own counters did not arrive, so it is not known whether packets are missing.",
    ]);
    expect(session.asked).toEqual(['stop', 'abandon']);
    expectWhole(sink.bytes(), 0);
  });

  test.each(['write', 'close'] as const)('a sink that hangs in %s is left in bounded time', async (where) => {
    const sink = memorySink((total) =>
      where === 'write' && total > 24 ? new Promise(() => undefined) : undefined,
    );
    if (where === 'close') sink.close = () => new Promise(() => undefined);
    const session = played((self) => {
      if (where === 'close') self.finish({ kind: 'exited', exitCode: 0 });
    });
    const { began, summary, interrupt } = start(() => Promise.resolve(session), sink, {}, { clock: fast });
    session.stdout.write(header);
    session.stderr.write(LISTENING);
    await began;
    session.stdout.write(record(60));
    session.stderr.write(counters(1));
    await new Promise((resolve) => setImmediate(resolve));
    interrupt();
    const { exit, problems } = await summary;
    expect(exit).toBe(8);
    expect(problems[0]).toBe('The packets could not be written: whoever takes them took nothing more.');
    expect(sink.calls).toEqual(['abort']);
  });

  test('packets that tcpdump counted and that did not arrive are missed', async () => {
    const session = played();
    const { summary } = start(() => Promise.resolve(session), memorySink(), { packetCount: 2 });
    session.stderr.write(LISTENING);
    session.stdout.write(Buffer.concat([header, record(9)]));
    session.stderr.write(counters(2));
    session.finish({ kind: 'exited', exitCode: 0 });
    expect(await summary).toMatchObject({ exit: 8, whole: true, complete: false, captured: 2, packets: 1 });
  });

  test('a sink that cannot be opened stops everything', async () => {
    const session = played((self) => {
      self.stderr.write(counters(1));
      self.finish({ kind: 'exited', exitCode: 0 });
    });
    const openSink = (): Promise<never> =>
      Promise.reject(new NetdebugError('cannot write to x: it is a directory', { exitCode: ExitCode.usage }));
    const { summary } = start(() => Promise.resolve(session), memorySink(), {}, { openSink });
    session.stdout.write(Buffer.concat([header, record(9)]));
    expect(await summary).toMatchObject({
      endedBy: 'sink',
      exit: 8,
      packets: 0,
      problems: ['cannot write to x: it is a directory'],
    });
    expect(session.asked).toEqual(['stop']);
  });

  test('a reader that goes while nothing is written', async () => {
    const session = played((self) => {
      self.stderr.write(counters(0));
      self.finish({ kind: 'exited', exitCode: 0 });
    });
    const sink: MemorySink = { ...memorySink(), gone: Promise.resolve() };
    const { summary } = start(
      () => Promise.resolve(session),
      sink,
      {},
      { openSink: () => Promise.resolve(sink) },
    );
    session.stderr.write(LISTENING);
    session.stdout.write(header);
    expect(await summary).toMatchObject({ endedBy: 'reader', exit: 0 });
  });

  test('a second header in mid-stream stops it before that', async () => {
    const sink = memorySink();
    const session = played((self) => {
      self.stderr.write(counters(1));
      self.finish({ kind: 'exited', exitCode: 0 });
    });
    const { summary } = start(() => Promise.resolve(session), sink);
    session.stdout.write(Buffer.concat([header, record(9), header, record(9)]));
    expect(await summary).toMatchObject({
      endedBy: 'tool',
      exit: 8,
      packets: 1,
      whole: false,
      problems: [
        'At byte 49, a second pcap header stands where a packet was due; everything before it was kept.',
      ],
    });
    expectWhole(sink.bytes(), 1);
  });
});

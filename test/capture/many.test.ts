import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningCapture } from '../../src/capture/capture.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import { memorySink } from './sinks.js';
import { captureOf, packetsIn, playedSource, type PlayedSource } from './sources.js';
import { fast } from './start.js';

/** Starts played sources, and waits until all of them are captured. */
async function listening(capture: RunningCapture, sources: readonly PlayedSource[]): Promise<void> {
  for (const one of sources) one.listen();
  await until(() => capture.running().length === sources.length);
}

async function until(what: () => boolean): Promise<void> {
  while (!what()) await sleep(2);
}

const texts = (bytes: Uint8Array): string[] => packetsIn(bytes).map(({ text }) => text);

describe('a capture of many', () => {
  test('packets of all sources, in the order of time', async () => {
    const [a, b] = [playedSource('a'), playedSource('b')];
    const sink = memorySink();
    const capture = captureOf([a, b], sink);
    capture.seal();
    await listening(capture, [a, b]);
    a.send(10, 30, 50);
    b.send(20, 40, 60);
    await until(() => texts(sink.bytes()).length >= 5);
    for (const one of [a, b]) one.finish();
    const summary = await capture.summary;
    expect(texts(sink.bytes())).toEqual(['a-0', 'b-0', 'a-1', 'b-1', 'a-2', 'b-2']);
    expect(summary).toMatchObject({ format: 'pcapng', packets: 6, captured: 6, latePackets: 0, exit: 8 });
    expect(summary.sources.map(({ name, packets, pod }) => ({ name, packets, pod }))).toEqual([
      { name: 'default/a:eth0', packets: 3, pod: 'a' },
      { name: 'default/b:eth0', packets: 3, pod: 'b' },
    ]);
    // Nobody had asked them to end.
    expect(summary.problems[0]).toBe('default/a:eth0: tcpdump was ended in the pod by somebody else.');
    expect(summary.bytes).toBe(sink.bytes().length);
    expect(sink.calls).toEqual(['close']);
  });

  test('Ctrl-C: each is stopped in order, the last packets and counters are there', async () => {
    const sources = ['a', 'b', 'c'].map((pod) => playedSource(pod));
    const sink = memorySink();
    const controller = new AbortController();
    const capture = captureOf(sources, sink, { signal: controller.signal });
    for (const one of sources) one.listen();
    sources[0]?.send(1, 2, 3);
    await until(() => sink.opened === 1);
    controller.abort();
    const summary = await capture.summary;
    expect(summary).toMatchObject({
      packets: 3,
      complete: true,
      endedBy: 'interrupt',
      exit: 130,
      problems: [],
    });
    for (const { session } of sources) expect(session.asked).toEqual(['stop']);
  });

  test('what stops it may be something else than Ctrl-C', async () => {
    const a = playedSource('a');
    const controller = new AbortController();
    const sink = memorySink();
    const capture = captureOf([a], sink, { signal: controller.signal, whyStopped: () => 'reader' });
    a.listen();
    await until(() => sink.opened === 1);
    controller.abort();
    expect(await capture.summary).toMatchObject({ endedBy: 'reader', exit: 0 });
  });

  test('one joins, one leaves as pods do: both are whole, and it goes on', async () => {
    const [a, b] = [playedSource('a'), playedSource('b', { stubborn: true })];
    const sink = memorySink();
    const controller = new AbortController();
    const capture = captureOf([a, b], sink, { signal: controller.signal }, [b]);
    b.listen();
    b.send(1);
    await until(() => texts(sink.bytes()).length === 1);
    capture.depart('pod uid-of-b', { why: 'pod default/b was deleted', expected: true });
    // Its debug container is killed with the pod.
    b.session.finish({ kind: 'exited', exitCode: 137 });
    await until(() => capture.places().size === 0);
    capture.join({ name: 'a', sources: [a.source] });
    a.listen();
    a.send(2);
    await until(() => texts(sink.bytes()).length === 2);
    capture.tell('pod uid-of-a', 'container main restarted');
    a.send(3);
    await until(() => texts(sink.bytes()).length === 3);
    controller.abort();
    const summary = await capture.summary;
    expect(summary).toMatchObject({ packets: 3, endedBy: 'interrupt', exit: 130, problems: [] });
    expect(summary.notes).toEqual([
      'default/b:eth0: pod default/b was deleted; whether its last packets are here is not known.',
      'default/a:eth0: container main restarted',
    ]);
    const file = sink.bytes().toString('latin1');
    expect(file).toContain('pod default/b was deleted');
    expect(file).toContain('container main restarted');
  });

  test('a pod that was named and goes is missed', async () => {
    const a = playedSource('a');
    const fate = { why: 'pod default/a was deleted', expected: false };
    const capture = captureOf([a], memorySink(), { fate: () => Promise.resolve(fate) });
    capture.seal();
    a.listen();
    a.session.finish({ kind: 'exited', exitCode: 137 });
    expect(await capture.summary).toMatchObject({
      exit: 8,
      endedBy: 'gone',
      problems: [
        'pod default/a was deleted.',
        'tcpdump was killed in the pod (exit code 137).',
        "tcpdump's own counters did not arrive, so it is not known whether packets are missing.",
      ],
    });
  });

  test('one that fails does not stop the others, and is named: exit code 8', async () => {
    const [a, b] = [playedSource('a'), playedSource('b')];
    const sink = memorySink();
    const capture = captureOf([a], sink, { durationMs: 50 }, [b, a]);
    a.listen();
    a.send(1);
    const { failed, exit, packets, problems } = await capture.summary;
    expect(failed).toEqual([{ name: 'default/b:eth0', message: 'not played', exit: 8 }]);
    expect({ exit, packets, problems }).toEqual({
      exit: 8,
      packets: 1,
      problems: ['default/b:eth0: not played'],
    });
  });

  test('all fail: the exit code of the first that was named, and no sink is opened', async () => {
    const sources = ['a', 'b'].map((pod) => playedSource(pod));
    const sink = memorySink();
    const capture = captureOf(sources, sink, {
      open: async ({ argv }) => {
        await sleep(argv[1] === 'a' ? 20 : 1);
        throw new NetdebugError(`${argv[1] ?? ''} cannot`, {
          exitCode: argv[1] === 'a' ? ExitCode.notAllowed : ExitCode.target,
        });
      },
    });
    await expect(capture.summary).rejects.toMatchObject({ message: 'a cannot', exitCode: 5 });
    expect(sink.opened).toBe(0);
  });

  test('a target that is found out about later: its failure is named, its sources run', async () => {
    const a = playedSource('a');
    const capture = captureOf([a], memorySink(), { durationMs: 20 });
    const late = new NetdebugError('There is no pod x.', { exitCode: ExitCode.target });
    capture.join({ name: 'x', sources: sleep(20).then(() => Promise.reject(late)) });
    a.listen();
    const { failed } = await capture.summary;
    expect(failed).toEqual([{ name: 'x', message: 'There is no pod x.', exit: 6 }]);
  });

  test('a limit on packets holds over all, in the order of time', async () => {
    const [a, b] = [playedSource('a'), playedSource('b')];
    const sink = memorySink();
    const capture = captureOf([a, b], sink, { limits: { maxPackets: 3 }, packetCount: 3 });
    await listening(capture, [a, b]);
    a.send(10, 30, 50);
    b.send(20, 40, 60);
    const summary = await capture.summary;
    expect(texts(sink.bytes())).toEqual(['a-0', 'b-0', 'a-1']);
    expect(summary).toMatchObject({ packets: 3, endedBy: 'limit', exit: 0, problems: [], lost: 0 });
    expect(summary.sources.map(({ packets }) => packets)).toEqual([2, 1]);
  });

  test('a largest size holds for the whole file, statistics included', async () => {
    const [a, b] = [playedSource('a'), playedSource('b')];
    const sink = memorySink();
    const capture = captureOf([a, b], sink, { limits: { maxBytes: 4000 } });
    for (const one of [a, b]) one.listen();
    for (let i = 0; i < 100; i++) (i % 2 === 0 ? a : b).send(i);
    const { bytes, exit, packets } = await capture.summary;
    expect(exit).toBe(0);
    expect(bytes).toBe(sink.bytes().length);
    expect(bytes).toBeLessThanOrEqual(4000);
    expect(bytes).toBeGreaterThan(3000);
    expect(packetsIn(sink.bytes())).toHaveLength(packets);
  });

  test('drops while it was stopping after a limit were not wanted', async () => {
    const a = playedSource('a', { stubborn: true });
    const capture = captureOf([a], memorySink(), { limits: { maxPackets: 1 } });
    a.listen();
    a.send(1, 2, 3);
    await until(() => a.session.asked.includes('stop'));
    a.session.stderr.write('3 packets captured\n9 packets received by filter\n6 packets dropped by kernel\n');
    a.session.finish({ kind: 'exited', exitCode: 0 });
    expect(await capture.summary).toMatchObject({ droppedByKernel: 6, lost: 0, packets: 1, exit: 0 });
  });

  test('a hole in a source: a comment at its place, a problem in the summary', async () => {
    const a = playedSource('a');
    const sink = memorySink();
    let tell: (gap: { atBytes: number; reason: string; packets: number }) => void = () => undefined;
    const session = { ...a.session, onGap: (listener: typeof tell) => void (tell = listener) };
    const capture = captureOf([a], sink, { open: () => Promise.resolve(session) });
    a.listen();
    await until(() => sink.opened === 1);
    a.send(1);
    tell({ atBytes: 24 + 76, reason: 'the connection was lost for 2 s', packets: 7 });
    a.send(2);
    await until(() => texts(sink.bytes()).length === 2);
    a.finish();
    const { problems, sources } = await capture.summary;
    expect(problems).toContain('The connection was lost for 2 s: 7 packets are missing.');
    expect(sources[0]?.gaps).toHaveLength(1);
    const file = sink.bytes();
    expect(file.indexOf('the connection was lost')).toBeGreaterThan(file.indexOf('a-1'));
    expect(file.indexOf('a-0')).toBeLessThan(file.indexOf('a-1'));
  });

  test('while the sink stalls nothing is read, and nothing is late or lost for it', async () => {
    const sources = Array.from({ length: 20 }, (_, i) => playedSource(`p${i}`));
    let release: () => void = () => undefined;
    const stalled = new Promise<void>((resolve) => (release = resolve));
    const sink = memorySink((total) => (total > 4000 ? stalled : undefined));
    const controller = new AbortController();
    const capture = captureOf(sources, sink, { signal: controller.signal, clock: fast });
    await listening(capture, sources);
    const each = 2000;
    for (let i = 0; i < each; i++) for (const [j, one] of sources.entries()) one.send(i * 20 + j);
    // Much later by the clock of the merge: whoever was silent only because nobody read it is not late.
    await sleep(300);
    const unread = sources.reduce(
      (sum, { session }) => sum + session.stdout.readableLength + session.stdout.writableLength,
      0,
    );
    expect(unread).toBeGreaterThan(0.5 * each * 20 * 76);
    release();
    await until(() =>
      sources.every(({ session: { stdout } }) => stdout.readableLength + stdout.writableLength === 0),
    );
    controller.abort();
    const { packets, latePackets, problems, exit } = await capture.summary;
    expect({ packets, latePackets, problems, exit }).toEqual({
      packets: each * 20,
      latePackets: 0,
      problems: [],
      exit: 130,
    });
    const times = packetsIn(sink.bytes()).map(({ at }) => at);
    expect(times.every((time, i) => i === 0 || time >= (times[i - 1] ?? 0))).toBe(true);
  });

  test('any interleaving, any moment of Ctrl-C: the file is whole and holds what was counted', async () => {
    const step = fc.record({ pod: fc.nat(2), what: fc.constantFrom('listen', 'send', 'end', 'wait') });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const sources = ['a', 'b', 'c'].map((pod) => playedSource(pod));
        const over = new Set<number>();
        const heard = new Set<number>();
        const sink = memorySink();
        const controller = new AbortController();
        const capture = captureOf(sources, sink, { signal: controller.signal, clock: fast });
        const ended = capture.summary.catch((error: unknown) => error);
        let at = 0;
        for (const { pod, what } of steps) {
          const one = sources[pod];
          if (one === undefined || over.has(pod)) continue;
          if (what === 'wait') await sleep(0);
          else if (what === 'listen' && !heard.has(pod)) {
            heard.add(pod);
            one.listen();
          } else if (heard.has(pod) && what === 'send') one.send((at += 1));
          else if (heard.has(pod) && what === 'end') {
            over.add(pod);
            one.finish();
          }
        }
        controller.abort();
        const result = await ended;
        if (result instanceof Error) {
          expect(sink.bytes()).toHaveLength(0);
          return;
        }
        const { packets } = result as { packets: number };
        expect(packetsIn(sink.bytes())).toHaveLength(packets);
        expect(sink.calls).toEqual(['close']);
      }),
      { numRuns: 60 },
    );
  });
});

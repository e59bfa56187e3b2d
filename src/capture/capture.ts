import type { Clock, ToolEnd, ToolSession } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import type { PcapHeader } from '../pcap/types.js';
import { interrupted, type RunTool } from '../tools/run.js';
import { tcpdumpFailure } from '../tools/tcpdump.js';
import { outputTo, type Output } from './output.js';
import { planCapture, type CaptureRequest } from './plan.js';
import type { Sink } from './sink.js';
import { reportStatistics, type LiveStatistics } from './statistics.js';
import { stopperOf, type Stopper } from './stopper.js';
import { summariseCapture, type CaptureSummary } from './summary.js';
import { wholeRecords, type WholeRecords } from './whole.js';
import { listenToWords } from './words.js';

export interface CaptureOptions {
  readonly run: RunTool;
  readonly clock: Clock;
  /**
   * Called when tcpdump has accepted the filter and the interface and listens, so that Wireshark does not open for a mistake.
   * Never called when the capture fails before; a sink that was opened is closed or aborted here.
   */
  readonly openSink: (header: PcapHeader) => Promise<Sink>;
  /** Ctrl-C: tcpdump ends in order, its last packets and counters still arrive. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the sink is about to be opened: packets are captured from now on. */
  readonly onBegin?: ((header: PcapHeader) => void) | undefined;
  readonly onStatistics?: ((statistics: LiveStatistics) => void) | undefined;
  /** Default 1 s. */
  readonly statisticsIntervalMs?: number | undefined;
  /** How long nothing may come after a stop until the session is left; default 10 s (the lifeline kills after 4 s). */
  readonly quietMs?: number | undefined;
}

/**
 * Captures in one pod until a limit, Ctrl-C, or a failure. Resolves with a summary once packets could have been captured,
 * however it ended; its `exit` and `problems` tell what is missing, and what was written always opens.
 * Throws a NetdebugError when it never began: usage (2), not allowed (5), tcpdump missing (7), interrupted (130).
 */
export async function capture(request: CaptureRequest, options: CaptureOptions): Promise<CaptureSummary> {
  const plan = planCapture(request);
  const { clock } = options;
  if (isAborted(options.signal)) throw interrupted();
  const session = await options.run(plan.argv);
  const over = new AbortController();
  const records = wholeRecords({ maxBytes: plan.maxBytes, maxPackets: plan.packetCount });
  const { tracker } = records;
  const quietMs = options.quietMs ?? 10_000;
  const stopper = stopperOf(session, clock, quietMs, () => tracker.streamBytes, over.signal);
  const output = outputTo(options.openSink, (why) => stopper.stop(why));
  const onAbort = (): void => stopper.stop('interrupt');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (isAborted(options.signal)) onAbort();

  let startedAt = clock.now();
  const begin = (): void => {
    // The header alone does not mean that it works: a tcpdump without SETGID writes it and then gives up.
    if (output.begun || tracker.header === undefined || !(words.listening || tracker.packets > 0)) return;
    startedAt = clock.now();
    options.onBegin?.(tracker.header);
    output.begin(tracker.header);
    if (plan.durationMs !== undefined) void stopAfter(clock, plan.durationMs, stopper, over.signal);
    if (options.onStatistics === undefined) return;
    void reportStatistics({
      clock,
      tracker,
      intervalMs: options.statisticsIntervalMs ?? 1000,
      progress: () => words.progress,
      onStatistics: options.onStatistics,
      // A tcpdump that waits for room in its pipe is left alone.
      askCounters: () => {
        if (!output.busy && stopper.reason === undefined) session.signal('USR1');
      },
      signal: over.signal,
    });
  };
  const words = listenToWords(session.stderr, begin);
  try {
    const finished = Promise.all([session.done, pump(session, records, output, stopper, begin), words.ended]);
    const end = await Promise.race([
      finished.then(([ended]): ToolEnd => ended),
      stopper.left.then(() => undefined),
    ]);
    const durationMs = clock.now() - startedAt;
    if (!output.begun) {
      // It listened to nothing yet: either it was stopped at once, or it said why it will not.
      if (stopper.reason === 'interrupt') throw interrupted();
      if (tracker.fault !== undefined) throw notPcap(tracker.fault.message, words.words);
      throw tcpdumpFailure(words.words, end ?? (await session.done), plan);
    }
    await finish(output, end === undefined, clock, quietMs, over.signal);
    return summariseCapture(plan, {
      tracker,
      cutBytes: records.cutBytes,
      counters: words.counters,
      words: words.words,
      end,
      stoppedBy: stopper.reason,
      sinkError: output.error,
      written: output.written,
      durationMs,
    });
  } catch (error) {
    session.abandon();
    throw error;
  } finally {
    over.abort();
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** Moves packets from tcpdump to the sink, at the sink's pace; after a limit or a failure it only counts. */
async function pump(
  session: ToolSession,
  records: WholeRecords,
  output: Output,
  stopper: Stopper,
  begin: () => void,
): Promise<void> {
  const { tracker } = records;
  try {
    for await (const chunk of session.stdout as AsyncIterable<Uint8Array>) {
      const whole = records.push(chunk);
      if (whole !== undefined) {
        const room = output.put(whole, tracker.keptPackets);
        begin();
        await room;
      }
      if (tracker.limited) stopper.stop('limit');
      // A stream that is no pcap any more will not become one again.
      if (tracker.fault !== undefined) stopper.stop('tool');
    }
  } catch (error) {
    // A lost or abandoned session destroys its streams; `done` tells how it ended.
    if (!session.stdout.destroyed) throw error;
  }
}

/** Closes the sink; one that hangs is left, so that this program ends. */
async function finish(
  output: Output,
  hangs: boolean,
  clock: Clock,
  quietMs: number,
  over: AbortSignal,
): Promise<void> {
  const leave = (): Promise<void> => output.abort(new Error('whoever takes them took nothing more.'));
  if (hangs && output.busy) return leave();
  const late = clock.sleep(quietMs, over).then(() => (over.aborted ? undefined : leave()));
  await Promise.race([output.close(), late]);
}

function notPcap(message: string, words: readonly string[]): NetdebugError {
  return new NetdebugError(`tcpdump did not answer with packets: ${message}.`, {
    exitCode: ExitCode.incomplete,
    details: words,
  });
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

async function stopAfter(
  clock: Clock,
  durationMs: number,
  stopper: Stopper,
  over: AbortSignal,
): Promise<void> {
  await clock.sleep(durationMs, over);
  if (!over.aborted) stopper.stop('limit');
}

import type { Clock } from '../debugger/types.js';
import type { NameRecord } from '../pcap/merge-types.js';
import type { PcapHeader } from '../pcap/types.js';
import { interrupted } from '../tools/run.js';
import { closeLane, laneTo, type Lane } from './lane.js';
import { placeKey, sourceName } from './place.js';
import { runSource, type RunningSource, type SourceEnd } from './running.js';
import type { Sink } from './sink.js';
import type { Departure } from './source-summary.js';
import type { CaptureSource, OpenPackets } from './source.js';
import { reportStatistics, type LiveStatistics } from './statistics.js';
import type { PacketStream } from './stream.js';
import type { StopReason } from './ended.js';
import { summariseCapture, type CaptureSummary, type FailedSource } from './summary.js';
import { failureOf, liveTotals, writtenIn } from './totals.js';

/** What is to be captured: one place, on as many interfaces as are wanted there. */
export interface CaptureTarget {
  /** For people, when it fails: `shop/web-0`, or what was named. */
  readonly name: string;
  /** A promise where something has to be found out first; rejects with a NetdebugError. */
  readonly sources: readonly CaptureSource[] | Promise<readonly CaptureSource[]>;
}

/** Where packets go. */
export interface CaptureDestination {
  readonly stream: PacketStream;
  /**
   * Called when the first tcpdump has accepted the filter and the interface and listens, so that Wireshark does not open for a mistake.
   * Never called when the capture fails before; a sink that was opened is closed or aborted here.
   */
  readonly openSink: () => Promise<Sink>;
}

export interface CaptureOptions {
  readonly open: OpenPackets;
  /** One for all sources, or a function that gives each its own (`--split`); limits then hold for each. */
  readonly to: CaptureDestination | ((source: CaptureSource) => CaptureDestination);
  readonly clock: Clock;
  /** Every tcpdump ends in order, its last packets and counters still arrive. */
  readonly signal?: AbortSignal | undefined;
  /** What the signal means; default Ctrl-C. */
  readonly whyStopped?: (() => StopReason) | undefined;
  /** Counted from when every target of the start has begun or failed. */
  readonly durationMs?: number | undefined;
  /** The stream keeps to it; here it tells why tcpdump ended. */
  readonly packetCount?: number | undefined;
  readonly onEvent?: ((event: CaptureEvent) => void) | undefined;
  readonly onStatistics?: ((statistics: LiveStatistics) => void) | undefined;
  /** What became of a place whose tcpdump ended by itself. Never rejects. */
  readonly fate?: ((source: CaptureSource) => Promise<Departure | undefined>) | undefined;
  /** Default 1 s. */
  readonly statisticsIntervalMs?: number | undefined;
  /** How long nothing may come after a stop until a session is left; default 10 s (the lifeline kills after 4 s). */
  readonly quietMs?: number | undefined;
}

/** What happens while it runs. */
export type CaptureEvent =
  /** A source listens: packets are captured from now on. */
  | {
      readonly kind: 'began';
      readonly source: CaptureSource;
      readonly name: string;
      readonly header: PcapHeader | undefined;
    }
  | { readonly kind: 'failed'; readonly failure: FailedSource }
  | { readonly kind: 'ended'; readonly name: string; readonly departure: Departure | undefined }
  /** Something happened to the place of a source, such as a restart. */
  | { readonly kind: 'told'; readonly name: string; readonly event: string };

/** A capture that runs. What is done after its end does nothing. */
export interface RunningCapture {
  /** Another target, such as a pod of a rollout. */
  join(target: CaptureTarget): void;
  /** A place is gone, and with it all of its sources. */
  depart(key: string, departure: Departure): void;
  /** Something happened to a place, such as a restart: a comment among its packets. */
  tell(key: string, event: string): void;
  /** Something about the whole, for the summary. */
  note(text: string): void;
  addNames(names: readonly NameRecord[]): void;
  /** No target will join any more: the capture ends when those that there are have ended. */
  seal(): void;
  /** Names of the sources that are captured now. */
  running(): readonly string[];
  /** Keys of the places whose sources are not over. */
  places(): ReadonlySet<string>;
  /**
   * Resolves once packets could have been captured, however it ended; `exit` and `problems` tell what is missing, and what was
   * written always opens. Rejects with a NetdebugError when nothing began: the first target's failure, or interrupted (130).
   */
  readonly summary: Promise<CaptureSummary>;
}

/** Captures any number of targets until a limit, Ctrl-C, a failure, or until all have ended. */
export function startCapture(initial: readonly CaptureTarget[], options: CaptureOptions): RunningCapture {
  const { clock, signal } = options;
  const quietMs = options.quietMs ?? 10_000;
  const over = new AbortController();
  const lanes: Lane[] = [];
  const all: RunningSource[] = [];
  const captured = new Map<RunningSource, Extract<SourceEnd, { kind: 'captured' }>>();
  const failures: { readonly failure: FailedSource; readonly error: unknown; readonly rank: number }[] = [];
  const notes: string[] = [];
  const names: (readonly NameRecord[])[] = [];
  /** Targets of which it is not known yet which sources they are. */
  let unknown = 0;
  let ranks = 0;
  let stopReason: StopReason | undefined;
  let sealed = false;
  /** Whether more may come when none runs: nobody has come yet, or the last one left as pods do. */
  let awaitingMore = true;
  let startedAt: number | undefined;
  let timed = false;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const common = typeof options.to === 'function' ? undefined : addLane(options.to);

  function addLane(to: CaptureDestination): Lane {
    const onLimit = (): void => {
      if (lane === common) stop('limit');
      else for (const one of all) if (one.lane === lane) one.stop('limit');
    };
    const lane: Lane = laneTo({ ...to, clock, onEnd: stop, onLimit, over: over.signal });
    for (const known of names) lane.stream.addNames(known);
    lanes.push(lane);
    return lane;
  }
  function stop(reason: StopReason): void {
    stopReason ??= reason;
    for (const one of all) one.stop(stopReason);
    endIfDone();
  }
  function begin(running: RunningSource): void {
    const { source, name, lane, stream } = running;
    options.onEvent?.({ kind: 'began', source, name, header: stream?.header });
    lane?.begin();
    if (startedAt === undefined && options.onStatistics !== undefined) report(options.onStatistics);
    startedAt ??= clock.now();
    startTimer();
  }
  /** The time runs when nothing of the start is still on its way. */
  function startTimer(): void {
    const { durationMs } = options;
    if (timed || durationMs === undefined || startedAt === undefined) return;
    if (unknown > 0 || all.some(({ state }) => state === 'opening')) return;
    timed = true;
    void clock.sleep(durationMs, over.signal).then(() => {
      if (!over.signal.aborted) stop('limit');
    });
  }
  function report(onStatistics: (statistics: LiveStatistics) => void): void {
    const askCounters = (): void => {
      // A tcpdump that waits for room in its pipe is left alone.
      for (const one of all) if (one.lane?.output.busy === false) one.askCounters();
    };
    const intervalMs = options.statisticsIntervalMs ?? 1000;
    const totals = (): ReturnType<typeof liveTotals> => liveTotals(all);
    void reportStatistics({ clock, intervalMs, totals, onStatistics, askCounters, signal: over.signal });
  }
  function fail(name: string, error: unknown, rank: number): void {
    const failure = failureOf(name, error);
    failures.push({ failure, error, rank });
    options.onEvent?.({ kind: 'failed', failure });
  }
  function ended(running: RunningSource, end: SourceEnd, rank: number): void {
    const { name } = running;
    awaitingMore = false;
    if (end.kind === 'captured') {
      captured.set(running, end);
      awaitingMore = end.departure?.expected === true;
      options.onEvent?.({ kind: 'ended', name, departure: end.departure });
    } else if (end.kind === 'failed') fail(name, end.error, rank);
    else if (stopReason !== undefined) notes.push(`${name} had not begun when the capture ended.`);
    else awaitingMore = true;
    startTimer();
    endIfDone();
  }
  function endIfDone(): void {
    if (unknown > 0 && stopReason === undefined) return;
    if (all.some(({ state }) => state !== 'over')) return;
    if (stopReason !== undefined || sealed || !awaitingMore) finish();
  }
  function start(source: CaptureSource, rank: number): void {
    const wanted = sourceName(source);
    const same = all.filter((other) => sourceName(other.source) === wanted).length;
    const name = same === 0 ? wanted : `${wanted} (${same + 1})`;
    const running = runSource(source, name, {
      open: options.open,
      clock,
      quietMs,
      packetCount: options.packetCount,
      lane: (of) => common ?? addLane((options.to as (source: CaptureSource) => CaptureDestination)(of)),
      onBegin: begin,
      fate: (of) => options.fate?.(of) ?? Promise.resolve(undefined),
    });
    all.push(running);
    void running.end.then((end) => {
      ended(running, end, rank);
    });
  }
  function join({ name, sources }: CaptureTarget): void {
    if (stopReason !== undefined || over.signal.aborted) return;
    const rank = ranks++;
    if (!('then' in sources)) {
      for (const source of sources) start(source, rank);
      return;
    }
    unknown++;
    void sources
      .then(
        (known) => {
          if (stopReason === undefined) for (const source of known) start(source, rank);
        },
        (error: unknown) => {
          awaitingMore = false;
          if (stopReason === undefined) fail(name, error, rank);
        },
      )
      .finally(() => {
        unknown--;
        startTimer();
        endIfDone();
      });
  }
  async function run(): Promise<CaptureSummary> {
    const onAbort = (): void => stop(options.whyStopped?.() ?? 'interrupt');
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
    try {
      await finished;
      if (startedAt === undefined) throw nothingBegan();
      const durationMs = clock.now() - startedAt;
      const hangs = [...captured.values()].some(({ left }) => left);
      await Promise.all(lanes.map((lane) => closeLane(lane, { hangs, clock, quietMs, over: over.signal })));
      return summariseCapture({
        format: lanes[0]?.stream.format ?? 'pcapng',
        // In the order in which they were named or joined.
        sources: all.flatMap((one) => captured.get(one)?.summarise() ?? []),
        failed: failures.map(({ failure }) => failure),
        notes,
        stoppedBy: stopReason,
        sinkError: lanes.map(({ output }) => output.error).find((error) => error !== undefined),
        written: writtenIn(lanes),
        latePackets: lanes.reduce((sum, { stream }) => sum + stream.latePackets, 0),
        durationMs,
      });
    } finally {
      over.abort();
      signal?.removeEventListener('abort', onAbort);
    }
  }
  function nothingBegan(): unknown {
    const [first] = failures.sort((a, b) => a.rank - b.rank);
    return stopReason === 'interrupt' || first === undefined ? interrupted() : first.error;
  }
  const at = (key: string): RunningSource[] =>
    all.filter(({ source, state }) => state !== 'over' && placeKey(source.place) === key);

  for (const target of initial) join(target);
  return {
    join,
    depart: (key, departure) => {
      for (const one of at(key)) one.depart(departure);
    },
    tell: (key, event) => {
      for (const one of at(key)) {
        one.tell(event);
        options.onEvent?.({ kind: 'told', name: one.name, event });
      }
    },
    note: (text) => void notes.push(text),
    addNames: (known) => {
      names.push(known);
      for (const { stream } of lanes) stream.addNames(known);
    },
    seal: () => {
      sealed = true;
      endIfDone();
    },
    running: () => all.flatMap(({ name, state }) => (state === 'running' ? name : [])),
    places: () =>
      new Set(all.flatMap(({ source, state }) => (state === 'over' ? [] : [placeKey(source.place)]))),
    summary: run(),
  };
}

import type { Clock, ToolEnd } from '../debugger/types.js';
import { ExitCode, NetdebugError } from '../errors.js';
import { isPcapMagic } from '../pcap/header.js';
import { tcpdumpFailure, type TcpdumpCounters } from '../tools/tcpdump.js';
import type { Lane } from './lane.js';
import { describeSource } from './place.js';
import { summariseSource, type Departure, type SourceSummary } from './source-summary.js';
import type { CaptureSource, Gap, OpenPackets, PacketSession } from './source.js';
import { stopperOf, type Stopper } from './stopper.js';
import type { StreamSource } from './stream.js';
import type { StopReason } from './ended.js';
import { listenToWords, type TcpdumpWords } from './words.js';

/** What a source needs of the capture that it belongs to. */
export interface SourceHost {
  readonly open: OpenPackets;
  readonly clock: Clock;
  readonly quietMs: number;
  readonly packetCount: number | undefined;
  /** Where its packets go; asked for once, when it listens. */
  readonly lane: (source: CaptureSource) => Lane;
  /** The source listens, and has a place in the stream. */
  readonly onBegin: (source: RunningSource) => void;
  /** What became of the place of a source that ended by itself; undefined: it is as it was. Never rejects. */
  readonly fate: (source: CaptureSource) => Promise<Departure | undefined>;
}

/** How a source ended: captured, never begun because it failed, or never begun because the capture was over before. */
export type SourceEnd =
  | {
      readonly kind: 'captured';
      /** It did not end, and was left. */
      readonly left: boolean;
      readonly departure: Departure | undefined;
      /** Asked when the stream has ended: only then everything is counted. */
      readonly summarise: () => SourceSummary;
    }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'unstarted' };

/** One source from the start of its tcpdump to its end. */
export interface RunningSource {
  readonly source: CaptureSource;
  readonly name: string;
  /** Never rejects. */
  readonly end: Promise<SourceEnd>;
  readonly state: 'opening' | 'running' | 'over';
  /** Bytes that arrived. */
  readonly bytes: number;
  readonly stream: StreamSource | undefined;
  readonly lane: Lane | undefined;
  readonly progress: TcpdumpCounters | undefined;
  /** tcpdump ends in order, and its last packets and counters still arrive; a start is given up. */
  stop(reason: StopReason): void;
  /** The place is gone: what it still sends is taken, then the source is over. */
  depart(departure: Departure): void;
  /** A comment on the next packet of this source, and an event of its summary. */
  tell(event: string): void;
  askCounters(): void;
}

/** A file header and the header of one packet: less can also come from a tcpdump that then gives up. */
const BEGUN_BYTES = 40;

/** Starts a source. */
export function runSource(source: CaptureSource, name: string, host: SourceHost): RunningSource {
  const giveUp = new AbortController();
  const over = new AbortController();
  const gaps: Gap[] = [];
  const events: string[] = [];
  const early: Uint8Array[] = [];
  let session: PacketSession | undefined;
  let words: TcpdumpWords | undefined;
  let stopper: Stopper | undefined;
  let stopReason: StopReason | undefined;
  let departure: Departure | undefined;
  let entry: StreamSource | undefined;
  let lane: Lane | undefined;
  let state: RunningSource['state'] = 'opening';
  let arrived = 0;
  let delivered = 0;
  let told = 0;
  let isPcap = true;
  let droppedTold = 0;

  /** Among the packets, as near to where it was as tcpdump is asked. */
  function tellDrops({ droppedByKernel = 0 }: Partial<TcpdumpCounters>): void {
    if (droppedByKernel <= droppedTold) return;
    const dropped = droppedByKernel - droppedTold;
    entry?.comment(`${dropped} packets were dropped by the kernel before here (${droppedByKernel} in all)`);
    droppedTold = droppedByKernel;
  }
  function deliver(chunk: Uint8Array): void {
    if (entry === undefined) return;
    let rest = chunk;
    for (
      let gap = gaps[told];
      gap !== undefined && gap.atBytes <= delivered + rest.length;
      gap = gaps[++told]
    ) {
      const before = Math.max(0, gap.atBytes - delivered);
      entry.push(rest.subarray(0, before));
      entry.comment(gap.reason);
      rest = rest.subarray(before);
      delivered += before;
    }
    entry.push(rest);
    delivered += rest.length;
    // A stream that is no pcap any more will not become one again.
    if (entry.fault !== undefined) stopper?.stop('tool');
  }
  /** The header alone does not mean that it works: a tcpdump without SETGID writes it and then gives up. */
  function begin(): void {
    if (entry !== undefined || !isPcap || arrived < 24) return;
    if (words?.listening !== true && arrived < BEGUN_BYTES) return;
    lane = host.lane(source);
    entry = lane.addSource(describeSource(source, name));
    state = 'running';
    for (const event of events) entry.comment(event);
    for (const chunk of early.splice(0)) deliver(chunk);
    host.onBegin(running);
  }
  async function pump({ stdout }: PacketSession): Promise<void> {
    try {
      for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
        arrived += chunk.length;
        if (entry !== undefined) deliver(chunk);
        else if (isPcap) {
          early.push(chunk);
          const head = arrived >= 4 ? Buffer.concat(early) : undefined;
          isPcap = head === undefined || isPcapMagic(head);
          if (isPcap) begin();
          else stopper?.stop('tool');
        }
        const room = lane?.moved();
        if (room !== undefined) await room;
        const others = entry && lane?.abreast(entry);
        if (others !== undefined) await others;
      }
    } catch (error) {
      // A lost or abandoned session destroys its streams; `done` tells how it ended.
      if (!stdout.destroyed) throw error;
    }
  }
  async function open(): Promise<SourceEnd> {
    if (giveUp.signal.aborted) return { kind: 'unstarted' };
    try {
      session = await host.open(source, giveUp.signal);
    } catch (error) {
      return stopReason === undefined && departure === undefined
        ? { kind: 'failed', error }
        : { kind: 'unstarted' };
    }
    try {
      return await follow(session);
    } catch (error) {
      session.abandon();
      return { kind: 'failed', error };
    }
  }
  async function follow(started: PacketSession): Promise<SourceEnd> {
    const stopping = (stopper = stopperOf(started, host.clock, host.quietMs, () => arrived, over.signal));
    started.onGap?.((gap) => void gaps.push(gap));
    const heard = (words = listenToWords(started.stderr, begin, tellDrops));
    if (stopReason !== undefined || departure !== undefined) stopping.stop(stopReason ?? 'tool');
    const finished = Promise.all([started.done, pump(started), heard.ended]);
    const end = await Promise.race([
      finished.then(([ended]): ToolEnd => ended),
      stopping.left.then(() => undefined),
    ]);
    if (entry === undefined) {
      // It listened to nothing yet: either it was stopped at once, or it said why it will not.
      if (stopReason !== undefined || departure !== undefined) return { kind: 'unstarted' };
      if (!isPcap) throw notPcap(heard.words);
      throw tcpdumpFailure(heard.words, end ?? (await started.done), source);
    }
    if (stopping.reason === undefined) departure ??= await host.fate(source);
    for (const gap of gaps.slice(told)) entry.comment(gap.reason);
    if (departure !== undefined) entry.comment(departure.why);
    else if (end?.kind === 'lost') entry.comment(end.error.message);
    const { counters, progress } = heard;
    tellDrops(counters);
    entry.end({
      received: counters.receivedByFilter,
      acceptedByFilter: counters.receivedByFilter,
      droppedByKernel: counters.droppedByKernel,
      droppedByInterface: counters.droppedByInterface,
    });
    void lane?.moved();
    const stream = entry;
    const { packetCount } = host;
    const rest = { counters, progress, words: heard.words, end, departure, gaps, events, packetCount };
    const summarise = (): SourceSummary =>
      summariseSource(source, { name, stream, stoppedBy: stopping.reason, ...rest });
    return { kind: 'captured', left: end === undefined, departure, summarise };
  }

  const running: RunningSource = {
    source,
    name,
    // In the next turn, so that whoever starts it has its object before it is called back.
    end: Promise.resolve()
      .then(open)
      .finally(() => {
        state = 'over';
        over.abort();
      }),
    get state() {
      return state;
    },
    get bytes() {
      return arrived;
    },
    get stream() {
      return entry;
    },
    get lane() {
      return lane;
    },
    get progress() {
      return words?.progress;
    },
    stop: (reason) => {
      stopReason ??= reason;
      if (stopper === undefined) giveUp.abort();
      else stopper.stop(reason);
    },
    depart: (left) => {
      departure ??= left;
      if (stopper === undefined) giveUp.abort();
      else stopper.stop('tool');
    },
    tell: (event) => {
      events.push(event);
      entry?.comment(event);
    },
    askCounters: () => {
      if (state === 'running' && stopper?.reason === undefined) session?.signal('USR1');
    },
  };
  return running;
}

function notPcap(words: readonly string[]): NetdebugError {
  return new NetdebugError('tcpdump did not answer with packets: the stream does not begin as a pcap file.', {
    exitCode: ExitCode.incomplete,
    details: words,
  });
}

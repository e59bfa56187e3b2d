import type { InterfaceDescription } from '../pcap/merge-types.js';
import type { Clock } from '../debugger/types.js';
import { keepAbreast } from './abreast.js';
import { outputTo, type Output } from './output.js';
import type { Sink } from './sink.js';
import type { PacketStream, StreamSource } from './stream.js';

/** How often the merge is told the time. */
const TICK_MS = 100;
/** One stream on its way to one sink: of all sources together, or of one when each has its own file. */
export interface Lane {
  readonly stream: PacketStream;
  readonly output: Output;
  /** Hands on what is ready. Settles when the sources may push more; undefined: at once. */
  moved(): Promise<void> | undefined;
  /** Gives a source its place in the stream. */
  addSource(description: InterfaceDescription): StreamSource;
  /** Settles when a source that is far ahead of the others may be read on; undefined: at once. */
  abreast(source: StreamSource): Promise<void> | undefined;
  /** Opens the sink, and starts the clock of the merge. Later calls do nothing. */
  begin(): void;
}

export interface LaneParts {
  readonly stream: PacketStream;
  readonly openSink: () => Promise<Sink>;
  readonly clock: Clock;
  /** The sink takes no more. */
  readonly onEnd: (why: 'reader' | 'sink') => void;
  readonly onLimit: () => void;
  readonly over: AbortSignal;
}

/**
 * Moves bytes at the pace of the sink: while it takes nothing, no source is read, and nothing waits here but what the merge holds,
 * which bounds itself.
 */
export function laneTo({ stream, openSink, clock, onEnd, onLimit, over }: LaneParts): Lane {
  const output = outputTo(openSink, onEnd, (chunk) => stream.release(chunk));
  let room: Promise<void> = Promise.resolve();
  let limitTold = false;
  let mergeMs = 0;
  const abreast = keepAbreast(clock);

  function flush(): void {
    const bytes = stream.take();
    if (bytes !== undefined) room = output.put(bytes, stream.written.packets);
    if (!stream.limited || limitTold) return;
    limitTold = true;
    onLimit();
  }
  /** The time of the merge stands still while the sink holds everything up: nothing is late then because of us. */
  async function tick(): Promise<void> {
    for (let before = clock.now(); ;) {
      await clock.sleep(TICK_MS, over);
      if (over.aborted) return;
      const now = clock.now();
      if (!output.busy) mergeMs += now - before;
      before = now;
      stream.tick(mergeMs);
      flush();
      abreast.look(mergeMs);
    }
  }
  return {
    stream,
    output,
    moved: () => {
      flush();
      abreast.look(mergeMs);
      return output.begun ? room : undefined;
    },
    addSource: (description) => {
      abreast.add();
      return stream.addSource(description);
    },
    abreast: (source) => (output.begun && !over.aborted ? abreast.wait(source) : undefined),
    begin: () => {
      if (output.begun) return;
      output.begin();
      if (stream.format === 'pcapng') void tick();
    },
  };
}

export interface LaneEnd {
  /** A source did not end in time. */
  readonly hangs: boolean;
  readonly clock: Clock;
  readonly quietMs: number;
  readonly over: AbortSignal;
}

/** Hands out what the stream still holds, then closes the sink; one that hangs is left, so that this program ends. */
export async function closeLane(lane: Lane, { hangs, clock, quietMs, over }: LaneEnd): Promise<void> {
  const { stream, output } = lane;
  stream.end();
  void lane.moved();
  const leave = (): Promise<void> => output.abort(new Error('whoever takes them took nothing more.'));
  if (hangs && output.busy) return leave();
  const late = clock.sleep(quietMs, over).then(() => (over.aborted ? undefined : leave()));
  await Promise.race([output.close(), late]);
}

import { SinkClosed, type Sink } from './sink.js';

/** The way from the stream to the sink: opens it when there is something to capture, and remembers why it failed. */
export interface Output {
  /**
   * Takes bytes that end at a whole record; `packets` is the count of all up to there. Settles when the sink has room again;
   * once the sink has failed, bytes are dropped. Never rejects.
   */
  put(chunk: Uint8Array, packets: number): Promise<void>;
  /** Opens the sink and writes what has been put until now; later calls do nothing. */
  begin(): void;
  /** Waits for what was put, then closes the sink, if it was opened. Never rejects. */
  close(): Promise<void>;
  /** Leaves a sink that hangs. */
  abort(reason: unknown): Promise<void>;
  readonly begun: boolean;
  /** True while the sink holds us up. */
  readonly busy: boolean;
  /** Why nothing is written any more; undefined when all is well or the reader went away in order. */
  readonly error: unknown;
  /** What the sink has taken. */
  readonly written: { readonly packets: number; readonly bytes: number };
}

/**
 * @param onEnd Called once when the sink takes no more: `reader` in order, `sink` for a failure.
 * @param release Called for chunks that were written and whose memory the sink has no use of any more.
 */
export function outputTo(
  openSink: () => Promise<Sink>,
  onEnd: (why: 'reader' | 'sink') => void,
  release: (chunk: Uint8Array) => void = () => undefined,
): Output {
  const queue: { chunk: Uint8Array; packets: number }[] = [];
  const state = {
    begun: false,
    busy: false,
    finished: false,
    error: undefined as unknown,
    written: { packets: 0, bytes: 0 },
  };
  let sink: Sink | undefined;
  let work: Promise<void> = Promise.resolve();

  const fail = (cause: unknown): void => {
    if (state.finished) return;
    state.finished = true;
    if (!(cause instanceof SinkClosed)) state.error = cause;
    onEnd(cause instanceof SinkClosed ? 'reader' : 'sink');
  };
  const open = async (): Promise<void> => {
    sink = await openSink();
    void sink.gone?.then(() => {
      fail(new SinkClosed());
    });
  };
  const flush = async (): Promise<void> => {
    state.busy = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (state.finished || sink === undefined) continue;
      const room = sink.write(next.chunk);
      if (room !== undefined) await room;
      state.written = { packets: next.packets, bytes: state.written.bytes + next.chunk.length };
      if (sink.releases === true) release(next.chunk);
    }
  };
  const then = (step: () => Promise<void>): Promise<void> => {
    work = work
      .then(step)
      .then(() => undefined, fail)
      .finally(() => (state.busy = false));
    return work;
  };
  return {
    put: (chunk, packets) => {
      if (state.finished) return Promise.resolve();
      queue.push({ chunk, packets });
      return state.begun ? then(flush) : Promise.resolve();
    },
    begin: () => {
      if (state.begun) return;
      state.begun = true;
      void then(open);
      void then(flush);
    },
    close: async () => {
      await work;
      await sink?.close().catch(fail);
    },
    abort: async (reason) => {
      fail(reason);
      await sink?.abort(reason);
    },
    get begun() {
      return state.begun;
    },
    get busy() {
      return state.busy;
    },
    get error() {
      return state.error;
    },
    get written() {
      return state.written;
    },
  };
}

import { PassThrough, Readable } from 'node:stream';
import type { ToolEnd, ToolSession } from '../../debugger/types.js';
import { ExitCode, NetdebugError } from '../../errors.js';
import { PCAP_HEADER_LENGTH } from '../../pcap/header.js';
import type { Gap, PacketSession } from '../source.js';
import { tryAgain, type AgainOptions } from './again.js';
import { followSpool } from './follow.js';
import { missingBytes, type SpoolStatus } from './ring.js';
import { spoolCommand, spoolExit } from './scripts.js';
import { spoolGone, spoolHeader, spoolStatus, tellSpool, type SpoolPlace } from './start.js';
import { windowSince, type TimeWindow } from './window.js';
import { forwardWords } from './words.js';

/** How a spool is read. */
export interface SpoolSessionOptions extends AgainOptions {
  readonly place: SpoolPlace;
  readonly name: string;
  /** What it said when it was found; absent for one that was just started. */
  readonly found?: SpoolStatus | undefined;
  /** Nothing is read until tcpdump has ended; then so many seconds before the trigger, or before the end. */
  readonly keepSeconds?: number | undefined;
  /** Called when tcpdump was ended by the packet that was waited for, before the packets come. */
  readonly onTriggered?: (() => void) | undefined;
}

/** A spool that is being read. When it is read to its end, nothing of it is left in the container. */
export interface SpoolSession extends PacketSession {
  /** Leaves at once, as `abandon` does, but the spool lives on. */
  leave(): void;
}

/** A connection that has held for so long works, though nothing came. */
const HOLDS_MS = 2_000;

/** Reads a spool from its oldest packet on, over as many connections as it takes. Packets that the ring lost are told as gaps. */
export function readSpool(options: SpoolSessionOptions): SpoolSession {
  const { place, name, found, keepSeconds } = options;
  const { where, clock } = place;
  const again = tryAgain(options);
  const over = new AbortController();
  const follower = followSpool(found?.oldest, found?.removedBytes);
  const listeners: ((gap: Gap) => void)[] = [];
  const stderr = new PassThrough();
  const words = forwardWords(stderr, keepSeconds !== undefined);
  let reader: ToolSession | undefined;
  let window: TimeWindow | undefined;
  let headerGiven = false;
  let stopping = false;
  let settle: (end: ToolEnd) => void = () => undefined;
  const done = new Promise<ToolEnd>((resolve) => (settle = resolve));

  const tellGap = (gap: Gap): void => {
    for (const listener of listeners) listener(gap);
  };
  /** Does something until it succeeds or is given up. */
  async function persist<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await work();
        again.worked();
        return result;
      } catch (error) {
        if (!(await again.wait(error, over.signal))) throw error;
      }
    }
  }
  async function ask(): Promise<SpoolStatus> {
    const [status] = await persist(() => spoolStatus(place, name));
    if (status === undefined) throw spoolGone(where, ExitCode.incomplete);
    return status;
  }
  /** One connection: what came of packets; gives the reader's exit code, or why the connection ended. */
  async function* readOnce(hold: boolean): AsyncGenerator<Uint8Array, number | NetdebugError> {
    const { file, offset } = follower.position;
    const argv = spoolCommand('read', name, file, offset, words.bytes, hold ? 1 : '');
    const tool = (reader = await place.run(argv));
    const left = new AbortController();
    if (over.signal.aborted) tool.abandon();
    void clock.sleep(HOLDS_MS, left.signal).then(() => {
      if (!left.signal.aborted) again.worked();
    });
    try {
      const said = words.from(tool.stderr);
      try {
        for await (const chunk of tool.stdout as AsyncIterable<Uint8Array>) {
          again.worked();
          yield* follower.push(chunk);
          if (follower.fault !== undefined) tool.abandon();
        }
      } catch (error) {
        if (!tool.stdout.destroyed) throw error;
      }
      await said;
      const end = await tool.done;
      return end.kind === 'exited' ? end.exitCode : end.error;
    } finally {
      left.abort();
      reader = undefined;
      // Also when whoever takes the packets has gone.
      tool.abandon();
    }
  }
  /** Everything up to the end of tcpdump, over as many connections as it takes. */
  async function* readAll(hold: boolean): AsyncGenerator<Uint8Array> {
    for (;;) {
      let result: unknown;
      try {
        result = yield* readOnce(hold);
      } catch (error) {
        result = error;
      }
      if (follower.fault !== undefined) throw damaged(where, follower.fault.message);
      if (result === 0) return;
      follower.rewind();
      if (result === spoolExit.gone) await skip();
      else if (result === spoolExit.absent || result === spoolExit.orphan) {
        throw spoolGone(where, ExitCode.incomplete);
      } else {
        const error = result instanceof Error ? result : readerFailed(where, Number(result));
        if (!(await again.wait(error, over.signal))) throw error;
      }
    }
  }
  /** The ring no longer holds what is due: goes on with the oldest that it has. */
  async function skip(): Promise<void> {
    const status = await ask();
    if (status.oldest <= follower.position.file) return;
    const bytes = missingBytes(follower.position, follower.bytesBefore, status);
    follower.jump(status.oldest, status.removedBytes);
    tellGap({ atBytes: follower.outBytes, bytes, reason: 'the ring was full before all of it was read' });
  }
  /** Waits for the end; then nothing before the window is wanted. */
  async function* waitForEnd(keep: number): AsyncGenerator<Uint8Array> {
    for (let header; header === undefined;) {
      header = await persist(() => spoolHeader(place, name));
      if (header !== undefined) {
        headerGiven = true;
        yield header;
      } else if ((await ask()).end !== undefined) return;
      else await clock.sleep(100, over.signal);
      if (over.signal.aborted) return;
    }
    yield* readAll(true);
    const { end, trigger, triggerWords, oldest, removedBytes } = await ask();
    const fired = triggerWords.some((line) => line.startsWith('1 packet captured')) ? trigger : undefined;
    if (fired !== undefined) options.onTriggered?.();
    window = windowSince((fired ?? end)?.at === undefined ? 0 : ((fired ?? end)?.at ?? 0) - keep);
    follower.jump(oldest, removedBytes);
  }
  async function* packets(): AsyncGenerator<Uint8Array> {
    let cutByRing = false;
    if (found !== undefined && found.oldest > 0) {
      const bytes = found.removedBytes - found.oldest * PCAP_HEADER_LENGTH;
      tellGap({ atBytes: 0, bytes, reason: 'the ring was full before it was fetched' });
    }
    if (keepSeconds !== undefined) {
      yield* waitForEnd(keepSeconds);
      cutByRing = follower.position.file > 0;
    }
    let first = headerGiven;
    for await (const chunk of readAll(false)) {
      const records = first ? chunk.subarray(PCAP_HEADER_LENGTH) : chunk;
      first = false;
      const { header } = follower;
      const wanted = window === undefined || header === undefined ? records : window.push(records, header);
      if (cutByRing && window?.first !== undefined) {
        cutByRing = false;
        if (window.cut === 0) {
          tellGap({ atBytes: PCAP_HEADER_LENGTH, reason: `the ring was too small to hold ${keepSeconds} s` });
        }
      }
      if (wanted.length > 0) yield wanted;
    }
  }
  async function* session(): AsyncGenerator<Uint8Array> {
    let end: ToolEnd = { kind: 'lost', error: spoolGone(where, ExitCode.incomplete) };
    try {
      yield* packets();
      const status = await ask();
      words.end(window?.kept);
      end = { kind: 'exited', exitCode: status.end?.exitCode ?? 0 };
      // All of it is here; when this does not arrive, the spool ends by itself.
      await tellSpool(place, name, 'over').catch(() => false);
    } catch (error) {
      end = { kind: 'lost', error: asNetdebugError(where, error) };
      words.end(undefined);
    } finally {
      over.abort();
      options.onWait?.(undefined);
      settle(end);
    }
  }

  // Chunk by chunk: what a stream of bytes holds it hands out in one piece, a copy, and twenty sources do this at once.
  const stdout = Readable.from(session(), { objectMode: true, highWaterMark: 1 });
  const leave = (): void => {
    over.abort();
    settle({ kind: 'lost', error: left(where) });
    reader?.abandon();
    stdout.destroy();
    stderr.destroy();
  };
  return {
    stdout,
    stderr,
    done,
    onGap: (listener) => void listeners.push(listener),
    stop: () => {
      if (stopping) return;
      stopping = true;
      void stopSpool(options, over.signal);
    },
    signal: (signal) => reader?.signal(signal),
    abandon: () => {
      const finished = over.signal.aborted;
      leave();
      if (!finished) void tellSpool(place, name, 'over').catch(() => false);
    },
    leave,
  };
}

/** Tells tcpdump to end, until it is heard or does not matter any more. */
async function stopSpool(options: SpoolSessionOptions, over: AbortSignal): Promise<void> {
  const again = tryAgain({ ...options, onWait: undefined });
  for (let told = false; !told && !over.aborted;) {
    try {
      await tellSpool(options.place, options.name, 'stop');
      told = true;
    } catch (error) {
      // Whether the spool can be reached at all is told by whoever reads it.
      if (!(await again.wait(error, over))) return;
    }
  }
}

function asNetdebugError(where: string, error: unknown): NetdebugError {
  if (error instanceof NetdebugError) return error;
  const words = error instanceof Error ? error.message : String(error);
  return new NetdebugError(`The spool in ${where} could not be read: ${words}.`, {
    exitCode: ExitCode.incomplete,
    cause: error,
  });
}

function damaged(where: string, message: string): NetdebugError {
  return new NetdebugError(`The spool in ${where} is damaged: ${message}.`, {
    exitCode: ExitCode.incomplete,
  });
}

function readerFailed(where: string, exitCode: number): NetdebugError {
  return new NetdebugError(`The spool in ${where} could not be read (exit code ${exitCode}).`, {
    exitCode: ExitCode.incomplete,
  });
}

function left(where: string): NetdebugError {
  return new NetdebugError(`The spool in ${where} was left.`, { exitCode: ExitCode.incomplete });
}

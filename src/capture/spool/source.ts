import { collect } from '../../tools/run.js';
import { tcpdumpFailure } from '../../tools/tcpdump.js';
import type { CaptureSource } from '../source.js';
import { listenToWords } from '../words.js';
import { describeAbout } from './about.js';
import type { AgainOptions } from './again.js';
import type { SpoolStatus } from './ring.js';
import { readSpool, type SpoolSession, type SpoolSessionOptions } from './session.js';
import { startSpool, triggerArgv, type SpoolPlace, type SpoolRequest } from './start.js';

/** What a spool is opened with. */
export interface SpoolOptions extends Pick<AgainOptions, 'onWait'> {
  readonly place: SpoolPlace;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Size of the ring. */
  readonly bytes: number;
  /** What each use sets the lease of the debug container to. */
  readonly ttlSeconds: number;
  /** Nobody has read for so long: the spool ends. Default 120. */
  readonly idleSeconds?: number | undefined;
}

/** What ends a capture of which only the last seconds are wanted. */
export interface KeepOptions {
  readonly keepSeconds: number;
  /** A packet that this pcap-filter(7) expression matches; it is looked for in the pod. Absent: whoever holds the session stops it. */
  readonly packet?: string | undefined;
  readonly onTriggered?: (() => void) | undefined;
}

const IDLE_SECONDS = 120;

/** Starts a spool in a debug container and reads it. Rejects with a NetdebugError. */
export async function openSpool(source: CaptureSource, options: SpoolOptions): Promise<SpoolSession> {
  const name = await startSpool(options.place, requestOf(source, options), options.random);
  return readSpool({ ...readingOf(options), name });
}

/** Starts a spool of which nothing is read before it has ended. Rejects with a NetdebugError: 2 for a wrong filter of the trigger. */
export async function openSpoolUntil(
  source: CaptureSource,
  keep: KeepOptions,
  options: SpoolOptions,
): Promise<SpoolSession> {
  const { packet, keepSeconds, onTriggered } = keep;
  if (packet !== undefined) await checkFilter(options.place, source.interface, packet);
  const trigger = packet === undefined ? undefined : triggerArgv(source.interface, packet);
  const request = { ...requestOf(source, options), triggerArgv: trigger };
  const name = await startSpool(options.place, request, options.random);
  return readSpool({ ...readingOf(options), name, keepSeconds, onTriggered });
}

/** How long a detached spool captures, and how long it waits to be fetched then. */
export interface DetachOptions {
  readonly mostSeconds: number;
  readonly holdSeconds: number;
}

/**
 * Starts a spool, waits until its tcpdump listens, and leaves it there.
 * Rejects with a NetdebugError: as tcpdump's failures are (2, 5, 7, 8), and what starting throws.
 */
export async function detachSpool(
  source: CaptureSource,
  detach: DetachOptions,
  options: SpoolOptions,
): Promise<{ readonly name: string; readonly session: SpoolSession }> {
  const request = { ...requestOf(source, options), ...detach, idleSeconds: 0 };
  const name = await startSpool(options.place, request, options.random);
  const session = readSpool({ ...readingOf(options), name });
  let listening: () => void = () => undefined;
  const began = new Promise<true>((resolve) => (listening = () => resolve(true)));
  const words = listenToWords(session.stderr, listening);
  session.stdout.resume();
  const ended = Promise.all([session.done, words.ended]);
  const answer = await Promise.race([began, ended.then(([end]) => end)]);
  if (answer !== true) throw tcpdumpFailure(words.words, answer, source);
  session.leave();
  return { name, session };
}

/** Takes up a spool that was left, from the oldest packet that it holds. */
export function resumeSpool(found: SpoolStatus, options: SpoolOptions): SpoolSession {
  return readSpool({ ...readingOf(options), name: found.name, found });
}

function requestOf(source: CaptureSource, options: SpoolOptions): SpoolRequest {
  return {
    argv: source.argv,
    bytes: options.bytes,
    ttlSeconds: options.ttlSeconds,
    idleSeconds: options.idleSeconds ?? IDLE_SECONDS,
    mostSeconds: 0,
    holdSeconds: options.idleSeconds ?? IDLE_SECONDS,
    about: describeAbout(source),
  };
}

function readingOf(options: SpoolOptions): Omit<SpoolSessionOptions, 'name'> {
  const { place, random, onWait, idleSeconds = IDLE_SECONDS } = options;
  // The spool would be gone after that.
  return { place, clock: place.clock, random, onWait, patienceMs: idleSeconds * 900 };
}

/** Compiles a filter in the pod, where the link type is known. */
async function checkFilter({ run, clock }: SpoolPlace, device: string, filter: string): Promise<void> {
  const argv = ['tcpdump', '-Z', 'root', '-i', device, '-d', '--', filter];
  const { stderr, end } = await collect(run, argv, { limitBytes: 1024 * 1024, timeoutMs: 15_000, clock });
  if (end.kind === 'exited' && end.exitCode === 0) return;
  const words = stderr.split('\n').flatMap((line) => {
    const text = line.replace(/^tcpdump: /, '').trim();
    return text === '' ? [] : [text];
  });
  throw tcpdumpFailure(words, end, { interface: device, filter });
}

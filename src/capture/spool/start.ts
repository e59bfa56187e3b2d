import type { Clock } from '../../debugger/types.js';
import { NetdebugError } from '../../errors.js';
import { collect, isMissing, missingTool, type RunTool } from '../../tools/run.js';
import { parseStatus, ringOf, startFailure, type SpoolStatus } from './ring.js';
import { spoolCommand, spoolExit, spoolFile } from './scripts.js';

/** How a spool is to be. */
export interface SpoolRequest {
  /** argv of a tcpdump that would write to stdout (`-w -`); no shell reads it. */
  readonly argv: readonly string[];
  /** Size of the ring, at least {@link LEAST_SPOOL_BYTES}. */
  readonly bytes: number;
  /** What each use sets the lease of the debug container to. */
  readonly ttlSeconds: number;
  /** It ends by itself when nobody has read for so long; 0: only when `mostSeconds` are over. */
  readonly idleSeconds: number;
  /** It stops capturing after so long; 0: not by itself. */
  readonly mostSeconds: number;
  /** What it holds is removed when nobody has read for so long after the end. */
  readonly holdSeconds: number;
  /** Ends it when this tcpdump has ended; it is given `-c 1`. */
  readonly triggerArgv?: readonly string[] | undefined;
  /** For who takes it up again: one line. */
  readonly about: string;
}

/** What is needed to speak to the spools of one debug container. */
export interface SpoolPlace {
  readonly run: RunTool;
  readonly clock: Clock;
  /** For people, e.g. `shop/web-0`. */
  readonly where: string;
}

const letters = 'bcdfghjklmnpqrstvwxz2456789';
const TIMEOUT_MS = 15_000;
const LIMIT_BYTES = 256 * 1024;

/**
 * Starts a spool, which from then on lives by itself, and gives its name. Whether tcpdump accepts its arguments is told by its words.
 * Throws a NetdebugError: 7 when there is nowhere to write or not enough room, 8 when it did not start, and what `run` throws.
 */
export async function startSpool(
  { run, clock, where }: SpoolPlace,
  request: SpoolRequest,
  random: () => number,
): Promise<string> {
  const name = Array.from({ length: 10 }, () => letters[Math.floor(random() * letters.length)] ?? 'x').join(
    '',
  );
  const ring = ringOf(request.bytes);
  const trigger = request.triggerArgv ?? [];
  const { ttlSeconds, idleSeconds, mostSeconds, holdSeconds } = request;
  const words = [
    ...[name, ring.neededKiB, ring.files, ttlSeconds, idleSeconds, mostSeconds, holdSeconds],
    ...[oneLine(request.about), trigger.length],
    ...trigger,
    ...spoolArgv(request.argv, ring.fileMegabytes),
  ];
  const said = await collect(run, spoolCommand('start', ...words), { ...limits, clock });
  if (said.end.kind !== 'exited') throw said.end.error;
  if (said.end.exitCode !== 0) throw startFailure(said.end, said.stdout, ring.neededKiB, where);
  return name;
}

const limits = { limitBytes: LIMIT_BYTES, timeoutMs: TIMEOUT_MS };

/** tcpdump's argv, writing files instead of stdout. */
export function spoolArgv(argv: readonly string[], fileMegabytes: number): readonly string[] {
  const filter = argv.indexOf('--');
  const at = argv.findIndex((word, index) => word === '-w' && argv[index + 1] === '-');
  if (at < 0 || (filter >= 0 && at > filter)) throw new TypeError('this tcpdump does not write to stdout');
  return [...argv.slice(0, at), '-w', spoolFile, '-C', String(fileMegabytes), ...argv.slice(at + 2)];
}

/** argv of a tcpdump that ends at the first packet of a filter, on the same interface. */
export function triggerArgv(device: string, filter: string): readonly string[] {
  const argv = ['tcpdump', '-U', '--immediate-mode', '-Z', 'root', '-n', '-i', device];
  return [...argv, '-c', '1', '-w', '/dev/null', '--', filter];
}

/** What the spools of a debug container say of themselves; with a name only this one. Throws a NetdebugError. */
export async function spoolStatus(place: SpoolPlace, name?: string): Promise<readonly SpoolStatus[]> {
  const argv = spoolCommand('status', ...(name === undefined ? [] : [name]));
  const { stdout, end } = await collect(place.run, argv, { ...limits, clock: place.clock });
  if (isMissing(end)) throw missingTool('sh', end);
  if (end.kind !== 'exited') throw end.error;
  return parseStatus(stdout);
}

/**
 * Says a word to a spool: `stop` ends tcpdump, and what it wrote stays; `over` ends everything and removes it, and returns when it is
 * gone. False when there is no such spool any more. Throws a NetdebugError when the word did not arrive.
 */
export async function tellSpool(
  { run, clock }: SpoolPlace,
  name: string,
  word: 'stop' | 'over',
): Promise<boolean> {
  const { end } = await collect(run, spoolCommand('tell', name, word), { ...limits, clock });
  if (end.kind !== 'exited') throw end.error;
  return end.exitCode !== spoolExit.absent;
}

/** The file header that every file of a spool begins with; undefined while there is none. Throws a NetdebugError. */
export async function spoolHeader({ run }: SpoolPlace, name: string): Promise<Uint8Array | undefined> {
  const session = await run(spoolCommand('header', name));
  session.stderr.resume();
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of session.stdout as AsyncIterable<Uint8Array>) chunks.push(chunk);
  } catch (error) {
    if (!session.stdout.destroyed) throw error;
  }
  const end = await session.done;
  if (end.kind !== 'exited') throw end.error;
  const bytes = Buffer.concat(chunks);
  return bytes.length === 24 ? bytes : undefined;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

/** The error of a spool that is not there any more. */
export function spoolGone(where: string, exitCode: NetdebugError['exitCode']): NetdebugError {
  return new NetdebugError(
    `The spool in ${where} is gone: nobody read it for too long, or its debug container ended.`,
    {
      exitCode,
      hint: 'kubectl netdebug list shows what runs.',
    },
  );
}

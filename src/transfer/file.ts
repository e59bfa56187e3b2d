import { createHash, type Hash } from 'node:crypto';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from '../kube/text.js';
import { attempt, fruitlessAttempts, persistently, waitBefore, type Attempt } from './attempt.js';
import { readTree } from './entries.js';
import { refused } from './names.js';
import { type RemoteContext, type RemotePath, remoteSum, scriptArgv } from './remote.js';
import type { Checked, FileTarget, TransferLimits, TreeTarget } from './types.js';

/** How a transfer tells of itself, and what bounds it. */
export interface PullOptions extends RemoteContext {
  readonly limits: TransferLimits;
  /** All bytes so far, those of an earlier transfer included. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Something that a person should know: what is resumed, what is begun anew, and why. */
  readonly onNote?: ((sentence: string) => void) | undefined;
}

/** A file that was pulled to its end. */
export interface PulledFile {
  readonly bytes: number;
  /** Of what was written here, hex. */
  readonly sha256: string;
  readonly checked: Checked;
}

interface Progress {
  have: number;
  hash: Hash;
  /** As told at first; a file that grows is taken as it was then. */
  readonly size: number;
}

/**
 * Pulls one file: by tar, without one by cat; after a lost connection on from where it broke off, by tail. Then both sides'
 * sha256 are compared. Rejects with a NetdebugError when it did not become whole: 8, or 130 when the signal came.
 */
export async function pullFile(
  remote: RemotePath,
  target: FileTarget,
  options: PullOptions,
): Promise<PulledFile> {
  const size = remote.bytes ?? 0;
  if (size > options.limits.bytes) throw tooLarge(remote.path, size, options.limits.bytes);
  const progress: Progress = { have: 0, hash: createHash('sha256'), size };
  await takeUp(remote, target, progress, options);
  for (let again = 0; ;) {
    const before = progress.have;
    const end = await next(remote, target, progress, options, again > 0);
    if (isWhole(progress, end)) break;
    if (end.kind !== 'lost') throw incomplete(remote.path, progress, end);
    again = progress.have > before ? 1 : again + 1;
    if (again > fruitlessAttempts) throw end.error;
    if (size === 0) await beginAnew(target, progress, end.error);
    else {
      options.onNote?.(
        `the connection was lost after ${progress.have} bytes of ${size} bytes; going on from there`,
      );
    }
    await waitBefore(again, options.clock, options.signal);
  }
  const sha256 = progress.hash.copy().digest('hex');
  const checked = await compare(remote, sha256, progress, options);
  if (checked.kind === 'different') {
    // What is there is not to be taken up by the next one.
    await target.restart();
    throw new NetdebugError(
      `${cleanText(remote.path, 200)} has another sha256 there than what arrived: it changed while it was read, or was damaged on its way.`,
      {
        exitCode: ExitCode.incomplete,
        hint: 'Nothing was kept. Try again, or copy the file there first and pull the copy.',
      },
    );
  }
  return { bytes: progress.have, sha256, checked };
}

function isWhole({ have, size }: Progress, end: Attempt): boolean {
  if (end.kind !== 'ended') return size > 0 && have === size;
  // GNU tar says so, and means the modification time; whether the bytes are the same is compared.
  const harmless =
    end.exitCode === 1 && end.words.every((line) => line.endsWith('file changed as we read it'));
  return have >= size && (end.exitCode === 0 || harmless);
}

/** Goes on from what an earlier transfer left, if it is the beginning of what is there now. */
async function takeUp(
  remote: RemotePath,
  target: FileTarget,
  progress: Progress,
  options: PullOptions,
): Promise<void> {
  const hash = createHash('sha256');
  let left = 0;
  for await (const chunk of target.left()) {
    hash.update(chunk);
    left += chunk.length;
  }
  if (left === 0) return;
  const same =
    left <= progress.size &&
    remote.has.sha256sum &&
    (await remoteSum(remote.path, options, left)) === hash.copy().digest('hex');
  if (!same) {
    options.onNote?.('what an earlier transfer left is not the beginning of this file: beginning anew');
    await target.restart();
    return;
  }
  options.onNote?.(`going on after the ${left} bytes that an earlier transfer left`);
  progress.have = left;
  progress.hash = hash;
  options.onBytes?.(left);
}

/** One attempt; a connection that cannot even be made while it is lost counts as lost. */
async function next(
  remote: RemotePath,
  target: FileTarget,
  progress: Progress,
  options: PullOptions,
  lost: boolean,
): Promise<Attempt> {
  const { path } = remote;
  if (progress.size > 0 && progress.have === progress.size) return { kind: 'enough' };
  const take = async (chunk: Uint8Array): Promise<void> => {
    if (progress.have + chunk.length > options.limits.bytes)
      throw tooLarge(path, undefined, options.limits.bytes);
    await target.write(chunk);
    progress.hash.update(chunk);
    progress.have += chunk.length;
    options.onBytes?.(progress.have);
  };
  try {
    if (progress.size === 0) {
      // Files of /proc and /sys have no size; what they hold is made when it is read.
      return await attempt(
        scriptArgv('exec cat <"$1"', path),
        (stdout) => readUpTo(stdout, Infinity, take),
        options,
      );
    }
    if (progress.have === 0 && remote.has.tar) {
      const name = posix.basename(path);
      const argv = ['tar', 'chf', '-', '-C', posix.dirname(path), '--', `./${name}`];
      return await attempt(argv, (stdout) => readOne(stdout, name, progress, take, options.limits), options);
    }
    const argv =
      progress.have === 0
        ? scriptArgv('exec cat <"$1"', path)
        : scriptArgv('exec tail -c "+$2" <"$1"', path, String(progress.have + 1));
    return await attempt(argv, (stdout) => readUpTo(stdout, progress.size - progress.have, take), options);
  } catch (error) {
    if (!lost || !(error instanceof NetdebugError) || error.exitCode !== ExitCode.unreachable) throw error;
    return { kind: 'lost', error };
  }
}

async function readUpTo(
  stdout: Readable,
  bytes: number,
  take: (chunk: Uint8Array) => Promise<void>,
): Promise<'all' | 'enough'> {
  let rest = bytes;
  for await (const chunk of stdout as AsyncIterable<Uint8Array>) {
    await take(chunk.length > rest ? chunk.subarray(0, rest) : chunk);
    rest -= chunk.length;
    if (rest <= 0) return 'enough';
  }
  return 'all';
}

/** Reads a tar that has to hold this one file and nothing else. What it has more than the file had is left out. */
async function readOne(
  stdout: Readable,
  name: string,
  { size }: Progress,
  take: (chunk: Uint8Array) => Promise<void>,
  limits: TransferLimits,
): Promise<'all'> {
  let rest = size;
  const other = (entry: string): Promise<never> => Promise.reject(refused(entry, `it was asked for ${name}`));
  const target: TreeTarget = {
    folder: other,
    hardLink: other,
    symbolicLink: other,
    file: (entry) =>
      entry === name
        ? Promise.resolve({
            async write(chunk) {
              const wanted = chunk.subarray(0, Math.max(0, rest));
              rest -= chunk.length;
              if (wanted.length > 0) await take(wanted);
            },
            close: () => Promise.resolve(),
          })
        : other(entry),
  };
  await readTree(stdout, target, {
    limits: { ...limits, entries: 1 },
    local: { foldsCase: false, windows: false },
  });
  return 'all';
}

async function beginAnew(target: FileTarget, progress: Progress, error: NetdebugError): Promise<void> {
  // It is another file each time it is read, so there is nothing to go on from.
  if (progress.have > 0 && !(await target.restart())) throw error;
  progress.have = 0;
  progress.hash = createHash('sha256');
}

async function compare(
  remote: RemotePath,
  sha256: string,
  { have, size }: Progress,
  options: PullOptions,
): Promise<Checked> {
  if (size === 0 && have > 0) return { kind: 'not-compared', why: 'the file is made when it is read' };
  if (!remote.has.sha256sum) return { kind: 'not-compared', why: 'the container has no sha256sum' };
  const whole = await persistently(() => remoteSum(remote.path, options), options);
  if (whole === sha256) return { kind: 'same', files: 1 };
  // A log that grew since is still the same up to where it was read.
  const sum = await persistently(() => remoteSum(remote.path, options, have), options);
  if (sum === undefined) return { kind: 'not-compared', why: 'sha256sum failed in the container' };
  return sum === sha256 ? { kind: 'same', files: 1 } : { kind: 'different', files: 1, names: [remote.path] };
}

function tooLarge(path: string, bytes: number | undefined, most: number): NetdebugError {
  const size = bytes === undefined ? `more than ${most}` : String(bytes);
  return new NetdebugError(
    `${cleanText(path, 200)} has ${size} bytes, more than --max-size allows (${most}).`,
    {
      exitCode: ExitCode.incomplete,
      hint: 'Give a larger --max-size.',
    },
  );
}

function incomplete(path: string, { have, size }: Progress, end: Attempt): NetdebugError {
  const how = end.kind === 'ended' ? `, exit code ${end.exitCode}` : '';
  return new NetdebugError(`Only ${have} of ${size} bytes of ${cleanText(path, 200)} could be read${how}.`, {
    exitCode: ExitCode.incomplete,
    details: end.kind === 'ended' ? end.words.slice(0, 10) : [],
    hint: 'The file became shorter while it was read, or may not be read.',
  });
}

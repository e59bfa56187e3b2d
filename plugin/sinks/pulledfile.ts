import { constants } from 'node:fs';
import { chmod, type FileHandle, link, lstat, open, rename, unlink, utimes } from 'node:fs/promises';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import type { FileFacts, FileTarget } from '../../src/transfer/types.js';
import { usageError } from '../options/usage.js';
import { reasonOf } from './file.js';

/** A local file that gets its name only when it is whole; until then it is NAME.partial. */
export interface PulledFileSink extends FileTarget {
  /** Gives it its name. Throws when something of that name has come meanwhile, unless `force`. */
  commit(facts: FileFacts): Promise<void>;
  /** Leaves what came so far for the next transfer; resolves with its name, undefined when nothing came. */
  keep(): Promise<string | undefined>;
  discard(): Promise<void>;
}

/** Not on every platform; where it is absent the check of what was opened has to do. */
const noFollow = (constants as { readonly O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;
const pieceBytes = 256 * 1024;

/**
 * Opens NAME.partial beside the name. Throws a usage error when it cannot be written, or when the name
 * is taken and not to be replaced.
 * @param name The path as the person gave it, for messages.
 */
export async function openPulledFile(path: string, name: string, force: boolean): Promise<PulledFileSink> {
  await checkFree(path, name, force, 'file');
  const partial = `${path}.partial`;
  const handle = await openPartial(partial, name);
  let at = (await handle.stat()).size;
  return {
    async *left() {
      const end = at;
      for (let from = 0; from < end;) {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(pieceBytes), 0, pieceBytes, from);
        if (bytesRead === 0) break;
        from += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    },
    async write(chunk) {
      try {
        for (let done = 0; done < chunk.length;) {
          const { bytesWritten } = await handle.write(chunk, done, chunk.length - done, at);
          done += bytesWritten;
          at += bytesWritten;
        }
      } catch (cause) {
        throw notWritten(name, cause);
      }
    },
    async restart() {
      await handle.truncate(0);
      at = 0;
      return true;
    },
    async commit({ mode, mtimeSeconds }) {
      try {
        await handle.close();
        if (mode !== undefined) await chmod(partial, (mode & 0o755) | 0o600);
        if (mtimeSeconds !== undefined) await utimes(partial, mtimeSeconds, mtimeSeconds);
        if (force) await rename(partial, path);
        else await giveName(partial, path, name);
      } catch (cause) {
        throw cause instanceof NetdebugError ? cause : notWritten(name, cause);
      }
    },
    async keep() {
      await handle.close();
      if (at > 0) return `${name}.partial`;
      await unlink(partial);
      return undefined;
    },
    async discard() {
      await handle.close().catch(() => undefined);
      await unlink(partial).catch(() => undefined);
    },
  };
}

/** Throws a usage error when there is something of this name already that may not be replaced. */
export async function checkFree(
  path: string,
  name: string,
  force: boolean,
  kind: 'file' | 'folder',
): Promise<void> {
  const there = await lstat(path).catch(() => undefined);
  if (there === undefined) return;
  const same = kind === 'file' ? there.isFile() || there.isSymbolicLink() : there.isDirectory();
  if (!same) throw usageError(`${name} is there already and is no ${kind}`, 'pull', 'give another LOCAL');
  if (!force) {
    throw usageError(
      `${name} is there already`,
      'pull',
      'give another LOCAL, or --force to replace what is there',
    );
  }
}

async function openPartial(partial: string, name: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(partial, constants.O_RDWR | constants.O_CREAT | noFollow, 0o600);
  } catch (cause) {
    throw new NetdebugError(`cannot write to ${name}.partial: ${reasonOf(cause)}`, {
      exitCode: ExitCode.usage,
      hint: 'give a LOCAL whose folder is there and can be written',
      cause,
    });
  }
  const [opened, named] = [await handle.stat(), await lstat(partial)];
  // A link that was put there would have the bytes written somewhere else.
  if (opened.isFile() && opened.nlink === 1 && named.ino === opened.ino) return handle;
  await handle.close();
  throw usageError(`${name}.partial is no plain file`, 'pull', 'remove it, or give another LOCAL');
}

/** Names the file unless something of the name is there: a link does that in one step, and where there are none rename has to do. */
async function giveName(partial: string, path: string, name: string): Promise<void> {
  try {
    await link(partial, path);
    await unlink(partial);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST' || !['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP', 'EMLINK'].includes(code))
      throw cause;
    await checkFree(path, name, false, 'file');
    await rename(partial, path);
  }
}

/** The failure of a write on this side. */
export function notWritten(name: string, cause: unknown): NetdebugError {
  return new NetdebugError(`cannot write to ${name}: ${reasonOf(cause)}`, {
    exitCode: ExitCode.incomplete,
    cause,
  });
}

import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import type { Sink } from '../../src/capture/sink.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';

/**
 * A file for a capture, opened for writing at once, so that a wrong path fails before anything is injected (usage error).
 * As with `tcpdump -w`, an existing file is overwritten, but only when the first packets come. The disk running full leaves
 * the file at its last whole record.
 * @param name The path as the person gave it, for messages.
 */
export async function openFileSink(path: string, name: string = path): Promise<Sink> {
  const { handle, created } = await openForWriting(path, name);
  const regular = (await handle.stat()).isFile();
  let written = 0;
  let begun = false;
  let failed = false;

  return {
    releases: true,
    async write(chunk) {
      if (regular && !begun) await handle.truncate(0);
      begun = true;
      try {
        await writeAll(handle, chunk, regular ? written : undefined);
        written += chunk.length;
      } catch (cause) {
        failed = true;
        // What was there before this chunk is whole and opens; a part of it would not.
        if (regular) await handle.truncate(written).catch(() => undefined);
        throw writeFailure(name, cause);
      }
    },
    async close() {
      try {
        if (regular && !begun) await handle.truncate(0);
        await handle.close();
        // A file of no bytes is no capture that opens.
        if (failed && created && written === 0) await unlink(path);
      } catch (cause) {
        throw writeFailure(name, cause);
      }
    },
    async abort() {
      await handle.close().catch(() => undefined);
      if (created && written === 0) await unlink(path).catch(() => undefined);
    },
  };
}

async function openForWriting(
  path: string,
  name: string,
): Promise<{ readonly handle: FileHandle; readonly created: boolean }> {
  try {
    try {
      return {
        handle: await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL),
        created: true,
      };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      // Also what no plain file is: /dev/null, or a link that leads there.
      return { handle: await open(path, constants.O_WRONLY | constants.O_CREAT), created: false };
    }
  } catch (cause) {
    throw new NetdebugError(`cannot write to ${name}: ${reasonOf(cause)}`, {
      exitCode: ExitCode.usage,
      hint: 'give -w the name of a file that can be written, or -w - for stdout',
      cause,
    });
  }
}

async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number | undefined): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    const { bytesWritten } = await handle.write(
      chunk,
      at,
      chunk.length - at,
      position === undefined ? null : position + at,
    );
    at += bytesWritten;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than the file system allows',
  EISDIR: 'it is a directory',
  ENOENT: 'there is no such directory',
  ENOTDIR: 'a part of the path is not a directory',
  EEXIST: 'a file of that name is in the way',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ETXTBSY: 'the file is being executed',
};

/** Why the operating system refused, in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return reasons[code ?? ''] ?? message;
}

/** The error for packets that could not be written to what the person calls `name`. */
export function writeFailure(name: string, cause: unknown): NetdebugError {
  return new NetdebugError(`cannot write to ${name}: ${reasonOf(cause)}`, {
    exitCode: ExitCode.incomplete,
    hint: 'what was written until then is whole and can be opened',
    cause,
  });
}

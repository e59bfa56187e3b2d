import { unlink } from 'node:fs/promises';
import type { Sink } from '../../src/capture/sink.js';
import type { Environment } from '../environment.js';
import type { Rotation } from '../options/files.js';
import { openFileSink, writeFailure } from './file.js';
import { gzipSink, isGzipName } from './gzip.js';
import { fileOfSet } from './names.js';
import { rotatingSink } from './rotate.js';

/**
 * The file, or row of files, that a name and a rotation stand for, compressed when the name says `.gz`. What cannot be written is a
 * usage error now; a row of files begins with the first packets, so that its first name tells when they came.
 * @param path Absolute. @param name As the person gave it, for messages.
 */
export async function openFiles(
  path: string,
  name: string,
  rotation: Rotation | undefined,
  { clock }: Pick<Environment, 'clock'>,
): Promise<Sink> {
  const open = async (at: string, shown: string): Promise<Sink> => {
    const sink = await openFileSink(at, shown);
    return isGzipName(at) ? gzipSink(sink, shown, clock) : sink;
  };
  if (rotation === undefined) return open(path, name);
  // Opened and removed again: that is the only sure way to know that files can be made there.
  const tried = await open(fileOfSet(path, 0, clock.now()), name);
  await tried.abort(new Error('only tried'));
  return rotatingSink(rotation, {
    clock,
    async open(index) {
      const now = clock.now();
      const at = fileOfSet(path, index, now);
      return { path: at, sink: await open(at, fileOfSet(name, index, now)) };
    },
    async remove(at) {
      await unlink(at).catch((cause: unknown) => {
        // Somebody took it away already: there is room, which is what was wanted.
        if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
        throw writeFailure(at, cause);
      });
    },
  });
}

import { constants } from 'node:fs';
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  symlink,
  unlink,
  utimes,
} from 'node:fs/promises';
import { join } from 'node:path';
import { NetdebugError } from '../../src/errors.js';
import type { FileFacts, TreeTarget } from '../../src/transfer/types.js';
import { usageError } from '../options/usage.js';
import { checkFree, notWritten } from './pulledfile.js';

/** A local folder that gets its name only when it is whole; until then it is NAME.partial. */
export interface PulledFolderSink {
  /** A new, empty tree; what was there of an earlier attempt is forgotten. */
  begin(): Promise<TreeTarget>;
  /** `A` and `a` are one name on this file system. */
  readonly foldsCase: boolean;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Makes NAME.partial beside the name. Throws a usage error when it cannot be made, or when the
 * name is taken; with `force` an existing folder takes the files in, replacing those of the same names.
 */
export async function openPulledFolder(
  path: string,
  name: string,
  force: boolean,
): Promise<PulledFolderSink> {
  await checkFree(path, name, force, 'folder');
  const top = `${path}.partial`;
  try {
    await mkdir(top, { mode: 0o700 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') {
      throw usageError(
        `${name}.partial is there already`,
        'pull',
        'it is of a transfer that was killed: remove it',
      );
    }
    throw usageError(
      notWritten(`${name}.partial`, cause).message,
      'pull',
      'give a LOCAL whose folder is there and can be written',
    );
  }
  const foldsCase = await probeCase(top);
  const folders = new Map<string, FileFacts>();
  const at = (inside: string): string => (inside === '' ? top : join(top, inside));
  const tell = <T>(inside: string, work: Promise<T>): Promise<T> =>
    work.catch((cause: unknown) => {
      throw notWritten(join(name, inside), cause);
    });
  const tree: TreeTarget = {
    async folder(inside, facts) {
      const made = inside !== '' && !folders.has(inside);
      folders.set(inside, facts);
      // Its own rights are set at the end: in a folder that may not be written nothing could be made.
      if (made) await tell(inside, mkdir(at(inside), { mode: 0o700 }));
    },
    async file(inside, _bytes, facts) {
      const exclusive = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
      const handle = await tell(inside, open(at(inside), exclusive, 0o600));
      return {
        write: (chunk) => tell(inside, handle.writeFile(chunk)),
        close: () =>
          tell(
            inside,
            (async () => {
              if (facts.mode !== undefined) await handle.chmod((facts.mode & 0o755) | 0o600);
              if (facts.mtimeSeconds !== undefined)
                await handle.utimes(facts.mtimeSeconds, facts.mtimeSeconds);
              await handle.close();
            })(),
          ),
      };
    },
    hardLink: (inside, of) => tell(inside, link(at(of), at(inside))),
    symbolicLink: (inside, to) => tell(inside, symlink(to, at(inside))),
  };
  return {
    foldsCase,
    async begin() {
      folders.clear();
      for (const entry of await readdir(top)) await rm(join(top, entry), { recursive: true, force: true });
      return tree;
    },
    async commit() {
      // From the bottom up: what is set below changes the times above.
      for (const [inside, { mode, mtimeSeconds }] of [...folders].reverse()) {
        await chmod(at(inside), ((mode ?? 0o755) & 0o755) | 0o700);
        if (mtimeSeconds !== undefined) await utimes(at(inside), mtimeSeconds, mtimeSeconds);
      }
      try {
        await moveInto(top, path, name, force);
      } catch (cause) {
        throw cause instanceof NetdebugError ? cause : notWritten(name, cause);
      }
    },
    discard: () => rm(top, { recursive: true, force: true }).catch(() => undefined),
  };
}

/** Moves a tree to its place. What is there already is entered only where it is a folder itself, never through a link. */
async function moveInto(from: string, to: string, name: string, force: boolean): Promise<void> {
  const there = await lstat(to).catch(() => undefined);
  if (there === undefined) return rename(from, to);
  await checkFree(to, name, force, 'folder');
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await moveInto(source, target, join(name, entry.name), force);
    else {
      if ((await lstat(target).catch(() => undefined)) !== undefined)
        await checkFree(target, join(name, entry.name), force, 'file');
      await rename(source, target);
    }
  }
  await rmdir(from);
}

async function probeCase(folder: string): Promise<boolean> {
  const probe = join(folder, '.netdebug-case');
  await (await open(probe, 'wx')).close();
  const folds = await lstat(join(folder, '.NETDEBUG-CASE')).catch(() => undefined);
  await unlink(probe);
  return folds !== undefined;
}

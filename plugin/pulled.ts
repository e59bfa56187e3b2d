import { lstat } from 'node:fs/promises';
import { basename as nameOf, join } from 'node:path';
import { posix } from 'node:path';
import { ExitCode, NetdebugError } from '../src/errors.js';
import type { RemoteContext, RemotePath } from '../src/transfer/remote.js';
import type { FileTarget } from '../src/transfer/types.js';
import type { Environment } from './environment.js';
import { formatSize } from './options/size.js';
import { usageError } from './options/usage.js';
import { writeOut } from './print/out.js';
import { pullLiveText, type Pulled } from './print/pull.js';
import type { StatusLine } from './print/statusline.js';

/** The place where something is pulled to. */
export interface PulledTo {
  readonly pull: (remote: RemotePath, context: RemoteContext, status: StatusLine) => Promise<Pulled>;
}

interface Asked {
  /** As the person gave it. */
  readonly local: string;
  readonly force: boolean;
  readonly maxBytes: number;
}

/** More is no folder that a person pulls on purpose; and all names are remembered while it comes. */
const mostEntries = 250_000;
/** The live line is drawn so often. */
const showEveryMs = 200;

/** Prepares a place; `path` is absolute. */
export function pulledTo(path: string, asked: Asked, environment: Environment): PulledTo {
  return {
    pull: (remote, context, status) => {
      const way = { path, asked, environment, remote, context, status };
      return remote.kind === 'file' ? pullOneFile(way) : pullWholeFolder(way);
    },
  };
}

interface Way {
  readonly path: string;
  readonly asked: Asked;
  readonly environment: Environment;
  readonly remote: RemotePath;
  readonly context: RemoteContext;
  readonly status: StatusLine;
}

async function pullOneFile(way: Way): Promise<Pulled> {
  const [{ pullFile }, { openPulledFile }] = await Promise.all([
    import('../src/transfer/file.js'),
    import('./sinks/pulledfile.js'),
  ]);
  const options = optionsOf(way, way.remote.bytes);
  const done = (name: string, { bytes, sha256, checked }: Awaited<ReturnType<typeof pullFile>>): Pulled => ({
    type: 'file',
    local: name,
    files: 1,
    bytes,
    sha256,
    checked,
    skipped: [],
    unread: [],
  });
  if (way.asked.local === '-') {
    return done('stdout', await pullFile(way.remote, stdoutTarget(way.environment), options));
  }
  const { path, name } = await placeFor(way);
  const sink = await openPulledFile(path, name, way.asked.force);
  try {
    const pulled = await pullFile(way.remote, sink, options);
    await sink.commit(way.remote);
    return done(name, pulled);
  } catch (error) {
    throw await keptOrNot(error, sink);
  }
}

/** What broke off is left for the next transfer, and said; anything else is taken away. */
async function keptOrNot(
  error: unknown,
  sink: { keep(): Promise<string | undefined>; discard(): Promise<void> },
): Promise<unknown> {
  const { isLoss } = await import('../src/transfer/attempt.js');
  const interrupted = error instanceof NetdebugError && error.exitCode === ExitCode.interrupted;
  if (!interrupted && !isLoss(error)) {
    await sink.discard();
    return error;
  }
  const kept = await sink.keep();
  if (kept === undefined) return error;
  const { message, exitCode, details, cause } = error;
  const hint = `What came is in ${kept}; the same command goes on from there.`;
  return new NetdebugError(message, { exitCode, details, hint, cause });
}

async function pullWholeFolder(way: Way): Promise<Pulled> {
  const { sizeOfFolder } = await import('../src/transfer/remote.js');
  const { remote, context } = way;
  const size: { total?: number | undefined } = {};
  // Asked beside the transfer: in a large folder the answer takes a while, and nothing depends on it.
  const over = new AbortController();
  const asking = { ...context, signal: over.signal };
  void sizeOfFolder(remote.path, asking).then((bytes) => (size.total = bytes));
  try {
    return await pullTree(way, () => size.total);
  } finally {
    over.abort();
  }
}

async function pullTree(way: Way, total: () => number | undefined): Promise<Pulled> {
  const { pullFolder } = await import('../src/transfer/folder.js');
  const { remote, environment, asked } = way;
  const options = optionsOf(way, total);
  const windows = environment.platform === 'win32';
  if (asked.local === '-') {
    const { tarTarget } = await import('../src/transfer/tarball.js');
    const tar = tarTarget((chunk) => writeOut(environment.stdout, chunk));
    let begun = false;
    const begin = () => {
      const first = !begun;
      begun = true;
      return Promise.resolve(first ? tar : undefined);
    };
    const local = { foldsCase: false, windows: false };
    const pulled = await pullFolder(remote, begin, { ...options, local });
    await tar.end();
    return { type: 'folder', local: 'stdout', ...pulled };
  }
  const { openPulledFolder } = await import('./sinks/pulledfolder.js');
  const { path, name } = await placeFor(way);
  const sink = await openPulledFolder(path, name, asked.force);
  try {
    const local = { foldsCase: sink.foldsCase, windows };
    const pulled = await pullFolder(remote, () => sink.begin(), { ...options, local });
    await sink.commit();
    return { type: 'folder', local: name, ...pulled };
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

/** As cp does it: into LOCAL where that is a folder, under the name it has there. */
async function placeFor({
  path,
  asked,
  remote,
}: Way): Promise<{ readonly path: string; readonly name: string }> {
  const there = await lstat(path).catch(() => undefined);
  const into = asked.local.endsWith('/') || there?.isDirectory() === true;
  if (!into) return { path, name: asked.local };
  const own = posix.basename(posix.normalize(remote.path));
  if (
    own === '' ||
    own === '.' ||
    own === '..' ||
    own === '/' ||
    /[\p{Cc}\\]/u.test(own) ||
    nameOf(own) !== own
  ) {
    throw usageError(
      `${asked.local} is a folder, and REMOTE has no name of its own`,
      'pull',
      'give LOCAL a name',
    );
  }
  return { path: join(path, own), name: join(asked.local, own) };
}

function stdoutTarget({ stdout }: Environment): FileTarget {
  let written = 0;
  return {
    async *left() {
      // Nothing was ever there.
    },
    write: (chunk) => {
      written += chunk.length;
      return writeOut(stdout, chunk);
    },
    restart: () => Promise.resolve(written === 0),
  };
}

function optionsOf(
  { asked, context, status, environment: { clock } }: Way,
  total: number | undefined | (() => number | undefined),
) {
  const began = clock.now();
  let shownAt = -Infinity;
  return {
    ...context,
    limits: { bytes: asked.maxBytes, entries: mostEntries },
    onNote: (sentence: string) =>
      status.note(sentence.replace(/(\d+) bytes/g, (_, bytes) => formatSize(Number(bytes)))),
    onBytes: (bytes: number) => {
      const now = clock.now();
      if (now - shownAt < showEveryMs) return;
      shownAt = now;
      status.show('pull', pullLiveText(bytes, typeof total === 'function' ? total() : total, now - began));
    },
  };
}

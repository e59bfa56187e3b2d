import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { ExitCode, NetdebugError } from '../errors.js';
import type { OpenLog } from './read.js';
import type { LogSource } from './sources.js';

/** A log in a file. */
export interface LogFile extends LogSource {
  readonly path: string;
}

const deepestFolder = 8;

/**
 * The logs in files and folders: `NAMESPACE/POD/CONTAINER.log`, or `NAMESPACE/POD/logs.txt` as `kubectl cluster-info dump` writes
 * them; a file that lies elsewhere is a log of its own name. Rejects with a NetdebugError, exit 2, when there is none.
 */
export async function findLogFiles(paths: readonly string[]): Promise<readonly LogFile[]> {
  const found = (await Promise.all(paths.map((path) => filesIn(path, path, 0)))).flat();
  if (found.length > 0) return found;
  throw new NetdebugError(`${paths.join(', ')}: no logs in it.`, {
    exitCode: ExitCode.usage,
    hint: 'Logs are files NAMESPACE/POD/CONTAINER.log, or folders that kubectl cluster-info dump wrote.',
  });
}

/** Opens logs in files; the `path` of a {@link LogFile} says which. */
export function fileLogs(): OpenLog {
  return (source) => Promise.resolve(createReadStream((source as LogFile).path, { highWaterMark: 65_536 }));
}

async function filesIn(root: string, path: string, depth: number): Promise<LogFile[]> {
  const information = await stat(path).catch((error: unknown) => {
    throw new NetdebugError(`${path} cannot be read: ${error instanceof Error ? error.message : ''}.`, {
      exitCode: ExitCode.usage,
      cause: error,
    });
  });
  if (!information.isDirectory()) {
    const isLog = depth === 0 || path.endsWith('.log') || basename(path) === 'logs.txt';
    return isLog && information.isFile() ? [logFile(root, path)] : [];
  }
  if (depth >= deepestFolder) return [];
  // Names are sorted, so that two runs tell the same in the same order.
  const names = (await readdir(path)).sort();
  return (await Promise.all(names.map((name) => filesIn(root, join(path, name), depth + 1)))).flat();
}

function logFile(root: string, path: string): LogFile {
  const folders = relative(root, dirname(path))
    .split(sep)
    .filter((part) => part !== '');
  const name = basename(path).replace(/\.(?:log|txt)$/, '');
  const pod = folders.at(-1) ?? '';
  const previous = name.endsWith('.previous');
  return {
    path,
    namespace: folders.at(-2) ?? '',
    pod,
    container: previous ? name.slice(0, -'.previous'.length) : name,
    previous,
  };
}

import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import type { Environment } from '../environment.js';
import type { Setting } from '../options/setting.js';
import { findWireshark } from '../sinks/wireshark-find.js';
import { defaultFolder, launcherMark, launcherName, launcherText, parseFolders } from './launcher.js';

type Place = Pick<Environment, 'env' | 'homeDir' | 'platform' | 'program' | 'random'>;

/** What was done with which file. */
export interface LauncherChange {
  readonly path: string;
  readonly done: 'written' | 'replaced' | 'removed' | 'absent';
}

const askTimeoutMs = 15_000;

/** The folder that Wireshark looks for extcap programs in: what its tshark says, else where it has been for long. */
export async function extcapFolder(place: Place, wireshark: Setting | undefined): Promise<string> {
  const { platform, env, homeDir } = place;
  const name = platform === 'win32' ? 'tshark.exe' : 'tshark';
  const found = findWireshark({ ...place, exists: existsSync }, wireshark?.text);
  const beside = found === undefined ? [] : [join(dirname(found.command), name)];
  for (const program of [name, ...beside]) {
    const said = await ask(program, env);
    const folder = said === undefined ? undefined : parseFolders(said, platform);
    if (folder !== undefined) return folder;
  }
  return defaultFolder(platform, env, homeDir);
}

function ask(program: string, env: Place['env']): Promise<string | undefined> {
  const options = { env: { ...env }, timeout: askTimeoutMs, maxBuffer: 1 << 20, windowsHide: true };
  return new Promise((resolve) => {
    execFile(program, ['-G', 'folders'], options, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
  });
}

/**
 * Writes the launcher into the folder, which is made if need be. One of ours is replaced; a foreign file of that name is not
 * touched. Rejects with a usage error.
 */
export async function installLauncher(
  folder: string,
  args: readonly string[],
  place: Place,
): Promise<LauncherChange> {
  const { platform, env } = place;
  const path = join(folder, launcherName(platform));
  const before = await readLauncher(path);
  if (before === 'foreign') throw foreign(path);
  const text = launcherText({
    platform,
    program: lastingProgram(place),
    args,
    path: env.PATH,
    kubeconfig: env.KUBECONFIG || undefined,
  });
  // Never half a launcher: Wireshark may be starting.
  const written = `${path}.${Math.floor(place.random() * 1e9)}`;
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(written, text, { flag: 'wx' });
    await chmod(written, 0o755);
    await rename(written, path);
  } catch (cause) {
    await rm(written, { force: true }).catch(() => undefined);
    throw cannot('write', path, cause);
  }
  return { path, done: before === 'ours' ? 'replaced' : 'written' };
}

/** Removes the launcher, if there is one of ours. Rejects with a usage error when the file is somebody else's. */
export async function uninstallLauncher(folder: string, place: Place): Promise<LauncherChange> {
  const path = join(folder, launcherName(place.platform));
  const before = await readLauncher(path);
  if (before === 'absent') return { path, done: 'absent' };
  if (before === 'foreign') throw foreign(path);
  try {
    await rm(path);
  } catch (cause) {
    throw cannot('remove', path, cause);
  }
  return { path, done: 'removed' };
}

/** Whether a launcher of ours lies in the folder. */
export async function launcherIn(folder: string, platform: NodeJS.Platform): Promise<boolean> {
  return (await readLauncher(join(folder, launcherName(platform))).catch(() => 'absent')) === 'ours';
}

async function readLauncher(path: string): Promise<'ours' | 'foreign' | 'absent'> {
  try {
    return (await readFile(path, 'utf8')).includes(launcherMark) ? 'ours' : 'foreign';
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'absent';
    if (code === 'EISDIR') return 'foreign';
    throw cannot('read', path, cause);
  }
}

/** The name on PATH that leads to this program, if one does: it stays when a package manager puts a newer version behind it. */
function lastingProgram({ env, platform, program = ['kubectl-netdebug'] }: Place): readonly string[] {
  const [executable = '', ...words] = program;
  if (words.length > 0) return program;
  const folders = (env.PATH ?? '').split(platform === 'win32' ? ';' : ':').filter((folder) => folder !== '');
  const name = platform === 'win32' ? 'kubectl-netdebug.exe' : 'kubectl-netdebug';
  const found = folders.map((folder) => join(folder, name)).find((path) => sameFile(path, executable));
  return [found ?? executable];
}

function sameFile(path: string, other: string): boolean {
  try {
    return realpathSync(path) === realpathSync(other);
  } catch {
    return false;
  }
}

function foreign(path: string): NetdebugError {
  return new NetdebugError(`${path} was not written by kubectl netdebug, so it is left alone.`, {
    exitCode: ExitCode.usage,
    hint: 'Move it away, or name another folder with --path.',
  });
}

function cannot(what: string, path: string, cause: unknown): NetdebugError {
  return new NetdebugError(`cannot ${what} ${path}: ${(cause as Error).message}`, {
    exitCode: ExitCode.usage,
    hint: 'Name another folder with --path; Wireshark shows its own under Help > About Wireshark > Folders.',
    cause,
  });
}

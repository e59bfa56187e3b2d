import { chmod, copyFile, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import type { Environment } from '../environment.js';
import { launcherMark, launcherName, launcherText } from './launcher.js';

/** What {@link installLauncher} did. */
export interface InstalledLauncher {
  readonly path: string;
  /** Whether kubectl will find it: the folder is on PATH. */
  readonly onPath: boolean;
}

/**
 * Writes the launcher that kubectl calls into `folder`, in place of an older one of ours. Rejects with a usage error when the file there is
 * somebody else's or the folder cannot be written.
 */
export async function installLauncher(
  folder: string,
  {
    platform,
    env,
    random,
    cwd,
    program,
  }: Pick<Environment, 'platform' | 'env' | 'random' | 'cwd' | 'program'>,
): Promise<InstalledLauncher> {
  const place = resolve(cwd, folder);
  const path = join(place, launcherName(platform));
  const written = `${path}.${Math.floor(random() * 1e9)}`;
  try {
    if (platform !== 'win32' && !(await mayReplace(path))) throw foreign(path);
    await mkdir(place, { recursive: true });
    // Never half a launcher: somebody may be pressing Tab.
    if (platform === 'win32') await secondName(written, program ?? []);
    else {
      await writeFile(written, launcherText, { flag: 'wx' });
      await chmod(written, 0o755);
    }
    await rename(written, path);
  } catch (cause) {
    if (cause instanceof NetdebugError) throw cause;
    await rm(written, { force: true }).catch(() => undefined);
    throw new NetdebugError(`cannot write ${path}: ${(cause as Error).message}`, {
      exitCode: ExitCode.usage,
      hint: 'Name another folder of your PATH with --install.',
      cause,
    });
  }
  const onPath = (env.PATH ?? '').split(delimiter).some((one) => one !== '' && resolve(cwd, one) === place);
  return { path, onPath };
}

/** The executable under another name as well. */
async function secondName(path: string, [executable = '', ...script]: readonly string[]): Promise<void> {
  if (executable === '' || script.length > 0) {
    throw new NetdebugError('on Windows only the executable can complete for kubectl', {
      exitCode: ExitCode.usage,
      hint: 'Install it from a release, or with krew.',
    });
  }
  // On another drive it has to be a copy.
  await link(executable, path).catch(() => copyFile(executable, path));
}

async function mayReplace(path: string): Promise<boolean> {
  try {
    return (await readFile(path, 'utf8')).includes(launcherMark);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return true;
    throw cause;
  }
}

function foreign(path: string): NetdebugError {
  return new NetdebugError(`${path} was not written by kubectl netdebug, so it is left alone.`, {
    exitCode: ExitCode.usage,
    hint: 'Move it away, or name another folder with --install.',
  });
}

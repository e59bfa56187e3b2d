/** A release built for a test, and programs run to their end. */
import { execFile } from 'node:child_process';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';

/** The folder of the project, with a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

const limitMs = 240_000;

export interface RunOptions {
  readonly cwd?: string;
  /** Replaces the environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs a program and returns its stdout; rejects with its stderr when it fails. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, {
    ...options,
    timeout: limitMs,
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

/**
 * Copies what a release is made of, so that a change of the sources meanwhile is no difference between two builds. Packages are
 * not copied.
 */
export async function copySources(folder: string): Promise<void> {
  await mkdir(`${root}.cache`, { recursive: true });
  for (const name of ['node_modules', '.cache']) await symlink(`${root}${name}`, join(folder, name));
  const files = [
    'LICENSE',
    'README.md',
    'package.json',
    'package-lock.json',
    'krew-manifest.yaml',
    'tsconfig.json',
  ];
  for (const name of ['plugin', 'src', '.ci', ...files])
    await cp(`${root}${name}`, join(folder, name), { recursive: true });
}

/** `npm run package` in copied sources: builds a release, or some platforms of one. */
export async function buildRelease(
  sources: string,
  out: string,
  platforms: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const options = { cwd: out, env: { ...process.env, ...env } };
  await run(process.execPath, [join(sources, '.ci/build.mjs')], options);
  await run(process.execPath, [join(sources, '.ci/package.mjs'), '--out', out, ...platforms], options);
}

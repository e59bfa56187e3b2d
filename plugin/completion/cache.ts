import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Candidate } from '../options/completes.js';
import type { Environment } from '../environment.js';

/** What was answered a moment ago, and how long ago. */
export interface Remembered {
  readonly candidates: readonly Candidate[];
  readonly ageMs: number;
}

/** Answers of the API server between one press of Tab and the next. Neither call rejects: without a cache completion is only slower. */
export interface Cache {
  readonly get: (key: readonly unknown[]) => Promise<Remembered | undefined>;
  readonly put: (key: readonly unknown[], candidates: readonly Candidate[]) => Promise<void>;
}

/** Of no use to anybody after this. */
const forgottenMs = 10 * 60_000;
const mostBytes = 2 * 1024 * 1024;
const mostFiles = 64;

type Place = Pick<Environment, 'env' | 'homeDir' | 'platform' | 'random'>;

/** Where the answers are: XDG_CACHE_HOME, else ~/.cache; on Windows LOCALAPPDATA. */
export function cacheFolder(
  { env, homeDir, platform }: Pick<Environment, 'env' | 'homeDir' | 'platform'>,
  name = 'completion',
): string {
  const local = platform === 'win32' ? env.LOCALAPPDATA : undefined;
  return join(env.XDG_CACHE_HOME || local || join(homeDir, '.cache'), 'kubectl-netdebug', name);
}

/** Files of the person alone (0600), one for each question, named by a hash of it, so that they tell nothing by their names. */
export function fileCache(place: Place, now: () => number): Cache {
  const folder = cacheFolder(place);
  const fileOf = (key: readonly unknown[]): string =>
    join(folder, `${createHash('sha256').update(JSON.stringify(key)).digest('hex')}.json`);
  return {
    async get(key) {
      const text = await readSmall(fileOf(key)).catch(() => undefined);
      if (text === undefined) return undefined;
      const { at, candidates } = parse(text);
      const ageMs = now() - at;
      return ageMs >= 0 && ageMs <= forgottenMs ? { candidates, ageMs } : undefined;
    },
    async put(key, candidates) {
      const text = JSON.stringify({
        at: now(),
        candidates: candidates.map(({ word, about }) => [word, about]),
      });
      if (text.length > mostBytes) return;
      const file = fileOf(key);
      const written = `${file}.${Math.floor(place.random() * 1e9)}`;
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFile(written, text, { flag: 'wx', mode: 0o600 });
        await rename(written, file);
        await sweep(folder, now());
      } catch {
        // A cache that cannot be written is none.
        await rm(written, { force: true }).catch(() => undefined);
      }
    },
  };
}

async function readSmall(file: string): Promise<string | undefined> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    return size > mostBytes ? undefined : await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** What is damaged counts as too old. */
function parse(text: string): { readonly at: number; readonly candidates: readonly Candidate[] } {
  try {
    const { at, candidates } = JSON.parse(text) as { at?: unknown; candidates?: unknown };
    if (typeof at !== 'number' || !Array.isArray(candidates)) return { at: NaN, candidates: [] };
    return {
      at,
      candidates: candidates.flatMap((entry: unknown): Candidate[] => {
        const [word, about] = Array.isArray(entry) ? (entry as unknown[]) : [];
        if (typeof word !== 'string') return [];
        return [typeof about === 'string' ? { word, about } : { word }];
      }),
    };
  } catch {
    return { at: NaN, candidates: [] };
  }
}

/** Removes what is forgotten, and the oldest of too many. */
async function sweep(folder: string, now: number): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= mostFiles) return;
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { path, at: (await stat(path)).mtimeMs };
    }),
  );
  files.sort((a, b) => b.at - a.at);
  const old = files.filter(({ at }, index) => index >= mostFiles / 2 || now - at > forgottenMs);
  await Promise.all(old.map(({ path }) => unlink(path)));
}

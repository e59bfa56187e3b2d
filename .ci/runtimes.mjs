// The Bun of another platform, out of its npm package: fetched by npm, kept in .cache/, and held against the lock file's digest
// each time it is used.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, createReadStream, createWriteStream, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache/runtimes');
/** package-lock.json. */
export const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));

/** What the lock file says of a package: `{ version, integrity }`. */
export function locked(name) {
  const entry = lock.packages[`node_modules/${name}`];
  if (entry?.integrity === undefined) throw new Error(`package-lock.json has no digest of ${name}`);
  return entry;
}

/** Writes the program of a runtime package into `folder` and returns its path. */
export async function unpackRuntime(name, folder) {
  const program = join(folder, name.replaceAll('/', '-'));
  let found = false;
  const entries = extract();
  const unpacked = pipeline(createReadStream(fetchRuntime(name)), createGunzip(), entries);
  for await (const entry of entries) {
    if (/^package\/bin\/bun(\.exe)?$/.test(entry.header.name)) {
      found = true;
      await pipeline(entry, createWriteStream(program));
    } else entry.resume();
  }
  await unpacked;
  if (!found) throw new Error(`${name} has no bin/bun`);
  chmodSync(program, 0o755);
  return program;
}

function fetchRuntime(name) {
  const { version, integrity } = locked(name);
  const file = join(cache, `${name.slice(1).replace('/', '-')}-${version}.tgz`);
  if (digestOf(file) === integrity) return file;
  mkdirSync(cache, { recursive: true });
  const args = ['pack', `${name}@${version}`, '--silent', '--pack-destination', cache];
  const done = spawnSync('npm', args, {
    encoding: 'utf8',
    timeout: 300_000,
    shell: process.platform === 'win32',
  });
  if (done.status !== 0) throw new Error(`npm ${args.join(' ')}: ${done.stderr}${done.error ?? ''}`);
  const got = digestOf(file);
  if (got === integrity) return file;
  rmSync(file, { force: true });
  throw new Error(`${name}@${version} is ${got}, but package-lock.json wants ${integrity}`);
}

function digestOf(file) {
  try {
    return `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`;
  } catch {
    return undefined;
  }
}

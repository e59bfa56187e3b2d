import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The Bun that npm installed for this platform: its install script, where npm runs it, moves it from @oven/ into bun/. */
export function findBun() {
  const os = { linux: 'linux', darwin: 'darwin', win32: 'windows' }[process.platform];
  const arch = { x64: 'x64', arm64: 'aarch64' }[process.arch];
  const name = `@oven/bun-${os}-${arch}`;
  for (const path of [
    `bun/bin/bun.exe`,
    `${name}/bin/bun`,
    `${name}/bin/bun.exe`,
    `${name}-baseline/bin/bun`,
  ]) {
    try {
      const found = join(root, 'node_modules', path);
      // Where the script did not run, bun.exe is a placeholder of a few bytes.
      if (statSync(found).size > 1_000_000) return found;
    } catch {
      // Not there.
    }
  }
  return undefined;
}

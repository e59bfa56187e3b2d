import { spawnSync } from 'node:child_process';
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

/**
 * Compiles plugin/main.ts into one executable, for this platform or, with `target` (`bun-darwin-arm64`) and `runtime` (that
 * platform's Bun), for another. Throws what Bun said when it fails.
 */
export function compile({ bun, outfile, version, cwd, target, runtime }) {
  const args = [
    'build',
    join(root, 'plugin/main.ts'),
    '--compile',
    '--bytecode',
    '--minify',
    '--format=esm',
    // Unless told not to, the executable reads these from whatever folder it is started in: a bunfig.toml there could run any
    // program (preload), a .env send the kubeconfig's tokens elsewhere (HTTPS_PROXY, NODE_TLS_REJECT_UNAUTHORIZED).
    '--no-compile-autoload-bunfig',
    '--no-compile-autoload-dotenv',
    `--define=NETDEBUG_VERSION=${JSON.stringify(version)}`,
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...(runtime === undefined ? [] : [`--compile-executable-path=${runtime}`]),
    `--outfile=${outfile}`,
  ];
  // Bun writes the executable through a temporary file in the working folder.
  const done = spawnSync(bun, args, { cwd, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${done.stdout}${done.stderr}${done.error ?? ''}`);
}

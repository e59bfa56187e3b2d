// Builds dist/kubectl-netdebug, the executable (Bun, with bytecode: docs/decisions/0003-executable.md), and
// dist/node/kubectl-netdebug, the same program as an ES module bundle for Node. Where npm carries no Bun for this
// platform, dist/kubectl-netdebug is the Node bundle's launcher.
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { compile, findBun } from './bun.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

rmSync(join(dist, 'node'), { recursive: true, force: true });
rmSync(join(dist, 'kubectl-netdebug'), { force: true });
mkdirSync(join(dist, 'node'), { recursive: true });

const { metafile } = await build({
  // Names of chunks and comments come from paths: let them not depend on the folder one stands in.
  absWorkingDir: root,
  entryPoints: { main: join(root, 'plugin/main.ts') },
  outdir: join(dist, 'node/lib'),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  // Some dependencies are CommonJS inside and call require() for node: modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  define: {
    NETDEBUG_VERSION: JSON.stringify(version),
    // ws looks for optional native add-ons unless told not to.
    'process.env.WS_NO_BUFFER_UTIL': '"1"',
    'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
  },
  metafile: true,
  logLevel: 'warning',
});
// Which packages each chunk holds: for the notices of a release, and for the test of what start-up loads.
writeFileSync(join(dist, 'node.meta.json'), JSON.stringify(metafile));
writeFileSync(join(dist, 'node/lib/package.json'), '{ "type": "module" }\n');
writeLauncher(join(dist, 'node/kubectl-netdebug'), './lib/main.js');

const bun = findBun();
if (bun === undefined) {
  writeLauncher(join(dist, 'kubectl-netdebug'), './node/lib/main.js');
  console.log('dist/kubectl-netdebug: for Node (no Bun for this platform)');
} else {
  compile({ bun, version, outfile: join(dist, 'kubectl-netdebug'), cwd: dist });
  console.log('dist/kubectl-netdebug: self-contained executable');
}

function writeLauncher(path, target) {
  writeFileSync(path, `#!/usr/bin/env node\nimport(${JSON.stringify(target)});\n`);
  chmodSync(path, 0o755);
}

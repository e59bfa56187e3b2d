/** The cluster process as one file: starting it from TypeScript sources would cost more than the cluster itself. */
import { buildSync } from 'esbuild';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '..', '..');
const output = path.join(root, 'dist', 'test', 'cluster.mjs');

function modifiedMs(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function newestSourceMs(): number {
  const folders = [here, path.join(root, 'src')];
  const sources = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name)),
  );
  return Math.max(...[...sources, path.join(root, 'package-lock.json')].map(modifiedMs));
}

/** The path of the bundle, built when a source is newer. Safe to call from several processes at once. */
export function clusterBundle(): string {
  if (modifiedMs(output) > newestSourceMs()) {
    return output;
  }
  mkdirSync(path.dirname(output), { recursive: true });
  // The cluster's own program last: it is the one whose age is looked at.
  const beside = (name: string): string => path.join(path.dirname(output), name);
  build(path.join('network', 'dns', 'program.ts'), beside('coredns.mjs'));
  build(path.join('network', 'ingress', 'program.ts'), beside('ingress.mjs'));
  build(path.join('network', 'listen.ts'), beside('listen.mjs'));
  build('main.ts', output);
  return output;
}

function build(entry: string, outfile: string): void {
  const temporary = `${outfile}.${process.pid}.mjs`;
  buildSync({
    entryPoints: [path.join(here, entry)],
    outfile: temporary,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    // CommonJS packages ask for node's modules with require.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  renameSync(temporary, outfile);
}

// Builds a release into dist/release (or another folder): an archive for each platform, the npm package, krew's manifest, the
// list of what is inside, and checksums. Needs what `npm run build` leaves in dist/. The same sources give the same bytes.
//   node .ci/package.mjs [--out FOLDER] [OS_ARCH ...]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeTarGz, writeZip } from './archive.mjs';
import { compile, findBun } from './bun.mjs';
import { renderManifest } from './krew.mjs';
import { signAdHoc } from './macho.mjs';
import { locked, unpackRuntime } from './runtimes.mjs';
import { billOfMaterials, notices } from './sbom.mjs';
import { archiveName, targets } from './targets.mjs';

const launcher = 'kubectl_complete-netdebug';
const root = fileURLToPath(new URL('..', import.meta.url));
const ownPackage = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { version } = ownPackage;
const { values, positionals } = parseArgs({ options: { out: { type: 'string' } }, allowPositionals: true });
const out = resolve(values.out ?? join(root, 'dist/release'));
const unknown = positionals.filter((name) => !targets.some((target) => target.name === name));
const bun = findBun();
if (unknown.length > 0 || bun === undefined) {
  const why =
    bun === undefined ? 'npm has no Bun for this platform' : `no such platform: ${unknown.join(', ')}`;
  console.error(`error: ${why}\nhint: platforms are ${targets.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}
const chosen = targets.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

const scratch = mkdtempSync(join(tmpdir(), 'netdebug-package-'));
try {
  // A folder that was named may hold more than ours.
  if (values.out === undefined) rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const noticesFile = join(scratch, 'THIRD-PARTY-NOTICES.txt');
  const metafile = JSON.parse(readFileSync(join(root, 'dist/node.meta.json'), 'utf8'));
  writeFileSync(noticesFile, notices(metafile, locked('bun').version));

  // Two at a time: one compresses while the other is compiled.
  const waiting = [...chosen];
  const work = async () => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift())
      await packTarget(target, noticesFile);
  };
  await Promise.all([work(), work()]);

  packNpm(noticesFile);
  const bill = `kubectl-netdebug_v${version}_sbom.cdx.json`;
  writeFileSync(join(out, bill), billOfMaterials(chosen.map(({ runtime }) => runtime)));
  const archives = chosen.map((target) => archiveName(target, version));
  const digests = new Map([...archives, npmName(), bill].map((name) => [name, sha256(join(out, name))]));
  const lines = [...digests].map(([name, digest]) => `${digest}  ${name}\n`);
  writeFileSync(join(out, 'checksums.txt'), lines.join(''));
  if (chosen.length === targets.length) {
    const template = readFileSync(join(root, 'krew-manifest.yaml'), 'utf8');
    writeFileSync(join(out, 'krew-manifest.yaml'), renderManifest(template, version, digests));
  }
  process.stdout.write(lines.join(''));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function packTarget(target, noticesFile) {
  const folder = join(scratch, target.name);
  mkdirSync(folder);
  const runtime = await unpackRuntime(target.runtime, folder);
  const program = join(folder, target.program);
  compile({ bun, version, outfile: program, cwd: folder, target: target.bun, runtime });
  // For arm64 Bun signs itself; for amd64 it leaves the signature of its own program, which the new contents break.
  if (target.name === 'darwin_amd64')
    writeFileSync(program, signAdHoc(readFileSync(program), 'kubectl-netdebug'));
  const files = [
    { name: target.program, path: program, executable: true },
    // kubectl calls it for Tab. On Windows the executable itself does that, under this name.
    ...(target.extension === 'zip'
      ? []
      : [{ name: launcher, path: join(root, 'plugin/completion', launcher), executable: true }]),
    { name: 'LICENSE', path: join(root, 'LICENSE') },
    { name: 'README.md', path: join(root, 'README.md') },
    { name: 'THIRD-PARTY-NOTICES.txt', path: noticesFile },
  ];
  const write = target.extension === 'zip' ? writeZip : writeTarGz;
  await write(join(out, archiveName(target, version)), files);
  rmSync(folder, { recursive: true, force: true });
}

function npmName() {
  return `kubectl-netdebug-${version}.tgz`;
}

/** The program for Node. */
function packNpm(noticesFile) {
  const folder = join(scratch, 'npm');
  cpSync(join(root, 'dist/node'), join(folder, 'dist/node'), { recursive: true });
  for (const name of ['LICENSE', 'README.md']) cpSync(join(root, name), join(folder, name));
  cpSync(noticesFile, join(folder, 'THIRD-PARTY-NOTICES.txt'));
  const files = [...ownPackage.files, 'THIRD-PARTY-NOTICES.txt'];
  const own = { ...ownPackage, files };
  // The bundle holds all that it needs, and there is nothing to build.
  for (const field of ['dependencies', 'devDependencies', 'scripts', 'overrides']) delete own[field];
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(own, null, 2)}\n`);
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', scratch];
  const done = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' });
  if (done.status !== 0) throw new Error(`npm ${args.join(' ')}: ${done.stderr}${done.error ?? ''}`);
  cpSync(join(scratch, npmName()), join(out, npmName()));
}

function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

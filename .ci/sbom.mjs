// What is inside a release: a CycloneDX list for programs, and the licences for people.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lock, locked } from './runtimes.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A CycloneDX document of the packages that package-lock.json names for the program, and of the runtimes. The same lock gives the same text. */
export function billOfMaterials(runtimes) {
  const args = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'];
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26, shell: process.platform === 'win32' };
  const done = spawnSync('npm', args, options);
  if (done.status !== 0) throw new Error(`npm ${args.join(' ')}: ${done.stderr}${done.error ?? ''}`);
  const document = JSON.parse(done.stdout);
  // npm's own --omit dev leaves out what the program and a development tool both depend on.
  const shipped = shippedPackages();
  document.components = document.components.filter((component) => shipped.has(component['bom-ref']));
  document.dependencies = document.dependencies
    .filter(({ ref }) => shipped.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((on) => shipped.has(on)) }));
  // Whatever differs from one run, or one npm, to the next.
  delete document.serialNumber;
  delete document.metadata.timestamp;
  delete document.metadata.tools;
  const program = document.metadata.component;
  program.type = 'application';
  program.name = 'kubectl-netdebug';
  const added = runtimes.map(runtimeComponent);
  document.components.push(...added);
  const refs = added.map((component) => component['bom-ref']);
  for (const ref of refs) document.dependencies.push({ ref, dependsOn: [] });
  document.dependencies.find(({ ref }) => ref === program['bom-ref']).dependsOn.push(...refs);
  return `${JSON.stringify(document, null, 2)}\n`;
}

function runtimeComponent(name) {
  const { version, integrity } = locked(name);
  return {
    'bom-ref': `${name}@${version}`,
    type: 'framework',
    name,
    version,
    scope: 'required',
    description: 'The Bun runtime inside the executable of one platform',
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    externalReferences: [{ type: 'vcs', url: 'https://github.com/oven-sh/bun' }],
    hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice(7), 'base64').toString('hex') }],
    licenses: [{ license: { id: 'MIT' } }],
  };
}

/** name@version of the program itself and of all that it depends on. */
function shippedPackages() {
  const entries = Object.entries(lock.packages).filter(([, entry]) => !entry.dev && !entry.devOptional);
  return new Set(
    entries.map(([path, { name, version }]) => `${name ?? path.replace(/^.*node_modules\//, '')}@${version}`),
  );
}

/** Name, version and licence of every package that `metafile` (of esbuild) says is in the bundle, and Bun's. */
export function notices(metafile, runtimeVersion) {
  const folders = new Set();
  for (const input of Object.keys(metafile.inputs)) {
    const folder = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
    if (folder !== undefined) folders.add(folder);
  }
  const packages = new Map();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const files = readdirSync(join(root, folder)).filter((file) =>
      /^(licen[cs]e|copying|notice)/i.test(file),
    );
    const texts = files.sort().map((file) => readFileSync(join(root, folder, file), 'utf8').trim());
    packages.set(`${name} ${version} (${license})`, texts.join('\n\n'));
  }
  const line = '-'.repeat(80);
  const parts = [...packages]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([title, text]) => `${line}\n${title}\n\n${text}`);
  return `kubectl-netdebug contains the packages below, each under its own licence.

The executables also contain Bun ${runtimeVersion} (MIT), which contains JavaScriptCore (LGPL-2.0) and other libraries:
https://github.com/oven-sh/bun/blob/bun-v${runtimeVersion}/LICENSE.md says which, under which licences, and how to relink them.

${parts.join('\n\n')}\n`;
}

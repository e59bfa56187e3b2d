/** Installs a release as krew does (internal/installation/{install,move}.go, internal/download/downloader.go), from files here. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, stat, symlink } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { parse } from 'yaml';
import { run } from './release.js';

export interface Installed {
  /** What a person puts on PATH. */
  readonly bin: string;
  /** The link in it. */
  readonly link: string;
  /** What the link leads to. */
  readonly program: string;
}

/** An entry of an archive. */
export interface Entry {
  readonly name: string;
  /** As `ls -l` shows it. */
  readonly mode: string;
  readonly size: number;
}

interface Manifest {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly version: string;
    readonly platforms: readonly {
      readonly selector: { readonly matchLabels: { readonly os: string; readonly arch: string } };
      readonly uri: string;
      readonly sha256: string;
      readonly bin: string;
    }[];
  };
}

/** The entries of an archive, whose kind shows in its first bytes, as for krew. */
export async function entriesOf(archive: string): Promise<Entry[]> {
  const zip = await isZip(archive);
  const listing = zip
    ? await run('unzip', ['-Z', '-T', archive])
    : await run('tar', ['-tvzf', archive, '--numeric-owner']);
  const pattern = zip
    ? /^(?<mode>[-d]\S{9}) .*? (?<size>\d+) \S+ (?:defN|stor) \d{8}\.\d{6} (?<name>.+)$/
    : /^(?<mode>[-dlhbcp]\S{9}) \d+\/\d+ +(?<size>\d+) \S+ \S+ (?<name>.+)$/;
  return listing.split('\n').flatMap((line) => {
    const { mode = '', size = '', name = '' } = pattern.exec(line)?.groups ?? {};
    return mode === '' ? [] : [{ mode, size: Number(size), name }];
  });
}

/** Installs the platform's archive, out of the folder where a release was built, below `root`. */
export async function installAsKrew(
  root: string,
  release: string,
  wanted: { readonly os: string; readonly arch: string },
): Promise<Installed> {
  const manifest = parse(await readFile(join(release, 'krew-manifest.yaml'), 'utf8')) as Manifest;
  const platform = manifest.spec.platforms.find(
    ({ selector: { matchLabels } }) => matchLabels.os === wanted.os && matchLabels.arch === wanted.arch,
  );
  if (platform === undefined) throw new Error('krew offers no installation for this platform');
  const archive = join(release, basename(new URL(platform.uri).pathname));
  const digest = createHash('sha256')
    .update(await readFile(archive))
    .digest('hex');
  if (digest !== platform.sha256) throw new Error(`krew refuses ${archive}: its sha256 is ${digest}`);

  const staging = await mkdtemp(join(root, 'staging-'));
  for (const { name, mode } of await entriesOf(archive)) {
    if (name.includes('..') || /^[\\/]/.test(name)) throw new Error(`krew refuses the entry ${name}`);
    if (!/^[-d]/.test(mode)) throw new Error(`krew cannot unpack ${name}, which is ${mode}`);
  }
  if (await isZip(archive)) await run('unzip', ['-q', archive, '-d', staging]);
  else await run('tar', ['-xzf', archive, '-C', staging, '--no-same-owner']);

  // No `files` in the manifest: krew moves everything.
  const { name } = manifest.metadata;
  const store = join(root, 'store', name, manifest.spec.version);
  await mkdir(store, { recursive: true });
  for (const file of await readdir(staging)) await rename(join(staging, file), join(store, file));
  const program = join(store, platform.bin);
  await stat(program);
  const bin = join(root, 'bin');
  await mkdir(bin, { recursive: true });
  const link = join(bin, `kubectl-${name.replaceAll('-', '_')}${wanted.os === 'windows' ? '.exe' : ''}`);
  await symlink(relative(bin, program), link);
  return { bin, link, program };
}

async function isZip(archive: string): Promise<boolean> {
  const head = (await readFile(archive)).subarray(0, 4).toString('latin1');
  if (head === 'PK\u0003\u0004') return true;
  if (head.startsWith('\u001f\u008b')) return false;
  throw new Error(`krew takes ${archive} for neither a zip nor a gzip file`);
}

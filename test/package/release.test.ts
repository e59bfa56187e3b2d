/** `npm run package`, its archives installed as krew would, and what is inside them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { archiveName, type Target, targets } from '../../.ci/targets.mjs';
import { manifestFaults } from '../../.ci/krew.mjs';
import { startCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';
import { entriesOf, installAsKrew, type Installed } from './krew-install.js';
import { readMachO } from './macho.js';
import { readPortableExecutable } from './pe.js';
import { buildRelease, copySources, root, run } from './release.js';

const limitMs = 300_000;
const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { version: string };
const npmPackage = `kubectl-netdebug-${version}.tgz`;
const bill = `kubectl-netdebug_v${version}_sbom.cdx.json`;

let scratch: string;
let sources: string;
let release: string;
const installed = new Map<string, Installed>();

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'netdebug-release-'));
  sources = join(scratch, 'sources');
  await mkdir(sources);
  await copySources(sources);
  release = await mkdtemp(join(scratch, 'release-'));
  await buildRelease(sources, release);
  for (const target of targets)
    installed.set(target.name, await installAsKrew(await mkdtemp(join(scratch, 'krew-')), release, target));
}, limitMs);

afterAll(() => rm(scratch, { recursive: true, force: true }));

function krewOf(name: string): Installed {
  const found = installed.get(name);
  if (found === undefined) throw new Error(`${name} is not installed`);
  return found;
}

function program(name: string): Promise<Buffer> {
  return readFile(krewOf(name).program);
}

/** Nothing of this machine but where its programs are. */
function environment(...folders: string[]): Record<string, string> {
  return { PATH: [...folders, process.env.PATH ?? ''].join(delimiter), HOME: scratch };
}

test('holds an archive for each platform, the npm package, the list of contents, checksums, krew’s manifest', async () => {
  const archives = targets.map((target) => archiveName(target, version));
  expect((await readdir(release)).sort()).toEqual(
    [...archives, npmPackage, bill, 'checksums.txt', 'krew-manifest.yaml'].sort(),
  );
  const checked = await run('sha256sum', ['--check', '--strict', 'checksums.txt'], { cwd: release });
  expect(checked.trim().split('\n').sort()).toEqual(
    [...archives, npmPackage, bill].map((name) => `${name}: OK`).sort(),
  );
});

test.each(targets)('$name: program, licence and README, readable and of nobody', async (target) => {
  const entries = await entriesOf(join(release, archiveName(target, version)));
  expect(entries.map(({ name, mode }) => `${mode} ${name}`)).toEqual([
    `-rwxr-xr-x ${target.program}`,
    ...(target.program.endsWith('.exe') ? [] : ['-rwxr-xr-x kubectl_complete-netdebug']),
    '-rw-r--r-- LICENSE',
    '-rw-r--r-- README.md',
    '-rw-r--r-- THIRD-PARTY-NOTICES.txt',
  ]);
  for (const { size } of entries) expect(size).toBeGreaterThan(0);
});

test('krew’s manifest keeps krew’s rules', async () => {
  const text = await readFile(join(release, 'krew-manifest.yaml'), 'utf8');
  expect(manifestFaults('netdebug', text)).toEqual([]);
});

describe.each(targets)('installed as krew does on $name', (target: Target) => {
  test('the link that kubectl finds leads to the program', async () => {
    const { link, program: file } = krewOf(target.name);
    expect(await readlink(link)).toMatch(/^\.\.\/store\/netdebug\/v/);
    expect(await realpath(link)).toBe(await realpath(file));
  });

  test('is a program for that platform, and names no folder of the machine that built it', async () => {
    const bytes = await program(target.name);
    expect(kindOf(bytes)).toBe(target.name);
    expect(bytes.includes(root)).toBe(false);
    expect(bytes.includes(scratch)).toBe(false);
  });
});

function kindOf(bytes: Buffer): string {
  if (bytes.toString('latin1', 0, 4) === '\u007fELF') {
    const machine = bytes.readUInt16LE(18);
    return `linux_${machine === 0x3e ? 'amd64' : machine === 0xb7 ? 'arm64' : 'other'}`;
  }
  if (bytes.toString('latin1', 0, 2) === 'MZ')
    return `windows_${readPortableExecutable(bytes).machine === 0x8664 ? 'amd64' : 'other'}`;
  return `darwin_${readMachO(bytes).cpu}`;
}

test('kubectl finds and runs it on Linux', async () => {
  const arch = process.arch === 'x64' ? 'amd64' : 'arm64';
  const env = environment(krewOf(`linux_${arch}`).bin);
  const said = await run('kubectl', ['netdebug', 'version'], { env });
  expect(said).toBe(`kubectl-netdebug ${version} (linux/${process.arch})\n`);
  expect(await run('kubectl', ['plugin', 'list'], { env })).toContain(krewOf(`linux_${arch}`).link);
});

test(
  'and captures packets with it, as a user who has nothing but the Role of manifests/',
  async () => {
    const namespace = 'shop';
    const cluster = await startCluster({
      nodes: 1,
      objects: [pod({ name: 'web', namespace, command: ['ping', '-q', '-i', '0.05', '127.0.0.1'] })],
    });
    try {
      const admin = (...words: string[]): Promise<string> =>
        run('kubectl', ['--kubeconfig', cluster.kubeconfig, '-n', namespace, ...words]);
      await admin('apply', '-f', `${root}manifests/rbac/debug.yaml`);
      await admin('create', 'rolebinding', 'netdebug', '--role=netdebug', '--user=debugger');
      const arch = process.arch === 'x64' ? 'amd64' : 'arm64';
      const env = {
        ...environment(krewOf(`linux_${arch}`).bin),
        KUBECONFIG: await cluster.user('debugger', { namespace }),
      };
      const file = join(scratch, 'web.pcap');
      const words = ['capture', 'web', '-i', 'lo', '-f', 'icmp', '-w', file, '--packet-count', '4'];
      await run('kubectl', ['netdebug', ...words], { env });
      const read = await run('tcpdump', ['-n', '-r', file]);
      expect(read.trim().split('\n')).toEqual(Array(4).fill(expect.stringContaining('ICMP echo')));
      await expect(run('kubectl', ['get', 'secrets'], { env })).rejects.toThrow('forbidden');
    } finally {
      await cluster.stop();
    }
  },
  limitMs,
);

test(
  'runs on arm64, under emulation',
  async () => {
    const emulated = (word: string): Promise<string> =>
      run('qemu-aarch64', ['-L', '/usr/aarch64-linux-gnu', krewOf('linux_arm64').program, word], {
        env: environment(),
      });
    expect(await emulated('version')).toBe(`kubectl-netdebug ${version} (linux/arm64)\n`);
    const help = await run(process.execPath, [join(sources, 'dist/node/kubectl-netdebug'), '--help'], {
      env: environment(),
    });
    expect(await emulated('--help')).toBe(help);
  },
  limitMs,
);

test('what `npm run build` leaves for the end-to-end tests is, byte for byte, what is released for this machine', async () => {
  const arch = process.arch === 'x64' ? 'amd64' : 'arm64';
  const ours = await readFile(join(sources, 'dist/kubectl-netdebug'));
  expect(ours.equals(await program(`linux_${arch}`))).toBe(true);
});

test.each(['darwin_amd64', 'darwin_arm64'])('%s: every page is as its signature says', async (name) => {
  const bytes = await program(name);
  const { segments, signature } = readMachO(bytes);
  // Ad hoc, and by the linker: what macOS takes without a certificate (CS_ADHOC, CS_LINKER_SIGNED).
  expect(signature).toMatchObject({ flags: 0x20002, slots: [0], brokenPages: 0 });
  const { pages = 0, codeLimit = 0, fileOffset = 0, fileSize = 0, executableSegment } = signature ?? {};
  expect(pages).toBeGreaterThan(20_000);
  expect(codeLimit).toBe(fileOffset);
  expect(fileOffset + fileSize).toBe(bytes.length);
  const text = segments.find((segment) => segment.name === '__TEXT');
  expect(executableSegment).toEqual([text?.fileOffset, text?.fileSize]);
  const linkedit = segments.at(-1);
  expect(linkedit?.name).toBe('__LINKEDIT');
  expect((linkedit?.fileOffset ?? 0) + (linkedit?.fileSize ?? 0)).toBe(bytes.length);
  for (const segment of segments) expect(segment.memorySize).toBeGreaterThanOrEqual(segment.fileSize);
});

test('a changed byte breaks the signature', async () => {
  const bytes = Buffer.from(await program('darwin_amd64'));
  bytes.writeUInt8(bytes.readUInt8(50_000_000) ^ 1, 50_000_000);
  expect(readMachO(bytes).signature?.brokenPages).toBe(1);
});

test('windows_amd64: a console program with its sections in place, and no signature that is another’s', async () => {
  const bytes = await program('windows_amd64');
  const { sections, imageSize, sectionAlignment, checksum, ...header } = readPortableExecutable(bytes);
  expect(header).toEqual({ machine: 0x8664, subsystem: 3, certificateBytes: 0 });
  expect(checksum.computed).toBe(checksum.told);
  let end = 0;
  let memoryEnd = 0;
  for (const section of sections) {
    expect(section.fileOffset).toBeGreaterThanOrEqual(end);
    expect(section.address).toBeGreaterThanOrEqual(memoryEnd);
    end = section.fileOffset + section.fileSize;
    memoryEnd = section.address + section.memorySize;
  }
  expect(end).toBe(bytes.length);
  expect(imageSize).toBe(Math.ceil(memoryEnd / sectionAlignment) * sectionAlignment);
});

describe('the npm package', () => {
  test('installs without a registry and runs', async () => {
    const prefix = await mkdtemp(join(scratch, 'npm-'));
    const flags = ['--offline', '--no-audit', '--no-fund', '--prefix', prefix];
    // Nothing can be in the cache of this folder.
    const env = { ...environment(), npm_config_cache: join(prefix, 'cache') };
    await run('npm', ['install', '-g', ...flags, join(release, npmPackage)], { env, cwd: prefix });
    const said = await run('kubectl', ['netdebug', 'version'], { env: environment(join(prefix, 'bin')) });
    expect(said).toBe(`kubectl-netdebug ${version} (linux/${process.arch})\n`);
    const own = join(prefix, 'lib/node_modules/kubectl-netdebug');
    expect((await readdir(own)).sort()).toEqual([
      'LICENSE',
      'README.md',
      'THIRD-PARTY-NOTICES.txt',
      'dist',
      'package.json',
    ]);
    expect(existsSync(join(prefix, 'lib/node_modules/kubectl-netdebug/node_modules'))).toBe(false);
  });

  test('of the project’s own folder holds the bundle too', async () => {
    const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
    const [packed] = JSON.parse(await run('npm', args, { cwd: sources })) as [{ files: { path: string }[] }];
    const top = new Set(packed.files.map(({ path }) => path.split('/').slice(0, 2).join('/')));
    expect([...top].sort()).toEqual(['LICENSE', 'README.md', 'dist/node', 'package.json']);
  });
});

test('the list of contents names every package of the bundle, the runtimes, and no place of its own', async () => {
  const text = await readFile(join(release, bill), 'utf8');
  const document = JSON.parse(text) as {
    bomFormat: string;
    serialNumber?: string;
    metadata: { timestamp?: string };
    components: { name: string; version: string; licenses: unknown[]; hashes: unknown[] }[];
  };
  expect(document.bomFormat).toBe('CycloneDX');
  expect(document).not.toHaveProperty('serialNumber');
  expect(document.metadata).not.toHaveProperty('timestamp');
  const named = new Set(document.components.map(({ name, version: of }) => `${name} ${of}`));
  const metafile = JSON.parse(await readFile(join(sources, 'dist/node.meta.json'), 'utf8')) as {
    inputs: object;
  };
  const bundled = new Set(
    Object.keys(metafile.inputs).flatMap(
      // Where the folder lies, as seen from the copied sources, does not matter.
      (input) => /^.*?(node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? [],
    ),
  );
  expect(bundled.size).toBeGreaterThan(20);
  for (const folder of bundled) {
    const own = JSON.parse(await readFile(`${root}${folder}/package.json`, 'utf8')) as Record<string, string>;
    expect(named).toContain(`${own.name ?? ''} ${own.version ?? ''}`);
  }
  for (const { runtime } of targets) expect(document.components.map(({ name }) => name)).toContain(runtime);
  for (const component of document.components) {
    expect(component.licenses).not.toEqual([]);
    expect(component.hashes).not.toEqual([]);
  }
});

test(
  'a second build, in another folder and time zone, gives the same bytes',
  async () => {
    const elsewhere = await mkdtemp(join(scratch, 'sources-elsewhere-'));
    await cp(sources, elsewhere, { recursive: true });
    const again = await mkdtemp(join(scratch, 'again-'));
    await buildRelease(elsewhere, again, ['darwin_amd64', 'windows_amd64'], {
      TZ: 'Pacific/Auckland',
      LANG: 'C',
    });
    const first = await readFile(join(release, 'checksums.txt'), 'utf8');
    const second = await readFile(join(again, 'checksums.txt'), 'utf8');
    // The list of contents is of what was built, here less.
    const lines = second.split('\n').filter((line) => line !== '' && !line.endsWith(bill));
    expect(lines.length).toBe(3);
    expect(first.split('\n')).toEqual(expect.arrayContaining(lines));
  },
  limitMs,
);

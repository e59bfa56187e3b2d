import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { buildSync } from 'esbuild';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterBundle } from '../cluster/bundle.js';
import { startTime } from '../cluster/dirs.js';
import { startCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';

const here = path.dirname(fileURLToPath(import.meta.url));

/** A process, named for good: its id, and when it was started. */
type Named = readonly [pid: number, started: string];

/** The processes below one. Nothing leaves such a tree: orphans in the cluster's process namespace stay below its first process. */
function below(root: number): Named[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended while we looked.
    }
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow).flatMap((pid) => {
    const started = startTime(pid);
    return started === undefined ? [] : [[pid, started] as const];
  });
}

function alive(processes: readonly Named[]): Named[] {
  return processes.filter(([pid, started]) => startTime(pid) === started);
}

/** Kills a process, unless it has ended in this very moment. */
function endAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function until(what: string, predicate: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!predicate()) {
    if (Date.now() > deadline) {
      throw new Error(`${what}: not within ${timeoutMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** `owner.ts` as one file, beside the cluster's, where its packages are found. */
const root = path.join(here, '..', '..');
const ownerScript = path.join('dist', 'test', 'owner.mjs');

beforeAll(() => {
  clusterBundle();
  buildSync({
    entryPoints: [path.join(here, 'owner.ts')],
    outfile: path.join(root, ownerScript),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    // The sources believe to be where they were, below whatever folder the script is found in.
    banner: { js: "const sourceUrl = new URL('../../test/cluster/bundle.ts', import.meta.url).href;" },
    define: { 'import.meta.url': 'sourceUrl' },
  });
}, 30_000);

const owners: ChildProcess[] = [];

const folders: string[] = [];

// A test that fails leaves nothing either.
afterEach(() => {
  owners.splice(0).forEach((child) => child.kill('SIGKILL'));
  folders.splice(0).forEach((folder) => rmdirSync(folder));
});

interface Owner {
  readonly child: ChildProcess;
  /** The line that it prints when its cluster runs. */
  readonly said: Readonly<Record<string, string>>;
}

/** Starts the owner of a cluster as a process of its own; `folder` is where it finds this repository. */
async function startOwner(prefix: readonly string[] = [], folder = root): Promise<Owner> {
  const argv = [...prefix, process.execPath, path.join(folder, ownerScript)];
  const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: 'pipe', cwd: '/' });
  owners.push(child);
  let out = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const started = (): boolean => {
    if (child.exitCode !== null) {
      throw new Error(`it ended: ${errors}`);
    }
    return out.includes('\n');
  };
  await until('the cluster of the other process', started, 20_000);
  return { child, said: JSON.parse(out) as Record<string, string> };
}

/** For root: nobody may not look into root's home, so the repository is shown elsewhere, to that process alone. */
async function startOwnerAsNobody(): Promise<Owner> {
  const folder = mkdtempSync(path.join(tmpdir(), 'netdebug-repository-'));
  folders.push(folder);
  const bind = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
  const elsewhere = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', bind, 'sh', root, folder];
  const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--reset-env'];
  return startOwner([...elsewhere, ...asNobody], folder);
}

/** Processes of a cluster with pods: at least `unshare`, the cluster itself and a pause process a pod. */
const fewest = 4;

function exited(child: ChildProcess): Promise<unknown> {
  return child.exitCode === null && child.signalCode === null
    ? new Promise((resolve) => child.once('exit', resolve))
    : Promise.resolve();
}

describe('a cluster', () => {
  test('with three pods starts quickly, and stop leaves nothing', async () => {
    const before = new Set(below(process.pid).map(([pid]) => pid));
    const names = ['one', 'two', 'three'];
    const cluster = await startCluster({ objects: names.map((name) => pod({ name })) });
    // The aim is one second on an idle machine; what is asserted leaves room for a busy one.
    process.stdout.write(`start of a cluster with three pods: ${Math.round(cluster.startedInMs)} ms\n`);
    expect(cluster.startedInMs).toBeLessThan(5_000);
    const processes = below(process.pid).filter(([pid]) => !before.has(pid));
    expect(processes.length).toBeGreaterThanOrEqual(fewest);
    await cluster.stop();
    expect(existsSync(cluster.dir)).toBe(false);
    await until('the end of its processes', () => alive(processes).length === 0);
  });

  test('ends with a harness that is killed, and leaves nothing', async () => {
    const { child, said } = await startOwner();
    const processes = below(child.pid ?? 0);
    expect(processes.length).toBeGreaterThanOrEqual(fewest);
    expect(existsSync(said.dir ?? '')).toBe(true);
    child.kill('SIGKILL');
    await until('the end of its processes', () => alive(processes).length === 0);
    await until('the end of its directory', () => !existsSync(said.dir ?? ''));
  });

  test('that is killed itself, its harness too, is cleaned up by the next start', async () => {
    const { child, said } = await startOwner();
    const dir = said.dir ?? '';
    const processes = below(child.pid ?? 0);
    // All at once: nobody is left to remove the directory.
    processes.forEach(([pid]) => process.kill(pid, 'SIGSTOP'));
    child.kill('SIGKILL');
    // What the kernel has ended with its parent by then is not there to be killed.
    for (const [pid] of alive(processes)) endAtOnce(pid);
    await Promise.all([
      exited(child),
      until('the end of its processes', () => alive(processes).length === 0),
    ]);
    // It may be gone already: any cluster that starts on this machine sweeps.
    const next = await startCluster();
    expect(existsSync(dir)).toBe(false);
    await next.stop();
  });

  test('runs for a user who is not root, and packets can be captured in it', async () => {
    const { child, said } = process.getuid?.() === 0 ? await startOwnerAsNobody() : await startOwner();
    child.kill('SIGKILL');
    expect(said).toMatchObject({ tcpdump: '0', isRoot: 'false', service: 'Connection refused' });
    expect(said.packets).toContain('ICMP echo request');
    expect(said.packets).toContain('1 packet captured');
    await until('the end of its directory', () => !existsSync(said.dir ?? ''));
  });

  test('says in one sentence when the kernel refuses the namespaces', async () => {
    // A user namespace around it whose owner allows no network namespaces below.
    const refusing = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"';
    await expect(startOwner(['unshare', '-r', 'sh', '-c', refusing, 'sh'])).rejects.toThrow(
      /this kernel does not let the local cluster make namespaces \(unshare: .*No space left on device\)/,
    );
  });

  test('has no way out', async () => {
    const cluster = await startCluster();
    const routes = await cluster.run(['ip', 'route', 'show', 'default']);
    expect(routes.stdout).toBe('');
    const host = readlinkSync('/proc/self/ns/net');
    expect((await cluster.run(['readlink', '/proc/self/ns/net'])).stdout.trim()).not.toBe(host);
    await cluster.stop();
  });
});

import { beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterBundle } from '../cluster/bundle.js';
import { startCluster } from '../cluster/harness.js';
import { pod } from '../cluster/manifests.js';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Ids of processes whose environment or arguments name a cluster's directory, and of all below them. */
function processesOf(dir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(dir) || namespacesNear(pid, dir);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Whether a process writes its output into the directory, as everything that the cluster starts does at first. */
function namespacesNear(pid: string, dir: string): boolean {
  return readFileSync(`/proc/${pid}/mountinfo`, 'latin1').includes(dir);
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
const ownerScript = path.join(here, '..', '..', 'dist', 'test', 'owner.mjs');

beforeAll(async () => {
  await clusterBundle();
  await build({
    entryPoints: [path.join(here, 'owner.ts')],
    outfile: ownerScript,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    define: { 'import.meta.url': JSON.stringify(new URL('../cluster/bundle.ts', import.meta.url).href) },
  });
}, 30_000);

interface Owner {
  readonly child: ChildProcess;
  /** The line that it prints when its cluster runs. */
  readonly said: Readonly<Record<string, string>>;
}

/** Starts the owner of a cluster as a process of its own. */
async function startOwner(prefix: readonly string[] = []): Promise<Owner> {
  const argv = [...prefix, process.execPath, ownerScript];
  const child = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
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

describe('a cluster', () => {
  test('with three pods starts quickly, and stop leaves nothing', async () => {
    await clusterBundle();
    const names = ['one', 'two', 'three'];
    const cluster = await startCluster({ objects: names.map((name) => pod({ name })) });
    // The aim is one second on an idle machine; what is asserted leaves room for a busy one.
    process.stdout.write(`start of a cluster with three pods: ${Math.round(cluster.startedInMs)} ms\n`);
    expect(cluster.startedInMs).toBeLessThan(5_000);
    const { dir } = cluster;
    expect(processesOf(dir).length).toBeGreaterThan(0);
    await cluster.stop();
    expect(existsSync(dir)).toBe(false);
    await until('the end of its processes', () => processesOf(dir).length === 0);
  });

  test('ends with a harness that is killed, and leaves nothing', async () => {
    const { child, said } = await startOwner();
    const dir = said.dir ?? '';
    expect(processesOf(dir).length).toBeGreaterThan(3);
    child.kill('SIGKILL');
    await until('the end of its processes', () => processesOf(dir).length === 0);
    await until('the end of its directory', () => !existsSync(dir));
  });

  test('that is killed itself, its harness too, is cleaned up by the next start', async () => {
    const { child, said } = await startOwner();
    const dir = said.dir ?? '';
    // Both at once: nobody is left to remove the directory.
    process.kill(Number(said.pid), 'SIGKILL');
    child.kill('SIGKILL');
    await until('the end of its processes', () => processesOf(dir).length === 0);
    expect(existsSync(dir)).toBe(true);
    const next = await startCluster();
    expect(existsSync(dir)).toBe(false);
    await next.stop();
  });

  test('runs for a user who is not root, and packets can be captured in it', async () => {
    const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--reset-env'];
    const { child, said } = await startOwner(process.getuid?.() === 0 ? asNobody : []);
    try {
      expect(said).toMatchObject({ tcpdump: '0', isRoot: 'false' });
      expect(said.packets).toContain('ICMP echo request');
      expect(said.packets).toContain('1 packet captured');
    } finally {
      child.kill('SIGKILL');
      await until('the end of its directory', () => !existsSync(said.dir ?? ''));
    }
  });

  test('has no way out', async () => {
    const cluster = await startCluster();
    const routes = await cluster.run(['ip', 'route', 'show', 'default']);
    expect(routes.stdout).toBe('');
    const host = execFileSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' });
    expect((await cluster.run(['readlink', '/proc/self/ns/net'])).stdout).not.toBe(host);
    await cluster.stop();
  });
});

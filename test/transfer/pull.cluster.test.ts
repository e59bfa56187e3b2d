/** Files out of real containers, and through faults. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunTool } from '../../src/tools/run.js';
import { runInContainer } from '../../src/transfer/container.js';
import { pod } from '../cluster/manifests.js';
import { startConnected, toolsIn, type Connected } from '../tools/in-pod.js';
import { clock } from '../tools/local.js';
import { listing, pulling } from './disk.js';

const megabytes = 60;

let cluster: Connected['cluster'];
let api: Connected['api'];
let stop: Connected['stop'];
let cwd: string;
/** sha256 of /tmp/big in the pod `web`. */
let big: string;

/** A small tree with everything in it, and a large file. */
const fill = `mkdir -p /tmp/tree/sub; cd /tmp/tree; echo one >a; echo two >sub/b; ln -s sub/b in; ln -s /etc/passwd out; mkfifo pipe`;

beforeAll(async () => {
  ({ cluster, api, stop } = await startConnected({
    nodes: 1,
    objects: [
      pod({ name: 'web' }),
      pod({ name: 'small', image: 'registry.example/busybox' }),
      pod({ name: 'user', image: 'registry.example/toolbox-nonroot' }),
      pod({
        name: 'read-only',
        image: 'registry.example/busybox',
        securityContext: { readOnlyRootFilesystem: true },
      }),
      pod({ name: 'bare', image: 'registry.example/distroless', command: ['/httpd', '-f', '-p', '8080'] }),
    ],
  }));
  await inside('web', `${fill}; head -c ${megabytes}000000 /dev/urandom >/tmp/big`);
  await inside('small', fill);
  big = (await inside('web', 'sha256sum </tmp/big')).slice(0, 64);
}, 60_000);
afterAll(() => stop());

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'netdebug-pull-'));
});
afterEach(async () => {
  rmSync(cwd, { recursive: true, force: true });
  await cluster.clearFaults();
});

async function inside(name: string, script: string): Promise<string> {
  const at = { namespace: 'default', pod: name, container: 'main' };
  const session = await api.exec({ ...at, argv: ['sh', '-c', script] });
  let said = '';
  for await (const chunk of session.stdout) said += String(chunk);
  expect(await session.done).toMatchObject({ kind: 'exited', exitCode: 0 });
  return said;
}

async function toolsOf(name: string, signal?: AbortSignal): Promise<RunTool> {
  return (await runInContainer(api, { namespace: 'default', pod: name }, undefined, { clock, signal })).run;
}

async function pull(name: string, remote: string, local: string) {
  const pulled = pulling({ run: await toolsOf(name) }, remote, local, { cwd });
  return { ...(await pulled.result), notes: pulled.notes };
}

function sha256Of(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Resolves when nothing of a transfer runs in the pod any more. */
async function nothingRuns(name: string): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    const all = await cluster.processes('default', name);
    const ours = all.filter(({ argv }) => /^(tar|tail|cat|sha256sum|find)$/.test(argv[0] ?? ''));
    if (ours.length === 0) return;
    if (Date.now() > until) throw new Error(`still there: ${JSON.stringify(ours)}`);
    await clock.sleep(50);
  }
}

describe('out of containers of all kinds', () => {
  const tree = { a: 'one\n', 'sub/': '', 'sub/b': 'two\n', in: '-> sub/b' };

  test.each(['web', 'small'])('a folder of %s, by its own tar', async (name) => {
    const { skipped, checked } = await pull(name, '/tmp/tree', 'tree');
    expect(listing(join(cwd, 'tree'))).toEqual(tree);
    expect(checked).toEqual({ kind: 'same', files: 2 });
    expect(skipped.map((one) => one.name).sort()).toEqual(['out', 'pipe']);
  });

  test('a file of a container with a read-only root, and of one whose user is not root', async () => {
    expect(await pull('read-only', '/etc/passwd', 'r')).toMatchObject({ checked: { kind: 'same' } });
    expect(await pull('user', '/etc/passwd', 'u')).toMatchObject({ checked: { kind: 'same' } });
  });

  test('out of the debug container, and out of another one through its target', async () => {
    const options = { target: 'main', fresh: true };
    const run = await toolsIn(api, 'default', 'small', 'none', options);
    const { result } = pulling({ run }, '/proc/1/root/tmp/tree', 'tree', { cwd });
    expect(await result).toMatchObject({ checked: { kind: 'same', files: 2 } });
    expect(listing(join(cwd, 'tree'))).toEqual(tree);
  });

  test('without tar: a file by cat, a folder not at all', async () => {
    const run = await toolsOf('web');
    // A PATH in which there is everything but tar; the shell of busybox would find its own all the same.
    const programs = 'sh cat tail head stat wc sha256sum find sleep';
    await inside(
      'web',
      `mkdir /tmp/bin; for p in ${programs}; do ln -s "$(command -v $p)" /tmp/bin/$p; done; echo hello >/tmp/f`,
    );
    const without: RunTool = (argv) => run(['env', 'PATH=/tmp/bin', ...argv]);
    const { result } = pulling({ run: without }, '/tmp/f', 'f', { cwd });
    expect(await result).toMatchObject({ bytes: 6, checked: { kind: 'same' } });
    expect(listing(cwd)).toEqual({ f: 'hello\n' });
    await expect(pulling({ run: without }, '/tmp', 'x', { cwd }).result).rejects.toMatchObject({
      exitCode: 6,
      message: 'The container has no tar, which a folder needs.',
    });
  });

  test('not out of one without a shell, and what works is said', async () => {
    await expect(pull('bare', '/httpd', 'x')).rejects.toMatchObject({
      exitCode: 6,
      hint: expect.stringContaining('--target CONTAINER') as unknown,
    });
    expect(readdirSync(cwd)).toEqual([]);
  });
});

describe('a large file', () => {
  test(`of ${megabytes} MB, through connections that are cut again and again`, async () => {
    for (const [index, how] of (['reset', 'end', 'reset'] as const).entries()) {
      await cluster.fault({
        kind: 'drop',
        // The first exec looks; those after it bring the file.
        match: { path: '/pods/web/exec', upgrade: true, skip: 1 + index },
        afterBytes: 9_000_000 + index * 7_000_000,
        how,
      });
    }
    const { notes, bytes, checked } = await pull('web', '/tmp/big', 'big');
    expect(notes).toHaveLength(3);
    expect(notes[0]).toMatch(/^the connection was lost after .* of 60\.0 MB; going on from there$/);
    expect({ bytes, checked }).toEqual({ bytes: megabytes * 1e6, checked: { kind: 'same', files: 1 } });
    expect(sha256Of(join(cwd, 'big'))).toBe(big);
    expect(readdirSync(cwd)).toEqual(['big']);
    await nothingRuns('web');
  }, 60_000);

  test('while the API server restarts', async () => {
    await cluster.fault({ kind: 'throttle', match: { path: '/exec', times: 2 }, bytesPerSecond: 20_000_000 });
    let restarted: Promise<void> | undefined;
    const { result } = pulling({ run: await toolsOf('web') }, '/tmp/big', 'big', {
      cwd,
      onShow: () => {
        restarted ??= cluster.restartApiServer({ downMs: 300 });
      },
    });
    expect(await result).toMatchObject({ checked: { kind: 'same' } });
    await restarted;
    expect(sha256Of(join(cwd, 'big'))).toBe(big);
  }, 60_000);

  test('Ctrl-C in the middle: nothing runs there, no half file, and the next goes on', async () => {
    const controller = new AbortController();
    const { result } = pulling(
      { run: await toolsOf('web', controller.signal), signal: controller.signal },
      '/tmp/big',
      'big',
      { cwd, onShow: () => controller.abort() },
    );
    await expect(result).rejects.toMatchObject({ exitCode: 130 });
    expect(readdirSync(cwd)).toEqual(['big.partial']);
    await nothingRuns('web');
    const { notes } = await pull('web', '/tmp/big', 'big');
    expect(notes[0]).toMatch(/^going on after the /);
    expect(sha256Of(join(cwd, 'big'))).toBe(big);
  });
});

test('a folder whose connection is cut is begun anew', async () => {
  await inside('web', 'mkdir -p /tmp/two; cp /tmp/big /tmp/two/one; cp /etc/passwd /tmp/two/other');
  const fault = await cluster.fault({
    kind: 'drop',
    match: { path: 'command=tar&command=cf', upgrade: true },
    afterBytes: 20_000_000,
    how: 'reset',
  });
  const { notes, checked } = await pull('web', '/tmp/two', 'two');
  expect(await cluster.faultHits(fault)).toBe(1);
  expect(notes).toEqual(['the connection was lost; beginning the folder anew']);
  expect(checked).toEqual({ kind: 'same', files: 2 });
  expect(sha256Of(join(cwd, 'two/one'))).toBe(big);
}, 60_000);

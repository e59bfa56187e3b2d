import {
  execFileSync,
  spawn,
  type ChildProcessByStdio,
  type ChildProcessWithoutNullStreams,
} from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** The shells that debug images have, as argv prefixes. */
export const shells: readonly (readonly [string, readonly string[]])[] = [
  ['dash', ['dash']],
  // With SHLVL bash does not take a stdin that is a socket (as ours is here) for a login over the network, which reads ~/.bashrc.
  ['bash', ['bash']],
  ['busybox ash', ['busybox', 'sh']],
];

/** Starts `['sh', ...]` with another shell in sh's place, as an exec in a container would: own session, own environment. */
export function start(
  shell: readonly string[],
  command: readonly string[],
  id: string,
): ChildProcessWithoutNullStreams {
  const [program = 'sh', ...first] = shell;
  return spawn(program, [...first, ...command.slice(1)], {
    detached: true,
    env: { PATH: process.env.PATH, SHLVL: '2', NETDEBUG_ID: id },
  });
}

/**
 * The same with a stdin that stays open when the process is gone (Node would close its own pipe then), as the node holds it
 * for ten seconds after a v4 connection was cut. `endInput` closes it.
 */
export function startHeld(
  shell: readonly string[],
  command: readonly string[],
  id: string,
): { readonly child: ChildProcessByStdio<null, Readable, Readable>; readonly endInput: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-test-'));
  const path = join(folder, 'stdin');
  execFileSync('mkfifo', [path]);
  const both = openSync(path, 'r+');
  const reader = openSync(path, 'r');
  const writer = openSync(path, 'w');
  closeSync(both);
  const [program = 'sh', ...first] = shell;
  const child = spawn(program, [...first, ...command.slice(1)], {
    detached: true,
    stdio: [reader, 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, SHLVL: '2', NETDEBUG_ID: id },
  }) as ChildProcessByStdio<null, Readable, Readable>;
  closeSync(reader);
  rmSync(folder, { recursive: true });
  return {
    child,
    endInput: () => {
      closeSync(writer);
    },
  };
}

/** The processes that carry this id in their environment: pid and argv. Zombies have neither and are not listed. */
export function processesOf(
  id: string,
): readonly { readonly pid: number; readonly argv: readonly string[] }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
        if (!environment.includes(`NETDEBUG_ID=${id}`)) return [];
        const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1);
        return [{ pid: Number(name), argv }];
      } catch {
        return [];
      }
    });
}

/** Asks again until it holds; the limit is only there to fail a test that would hang. */
export async function until(holds: () => boolean, limitMs = 15_000): Promise<void> {
  const end = Date.now() + limitMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`did not come true within ${limitMs} ms: ${String(holds)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Everything a process wrote, and how it ended. */
export async function outcome(
  child: ChildProcessByStdio<Writable | null, Readable, Readable>,
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** An id of its own for every test, so that the processes and directories of two tests never meet. */
export function freshId(): string {
  return `test-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
}

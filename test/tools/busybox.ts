import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalSession } from './local.js';
import { withNetns } from './netns.js';

/** Runs `use` in a network namespace of its own with tools that see the programs of busybox and no others. */
export async function withBusybox(
  use: (run: (argv: readonly string[]) => Promise<LocalSession>) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-busybox-'));
  try {
    const [path = ''] = execFileSync('sh', ['-c', 'command -v busybox']).toString().split('\n');
    for (const applet of execFileSync(path, ['--list']).toString().trim().split('\n'))
      symlinkSync(path, join(folder, applet));
    await withNetns(({ run }) => use((argv) => run(['env', `PATH=${folder}`, ...argv])));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

import { expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { CaptureSummary } from '../../src/capture/summary.js';
import { expectWhole } from './sinks.js';

test('a disk that is really full: the capture stops, and the file opens', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-full-'));
  try {
    const script = join(folder, 'client.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('full-disk-client.ts', import.meta.url))],
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
    });
    const disk = join(folder, 'disk');
    // A mount namespace of its own (a user namespace as well, so that it works without root).
    const steps = 'mkdir "$1" && mount -t tmpfs -o size=64k none "$1" && exec "$2" "$3" "$1/x.pcap"';
    const { stdout } = await promisify(execFile)('unshare', [
      '-rm',
      'sh',
      '-c',
      steps,
      'x',
      disk,
      process.execPath,
      script,
    ]);
    const { summary, file } = JSON.parse(stdout) as { summary: CaptureSummary; file: string };
    const { endedBy, exit, problems, packets, bytes } = summary;
    expect({ endedBy, exit }).toEqual({ endedBy: 'sink', exit: 8 });
    expect(problems[0]).toMatch(/no space left on the disk/);
    const content = Buffer.from(file, 'base64');
    expect(content.length).toBe(bytes);
    expect(packets).toBe(Math.floor((65_536 - 24) / 1016));
    expectWhole(content, packets);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

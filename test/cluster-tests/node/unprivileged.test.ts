/** The nodes without root: in the user namespace that sandbox.ts makes for such a caller. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sandboxArgv } from '../../cluster/node/sandbox.js';
import type { Report } from './unprivileged-nodes.js';

const nobody = 65_534;

/** For a caller who is root: a user namespace in which they are nobody, and have no capabilities. */
const becomeNobody = ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`];

const isRoot = process.getuid?.() === 0;

let report: Report;

beforeAll(async () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'netdebug-unprivileged-'));
  const program = path.join(dir, 'nodes.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('unprivileged-nodes.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  const argv = [
    ...(isRoot ? becomeNobody : []),
    ...sandboxArgv([process.execPath, program], isRoot ? nobody : undefined),
  ];
  try {
    const { stdout } = await promisify(execFile)(argv[0] ?? '', argv.slice(1), {
      timeout: 50_000,
      env: { ...process.env, TMPDIR: dir },
    });
    report = JSON.parse(stdout) as Report;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);

describe('without root', () => {
  test('the cluster runs as a user other than root', () => {
    expect(report.uid).toBe(isRoot ? nobody : process.getuid?.());
  });

  test('pods of different nodes reach each other', () => {
    expect(report.outcomes.ping).toMatchObject({ code: 0, stderr: '' });
  });

  test('tcpdump captures; without NET_RAW it is refused', () => {
    expect(report.outcomes.capture).toMatchObject({ code: 0 });
    expect(report.outcomes.capture?.stderr).toContain('1 packet captured');
    expect(report.outcomes.refused).toMatchObject({ code: 1 });
    expect(report.outcomes.refused?.stderr).toContain("You don't have permission to perform this capture");
  });

  test('capabilities are those of a container', () => {
    expect(report.outcomes.capabilities?.stdout).toBe(
      'CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\n',
    );
  });

  test('a user of the image other than root is that user, without capabilities', () => {
    expect(report.outcomes.nonroot?.stdout).toBe('65532\n65532\nCapEff:\t0000000000000000\n      1\n');
  });

  test('the root can be written, terminals are there', () => {
    expect(report.outcomes.written).toEqual({ code: 0, stdout: 'x\n', stderr: '' });
    expect(report.outcomes.terminals).toMatchObject({ code: 0 });
  });
});

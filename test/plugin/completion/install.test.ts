/** `completion SHELL`, and the launcher that kubectl calls. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launcherText } from '../../../plugin/completion/launcher.js';
import { runWords } from '../environment.js';

const shipped = fileURLToPath(
  new URL('../../../plugin/completion/kubectl_complete-netdebug', import.meta.url),
);

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netdebug-launcher-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('the launcher of the archives is the one that is printed, and can be run', async () => {
  expect(await readFile(shipped, 'utf8')).toBe(launcherText);
  expect((await stat(shipped)).mode & 0o111).toBe(0o111);
  expect((await runWords(['completion', 'kubectl'])).out).toBe(launcherText);
});

describe('--install', () => {
  const install = (path = folder) =>
    runWords(['completion', 'kubectl', '--install', path], {
      env: { PATH: `/bin:${folder}` },
      cwd: tmpdir(),
    });

  test('writes it, and writes it again', async () => {
    const path = join(folder, 'kubectl_complete-netdebug');
    for (const code of [0, 0]) {
      expect(await install()).toEqual({ code, out: `${path}\n`, err: '' });
      expect(await readFile(path, 'utf8')).toBe(launcherText);
      expect((await stat(path)).mode & 0o777).toBe(0o755);
    }
  });

  test('says when kubectl will not find it', async () => {
    const { code, err } = await install(join(folder, 'new'));
    expect([code, err]).toEqual([0, expect.stringContaining('is not on PATH')]);
  });

  test('leaves alone what is not ours', async () => {
    const path = join(folder, 'kubectl_complete-netdebug');
    await writeFile(path, '#!/bin/sh\n');
    const { code, err } = await install();
    expect([code, err]).toEqual([2, expect.stringContaining('was not written by kubectl netdebug')]);
    expect(await readFile(path, 'utf8')).toBe('#!/bin/sh\n');
  });

  test('on Windows it is the executable itself, under that name', async () => {
    const executable = join(folder, 'kubectl-netdebug.exe');
    await writeFile(executable, 'MZ');
    const windows = { platform: 'win32', env: { PATH: folder }, cwd: folder } as const;
    const argv = ['completion', 'kubectl', '--install', folder];
    for (const code of [0, 0]) {
      const path = join(folder, 'kubectl_complete-netdebug.exe');
      expect(await runWords(argv, { ...windows, program: [executable] })).toMatchObject({
        code,
        out: `${path}\n`,
      });
      expect(await readFile(path, 'utf8')).toBe('MZ');
    }
    const onNode = await runWords(argv, { ...windows, program: ['node.exe', 'main.js'] });
    expect([onNode.code, onNode.err]).toEqual([2, expect.stringContaining('only the executable')]);
    expect((await runWords(['completion', 'kubectl'], windows)).err).toContain('--install DIR');
  });

  test('says what is in its way', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const { code, err } = await install(file);
    expect([code, err]).toEqual([2, expect.stringContaining(`cannot write ${file}`)]);
  });
});

test.each([
  [['completion'], 'SHELL is missing'],
  [['completion', 'tcsh'], 'is not one of bash, zsh, fish, powershell, kubectl'],
  [['completion', 'bash', '--install', '/x'], '--install goes with kubectl'],
  [['completion', 'kubectl', '--install='], 'is empty'],
])('%j is refused', async (argv, sentence) => {
  const { code, err } = await runWords(argv);
  expect([code, err]).toEqual([2, expect.stringContaining(sentence)]);
});

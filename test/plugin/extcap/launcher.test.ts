/** What `wireshark install` writes, where, and what it leaves alone. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { defaultFolder, launcherText, parseFolders, shellWord } from '../../../plugin/extcap/launcher.js';
import { runWords } from '../environment.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'netdebug-launcher-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const program = ['/opt/kubectl-netdebug'];
const folder = (): string => join(dir, 'a folder', 'extcap');
const file = (): string => join(folder(), 'kubectl-netdebug-extcap');
const wireshark = (...words: readonly string[]) =>
  runWords(['wireshark', ...words, '--path', folder()], { program, env: { PATH: '/bin:/o p' } });

describe('install', () => {
  test('writes a launcher that can be run, and says so', async () => {
    const { code, out, err } = await wireshark('install', '-A', '-n', 'shop', '--context', "it's");
    expect({ code, out }).toEqual({ code: 0, out: `written: ${file()}\n` });
    expect(err).toContain('Wireshark lists the pods');
    expect(statSync(file()).mode & 0o111).toBe(0o111);
    expect(readFileSync(file(), 'utf8')).toBe(
      [
        '#!/bin/sh',
        '# Written by: kubectl netdebug wireshark install',
        "PATH=$PATH:'/bin:/o p'",
        'export PATH',
        `exec /opt/kubectl-netdebug extcap --all-namespaces --namespace=shop '--context=it'\\''s' "$@"`,
        '',
      ].join('\n'),
    );
    expect(readdirSync(folder())).toEqual(['kubectl-netdebug-extcap']);
  });

  test('replaces its own, and leaves the file of somebody else alone', async () => {
    await wireshark('install');
    expect(await wireshark('install')).toMatchObject({ code: 0, out: `replaced: ${file()}\n` });
    writeFileSync(file(), '#!/bin/sh\necho mine\n');
    const { code, err } = await wireshark('install');
    expect(code).toBe(2);
    expect(err).toContain('left alone');
    expect(readFileSync(file(), 'utf8')).toContain('echo mine');
    expect((await wireshark('uninstall')).code).toBe(2);
    expect(existsSync(file())).toBe(true);
  });

  test('writes no token into a file, and no wrong flag', async () => {
    expect((await wireshark('install', '--token', 'secret')).code).toBe(2);
    expect((await wireshark('install', '-n', 'Not A Name')).code).toBe(2);
    expect((await wireshark('instal')).code).toBe(2);
    expect(existsSync(file())).toBe(false);
  });

  test('says where it cannot write', async () => {
    mkdirSync(join(dir, 'a folder'));
    writeFileSync(folder(), '');
    const { code, err } = await wireshark('install');
    expect(code).toBe(2);
    expect(err).toContain('cannot write');
  });
});

test('uninstall removes the launcher, and is content when there is none', async () => {
  await wireshark('install');
  expect(await wireshark('uninstall')).toMatchObject({ code: 0, out: `removed: ${file()}\n` });
  expect(existsSync(file())).toBe(false);
  expect(await wireshark('uninstall')).toMatchObject({
    code: 0,
    out: `nothing to remove: there is no ${file()}\n`,
  });
});

test('a shell gives every word back as it was', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string().filter((text) => !text.includes('\0')),
        { minLength: 1, maxLength: 4 },
      ),
      (words) => {
        const said = execFileSync('sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`]);
        expect(said.toString().split('\0').slice(0, -1)).toEqual(words);
      },
    ),
    { numRuns: 30 },
  );
});

test('for Windows it is a batch file', () => {
  const text = launcherText({
    platform: 'win32',
    program: ['C:\\Program Files\\kubectl-netdebug.exe'],
    args: ['--context=100%'],
    path: 'C:\\bin',
    kubeconfig: undefined,
  });
  expect(text.split('\r\n')).toEqual([
    '@echo off',
    'rem Written by: kubectl netdebug wireshark install',
    'setlocal',
    'set "PATH=%PATH%;C:\\bin"',
    '"C:\\Program Files\\kubectl-netdebug.exe" "extcap" "--context=100%%" %*',
    '',
  ]);
});

describe('the folder', () => {
  test('is below the personal configuration, or has a name of its own since Wireshark 4.2', () => {
    const old =
      'Temp:\t/tmp\nPersonal configuration:\t/home/ada/.config/wireshark\nExtcap path:\t/usr/lib/extcap\n';
    expect(parseFolders(old, 'linux')).toBe('/home/ada/.config/wireshark/extcap');
    const now = `${old}Personal Extcap path:\t/home/ada/.local/lib/wireshark/extcap\n`;
    expect(parseFolders(now, 'linux')).toBe('/home/ada/.local/lib/wireshark/extcap');
    expect(parseFolders('tshark: unknown\n', 'linux')).toBeUndefined();
  });

  test('is where it has been for long when nobody can be asked', () => {
    expect(defaultFolder('linux', {}, '/home/ada')).toBe('/home/ada/.config/wireshark/extcap');
    expect(defaultFolder('darwin', { XDG_CONFIG_HOME: '/x' }, '/home/ada')).toBe('/x/wireshark/extcap');
    expect(defaultFolder('win32', { APPDATA: 'C:\\Roaming' }, 'C:\\ada')).toBe(
      'C:\\Roaming\\Wireshark\\extcap',
    );
  });
});

/** What doctor says of this machine, and how it prints what comes from elsewhere. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// jest cannot load two modules at a time that import a third; loaded here, they are there when the command asks for them.
import '../../plugin/doctor.js';
import '../../src/kube/connect.js';
import { coloursFor } from '../../plugin/print/colour.js';
import { doctorText, tallyText, type DoctorReport } from '../../plugin/print/doctor.js';
import { rolesYaml, useOf } from '../../src/doctor/uses.js';
import { runWords } from './environment.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-doctor-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A PATH with a Wireshark of this version, whose tshark names its extcap folder. */
function desk(version: string): { readonly PATH: string; readonly DISPLAY: string } {
  const path = join(folder, version);
  const extcap = join(path, 'extcap');
  mkdirSync(extcap, { recursive: true });
  const script = (name: string, text: string): void => {
    writeFileSync(join(path, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(path, name), 0o755);
  };
  script('wireshark', `echo 'Wireshark ${version} (v${version}).'`);
  script('tshark', `echo 'Personal Extcap path: ${extcap}'`);
  return { PATH: path, DISPLAY: ':0' };
}

async function here(env: Readonly<Record<string, string>>) {
  const words = ['doctor', '--kubeconfig', join(folder, 'nosuch'), '-o', 'json'];
  const { code, out } = await runWords(words, { env });
  expect(code).toBe(4);
  const { checks } = JSON.parse(out) as {
    readonly checks: readonly { readonly id: string; readonly state: string; readonly message: string }[];
  };
  return (id: string) => checks.find((check) => check.id === id);
}

describe('Wireshark', () => {
  test('its version, and whether pods are in its list', async () => {
    const env = desk('4.2.1');
    const before = await here(env);
    expect(before('wireshark')).toMatchObject({
      state: 'ok',
      message: expect.stringContaining('4.2.1') as unknown,
    });
    expect(before('extcap')?.message).toContain('not in its list');
    const install = await runWords(['wireshark', 'install'], { env });
    expect(install.code).toBe(0);
    expect((await here(env))('extcap')?.message).toContain('are in its list');
  });

  test('one that is too old is a warning; none is one only where there is a desktop', async () => {
    expect((await here(desk('3.2.0')))('wireshark')).toMatchObject({ state: 'warning' });
    expect((await here({ PATH: folder }))('wireshark')).toMatchObject({ state: 'ok' });
    expect((await here({ PATH: folder, DISPLAY: ':0' }))('wireshark')).toMatchObject({ state: 'warning' });
  });
});

describe('the text', () => {
  const plain = coloursFor('stdout', 'never', {
    env: {},
    isTTY: { stdin: false, stdout: false, stderr: false },
  });
  const missing = { id: 'rights-logs', area: 'rights', state: 'missing', message: 'm' } as const;
  const report: DoctorReport = {
    context: 'c',
    server: 's',
    namespace: 'shop',
    target: 'shop/pod/web',
    checks: [
      { id: 'a', area: 'target', state: 'ok', message: 'fine' },
      missing,
      {
        id: 'b',
        area: 'cluster',
        state: 'warning',
        message: 'evil \u001b[31mred',
        details: ['one\ntwo'],
        advice: 'do\nthat',
      },
    ],
    rights: [{ use: 'logs', check: missing, rights: [], roles: rolesYaml(useOf('logs'), 'shop') }],
  };

  test('areas in their order, details and advice under their line, no control characters', () => {
    const text = doctorText(report, ['debug'], plain);
    expect(text).toBe(
      [
        'cluster',
        `  warning   evil ${text.split('\n')[1]?.slice(17) ?? ''}`,
        '            one',
        '            two',
        '            → do',
        '              that',
        '',
        'rights in namespace shop',
        '  missing   m',
        '',
        'target shop/pod/web',
        '  ok        fine',
        '',
      ].join('\n'),
    );
    expect(text).not.toContain('\u001b');
  });

  test('roles at the end, of what is wanted only', () => {
    expect(doctorText(report, ['debug'], plain)).not.toContain('kind: Role');
    expect(doctorText(report, ['logs'], plain)).toMatch(
      /\nroles for logs.*\n {2}apiVersion: .*\n {2}kind: Role\n/,
    );
  });

  test('the count', () => {
    expect(tallyText(report.checks)).toBe('1 ok, 1 warning, 1 missing');
  });
});

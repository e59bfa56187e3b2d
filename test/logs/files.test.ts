import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLogFiles } from '../../src/logs/files.js';
import { runWords } from '../plugin/environment.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netdebug-logs-'));
  mkdirSync(join(folder, 'shop/web-0'), { recursive: true });
  mkdirSync(join(folder, 'shop/api-0'), { recursive: true });
  writeFileSync(
    join(folder, 'shop/web-0/app.log'),
    '2026-11-22T10:00:01Z dial tcp 10.0.0.1:80: connect: connection refused\nfine\n2026-11-22T10:05:01Z dial tcp 10.0.0.1:80: connect: connection refused\n',
  );
  writeFileSync(
    join(folder, 'shop/web-0/app.previous.log'),
    'listen tcp :80: bind: address already in use\n',
  );
  // As cluster-info dump lays it out.
  writeFileSync(
    join(folder, 'shop/api-0/logs.txt'),
    '==== START logs for container app of pod shop/api-0 ====\nRBAC: access denied\n==== END logs for container app of pod shop/api-0 ====\n',
  );
  writeFileSync(join(folder, 'shop/pods.json'), '{}');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('logs in files', () => {
  test('are found by where they lie', async () => {
    expect(await findLogFiles([folder])).toMatchObject([
      { namespace: 'shop', pod: 'api-0', container: 'logs', previous: false },
      { namespace: 'shop', pod: 'web-0', container: 'app', previous: false },
      { namespace: 'shop', pod: 'web-0', container: 'app', previous: true },
    ]);
    expect(await findLogFiles([join(folder, 'shop/web-0/app.log')])).toHaveLength(1);
  });

  test('are read without a cluster', async () => {
    const { code, out, err } = await runWords(['logs', '-f', folder]);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^2 +connection-refused +10\.0\.0\.1:80 +2026-11-22T10:05:01Z +█····█ +ND102,ND302 +shop\/web-0\/app$/m,
    );
    expect(out).toMatch(/^1 +mesh-access-denied /m);
    expect(out).toMatch(/^1 +address-in-use .*\(previous\)$/m);
    expect(err).toContain('3 logs with 7 lines read: 4 speak of network trouble');
  });

  test.each([
    ['never', 0],
    ['warning', 1],
  ])('--fail-on %s', async (severity, code) => {
    expect((await runWords(['logs', '-f', folder, '--fail-on', severity])).code).toBe(code);
  });

  test('a file that is not there, and a folder without logs', async () => {
    expect((await runWords(['logs', '-f', join(folder, 'nosuch')])).code).toBe(2);
    mkdirSync(join(folder, 'empty'));
    const { code, err } = await runWords(['logs', '-f', join(folder, 'empty')]);
    expect(code).toBe(2);
    expect(err).toContain('no logs in it');
  });

  test.each([
    [['logs'], 'TARGET is missing'],
    [['logs', '-A', 'web'], '-A goes with -l'],
    [['logs', '--path', 'web'], 'TO is missing'],
    [['logs', '-f', 'x', '--follow'], '--follow does not go with --filename'],
    [['logs', 'web', '--around', '21'], 'not a number of lines from 0 to 20'],
    [['logs', 'web', '--since', 'soon'], '--since'],
    [['logs', 'web', '--fail-on', 'info'], '--fail-on'],
  ])('%j is refused', async (words, sentence) => {
    const { code, err } = await runWords(words);
    expect(code).toBe(2);
    expect(err).toContain(sentence);
  });
});

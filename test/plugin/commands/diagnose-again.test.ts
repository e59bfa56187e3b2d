/** `diagnose --verify`, `--baseline`, `--expect`, `--write-expect`: what is kept, compared and written. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { diagnoseCommand, parseDiagnose } from '../../../plugin/commands/diagnose.js';
import { parseWords } from '../../../plugin/options/parse.js';
import { runWords } from '../environment.js';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/diagnose/${name}.yaml`, import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netdebug-again-'));
  await mkdir(join(folder, 'home'));
});
afterEach(() => rm(folder, { recursive: true }));

const run = (...words: string[]) =>
  runWords(['diagnose', ...words], { homeDir: join(folder, 'home'), cwd: folder, env: {} });
const ask = (...words: string[]) =>
  run('web-0', 'svc/api:80', '-n', 'shop', '-f', join(folder, 'all.yaml'), ...words);
const cluster = (name: string) => copyFile(fixture(name), join(folder, 'all.yaml'));

describe('--verify', () => {
  test('says what changed since the last answer to the same question, and exits by the new verdict', async () => {
    await cluster('ND204-service-port');
    expect((await ask()).code).toBe(1);
    const still = await ask('--verify');
    expect(still.code).toBe(1);
    expect(still.out).toContain('  changed  still UNREACHABLE because ND204\n           same ND204 ');
    await cluster('healthy-service');
    const mended = await ask('--verify', '-o', 'json');
    expect(mended.code).toBe(0);
    expect(JSON.parse(mended.out)).toMatchObject({
      verdict: 'REACHABLE',
      compared: {
        before: { verdict: 'UNREACHABLE', because: ['ND204'] },
        gone: [{ code: 'ND204' }, { code: 'ND202' }],
        fresh: [],
        same: [],
      },
    });
  });

  test('alone asks the last question again', async () => {
    await cluster('ND204-service-port');
    await ask();
    await cluster('healthy-service');
    const { code, out, err } = await run('--verify');
    expect({ code, err }).toEqual({
      code: 0,
      err: `asking again: diagnose web-0 svc/api:80 -n shop -f ${join(folder, 'all.yaml')}\n`,
    });
    expect(out).toContain('was UNREACHABLE because ND204, now REACHABLE');
  });

  test('keeps codes and names for the person alone, and no word of a message', async () => {
    await cluster('ND204-service-port');
    await ask();
    const kept = join(folder, 'home/.cache/kubectl-netdebug/answers');
    const [name = '', ...others] = await readdir(kept);
    expect(others).toEqual([]);
    expect(name).toMatch(/^[0-9a-f]{64}\.json$/);
    expect((await stat(kept)).mode & 0o777).toBe(0o700);
    expect((await stat(join(kept, name))).mode & 0o777).toBe(0o600);
    const text = await readFile(join(kept, name), 'utf8');
    expect(text).toContain('ND204');
    expect(text).not.toMatch(/message|evidence|kubectl/);
  });

  test.each([
    [['web-0', 'svc/api:80', '--verify'], 'no earlier answer'],
    [['--verify'], 'nothing was asked yet'],
  ])('%j without an earlier answer is refused', async (words, sentence) => {
    await cluster('healthy-service');
    const { code, out, err } = await run(...words, '-n', 'shop', '-f', join(folder, 'all.yaml'));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(sentence);
  });

  test('a home that is not there is not made, and the answer is given all the same', async () => {
    await cluster('healthy-service');
    await rm(join(folder, 'home'), { recursive: true });
    expect((await ask()).code).toBe(0);
    expect(await readdir(folder)).toEqual(['all.yaml']);
  });
});

describe('--baseline', () => {
  test('compares with a document of -o json', async () => {
    await cluster('ND204-service-port');
    await writeFile(join(folder, 'before.json'), (await ask('-o', 'json')).out);
    await cluster('healthy-service');
    expect((await ask('--baseline', 'before.json')).out).toContain(
      'was UNREACHABLE because ND204, now REACHABLE',
    );
  });

  test.each([
    ['{}', 'is no diagnosis that -o json wrote'],
    ['nonsense', 'cannot read before.json'],
  ])('%j is refused', async (text, sentence) => {
    await cluster('healthy-service');
    await writeFile(join(folder, 'before.json'), text);
    const { code, err } = await ask('--baseline', 'before.json');
    expect(code).toBe(2);
    expect(err).toContain(sentence);
  });
});

describe('--expect', () => {
  const expectations = (...words: string[]) =>
    run('--expect', 'flows.yaml', '-n', 'shop', '-f', join(folder, 'all.yaml'), ...words);

  test('holds what --write-expect wrote against files, in every format', async () => {
    await cluster('ND204-service-port');
    const written = await ask('--write-expect', 'flows.yaml');
    expect(written.err).toBe('flows.yaml now expects pod/web-0 → service/api:80 to be unreachable\n');
    expect(await expectations()).toEqual({
      code: 0,
      err: expect.stringContaining('flow 1 of 1'),
      out: `RESULT   FROM        TO               EXPECTED            VERDICT
ok       pod/web-0   service/api:80   unreachable ND204   UNREACHABLE
1 of 1 flows as expected, 0 not, 0 could not be told
`,
    });
    await cluster('healthy-service');
    const failed = await expectations();
    expect(failed.code).toBe(1);
    expect(failed.out).toContain('unreachable was expected, it is REACHABLE (no finding)');
    expect((await expectations('-o', 'junit')).out).toContain('failures="1"');
    expect(JSON.parse((await expectations('-o', 'json')).out)).toMatchObject({
      apiVersion: 'netdebug/v1',
      kind: 'ExpectationResults',
      flows: [{ result: 'failed', verdict: 'REACHABLE', found: [] }],
    });
    // Written down again, it is expected as it is now.
    await ask('--write-expect', 'flows.yaml');
    expect((await expectations()).code).toBe(0);
  });

  test('tells what cannot be told, and what does not exist', async () => {
    await cluster('ND208-ipblock');
    const flows = (from: string) =>
      writeFile(
        join(folder, 'flows.yaml'),
        `apiVersion: netdebug/v1\nkind: Expectations\nflows:\n  - {from: ${from}, to: "svc/api:80", expect: reachable}\n`,
      );
    await flows('web-0');
    expect(await expectations('-q')).toMatchObject({ code: 3, err: '' });
    await flows('gone');
    const { code, out } = await expectations();
    expect(code).toBe(1);
    expect(out).toMatch(/FAILED +gone .*<none>/);
  });

  test('of a file that is wrong names the place', async () => {
    await cluster('healthy-service');
    await writeFile(
      join(folder, 'flows.yaml'),
      'apiVersion: netdebug/v1\nkind: Expectations\nflows:\n  - from: a\n',
    );
    const { code, err } = await expectations();
    expect(code).toBe(2);
    expect(err).toContain('flows.yaml: line 4: flows[0].to: ');
  });

  test('what is not certain is not written down', async () => {
    await cluster('ND208-ipblock');
    const { err } = await ask('--write-expect', 'flows.yaml');
    expect(err).toContain('was not written: the verdict is UNDETERMINED');
    expect(await readdir(folder)).not.toContain('flows.yaml');
  });
});

test.each([
  ['--expect f a b', 'FROM and TO are not taken'],
  ['--expect f --verify', '--verify cannot be used'],
  ['--expect f -o html', 'not html'],
  ['--write-expect f svc/api', 'needs FROM and TO'],
  ['-f x', 'needs FROM and TO, or TARGET'],
])('%s is refused', (line, sentence) => {
  const words = parseWords('diagnose', line.split(' '), diagnoseCommand.flags);
  expect(() => parseDiagnose(words, {})).toThrow(
    expect.objectContaining({ exitCode: 2, message: expect.stringContaining(sentence) }),
  );
});

import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { diagnoseCommand, parseDiagnose } from '../../../plugin/commands/diagnose.js';
import { parseWords } from '../../../plugin/options/parse.js';
import { runWords } from '../environment.js';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/diagnose/${name}.yaml`, import.meta.url));
const ask = (name: string, ...words: string[]) =>
  runWords(['diagnose', ...words, '-n', 'shop', '-f', fixture(name)]);
const read = (line: string) =>
  parseDiagnose(parseWords('diagnose', line.split(' '), diagnoseCommand.flags), {});

describe('the words of diagnose', () => {
  test('ask about a flow, or about one object', () => {
    expect(read('web-0 svc/api:80 -f a --fail-on warning --save s.json')).toMatchObject({
      from: 'web-0',
      to: 'svc/api:80',
      files: ['a'],
      failOn: 'warning',
      save: 's.json',
    });
    expect(read('svc/api')).toMatchObject({ to: 'svc/api', failOn: 'error' });
    expect(read('svc/api')).not.toHaveProperty('from');
  });

  test.each([
    ['a b c', 'unexpected argument "c"'],
    ['a b -o dot', 'cannot print "dot"'],
    ['a b --fail-on all', '--fail-on'],
  ])('%s is refused', (line, sentence) => {
    expect(() => read(line)).toThrow(
      expect.objectContaining({ exitCode: 2, message: expect.stringContaining(sentence) }),
    );
  });
});

describe('the report', () => {
  test('has the verdict, the way, because, proof, fix, and that no packet was sent', async () => {
    const { code, out, err } = await ask('ND204-service-port', 'web-0', 'svc/api:80');
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toBe(
      `✗ UNREACHABLE  shop/web-0 → svc shop/api:80/TCP
           NetworkPolicy shop/allow-web: rule lists the port of the Service (likely)
  path     shop/web-0 ──✓ dns ──✓ egress ──✓ service ──✓ node n1 ──✗ ingress ND204 ND202
           ──✓ endpoint ──► 10.1.2.7:8080
  because  NetworkPolicy shop/allow-web spec.ingress[0].ports lists 80, the port of the Service;
           policies see the pod's port, TCP 8080 (ND204, likely)
           so: ND202 Ingress of the destination isolated
  proof    NetworkPolicy shop/allow-web: isolates shop/api-1 (ingress)
           NetworkPolicy shop/default-deny: isolates shop/api-1 (ingress)
           NetworkPolicy shop/allow-web: nearest rule: spec.ingress[0].ports lists 80, the port of
           the Service; policies see the pod's port, TCP 8080
  fix      let this through (tried on a copy: the verdict is then allow)
           kubectl -n shop patch networkpolicy allow-web --type=json -p '[{"op":"add","path":"/spec/ingress/0/ports/-","value":{"protocol":"TCP","port":8080}}]'
  then     kubectl netdebug diagnose --verify
  probe    none: objects were read, no packet was sent
`,
    );
  });

  test.each([60, 80, 120])('keeps to %s columns, but for commands', async (columns) => {
    const { out } = await runWords(
      ['diagnose', 'web-0', 'svc/api:80', '-n', 'shop', '-f', fixture('ND204-service-port')],
      { columns: () => columns },
    );
    const long = out.split('\n').filter((line) => line.length > columns);
    expect(long.filter((line) => !line.includes('kubectl -n') && /\S \S/.test(line.trim()))).toEqual([]);
  });

  test('is plain ASCII where the locale is', async () => {
    const { out } = await runWords(
      ['diagnose', 'web-0', 'svc/api:80', '-n', 'shop', '-f', fixture('ND204-service-port')],
      { env: { LANG: 'C' } },
    );
    expect(out).toMatch(/^X UNREACHABLE {2}shop\/web-0 -> svc shop\/api:80\/TCP\n/);
    expect(out).not.toMatch(/[^\n\u0020-\u007e]/);
  });

  test('is one document as JSON and the same as YAML', async () => {
    const json = JSON.parse((await ask('ND302-typo', 'web-0', 'svc/api:80', '-o', 'json')).out) as object;
    expect(json).toMatchObject({
      apiVersion: 'netdebug/v1',
      kind: 'Diagnosis',
      verdict: 'UNREACHABLE',
      findings: [
        {
          code: 'ND302',
          severity: 'error',
          confidence: 'proven',
          object: {
            kind: 'Service',
            namespace: 'shop',
            name: 'api',
            fieldPath: 'spec.selector',
            value: 'app=apii',
          },
          effects: [],
          fix: { commands: [`kubectl -n shop patch service api -p '{"spec":{"selector":{"app":"api"}}}'`] },
        },
      ],
      notChecked: [],
    });
    expect(parse((await ask('ND302-typo', 'web-0', 'svc/api:80', '-o', 'yaml')).out)).toEqual(json);
    expect((await ask('ND302-typo', 'web-0', 'svc/api:80', '-o', 'mermaid')).out).toMatch(/^flowchart LR\n/);
  });
});

describe('the exit code', () => {
  test.each([
    ['healthy-service', 'svc/api:80', [], 0],
    ['ND302-typo', 'svc/api:80', [], 1],
    ['ND302-typo', 'svc/api:80', ['--fail-on', 'never'], 0],
    ['ND208-ipblock', 'svc/api:80', [], 3],
    ['ND208-ipblock', 'svc/api:80', ['--fail-on', 'info'], 1],
    ['ND413-tcp-forgotten', 'svc/api:80', [], 0],
    ['ND413-tcp-forgotten', 'svc/api:80', ['--fail-on', 'warning'], 1],
    ['healthy-service', 'pod/gone:80', [], 6],
    ['healthy-service', 'external', [], 2],
  ] as const)('of %s %s %j is %s', async (name, to, flags, code) => {
    expect((await ask(name, 'web-0', to, ...flags)).code).toBe(code);
  });
});

test('--save writes what -f reads again, without what may be secret', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'netdebug-save-'));
  try {
    const path = join(folder, 'snapshot.json');
    const first = await ask('ND204-service-port', 'web-0', 'svc/api:80', '--save', path);
    const again = await runWords(['diagnose', 'web-0', 'svc/api:80', '-n', 'shop', '-f', path]);
    expect(again).toEqual(first);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toContain('"kind":"Snapshot"');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a client outside needs an address outside', async () => {
  const { code, out, err } = await runWords([
    ...['diagnose', 'external', 'svc/api:80', '-n', 'shop', '-f', fixture('healthy-service')],
  ]);
  expect({ code, err }).toEqual({ code: 1, err: '' });
  expect(out).toMatch(
    /^✗ UNREACHABLE {2}a client outside → service\/api:80\n.*no address that clients outside reach/,
  );
});

describe('explain', () => {
  test('tells one code, in any case, and names the nearest of a wrong one', async () => {
    const { code, out } = await runWords(['explain', 'nd204']);
    expect({ code, first: out.split('\n')[0] }).toEqual({
      code: 0,
      first: 'ND204  Rule lists the port of the Service',
    });
    expect((await runWords(['explain', '204'])).out).toBe(out);
    const wrong = await runWords(['explain', 'ND206x']);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain('did you mean ND206 (');
  });

  test('lists all without a code', async () => {
    const { out } = await runWords(['explain', '-o', 'json']);
    const { codes } = JSON.parse(out) as { codes: { code: string }[] };
    expect(codes.length).toBeGreaterThan(90);
    expect((await runWords(['explain'])).out.split('\n').length).toBe(codes.length + 2);
  });
});

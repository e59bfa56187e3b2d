/** Transfers from this machine to itself: the programs are real, only the container is missing. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { RunTool } from '../../src/tools/run.js';
import { localTools, recorded } from '../tools/local.js';
import { listing, pulling, type PullingOptions } from './disk.js';
import { tarOf, type Entry } from './trees.js';

let top: string;
let cwd: string;
let there: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'netdebug-pull-'));
  [cwd, there] = [join(top, 'here'), join(top, 'there')];
  mkdirSync(cwd);
  mkdirSync(there);
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const run = localTools();
const pull = (remote: string, local: string, options: Partial<PullingOptions> = {}, tools: RunTool = run) =>
  pulling({ run: tools }, remote, local, { cwd, ...options });

/** A container whose tar sends this. */
async function hostile(entries: readonly Entry[]): Promise<RunTool> {
  const stdout = (await tarOf(entries)).toString('latin1');
  return (argv) => {
    if (argv[0] !== 'tar') return run(argv);
    return Promise.resolve({ ...recorded({ exit: 0 }), stdout: streamOf(stdout) });
  };
}

function streamOf(latin1: string) {
  const { stdout } = recorded({ stdout: '', exit: 0 });
  stdout.unshift(Buffer.from(latin1, 'latin1'));
  return stdout;
}

describe('a file', () => {
  test('is the same, with its time and its right to run', async () => {
    writeFileSync(join(there, 'f'), 'hello');
    chmodSync(join(there, 'f'), 0o6777);
    const result = await pull(join(there, 'f'), 'f').result;
    expect(result).toMatchObject({ type: 'file', local: 'f', bytes: 5, checked: { kind: 'same' } });
    expect(listing(cwd)).toEqual({ f: 'hello' });
    expect(statSync(join(cwd, 'f')).mode & 0o7777).toBe(0o755);
    expect(statSync(join(cwd, 'f')).mtimeMs / 1000).toBeCloseTo(
      statSync(join(there, 'f')).mtimeMs / 1000,
      -1,
    );
  });

  test('goes into a folder under its own name, and nothing is read as shell text', async () => {
    const name = "-n $(touch x) 'quoted' *";
    writeFileSync(join(there, name), 'odd');
    await pull(join(there, name), '.').result;
    expect(listing(cwd)).toEqual({ [name]: 'odd' });
  });

  test('of no bytes, and one that is made when it is read', async () => {
    writeFileSync(join(there, 'empty'), '');
    expect(await pull(join(there, 'empty'), 'empty').result).toMatchObject({
      bytes: 0,
      checked: { kind: 'same' },
    });
    const made = await pull('/proc/version', 'version').result;
    expect(made).toMatchObject({
      checked: { kind: 'not-compared', why: 'the file is made when it is read' },
    });
    expect(readFileSync(join(cwd, 'version'), 'utf8')).toBe(readFileSync('/proc/version', 'utf8'));
  });

  test('to stdout', async () => {
    writeFileSync(join(there, 'f'), 'hello');
    const pulled = pull(join(there, 'f'), '-');
    expect(await pulled.result).toMatchObject({ local: 'stdout', bytes: 5 });
    expect(pulled.out().toString()).toBe('hello');
    expect(listing(cwd)).toEqual({});
  });

  test('goes on from what an earlier transfer left, if that is its beginning', async () => {
    const bytes = 'abc'.repeat(10_000);
    writeFileSync(join(there, 'f'), bytes);
    writeFileSync(join(cwd, 'f.partial'), bytes.slice(0, 12_345));
    const argvs: string[] = [];
    const first = pull(join(there, 'f'), 'f', {}, (argv) => {
      argvs.push(argv.join(' '));
      return run(argv);
    });
    await first.result;
    expect(first.notes).toEqual(['going on after the 12.3 kB that an earlier transfer left']);
    expect(argvs.some((argv) => argv.endsWith(' 12346'))).toBe(true);
    expect(listing(cwd)).toEqual({ f: bytes });
    writeFileSync(join(cwd, 'g.partial'), 'something else');
    const second = pull(join(there, 'f'), 'g');
    await second.result;
    expect(second.notes).toEqual([
      'what an earlier transfer left is not the beginning of this file: beginning anew',
    ]);
    expect(listing(cwd)).toEqual({ f: bytes, g: bytes });
  });

  test('that is there already stays, and so do links and folders', async () => {
    writeFileSync(join(there, 'f'), 'new');
    writeFileSync(join(cwd, 'f'), 'old');
    await expect(pull(join(there, 'f'), 'f').result).rejects.toMatchObject({
      exitCode: 2,
      message: 'f is there already',
    });
    expect(listing(cwd)).toEqual({ f: 'old' });
    writeFileSync(join(top, 'victim'), 'precious');
    symlinkSync(join(top, 'victim'), join(cwd, 'l'));
    await expect(pull(join(there, 'f'), 'l').result).rejects.toMatchObject({ exitCode: 2 });
    await pull(join(there, 'f'), 'l', { force: true }).result;
    await pull(join(there, 'f'), 'f', { force: true }).result;
    expect(listing(cwd)).toEqual({ f: 'new', l: 'new' });
    expect(readFileSync(join(top, 'victim'), 'utf8')).toBe('precious');
  });

  test('is not written through a link in place of its partial one', async () => {
    writeFileSync(join(there, 'f'), 'new');
    writeFileSync(join(top, 'victim'), 'precious');
    symlinkSync(join(top, 'victim'), join(cwd, 'f.partial'));
    await expect(pull(join(there, 'f'), 'f').result).rejects.toMatchObject({ exitCode: 2 });
    linkSync(join(top, 'victim'), join(cwd, 'g.partial'));
    await expect(pull(join(there, 'f'), 'g').result).rejects.toMatchObject({ exitCode: 2 });
    expect(readFileSync(join(top, 'victim'), 'utf8')).toBe('precious');
  });

  test('that is too large, missing, or a device is refused; nothing stays', async () => {
    writeFileSync(join(there, 'f'), 'x'.repeat(1001));
    const refused = (remote: string, options = {}) => expect(pull(remote, 'f', options).result).rejects;
    await refused(join(there, 'f'), { maxBytes: 1000 }).toMatchObject({ exitCode: 8 });
    await refused(join(there, 'g')).toMatchObject({
      exitCode: 6,
      message: `${join(there, 'g')} is not there.`,
    });
    await refused('/dev/null').toMatchObject({ exitCode: 6 });
    symlinkSync('nowhere', join(there, 'l'));
    await refused(join(there, 'l')).toMatchObject({ exitCode: 6 });
    expect(listing(cwd)).toEqual({});
  });

  test.each([
    ['another name', [{ name: './other', data: 'hello' }]],
    ['a link', [{ name: './f', type: 'symlink', linkname: '/etc/passwd' }]],
    ['other bytes', [{ name: './f', data: 'jello' }]],
    ['fewer bytes', [{ name: './f', data: 'hell' }]],
  ] as const)('sent with %s is refused', async (_, entries) => {
    writeFileSync(join(there, 'f'), 'hello');
    const pulled = pull(join(there, 'f'), 'f', {}, await hostile(entries));
    await expect(pulled.result).rejects.toMatchObject({ exitCode: 8 });
    expect(listing(cwd)).toEqual({});
  });
});

describe('a folder', () => {
  test('any tree comes out as it went in', async () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'B', ' ', '-', 'ü', '"', '*', '\\'),
      minLength: 1,
      maxLength: 5,
    });
    const leaf = fc.string({ unit: 'binary', maxLength: 2000 });
    const { tree } = fc.letrec<{ tree: object; node: unknown }>((tie) => ({
      node: fc.oneof({ maxDepth: 3 }, leaf, tie('tree')),
      tree: fc.dictionary(name, tie('node'), { maxKeys: 4, noNullPrototype: true }),
    }));
    const make = (folder: string, entries: object): void => {
      mkdirSync(folder);
      for (const [key, value] of Object.entries(entries) as [string, string | object][]) {
        if (typeof value === 'string') writeFileSync(join(folder, key), value);
        else make(join(folder, key), value);
      }
    };
    let number = 0;
    await fc.assert(
      fc.asyncProperty(tree, async (entries) => {
        const source = join(there, String(++number));
        make(source, entries);
        const { result } = pull(source, String(number));
        expect(await result).toMatchObject({ skipped: [], unread: [] });
        expect(listing(join(cwd, String(number)))).toEqual(listing(source));
      }),
      { numRuns: 15 },
    );
  });

  test('with links: inside they are kept, those that lead out are named', async () => {
    mkdirSync(join(there, 'sub'));
    writeFileSync(join(there, 'sub/f'), 'x');
    linkSync(join(there, 'sub/f'), join(there, 'same'));
    symlinkSync('sub/f', join(there, 'in'));
    symlinkSync('/etc/passwd', join(there, 'out'));
    const result = await pull(there, 'copy').result;
    expect(result.skipped).toEqual([
      { name: 'out', why: 'it is a link that leads out of the folder, to /etc/passwd' },
    ]);
    expect(listing(join(cwd, 'copy'))).toEqual({ 'sub/': '', 'sub/f': 'x', same: 'x', in: '-> sub/f' });
    expect(lstatSync(join(cwd, 'copy/same')).ino).toBe(lstatSync(join(cwd, 'copy/sub/f')).ino);
  });

  test('to stdout is a tar that holds what was checked', async () => {
    mkdirSync(join(there, 'sub'));
    writeFileSync(join(there, 'sub/f'), 'hello');
    symlinkSync('/etc/passwd', join(there, 'out'));
    const pulled = pull(there, '-');
    await pulled.result;
    writeFileSync(join(cwd, 'x.tar'), pulled.out());
    mkdirSync(join(cwd, 'x'));
    const session = await run(['tar', 'xf', join(cwd, 'x.tar'), '-C', join(cwd, 'x')]);
    expect(await session.done).toEqual({ kind: 'exited', exitCode: 0 });
    expect(listing(join(cwd, 'x'))).toEqual({ 'sub/': '', 'sub/f': 'hello' });
  });

  test('with force it joins what is there, never through a link', async () => {
    mkdirSync(join(there, 'sub'));
    for (const name of ['a', 'sub/b']) writeFileSync(join(there, name), 'new');
    mkdirSync(join(cwd, 'there/sub'), { recursive: true });
    for (const name of ['a', 'sub/c']) writeFileSync(join(cwd, 'there', name), 'old');
    await expect(pull(there, '.').result).rejects.toMatchObject({ exitCode: 2 });
    await pull(there, '.', { force: true }).result;
    expect(listing(join(cwd, 'there'))).toEqual({ a: 'new', 'sub/': '', 'sub/b': 'new', 'sub/c': 'old' });
    mkdirSync(join(top, 'victim'));
    rmSync(join(cwd, 'there/sub'), { recursive: true });
    symlinkSync(join(top, 'victim'), join(cwd, 'there/sub'));
    await expect(pull(there, '.', { force: true }).result).rejects.toMatchObject({ exitCode: 2 });
    expect(readdirSync(join(top, 'victim'))).toEqual([]);
    expect(readdirSync(cwd)).toEqual(['there']);
  });

  test('that is hostile leaves nothing behind', async () => {
    const tools = await hostile([
      { name: './good', data: 'x' },
      { name: './../evil', data: 'x' },
    ]);
    await expect(pull(there, 'copy', {}, tools).result).rejects.toMatchObject({ exitCode: 8 });
    expect(listing(cwd)).toEqual({});
    expect(readdirSync(top).sort()).toEqual(['here', 'there']);
  });

  test('that arrives otherwise than it is there is told of by name', async () => {
    writeFileSync(join(there, 'a'), 'there');
    writeFileSync(join(there, 'log'), 'one line\nand one that came later\n');
    const tools = await hostile([
      { name: './a', data: 'other' },
      { name: './log', data: 'one line\n' },
    ]);
    const { checked } = await pull(there, 'copy', {}, tools).result;
    expect(checked).toEqual({ kind: 'different', files: 1, names: ['a'] });
  });

  test('with something that may not be read comes without it', async () => {
    writeFileSync(join(there, 'a'), 'x');
    const tools: RunTool = (argv) =>
      run(
        argv[0] === 'tar'
          ? [
              'sh',
              '-c',
              'tar "$@"; echo "tar: ./b: Cannot open: Permission denied" >&2; exit 2',
              'x',
              ...argv.slice(1),
            ]
          : argv,
      );
    const result = await pull(there, 'copy', {}, tools).result;
    expect(result.unread).toEqual(['tar: ./b: Cannot open: Permission denied']);
    expect(listing(join(cwd, 'copy'))).toEqual({ a: 'x' });
  });
});

test('Ctrl-C leaves what came of a file, under a name that says so', async () => {
  const controller = new AbortController();
  writeFileSync(join(there, 'f'), Buffer.alloc(20_000_000, 'x'));
  const slow: RunTool = (argv) =>
    run(argv[0] === 'tar' ? ['sh', '-c', '"$@" | head -c 3000000; exec sleep 60', 'x', ...argv] : argv);
  const pulled = pulling({ run: slow, signal: controller.signal }, join(there, 'f'), 'f', {
    cwd,
    onShow: () => setImmediate(() => controller.abort()),
  });
  await expect(pulled.result).rejects.toMatchObject({
    exitCode: 130,
    hint: 'What came is in f.partial; the same command goes on from there.',
  });
  expect(readdirSync(cwd)).toEqual(['f.partial']);
});

/** What a hostile container may send, and what an honest one does. */
import { describe, expect, test } from '@jest/globals';
import { readTree, type Tree } from '../../src/transfer/entries.js';
import type { LocalNames } from '../../src/transfer/types.js';
import {
  blocks,
  endOfTar,
  type Entry,
  header,
  inPieces,
  limits,
  linux,
  notingTarget,
  type NotingTarget,
  tarOf,
} from './trees.js';

async function read(
  tar: Uint8Array,
  local: LocalNames = linux,
  bounds = limits,
): Promise<{ readonly tree: Tree; readonly target: NotingTarget }> {
  const target = notingTarget();
  return { tree: await readTree(inPieces(tar), target, { limits: bounds, local }), target };
}

describe('an honest tar', () => {
  test('comes in order, links last, parents made where they are not told of', async () => {
    const { tree, target } = await read(
      await tarOf([
        { name: './', type: 'directory' },
        { name: './l', type: 'symlink', linkname: 'sub/f' },
        { name: './sub/deep/f', data: 'hello' },
        { name: './sub/f2', type: 'link', linkname: './sub/deep/f' },
        { name: './empty', data: '' },
      ]),
    );
    expect(target.told).toEqual([
      'folder ',
      'folder sub',
      'folder sub/deep',
      'file sub/deep/f 5',
      'hard sub/f2 sub/deep/f',
      'file empty 0',
      'link l sub/f',
    ]);
    expect(target.data.get('sub/deep/f')).toBe('hello');
    expect(tree).toMatchObject({ entries: 5, bytes: 5, skipped: [] });
    expect(tree.files.get('sub/deep/f')).toEqual({
      sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      bytes: 5,
    });
  });

  test('names that are long, or not ASCII', async () => {
    const long = `${'x'.repeat(120)}/${'ü'.repeat(100)}`;
    const { target } = await read(await tarOf([{ name: `./${long}`, data: 'x' }]));
    expect([...target.data.keys()]).toEqual([long]);
  });

  test('a slow disk slows the container: nothing is read ahead without bound', async () => {
    const tar = await tarOf([{ name: './big', data: Buffer.alloc(8_000_000) }]);
    let given = 0;
    let taken = 0;
    let ahead = 0;
    const source = inPieces(tar, 65_536);
    source.on('data', (chunk: Buffer) => (given += chunk.length));
    source.pause();
    const target = notingTarget(async () => {
      ahead = Math.max(ahead, given - taken);
      taken += 65_536;
      await new Promise((resolve) => setImmediate(resolve));
    });
    await readTree(source, target, { limits, local: linux });
    expect(ahead).toBeLessThan(1_000_000);
  });
});

const refusals: readonly (readonly [string, readonly Entry[], RegExp])[] = [
  ['a name that leads up', [{ name: '../evil', data: 'x' }], /leads out of the folder/],
  ['one that leads up further in', [{ name: './a/../../evil', data: 'x' }], /leads out/],
  ['an absolute name', [{ name: '/etc/passwd', data: 'x' }], /absolute name/],
  ['a line end in a name', [{ name: './a\nb', data: 'x' }], /control characters/],
  ['an escape in a name', [{ name: './\u001b[2J', data: 'x' }], /control characters/],
  ['a name that is turned around', [{ name: './a\u202egpj.exe', data: 'x' }], /control characters/],
  ['an empty part', [{ name: './a//b', data: 'x' }], /empty part/],
  ['a part that is too long', [{ name: `./${'x'.repeat(256)}`, data: 'x' }], /too long/],
  ['a name that is too long', [{ name: `./${'x/'.repeat(2100)}x`, data: 'x' }], /too long/],
  [
    'the same name twice',
    [
      { name: './a', data: 'x' },
      { name: 'a', data: 'y' },
    ],
    /is there already/,
  ],
  [
    'a file through a link',
    [
      { name: './d', type: 'symlink', linkname: '/etc' },
      { name: './d/passwd', data: 'x' },
    ],
    /goes through a link/,
  ],
  [
    'a file in place of a link',
    [
      { name: './d', type: 'symlink', linkname: '/etc/passwd' },
      { name: './d', data: 'x' },
    ],
    /is there already/,
  ],
  [
    'a file below a file',
    [
      { name: './f', data: 'x' },
      { name: './f/g', data: 'y' },
    ],
    /below a file/,
  ],
  [
    'a link in place of the top',
    [{ name: '.', type: 'symlink', linkname: '/etc' }],
    /in place of the folder/,
  ],
  ['a hard link out', [{ name: './h', type: 'link', linkname: '../../etc/passwd' }], /leads out/],
  ['a hard link to an absolute name', [{ name: './h', type: 'link', linkname: '/etc/passwd' }], /absolute/],
  ['a hard link to nothing here', [{ name: './h', type: 'link', linkname: './x' }], /not in the folder/],
  [
    'a hard link to a link',
    [
      { name: './l', type: 'symlink', linkname: 'x' },
      { name: './h', type: 'link', linkname: './l' },
    ],
    /not in the folder/,
  ],
];

describe('a hostile tar is refused', () => {
  test.each(refusals)('%s', async (_, entries, why) => {
    await expect(read(await tarOf(entries))).rejects.toMatchObject({
      exitCode: 8,
      message: expect.stringMatching(why) as unknown,
    });
  });

  test('a name that is empty', async () => {
    const tar = Buffer.concat([header({ name: '', prefix: '' }), endOfTar]);
    await expect(read(tar)).rejects.toThrow('an empty name');
  });

  test('a NUL in a name of the pax format', async () => {
    const pax = '16 path=./a\0b.c\n';
    const tar = Buffer.concat([
      header({ name: 'pax', type: 'x', size: pax.length }),
      blocks(pax),
      header({ name: 'x' }),
      endOfTar,
    ]);
    await expect(read(tar)).rejects.toThrow('control characters');
  });

  test('names that differ by case only, where they are one', async () => {
    const tar = await tarOf([
      { name: './A', data: 'x' },
      { name: './a', data: 'y' },
    ]);
    const { target } = await read(tar);
    expect([...target.data.keys()]).toEqual(['A', 'a']);
    await expect(read(tar, { foldsCase: true, windows: false })).rejects.toThrow('case does not count');
  });

  test('folders that differ by case only, which would be merged', async () => {
    const tar = await tarOf([
      { name: './A/x', data: 'x' },
      { name: './a', type: 'symlink', linkname: '/etc' },
    ]);
    await expect(read(tar, { foldsCase: true, windows: false })).rejects.toThrow('case does not count');
  });

  test.each(['con', 'NUL.txt', 'a:b', 'a\\b', 'end.', 'COM1'])('%s on Windows', async (name) => {
    const tar = await tarOf([{ name: `./${name}`, data: 'x' }]);
    await expect(read(tar, { foldsCase: true, windows: true })).rejects.toThrow('Windows');
  });

  test('more bytes than allowed, before they are written', async () => {
    const tar = Buffer.concat([
      header({ name: './small', size: 3 }),
      blocks('abc'),
      header({ name: './big', size: 2 ** 32 }),
    ]);
    const target = notingTarget();
    const bounds = { bytes: 1000, entries: 10 };
    await expect(readTree(inPieces(tar), target, { limits: bounds, local: linux })).rejects.toThrow(
      '--max-size',
    );
    expect(target.told).toEqual(['file small 3']);
  });

  test('more entries than allowed', async () => {
    const entries = Array.from({ length: 11 }, (_, index) => ({ name: `./${index}`, data: '' }));
    await expect(read(await tarOf(entries), linux, { bytes: 10, entries: 10 })).rejects.toThrow(
      'more than 10 entries',
    );
  });

  test('a size that is none', async () => {
    const tar = Buffer.concat([header({ name: './a', size: '-0000000001\0' }), endOfTar]);
    await expect(read(tar)).rejects.toThrow();
  });

  test('a header of a size beyond all measure', async () => {
    const tar = Buffer.concat([header({ name: 'x', type: 'x', size: 2 ** 30 }), Buffer.alloc(4096)]);
    await expect(read(tar)).rejects.toThrow('Header exceeds max size');
  });

  test.each([100, 600, 1500, 2100])('one that is cut after %i bytes', async (bytes) => {
    const tar = await tarOf([
      { name: './a', data: 'x'.repeat(1000) },
      { name: './b', data: 'y'.repeat(400) },
    ]);
    await expect(read(tar.subarray(0, bytes))).rejects.toThrow('Unexpected end of data');
  });

  test('what is no tar', async () => {
    await expect(read(Buffer.from('hello '.repeat(200)))).rejects.toThrow('Invalid tar header');
  });
});

describe('what cannot be transferred is left out and named', () => {
  test('devices, pipes, links that lead out, sparse files, names that are not UTF-8', async () => {
    const pax = '22 GNU.sparse.major=1\n';
    const tar = Buffer.concat([
      header({ name: './disk', type: '4' }),
      header({ name: './tty', type: '3' }),
      header({ name: './pipe', type: '6' }),
      header({ name: './old-sparse', type: 'S', size: 3 }),
      blocks('abc'),
      header({ name: 'pax', type: 'x', size: pax.length }),
      blocks(pax),
      header({ name: './sparse', size: 3 }),
      blocks('abc'),
      header({ name: Buffer.from([0x2e, 0x2f, 0xe4]), size: 1 }),
      blocks('x'),
      header({ name: './out', type: '2', linkname: '/etc/passwd' }),
      header({ name: './good', size: 2 }),
      blocks('ok'),
      endOfTar,
    ]);
    const { tree, target } = await read(tar);
    expect(target.told).toEqual(['file good 2']);
    expect(target.data.get('good')).toBe('ok');
    expect(tree.skipped.map(({ name, why }) => `${name}: ${why}`)).toEqual([
      'disk: it is a device',
      'tty: it is a device',
      'pipe: it is a pipe',
      'old-sparse: it is of no kind that is known here',
      'sparse: it is stored as a sparse file',
      '\ufffd: its name is not UTF-8',
      'out: it is a link that leads out of the folder, to /etc/passwd',
    ]);
  });
});

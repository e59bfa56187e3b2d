import { describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import fc from 'fast-check';
import { readSum } from '../../src/transfer/folder.js';
import { staysInside, treeName } from '../../src/transfer/names.js';
import { linux } from './trees.js';

const none: ReadonlyMap<string, string> = new Map();

describe('links that stay inside', () => {
  test.each([
    ['l', 'a'],
    ['l', './a/../b'],
    ['a/b/l', '../../c'],
    ['a/l', 'b//c/'],
    ['l', '.'],
  ])('%s -> %s', (name, to) => expect(staysInside(name, to, none, linux)).toBe(true));

  test.each([
    ['l', '..'],
    ['l', '/etc'],
    ['a/l', '../../x'],
    ['l', 'a/../../x'],
    ['l', ''],
    ['l', 'a\u001bb'],
  ])('%s -> %s does not', (name, to) => expect(staysInside(name, to, none, linux)).toBe(false));

  test('the way through other links is walked', () => {
    const links = new Map([
      ['x/y/up', '../..'],
      ['l', 'x/y/up/..'],
      ['loop', 'loop'],
    ]);
    expect(staysInside('x/y/up', '../..', links, linux)).toBe(true);
    expect(staysInside('l', 'x/y/up/..', links, linux)).toBe(false);
    expect(staysInside('l', 'x/y/up/x', links, linux)).toBe(true);
    expect(staysInside('loop', 'loop', links, linux)).toBe(false);
  });

  test('as the kernel walks them', () => {
    const part = fc.constantFrom('a', 'b', 'l', 'm', '..', '.');
    const to = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
    const name = fc.constantFrom('l', 'm', 'a/l', 'a/b/m');
    fc.assert(
      fc.property(fc.dictionary(name, to), (holds) => {
        const links = new Map(Object.entries(holds));
        const top = mkdtempSync(join(realpathSync(tmpdir()), 'netdebug-links-'));
        try {
          mkdirSync(join(top, 'tree/a/b'), { recursive: true });
          mkdirSync(join(top, 'tree/b/a'), { recursive: true });
          for (const [at, target] of links) symlinkSync(target, join(top, 'tree', at));
          for (const [at, target] of links) {
            let real: string;
            try {
              real = realpathSync(join(top, 'tree', at));
            } catch {
              continue;
            }
            const inside = real === join(top, 'tree') || real.startsWith(join(top, 'tree') + sep);
            // Whoever says that a link stays inside must be right; a way that leaves and comes back is refused as well.
            if (staysInside(at, target, links, linux)) expect(inside).toBe(true);
            if (!inside) expect(staysInside(at, target, links, linux)).toBe(false);
          }
        } finally {
          rmSync(top, { recursive: true });
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('a name that is taken is relative and has no dots, whatever it was', () => {
  const part = fc.oneof(fc.constantFrom('.', '..', '', 'a', '/', '\0', '\n'), fc.string());
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      let name: string;
      try {
        name = treeName(parts.join('/'), linux);
      } catch {
        return;
      }
      expect(name.startsWith('/')).toBe(false);
      expect(name === '' || name.split('/').every((one) => !['', '.', '..'].includes(one))).toBe(true);
      expect(join('/tree', name)).toMatch(/^\/tree/);
    }),
  );
});

test('the lines of sha256sum, of GNU and of busybox', () => {
  const sha256 = 'a'.repeat(64);
  expect(readSum(`${sha256}  ./a b`)).toEqual({ sha256, name: 'a b' });
  expect(readSum(`${sha256} *./a`)).toEqual({ sha256, name: 'a' });
  expect(readSum(`\\${sha256}  ./a\\\\b`)).toEqual({ sha256, name: 'a\\b' });
  expect(readSum(`${sha256}  ./a\\b`)).toEqual({ sha256, name: 'a\\b' });
  expect(readSum('sha256sum: ./x: Permission denied')).toBeUndefined();
});

import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { readElf, runsOn } from '../../src/transfer/elf.js';
import { tinyElf } from './tiny-elf.js';

describe('what an ELF file tells', () => {
  test('of the programs of this machine', () => {
    const machine = execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim();
    const busybox = readElf(readFileSync('/bin/busybox'));
    expect(busybox).toEqual({ machine, interpreter: undefined });
    const tcpdump = readElf(readFileSync('/usr/bin/tcpdump'));
    expect(tcpdump?.interpreter).toMatch(/^\/lib.*ld-linux/);
    expect(tcpdump?.machine).toBe(machine);
  });

  test.each([
    [62, 'x86_64', 'amd64', 'arm64'],
    [183, 'aarch64', 'arm64', 'x86_64'],
    [22, 's390x', 's390x', 'amd64'],
  ])('machine %i is %s', (machine, name, there, other) => {
    const elf = readElf(tinyElf({ says: '', machine }));
    expect(elf).toEqual({ machine: name, interpreter: undefined });
    if (elf === undefined) throw new TypeError();
    expect(runsOn(elf, there)).toBe(true);
    expect(runsOn(elf, other)).toBe(false);
    expect(runsOn(elf, 'pdp11')).toBeUndefined();
  });

  test('who loads it', () => {
    expect(readElf(tinyElf({ says: 'x', interpreter: '/lib/ld-musl-x86_64.so.1' }))?.interpreter).toBe(
      '/lib/ld-musl-x86_64.so.1',
    );
  });

  test('of no ELF file, nothing', () => {
    expect(readElf(Buffer.from('#!/bin/sh\nexit 0\n'.repeat(10)))).toBeUndefined();
    expect(readElf(Buffer.alloc(0))).toBeUndefined();
  });

  test('whatever stands in it, it is read or it is not', () => {
    const whole = tinyElf({ says: 'x', interpreter: '/lib/ld.so' });
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(whole.length - 1), fc.nat(255), (cut, at, value) => {
        const bytes = Buffer.from(whole);
        bytes[at] = value;
        const elf = readElf(bytes.subarray(0, cut));
        expect(elf === undefined || typeof elf.machine === 'string').toBe(true);
      }),
    );
  });
});

test('the tiny program runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'netdebug-elf-'));
  try {
    writeFileSync(join(folder, 'tiny'), tinyElf({ says: 'tcpdump version 0\n' }));
    chmodSync(join(folder, 'tiny'), 0o700);
    expect(execFileSync(join(folder, 'tiny'), { encoding: 'utf8' })).toBe('tcpdump version 0\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

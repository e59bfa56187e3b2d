import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readAbout } from '../../../src/capture/spool/about.js';
import { LEAST_SPOOL_BYTES, missingBytes, parseStatus, ringOf } from '../../../src/capture/spool/ring.js';
import { spoolCommand } from '../../../src/capture/spool/scripts.js';
import { spoolArgv } from '../../../src/capture/spool/start.js';
import { matchesPattern, parseTrigger } from '../../../src/capture/spool/trigger.js';
import { lifelineCommand } from '../../../src/debugger/lifeline-script.js';
import { captureArgv } from '../../../src/tools/tcpdump.js';

describe('triggers', () => {
  test.each([
    ['restart', { kind: 'restart' }],
    ['interrupt', { kind: 'interrupt' }],
    ['packet:tcp port 80 and host fe80::1', { kind: 'packet', filter: 'tcp port 80 and host fe80::1' }],
    ['log:timed out', { kind: 'log', pattern: 'timed out' }],
    ['log: 50* ', { kind: 'log', pattern: ' 50* ' }],
  ])('%s', (text, trigger) => {
    expect(parseTrigger(text)).toEqual(trigger);
  });

  test.each([
    '',
    'packet',
    'packet:',
    'packet:  ',
    'log:',
    'log:**',
    'log:a\nb',
    'restart:x',
    'Restart',
    'tcp port 80',
    'interrupt:',
  ])('%j is refused', (text) => {
    expect(typeof parseTrigger(text)).toBe('string');
  });

  test.each([
    ['upstream timed out', 'timed out', true],
    ['upstream timed out', 'Timed', false],
    ['GET /x 502 3ms', 'GET * 50*ms', true],
    ['GET /x 200 3ms', 'GET * 50*ms', false],
    ['a.c', 'a.c', true],
    ['abc', 'a.c', false],
    ['aab', '*aab*', true],
  ])('%j holds %j: %s', (line, pattern, holds) => {
    expect(matchesPattern(line, pattern)).toBe(holds);
  });

  test('as a regular expression would have it', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '+'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 });
    fc.assert(
      fc.property(text, pattern, (line, glob) => {
        const regular = new RegExp(glob.replaceAll('.', '[.]').replaceAll('*', '.*'));
        expect(matchesPattern(line, glob)).toBe(regular.test(line));
      }),
    );
  });
});

describe('the ring', () => {
  test('is at least half of what was asked for, never more, in few files', () => {
    fc.assert(
      fc.property(fc.integer({ min: LEAST_SPOOL_BYTES, max: 1e12 }), (bytes) => {
        const { fileMegabytes, files, neededKiB } = ringOf(bytes);
        expect(fileMegabytes * files * 1e6).toBeLessThanOrEqual(bytes);
        expect(fileMegabytes * files * 1e6).toBeGreaterThanOrEqual(bytes / 2);
        expect(files).toBeGreaterThanOrEqual(2);
        expect(files).toBeLessThanOrEqual(16);
        expect(neededKiB * 1024).toBeGreaterThan(bytes);
      }),
    );
  });

  test('what is missing: what was removed, without file headers', () => {
    const [status] = parseStatus('spool x\nbase 5 5000\n');
    if (status === undefined) throw new Error('no status');
    // Of file 2 (1000 bytes) 400 were read; files 3 and 4 were not.
    expect(missingBytes({ file: 2, offset: 400 }, 2000, status)).toBe(600 + 2 * (1000 - 24));
    expect(missingBytes({ file: 2, offset: 0 }, 2000, status)).toBe(3 * (1000 - 24));
    expect(missingBytes({ file: 4, offset: 1000 }, 4000, status)).toBe(0);
  });

  test('two spools, one of which has ended; nonsense is left out', () => {
    const text = `spool abc
about {"interface":"eth0","filter":"tcp"}
base 3 3000
pid 12 3456
newest 7 812
now 1700000001
spool def
tcpdump.end 0 1700000000
trigger.end 1 1699999999
words tcpdump: \u001b[31msyntax error
base x y
now 1700000001
`;
    expect(parseStatus(text)).toMatchObject([
      { name: 'abc', oldest: 3, removedBytes: 3000, newest: { file: 7, bytes: 812 }, end: undefined },
      {
        name: 'def',
        oldest: 0,
        newest: undefined,
        end: { exitCode: 0, at: 1700000000 },
        trigger: { exitCode: 1, at: 1699999999 },
        triggerWords: ['tcpdump: [31msyntax error'],
      },
    ]);
    expect(parseStatus('')).toEqual([]);
  });

  test.each(['', 'x', 'null', '[]', '{"interface":7,"filter":{}}'])('about %j', (text) => {
    expect(readAbout(text)).toEqual({ interface: '?', filter: undefined });
  });
});

test('tcpdump writes files; a filter that looks like flags stays one', () => {
  expect(spoolArgv(captureArgv({ interface: 'lo', filter: '-w -' }), 2).slice(-6)).toEqual([
    '-w',
    'p',
    '-C',
    '2',
    '--',
    '-w -',
  ]);
  expect(() => spoolArgv(['tcpdump', '--', '-w', '-'], 2)).toThrow(TypeError);
});

test('no script is too long for the path of a request', () => {
  for (const script of ['start', 'read', 'status', 'tell', 'header'] as const) {
    const query = new URLSearchParams(
      lifelineCommand(spoolCommand(script), 900).map((word): [string, string] => ['command', word]),
    );
    expect(query.toString().length).toBeLessThan(7200);
  }
});

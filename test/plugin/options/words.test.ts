import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Flags } from '../../../plugin/options/flags.js';
import { parseWords } from '../../../plugin/options/parse.js';
import { argumentsOf, helpAlone, switchOf, wordOf, wordsOf } from '../../../plugin/options/words.js';

const flags: Flags = {
  output: { kind: 'text', short: 'o', describe: '', group: 'Output' },
  namespace: { kind: 'text', short: 'n', describe: '', group: 'Cluster' },
  write: { kind: 'text', short: 'w', describe: '', group: 'Flags' },
  quiet: { kind: 'switch', short: 'q', describe: '', group: 'Output' },
  verbose: { kind: 'switch', short: 'v', describe: '', group: 'Output' },
  'as-group': { kind: 'list', describe: '', group: 'Cluster' },
  color: { kind: 'text', choices: ['auto', 'never'], describe: '', group: 'Output' },
};

const parse = (...argv: string[]) => parseWords('ping', argv, flags);

describe('parseWords', () => {
  test.each([
    [['-ojson']],
    [['-o=json']],
    [['-o', 'json']],
    [['--output=json']],
    [['--output', 'json']],
    [['-qvojson']],
  ])('reads %p as kubectl does', (argv) => expect(wordOf(parse(...argv), 'output')).toBe('json'));

  test('takes flags between arguments, and what follows -- as it stands', () => {
    const words = parse('web', '-q', 'api', '-w', '-', '--', '-n', '--nonsense');
    expect(words.positionals).toEqual(['web', 'api']);
    expect(words.rest).toEqual(['-n', '--nonsense']);
    expect(wordOf(words, 'write')).toBe('-');
    expect(switchOf(words, 'quiet')).toBe(true);
    expect(switchOf(words, 'verbose')).toBe(false);
  });

  test('the last of a text wins, a list keeps all, a switch can be turned off', () => {
    const words = parse('-n', 'a', '-n', 'b', '--as-group', 'x', '--as-group=y,z', '-q', '--quiet=false');
    expect(wordOf(words, 'namespace')).toBe('b');
    expect(wordsOf(words, 'as-group')).toEqual(['x', 'y,z']);
    expect(switchOf(words, 'quiet')).toBe(false);
  });

  test.each([
    [['--colour=auto'], 'unknown flag: --colour', 'did you mean --color?'],
    [['--xyzzy'], 'unknown flag: --xyzzy', "see 'kubectl netdebug ping --help'"],
    [['--constructor'], 'unknown flag: --constructor', "see 'kubectl netdebug ping --help'"],
    [['-z'], "unknown shorthand flag: 'z' in -z", "see 'kubectl netdebug ping --help'"],
    [['web', '--namespace'], 'flag needs an argument: --namespace', "see 'kubectl netdebug ping --help'"],
    [['--color', 'pink'], '--color: "pink" is not one of auto, never', "see 'kubectl netdebug ping --help'"],
    [
      ['--quiet=perhaps'],
      '--quiet: "perhaps" is neither true nor false',
      "see 'kubectl netdebug ping --help'",
    ],
  ])('refuses %p', (argv, message, hint) => {
    expect(() => parse(...argv)).toThrow(expect.objectContaining({ message, hint, exitCode: 2 }));
  });

  test('a word after its flag is taken whatever it looks like', () => {
    const quotes = fc.string({ unit: fc.constantFrom('"', "'", 'a', ' ', '\\', '\n'), maxLength: 5 });
    fc.assert(
      fc.property(fc.oneof(fc.string(), quotes), (word) => {
        expect(wordOf(parse('--write', word), 'write')).toBe(word);
        expect(wordOf(parse(`--write=${word}`), 'write')).toBe(word);
      }),
      { numRuns: 500 },
    );
  });

  test('arguments keep their quotes', () => {
    const quoted = fc.string({ unit: fc.constantFrom('"', "'", 'a', ' '), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(quoted, (word) => {
        expect(parse(word, '--', word)).toMatchObject({ positionals: [word], rest: [word] });
      }),
    );
  });

  test('any words end as a value or as a usage error', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.constantFrom('-o', '-q', '--', '-', '--as-group', '-n=x'))),
        (argv) => {
          try {
            expect(parse(...argv).command).toBe('ping');
          } catch (error) {
            expect(error).toMatchObject({ exitCode: 2 });
          }
        },
      ),
    );
  });
});

describe('argumentsOf', () => {
  test('gives them back in order', () =>
    expect(argumentsOf(parse('a', 'b'), ['POD', 'DEST'])).toEqual(['a', 'b']));

  test.each([
    [['a'], 'ping needs POD and DEST: DEST is missing'],
    [['a', 'b', 'c'], 'unexpected argument "c": ping takes POD and DEST'],
    [['a', 'b', '--', 'c'], 'ping takes no arguments after --'],
  ])('refuses %p', (argv, message) => {
    expect(() => argumentsOf(parse(...argv), ['POD', 'DEST'])).toThrow(
      expect.objectContaining({ message, exitCode: 2 }),
    );
  });
});

describe('helpAlone', () => {
  const helpFlags: Flags = { ...flags, help: { kind: 'switch', short: 'h', describe: '', group: 'Output' } };

  test('reads help as the parser does, and leaves everything else to it', () => {
    const word = fc.constantFrom('--help', '-h', 'web', 'api', '-', '--', '-q', '--help=false', '-hq', '-n');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 4 }), (argv) => {
        const alone = helpAlone('ping', argv);
        if (alone === undefined) return;
        const parsed = parseWords('ping', argv, helpFlags);
        expect(alone.positionals).toEqual(parsed.positionals);
        expect(switchOf(alone, 'help')).toBe(switchOf(parsed, 'help'));
      }),
    );
  });

  test.each([
    { argv: ['--help'], help: true },
    { argv: ['web', '-h'], help: true },
    { argv: ['web'], help: false },
    { argv: ['--help', '-q'], help: false },
    { argv: ['--help', '--', 'x'], help: false },
    { argv: ['-n', '--help'], help: false },
  ])('$argv', ({ argv, help }) => expect(helpAlone('ping', argv) !== undefined).toBe(help));
});

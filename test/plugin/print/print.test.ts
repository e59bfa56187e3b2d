import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { coloursFor } from '../../../plugin/print/colour.js';
import { errorText, exitCodeOf } from '../../../plugin/print/error.js';
import { jsonDocument, jsonLine } from '../../../plugin/print/json.js';
import { sanitizeLine, sanitizeText } from '../../../plugin/print/sanitize.js';
import { table } from '../../../plugin/print/table.js';
import { yamlDocument } from '../../../plugin/print/yaml.js';
import { NetdebugError } from '../../../src/errors.js';

// Text as a hostile pod would write it: anything, with escape sequences strewn in.
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u001b[31m', '\u001b]0;x\u0007', '\u009b2J', '\r', '\u202e', '\u001b', '\t', '\n'),
    ),
  )
  .map((parts) => parts.join(''));
const control = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe('sanitize', () => {
  test('no control character survives in a line, none but line ends and tabs in a text', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(sanitizeLine(text)).not.toMatch(control);
        expect(sanitizeText(text).replace(/[\n\t]/g, '')).not.toMatch(control);
      }),
    );
  });

  test('whole escape sequences go, words stay', () => {
    expect(sanitizeLine('\u001b[31mred\u001b[0m\tGrüße 日本 👍')).toBe('red Grüße 日本 👍');
    expect(sanitizeText('a\r\nb\u001b]0;title\u0007c')).toBe('a\nbc');
  });
});

describe('json and yaml', () => {
  test('no control character reaches the terminal, and nothing is lost', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const wellFormed = Buffer.from(text).toString();
        const line = jsonLine('X', { text: wellFormed });
        expect(line.slice(0, -1)).not.toMatch(control);
        expect(JSON.parse(line)).toEqual({ apiVersion: 'netdebug/v1', kind: 'X', text: wellFormed });
        const yaml = yamlDocument('X', { text: wellFormed, list: [wellFormed] });
        expect(yaml.replaceAll('\n', '')).not.toMatch(control);
        expect(parse(yaml)).toEqual({
          apiVersion: 'netdebug/v1',
          kind: 'X',
          text: wellFormed,
          list: [wellFormed],
        });
      }),
    );
  });

  test('a script stays readable in YAML', () => {
    expect(yamlDocument('X', { script: 'one\ntwo\n', tabbed: 'a\tb\nc' })).toBe(
      'apiVersion: netdebug/v1\nkind: X\nscript: |\n  one\n  two\ntabbed: "a\\tb\\nc"\n',
    );
  });

  test('one document, indented', () => {
    expect(jsonDocument('Version', { version: '1' })).toBe(
      '{\n  "apiVersion": "netdebug/v1",\n  "kind": "Version",\n  "version": "1"\n}\n',
    );
  });
});

describe('table', () => {
  test("stands as kubectl's do", () => {
    expect(
      table(
        ['POD', 'IMAGE'],
        [
          ['web-0', 'x'],
          ['日本', undefined],
          ['a-longer-name', 'y\u001b[2J'],
        ],
      ),
    ).toBe('POD             IMAGE\nweb-0           x\n日本            <none>\na-longer-name   y\n');
  });
  test('headings alone', () => expect(table(['A', 'B'], [])).toBe('A   B\n'));
});

describe('colour', () => {
  const coloured = (choice: 'auto' | 'always' | 'never', tty: boolean, env: Record<string, string>) =>
    coloursFor('stderr', choice, { env, isTTY: { stdin: tty, stdout: false, stderr: tty } }).bad('x') !== 'x';
  test.each([
    ['auto', true, {}, true],
    ['auto', false, {}, false],
    ['auto', true, { NO_COLOR: '1' }, false],
    ['auto', true, { NO_COLOR: '' }, true],
    ['auto', true, { TERM: 'dumb' }, false],
    ['always', false, { NO_COLOR: '1' }, true],
    ['never', true, {}, false],
  ] as const)('%s, terminal %p, %p: %p', (choice, tty, env, expected) =>
    expect(coloured(choice, tty, env)).toBe(expected),
  );
});

describe('errors', () => {
  const plain = coloursFor('stderr', 'never', {
    env: {},
    isTTY: { stdin: false, stdout: false, stderr: false },
  });
  const error = new NetdebugError('pod "x\u001b[2J" was not found', {
    exitCode: 6,
    details: ['one', 'two\nthree'],
    hint: 'kubectl get pods\nlook again',
    cause: new Error('404'),
  });

  test('sentence, facts, what to do next', () => {
    expect(errorText(error, plain, false)).toBe(
      'error: pod "x" was not found\n  one\n  two\n  three\nhint: kubectl get pods\n      look again\n',
    );
    expect(exitCodeOf(error)).toBe(6);
  });

  test('what nobody foresaw is one sentence and no stack trace', () => {
    const text = errorText(new TypeError('x is not a function\n    at y'), plain, false);
    expect(text).toBe(
      'error: something unexpected went wrong: x is not a function\nhint: this is a fault of kubectl-netdebug: please report it, with what the same command prints with -v\n',
    );
    expect(exitCodeOf(new TypeError('x'))).toBe(3);
  });

  test('-v shows the causes, also those that are no errors', () => {
    expect(errorText(error, plain, true)).toMatch(/hint: [^]*\nError: 404\n +at /);
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    expect(errorText(circular, plain, true)).toContain('[object Object]');
  });
});

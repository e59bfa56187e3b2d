import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  MAX_INPUT_BYTES,
  decodeStatus,
  encodeEndOfInput,
  encodeMessage,
  encodeResize,
  inputPieces,
} from '../../src/kube/channel.js';
import { exchanges } from './transcripts.js';

const recorded = ['exec-basic', 'exec-protocols', 'exec-errors', 'exec-pod-gone'].flatMap((file) =>
  exchanges(file).flatMap((each) =>
    (each.websocket?.frames ?? [])
      // v4 and v5 only: the older protocols put plain text on channel 3. A longer text was cut by the recorder.
      .filter((frame) => frame.channel === 3 && frame.from === 'server' && frame.length === undefined)
      .filter(() => /^v[45]\.channel/.test(each.websocket?.protocol ?? ''))
      .map(
        (frame) => [`${file}: ${each.note} (${each.websocket?.protocol ?? ''})`, frame.text ?? ''] as const,
      ),
  ),
);

describe('decodeStatus', () => {
  test('there are recorded statuses of v4 and v5', () => {
    expect(recorded.filter(([name]) => name.includes('(v4')).length).toBeGreaterThan(2);
    expect(recorded.filter(([name]) => name.includes('(v5')).length).toBeGreaterThan(20);
  });

  test.each(recorded)('%s', (_name, text) => {
    const end = decodeStatus(Buffer.from(text), 'c');
    const code = /"ExitCode","message":"(\d+)"/.exec(text)?.[1];
    if (text.includes('"Success"')) expect(end).toEqual({ kind: 'exited', exitCode: 0 });
    else if (code !== undefined) expect(end).toEqual({ kind: 'exited', exitCode: Number(code) });
    else expect(end?.kind).toBe('failed');
  });

  test('a command that is not there: the runtime’s reason, without its wrapping', () => {
    const text = recorded.find(([name]) => name.includes('exec-basic: command not found (v5'))?.[1] ?? '';
    const end = decodeStatus(Buffer.from(text), 'main');
    expect(end?.kind === 'failed' && end.error.message).toBe(
      'The command could not be started in container main: exec: "no-such-command": executable file not found in $PATH',
    );
    expect(end?.kind === 'failed' && end.error.exitCode).toBe(8);
  });

  test.each(['', 'null', '[]', '{}', 'plain text', '{"status":"Failure","message":7}'])(
    '%j is no Status',
    (text) => {
      expect(decodeStatus(Buffer.from(text), 'c')).toBeUndefined();
    },
  );

  test('causes of the wrong shape are no exit code', () => {
    const text = '{"status":"Failure","message":"m","details":{"causes":{"reason":"ExitCode"}}}';
    expect(decodeStatus(Buffer.from(text), 'c')?.kind).toBe('failed');
  });
});

describe('encoding', () => {
  test('the frames of the transcripts', () => {
    expect([...encodeEndOfInput()]).toEqual([255, 0]);
    expect(encodeResize(80, 24).toString('latin1')).toBe('\u0004{"Width":80,"Height":24}');
    expect([...encodeMessage(0, Buffer.from('ab'))]).toEqual([0, 97, 98]);
  });

  test('pieces of input are bounded and lose nothing', () => {
    fc.assert(
      fc.property(fc.nat(5 * MAX_INPUT_BYTES), (length) => {
        const input = Buffer.alloc(length, 7);
        const pieces = [...inputPieces(input)];
        expect(pieces.every((each) => each.length > 0 && each.length <= MAX_INPUT_BYTES)).toBe(true);
        expect(pieces.reduce((sum, each) => sum + each.length, 0)).toBe(length);
      }),
    );
  });
});

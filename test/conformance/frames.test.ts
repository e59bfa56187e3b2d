import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  frame,
  FrameError,
  frameHead,
  FrameReader,
  maxPayloadBytes,
  opcodes,
  type Message,
} from '../cluster/stream/frames.js';
import { goJson, statusText } from '../cluster/stream/status.js';
import { terminalSize } from '../cluster/stream/session.js';

/** A client's frame: the server's with the mask bit and a mask. */
function masked(opcode: number, payload: Buffer, mask: Buffer, final = true): Buffer {
  const head = frameHead(opcode, payload.length);
  head[0] = (final ? 0x80 : 0) | opcode;
  head[1] = (head[1] ?? 0) | 0x80;
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0))]);
}

function readAll(reader: FrameReader, bytes: Buffer, sizes: readonly number[]): Message[] {
  const messages: Message[] = [];
  let rest = bytes;
  for (let turn = 0; rest.length > 0; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    messages.push(...reader.read(Buffer.from(rest.subarray(0, size))));
    rest = rest.subarray(size);
  }
  return messages;
}

const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 130 }),
  fc.integer({ min: 65_530, max: 65_540 }).map((length) => new Uint8Array(length).fill(7)),
);

describe('frames of a client', () => {
  test('come out whole however TCP cuts them', () => {
    const clientFrame = fc.record({
      opcode: fc.constantFrom(opcodes.binary, opcodes.text, opcodes.ping, opcodes.close),
      payload: payloads,
      mask: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    });
    const law = fc.property(
      fc.array(clientFrame, { maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1, maxLength: 5 }),
      (frames, sizes) => {
        const bytes = frames.map(({ opcode, payload, mask }) =>
          masked(opcode, Buffer.from(payload), Buffer.from(mask)),
        );
        const messages = readAll(new FrameReader(), Buffer.concat(bytes), sizes);
        expect(messages.map(({ opcode }) => opcode)).toEqual(frames.map(({ opcode }) => opcode));
        messages.forEach(({ payload }, index) => {
          expect(payload.equals(frames[index]?.payload ?? new Uint8Array())).toBe(true);
        });
      },
    );
    fc.assert(law, { numRuns: 60 });
  });

  test('are joined when they are fragments, with a ping between them', () => {
    const mask = Buffer.from([1, 2, 3, 4]);
    const bytes = Buffer.concat([
      masked(opcodes.binary, Buffer.from('ab'), mask, false),
      masked(opcodes.ping, Buffer.from('p'), mask),
      masked(opcodes.continuation, Buffer.from('cd'), mask),
    ]);
    const messages = [...new FrameReader().read(bytes)];
    expect(messages.map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual([
      [opcodes.ping, 'p'],
      [opcodes.binary, 'abcd'],
    ]);
  });

  test('are refused without mask, and over 32 MiB before they are read', () => {
    expect(() => [...new FrameReader().read(frame(opcodes.binary, Buffer.from('x')))]).toThrow(FrameError);
    const head = frameHead(opcodes.binary, maxPayloadBytes + 1, 4);
    head[1] = (head[1] ?? 0) | 0x80;
    expect(() => [...new FrameReader().read(head)]).toThrow('too large');
  });
});

describe('texts on channel 3', () => {
  const v1 = { name: '', version: 'v1', base64: false } as const;

  test('escape what Go escapes', () => {
    expect(goJson('a<b>&\u2028')).toBe('"a\\u003cb\\u003e\\u0026\\u2028"');
  });

  test('are missing on success where the protocol has no Status', () => {
    expect(statusText({ type: 'success' }, v1)).toBeUndefined();
    expect(statusText({ type: 'exit', code: 3, argv: ['a', 'b'] }, v1)).toBe(
      'command terminated with non-zero exit code: error executing command [a b], exit code 3',
    );
  });
});

describe('sizes on channel 4', () => {
  test.each([
    ['{"Width":120,"Height":40}', { columns: 120, rows: 40 }],
    ['{"width":1,"height":2}', { columns: 1, rows: 2 }],
    ['nonsense', undefined],
    ['{"Width":-1,"Height":2}', undefined],
    ['{"Width":70000,"Height":2}', undefined],
    ['null', undefined],
  ])('%s', (text, size) => {
    expect(terminalSize(Buffer.from(text))).toEqual(size);
  });
});

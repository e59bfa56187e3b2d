import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { frameParser } from '../../src/kube/frames.js';

interface Frame {
  readonly opcode: number;
  readonly fin: boolean;
  readonly payload: Buffer;
}

/** A frame as a server writes it (RFC 6455, section 5.2), with a length field of at least `width` bytes. */
function encode({ opcode, fin, payload }: Frame, width = 0): Buffer {
  const first = (fin ? 0x80 : 0) | opcode;
  if (payload.length < 126 && width === 0)
    return Buffer.concat([Buffer.from([first, payload.length]), payload]);
  if (payload.length < 65536 && width <= 2) {
    const header = Buffer.from([first, 126, 0, 0]);
    header.writeUInt16BE(payload.length, 2);
    return Buffer.concat([header, payload]);
  }
  const header = Buffer.from([first, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, payload]);
}

/** What the parser tells, with the pieces of each message put together. */
function parse(chunks: readonly Buffer[]): string[] {
  const told: string[] = [];
  let open: { channel: number; bytes: Buffer[] } | undefined;
  const feed = frameParser({
    onData(channel, bytes, last) {
      open ??= { channel, bytes: [] };
      expect(channel).toBe(open.channel);
      open.bytes.push(Buffer.from(bytes));
      if (last) {
        told.push(`${channel}:${Buffer.concat(open.bytes).toString('hex')}`);
        open = undefined;
      }
    },
    onPing: (payload) => told.push(`ping:${payload.toString('hex')}`),
    onPong: () => told.push('pong'),
    onClose: (code, reason) => told.push(`close:${code}:${reason}`),
  });
  for (const chunk of chunks) feed(chunk);
  return told;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}

const messageOf = fc.record({
  channel: fc.integer({ min: 0, max: 255 }),
  body: fc.uint8Array({ maxLength: 400 }).map((each) => Buffer.from(each)),
  pieces: fc.array(fc.nat(400), { maxLength: 3 }),
  width: fc.constantFrom(0, 2, 8),
  pingBetween: fc.boolean(),
});

describe('frameParser', () => {
  test('gives the same messages however fragmented and however split', () => {
    fc.assert(
      fc.property(
        fc.array(messageOf, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 20 }),
        (messages, places) => {
          const wire: Buffer[] = [];
          const expected: string[] = [];
          for (const { channel, body, pieces, width, pingBetween } of messages) {
            const parts = cut(Buffer.concat([Buffer.from([channel]), body]), pieces);
            parts.forEach((payload, index) => {
              wire.push(
                encode({ opcode: index === 0 ? 2 : 0, fin: index === parts.length - 1, payload }, width),
              );
              if (pingBetween && index === 0) {
                wire.push(encode({ opcode: 9, fin: true, payload: Buffer.from('hi') }));
                expected.push('ping:6869');
              }
            });
            // A ping in the middle of a message is told before the message is whole.
            const whole = `${channel}:${body.toString('hex')}`;
            if (pingBetween && parts.length === 1) expected.splice(-1, 0, whole);
            else expected.push(whole);
          }
          wire.push(encode({ opcode: 8, fin: true, payload: Buffer.from([0x03, 0xe8, 0x6f, 0x6b]) }));
          expected.push('close:1000:ok');
          wire.push(Buffer.from('whatever follows'));
          expect(parse(cut(Buffer.concat(wire), places))).toEqual(expected);
        },
      ),
    );
  });

  test('hands payload on without copying', () => {
    const wire = encode({ opcode: 2, fin: true, payload: Buffer.alloc(70_000, 1) });
    let given: Buffer | undefined;
    const ignore = () => undefined;
    frameParser({ onData: (_c, bytes) => (given = bytes), onPing: ignore, onPong: ignore, onClose: ignore })(
      wire,
    );
    expect(given?.length).toBe(69_999);
    expect(given?.buffer).toBe(wire.buffer);
  });

  test('a message that is only its channel is empty and whole', () => {
    expect(parse([encode({ opcode: 2, fin: true, payload: Buffer.from([1]) })])).toEqual(['1:']);
  });

  test.each([
    ['masked', Buffer.from([0x82, 0x81, 0, 0, 0, 0, 1])],
    ['reserved bits', Buffer.from([0xc2, 0x01, 1])],
    ['continuation without a start', Buffer.from([0x80, 0x01, 1])],
    ['a new message inside a fragmented one', Buffer.from([0x02, 0x01, 1, 0x82, 0x01, 1])],
    ['fragmented control frame', Buffer.from([0x09, 0x00])],
    ['long control frame', Buffer.from([0x89, 126, 0, 126])],
    ['unknown data opcode', Buffer.from([0x83, 0x01, 1])],
    ['unknown control opcode', Buffer.from([0x8b, 0x00])],
    ['a length past 2^53', Buffer.from([0x82, 127, 255, 0, 0, 0, 0, 0, 0, 0])],
  ])('refuses a frame that is %s', (_what, wire) => {
    expect(() => parse([wire])).toThrow();
  });

  test('never throws anything but a FrameError on any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
        try {
          parse(chunks.map((chunk) => Buffer.from(chunk)));
        } catch (error) {
          expect((error as Error).constructor.name).toBe('FrameError');
        }
      }),
    );
  });
});

/** Replays a recorded stream against the local cluster and compares what the two servers did. */
import { expect } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { upgrade, type Access } from './recorder.js';
import { Recording } from './recording.js';
import { payloadOf, queryOf, withoutIdentity, type Exchange, type RecordedFrame } from './transcripts.js';

/** How a replay may differ from the recording. */
export interface ReplayOptions {
  /** The kubeconfig of a recorded user; default: the administrator. */
  readonly access: (user: string | undefined) => Access;
  /** Applied to the payload of both sides before they are compared, per channel. */
  readonly normalise?: (text: string) => string;
  /** Changes the request's query: shorter waits, mostly. */
  readonly query?: (query: string) => string;
  /** Called once the session is open. */
  readonly opened?: (recording: Recording) => Promise<void>;
  /** Acts where the recording has a remark ("DELETE pod"); called with the remark. */
  readonly act?: (note: string, recording: Recording) => Promise<void>;
}

/** How long a session is watched that is to stay open. */
const quietMs = 250;

const channels = [0, 1, 2, 3] as const;

function isServerData(frame: RecordedFrame): boolean {
  return frame.from === 'server' && (frame.opcode === 'binary' || frame.opcode === 'text');
}

/** What a channel carried, as comparable text. */
function carried(frames: readonly RecordedFrame[], channel: number, clean: (text: string) => string): string {
  const parts = frames.filter((frame) => isServerData(frame) && frame.channel === channel).map(payloadOf);
  return clean(withoutIdentity(Buffer.concat(parts).toString('latin1')));
}

function got(recording: Recording, channel: number, clean: (text: string) => string): string {
  return clean(withoutIdentity(recording.data(channel).toString('latin1')));
}

async function compareRefusal(exchange: Exchange, access: Access, path: string): Promise<void> {
  const { request, response } = exchange;
  const answer = await upgrade(access, { method: request.method, path, headers: request.headers ?? {} });
  expect(answer).not.toBeInstanceOf(Recording);
  if (answer instanceof Recording || !response) {
    return;
  }
  expect(answer.status).toBe(response.status);
  if (response.headers['content-type'] !== undefined) {
    expect(answer.headers['content-type']).toBe(response.headers['content-type']);
  }
  if (typeof response.body === 'string') {
    expect(withoutIdentity(answer.body)).toBe(withoutIdentity(response.body));
  } else if (response.body !== null && response.body !== undefined) {
    expect(JSON.parse(answer.body)).toEqual(response.body);
  } else if (response.headers['content-type'] === undefined) {
    expect(answer.body).toBe('');
  }
}

/** Waits until the server has sent what it had sent at this point of the recording. */
async function catchUp(
  recording: Recording,
  before: readonly RecordedFrame[],
  clean: (text: string) => string,
): Promise<void> {
  const pongs = before.filter((frame) => frame.opcode === 'pong').length;
  await recording.until(`the frames before ${before.length}`, () => {
    const texts = channels.every(
      (channel) => got(recording, channel, clean).length >= carried(before, channel, clean).length,
    );
    return texts && recording.seen.filter(({ opcode }) => opcode === 'pong').length >= pongs;
  });
}

function sendLikeClient(recording: Recording, frame: RecordedFrame): void {
  const payload = payloadOf(frame);
  const opcode = frame.opcode ?? '';
  if (opcode.startsWith('(socket destroyed')) {
    recording.destroy();
  } else if (opcode === 'close') {
    recording.close(frame.code);
  } else if (opcode === 'ping' || opcode === 'pong') {
    const times = /^\((\d+) times x\)$/.exec(payload.toString());
    recording.frame(opcode, times ? Buffer.alloc(Number(times[1]), 'x') : payload);
  } else {
    // The recorded text frame carries its channel byte in its text.
    if (frame.channel === undefined) {
      recording.frame('text', payload);
    } else {
      recording.send(frame.channel, payload);
    }
  }
}

async function drive(
  recording: Recording,
  frames: readonly RecordedFrame[],
  options: ReplayOptions,
): Promise<void> {
  const clean = options.normalise ?? ((text: string) => text);
  for (const [index, frame] of frames.entries()) {
    const before = frames.slice(0, index);
    const gapMs = frame.tMs - (frames[index - 1]?.tMs ?? 0);
    if (frame.from === 'observer') {
      if (frame.note?.startsWith('still open') ?? false) {
        await catchUp(recording, before, clean);
        await sleep(quietMs);
        expect(recording.over ? 'over' : 'open').toBe('open');
      } else {
        await catchUp(recording, before, clean);
        await options.act?.(frame.note ?? '', recording);
      }
    } else if (frame.from === 'client' && frame.note !== 'reply' && !recording.over) {
      await catchUp(recording, before, clean);
      if (gapMs > 100) {
        // Input that came apart from the output before it stays apart: a person typing.
        await sleep(50);
      }
      sendLikeClient(recording, frame);
    }
  }
}

function compareOrder(recording: Recording, frames: readonly RecordedFrame[], hasStatus: boolean): void {
  const expected = frames.filter(isServerData);
  const actual = recording.seen.filter(({ channel }) => channel !== undefined);
  expect([actual[0]?.channel, actual[0]?.payload.length, actual[0]?.opcode]).toEqual([
    expected[0]?.channel,
    expected[0] && payloadOf(expected[0]).length,
    expected[0]?.opcode,
  ]);
  const status = actual.findIndex(({ channel }) => channel === 3);
  if (hasStatus && status >= 0) {
    expect(status).toBe(actual.length - 1);
  }
  const close = recording.seen.findIndex(({ opcode }) => opcode === 'close');
  if (close >= 0) {
    expect(close).toBe(recording.seen.length - 1);
  }
}

/** Replays one exchange; throws where the local cluster did otherwise. */
export async function replay(exchange: Exchange, options: ReplayOptions): Promise<void> {
  const { request, websocket } = exchange;
  const query = (options.query ?? ((text: string) => text))(queryOf(exchange));
  const path = `${request.path}?${query}`;
  const access = options.access(request.user);
  if (!websocket) {
    await compareRefusal(exchange, access, path);
    return;
  }
  const recording = await upgrade(access, { method: request.method, path, headers: request.headers ?? {} });
  if (!(recording instanceof Recording)) {
    throw new Error(`refused: ${recording.status} ${recording.body}`);
  }
  try {
    expect(recording.protocol).toBe(websocket.protocol);
    await options.opened?.(recording);
    await drive(recording, websocket.frames, options);
    const { close, frames } = websocket;
    const clean = options.normalise ?? ((text: string) => text);
    if (close.code !== null) {
      await recording.until('the close frame', () => recording.closeCode !== undefined);
      expect(recording.closeCode).toBe(close.code);
      recording.close();
      await recording.until('the end of TCP', () => recording.fin);
    }
    compareOrder(recording, frames, !request.path.endsWith('/portforward'));
    for (const channel of channels) {
      expect({ channel, carried: got(recording, channel, clean) }).toEqual({
        channel,
        carried: carried(frames, channel, clean),
      });
    }
  } finally {
    recording.destroy();
  }
}

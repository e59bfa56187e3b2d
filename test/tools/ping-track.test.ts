import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PingEvent } from '../../src/tools/ping-parse.js';
import { trackPing } from '../../src/tools/ping-track.js';

const reply = (sequence: number, timeMs: number | undefined, duplicate = false): PingEvent => ({
  kind: 'PingReply',
  sequence,
  from: '10.0.0.1',
  bytes: 64,
  ttl: 64,
  timeMs,
  duplicate,
  remark: '',
});
const unanswered = (sequence: number): PingEvent => ({ kind: 'PingUnanswered', sequence });

function tracked(events: readonly PingEvent[], most = 30) {
  const tracker = trackPing(most);
  for (const event of events) tracker.add(event);
  return tracker.track;
}

describe('trackPing', () => {
  test('counts, times, and what became of each of the last packets', () => {
    expect(tracked([reply(1, 1), unanswered(2), reply(3, 3), unanswered(4), reply(4, 9)])).toEqual({
      sent: 4,
      received: 3,
      lossPercent: 25,
      lastMs: 9,
      minMs: 1,
      avgMs: 13 / 3,
      maxMs: 9,
      jitterMs: 2 / 16 + (6 - 2 / 16) / 16,
      recent: [1, 'lost', 3, 9],
    });
  });

  test('packets that busybox says nothing of are lost, and its first has the number 0', () => {
    expect(tracked([reply(0, 1), reply(3, 1)])).toMatchObject({
      sent: 4,
      received: 2,
      recent: [1, 'lost', 'lost', 1],
    });
  });

  test('before anything came, and when nothing does', () => {
    expect(tracked([])).toMatchObject({ sent: 0, lossPercent: 0, recent: [], avgMs: undefined });
    expect(tracked([unanswered(1), unanswered(2)])).toMatchObject({
      sent: 2,
      lossPercent: 100,
      jitterMs: undefined,
    });
  });

  test('a duplicate is no second reply', () => {
    expect(tracked([reply(1, 1), reply(1, 2, true)])).toMatchObject({ sent: 1, received: 1, lastMs: 1 });
  });

  test('any order of replies: nothing more than was sent, and no more kept than asked for', () => {
    const event = fc.oneof(
      fc
        .tuple(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1e4, noNaN: true }))
        .map(([at, ms]) => reply(at, ms)),
      fc.integer({ min: 1, max: 500 }).map(unanswered),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(event, { selector: (each) => ('sequence' in each ? each.sequence : 0) }),
        (events) => {
          const track = tracked(events, 7);
          expect(track.recent.length).toBeLessThanOrEqual(7);
          expect(track.received).toBeLessThanOrEqual(track.sent);
          expect(track.lossPercent).toBeGreaterThanOrEqual(0);
          if (track.jitterMs !== undefined) expect(track.jitterMs).toBeGreaterThanOrEqual(0);
        },
      ),
    );
  });
});

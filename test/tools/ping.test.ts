import { describe, expect, test } from '@jest/globals';
import { ping, pingArgv, type PingSummary } from '../../src/tools/ping.js';
import { parsePingLine, type PingEvent } from '../../src/tools/ping-parse.js';
import { localTools, played, recorded, type Said } from './local.js';
import { isolated } from './netns.js';
import { answerTo, spoken } from './transcript.js';

interface Outcome {
  readonly summary: PingSummary;
  readonly events: PingEvent[];
}

/** @param count What was asked for; as many packets as were sent unless another is given. */
async function replay(destination: string, said: Said, count?: number): Promise<Outcome> {
  const events: PingEvent[] = [];
  const sent = /(\d+) packets transmitted/.exec(said.stdout ?? '')?.[1];
  const summary = await ping(
    { destination, count: count ?? (sent === undefined ? undefined : Number(sent)) },
    { run: () => Promise.resolve(recorded(said)), onEvent: (event) => void events.push(event) },
  );
  return { summary, events };
}

describe('ping, as recorded in pods', () => {
  test('replies as they come, then the summary', async () => {
    const said = answerTo('netshoot', 'ping', '-n', '-c', '3', '-i', '0.2', '10.244.2.99');
    const { summary, events } = await replay('10.244.2.99', said);
    expect(events).toEqual([
      { kind: 'PingStart', destination: '10.244.2.99', address: '10.244.2.99' },
      ...[0.129, 0.087, 0.069].map((timeMs, i) => ({
        kind: 'PingReply',
        sequence: i + 1,
        from: '10.244.2.99',
        bytes: 64,
        ttl: 62,
        timeMs,
        duplicate: false,
        remark: '',
      })),
    ]);
    expect(summary).toEqual({
      kind: 'PingSummary',
      destination: '10.244.2.99',
      address: '10.244.2.99',
      transmitted: 3,
      received: 3,
      duplicates: 0,
      errors: 0,
      lossPercent: 0,
      times: { minMs: 0.069, avgMs: 0.095, maxMs: 0.129, mdevMs: 0.025 },
      refusal: undefined,
      complete: true,
      problem: undefined,
      exit: 0,
    });
  });

  test('one that was ended in the pod before it had sent all is not complete', async () => {
    const said = answerTo('netshoot', 'ping', '-n', '-c', '3', '-i', '0.2', '10.244.2.99');
    const { summary } = await replay('10.244.2.99', said, 9);
    expect(summary).toMatchObject({
      transmitted: 3,
      complete: false,
      problem: 'ping was ended in the pod by somebody else after 3 packets.',
      exit: 8,
    });
  });

  test('busybox counts from zero and tells no deviation', async () => {
    const { summary, events } = await replay(
      '10.244.2.99',
      answerTo('busybox-default-caps', 'ping', '-c', '1', '10.244.2.99'),
    );
    expect(events.at(-1)).toMatchObject({ kind: 'PingReply', sequence: 0, timeMs: 0.449 });
    expect(summary).toMatchObject({
      transmitted: 1,
      received: 1,
      exit: 0,
      times: { minMs: 0.449, mdevMs: undefined },
    });
  });

  test('a host that says why: unreachable, time to live', async () => {
    const { summary, events } = await replay(
      '10.244.2.99',
      answerTo('netshoot', 'ping', '-n', '-c', '1', '-t', '1', '10.244.2.99'),
    );
    expect(events.at(-1)).toEqual({
      kind: 'PingUnreachable',
      sequence: 1,
      from: '10.244.1.1',
      reason: 'Time to live exceeded',
    });
    expect(summary).toMatchObject({ errors: 1, received: 0, lossPercent: 100, times: undefined, exit: 1 });
    const arp = spoken.find(
      (one) => one.group === 'ping' && one.stdout.includes('Destination Host Unreachable'),
    );
    expect(
      (await replay('198.51.100.9', arp ?? { exit: 0 })).events.filter(
        (event) => event.kind === 'PingUnreachable',
      ),
    ).toHaveLength(4);
  });

  test('too big for the way', async () => {
    const said = answerTo(
      'netshoot',
      'ping',
      '-n',
      '-c',
      '2',
      '-i',
      '0.2',
      '-M',
      'do',
      '-s',
      '1472',
      '10.244.2.99',
    );
    const { summary, events } = await replay('10.244.2.99', said);
    expect(summary).toMatchObject({ errors: 2, transmitted: 2, received: 0, exit: 1 });
    // Standard output and error have no order between them: the text may come before the first line.
    for (const event of events.slice(1))
      expect(event).toEqual({ kind: 'PingTrouble', text: 'local error: message too long, mtu=1400' });
  });

  test.each([
    ['unknownHost', 1, 'netshoot', 'ping -c 1 no-such-host.rec2.svc.cluster.local'],
    ['unknownHost', 1, 'netshoot', 'ping -c 1 no-such-host.example.invalid'],
    ['unknownHost', 1, 'busybox', 'ping -c 1 no-such.rec2.svc.cluster.local'],
    ['noRoute', 1, 'netshoot', 'ping -n -c 2 -W 1 2001:db8::1'],
    ['notPermitted', 5, 'busybox', 'ping -c 2 10.244.2.99'],
    ['other', 8, 'netshoot', 'ping -n -c 1 -I nosuch 10.244.2.99'],
  ])('%s is a result with exit code %i (%s: %s)', async (reason, exit, where, command) => {
    const words = command.split(' ');
    const { summary } = await replay(words.at(-1) ?? '', answerTo(where, ...words));
    expect(summary).toMatchObject({ refusal: { reason }, exit, transmitted: 0, complete: true });
  });

  test('arguments that ping refuses are a mistake in usage', async () => {
    await expect(replay('x', answerTo('netshoot', 'ping', '-c', '1', '-z'))).rejects.toMatchObject({
      exitCode: 2,
    });
  });

  test('every recorded ping with a summary is understood', async () => {
    const all = spoken.filter(
      (one) => one.command[0] === 'ping' && one.stdout.includes('packets transmitted'),
    );
    expect(all.length).toBeGreaterThan(15);
    for (const said of all) {
      const { summary } = await replay(said.command.at(-1) ?? '', said);
      const numbers = /(\d+) packets transmitted, (\d+) .*?([\d.]+)% packet loss/.exec(said.stdout);
      expect([summary.transmitted, summary.received, summary.lossPercent]).toEqual(
        numbers?.slice(1).map(Number),
      );
      expect(summary.times !== undefined).toBe(said.stdout.includes('min/avg/max'));
    }
  });
});

describe('parsePingLine', () => {
  test.each([
    ['64 Bytes von 10.0.0.1: icmp_seq=1 ttl=62 Zeit=0,129 ms', { kind: 'PingReply', timeMs: 0.129, ttl: 62 }],
    ['64 octets de 10.0.0.1 : icmp_seq=1 ttl=62 temps=0.129 ms', { from: '10.0.0.1', timeMs: 0.129 }],
    [
      '2 Pakete übertragen, 1 empfangen, +3 Fehler, 50% packet loss, Zeit 203ms',
      { kind: 'counts', transmitted: 2, received: 1, errors: 3 },
    ],
    [
      '[1795357636.5] 64 bytes from h (fe80::1%eth0): icmp_seq=9 ttl=64 time=12 ms (DUP!)',
      { from: 'fe80::1%eth0', duplicate: true, timeMs: 12, remark: '' },
    ],
    ['24 bytes from 10.0.0.1: icmp_seq=1 ttl=62', { kind: 'PingReply', timeMs: undefined }],
    ['64 bytes from 10.0.0.1: icmp_seq=1 ttl=62 time=0.1 ms (BAD CHECKSUM!)', { remark: '(BAD CHECKSUM!)' }],
    ['no answer yet for icmp_seq=7', { kind: 'PingUnanswered', sequence: 7 }],
    [
      'From fd00::1 icmp_seq=2 Destination unreachable: No route',
      { from: 'fd00::1', reason: 'Destination unreachable: No route' },
    ],
    ['From gw (10.0.0.9) icmp_seq=2 Packet filtered', { from: '10.0.0.9', reason: 'Packet filtered' }],
    [
      'From 10.0.0.1: icmp_seq=1 Redirect Host(New nexthop: 10.0.0.2)',
      { kind: 'PingUnreachable', from: '10.0.0.1' },
    ],
    [
      '4 packets transmitted, 4 packets received, 3 duplicates, 0% packet loss',
      { received: 4, duplicates: 3 },
    ],
    [
      '9 packets transmitted, 3 received, +2 duplicates, +1 errors, 66.6667% packet loss, time 8ms',
      { duplicates: 2, errors: 1 },
    ],
    ['PING ::1(::1) 56 data bytes', { kind: 'PingStart', address: '::1' }],
    [
      'PING localhost(localhost (::1)) 56 data bytes',
      { kind: 'PingStart', destination: 'localhost', address: '::1' },
    ],
    ['. . . . ', undefined],
    ['', undefined],
  ])('%s', (line, expected) => {
    if (expected === undefined) expect(parsePingLine(line)).toBeUndefined();
    else expect(parsePingLine(line)).toMatchObject(expected);
  });

  test('control characters of the other side do not come through', () => {
    expect(parsePingLine('From 10.0.0.1 icmp_seq=1 Bad\u001b[2J code')).toMatchObject({
      reason: 'Bad[2J code',
    });
  });
});

describe('ping', () => {
  test('argv: what cannot be mistaken for a flag', () => {
    expect(
      pingArgv({
        destination: '-x',
        count: 3,
        intervalSeconds: 0.2,
        waitSeconds: 1.5,
        sizeBytes: 100,
        family: 6,
      }),
    ).toEqual('ping -n -O -c 3 -i 0.2 -W 2 -s 100 -6 -- -x'.split(' '));
    expect(pingArgv({ destination: 'x' }, 'busybox')).toEqual(['ping', '-n', '--', 'x']);
  });

  test('iputils of this machine answers over loopback', async () => {
    const events: PingEvent[] = [];
    const summary = await ping(
      { destination: '127.0.0.1', count: 3, intervalSeconds: 0.05 },
      { run: localTools(), onEvent: (event) => void events.push(event) },
    );
    expect(events.filter((event) => event.kind === 'PingReply').map((event) => event.sequence)).toEqual([
      1, 2, 3,
    ]);
    expect(summary).toMatchObject({ transmitted: 3, received: 3, exit: 0, complete: true });
  });

  test('busybox refuses -O and is asked again without it', async () => {
    const summary = await ping(
      { destination: '127.0.0.1', count: 1 },
      { run: localTools([...isolated(), 'busybox']), onEvent: () => undefined },
    );
    expect(summary).toMatchObject({ transmitted: 1, received: 1, exit: 0 });
  });

  test('without a count it goes on until it is told to stop, and still sums up', async () => {
    const controller = new AbortController();
    let replies = 0;
    const summary = await ping(
      { destination: '127.0.0.1', intervalSeconds: 0.02 },
      {
        run: localTools(),
        signal: controller.signal,
        onEvent: (event) => {
          if (event.kind === 'PingReply' && ++replies === 4) controller.abort();
        },
      },
    );
    expect(summary.received).toBeGreaterThanOrEqual(4);
    expect(summary).toMatchObject({ complete: true, exit: 130 });
  });

  test('a lost connection leaves our own counts, and says so', async () => {
    const session = played();
    const running = ping(
      { destination: 'x' },
      {
        run: () => Promise.resolve(session),
        onEvent: (event) => {
          if (event.kind === 'PingUnanswered') session.abandon();
        },
      },
    );
    session.stdout.write(
      'PING x (10.0.0.1) 56(84) bytes of data.\n64 bytes from 10.0.0.1: icmp_seq=1 ttl=62 time=1 ms\nno answer yet for icmp_seq=2\n',
    );
    expect(await running).toMatchObject({
      complete: false,
      transmitted: 2,
      received: 1,
      lossPercent: 50,
      exit: 8,
    });
  });

  test('a program that is not there', async () => {
    await expect(replay('x', { exit: null })).rejects.toMatchObject({
      exitCode: 7,
      message: 'ping could not be started in the debug container.',
    });
  });
});

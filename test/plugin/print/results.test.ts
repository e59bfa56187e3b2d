import { describe, expect, test } from '@jest/globals';
import { coloursFor } from '../../../plugin/print/colour.js';
import { debugContainersText } from '../../../plugin/print/debugcontainers.js';
import { pingEventLine, pingSummaryText } from '../../../plugin/print/ping.js';
import { showDebugProgress } from '../../../plugin/print/progress.js';
import { socketsTable } from '../../../plugin/print/sockets.js';
import { createStatusLine } from '../../../plugin/print/statusline.js';
import type { ListedContainer } from '../../../src/debugger/list.js';
import type { PingSummary } from '../../../src/tools/ping.js';
import type { Socket } from '../../../src/tools/sockets-parse.js';
import { fakeEnvironment } from '../environment.js';

const plain = coloursFor('stdout', 'never', {
  env: {},
  isTTY: { stdin: false, stdout: false, stderr: false },
});

describe('ping', () => {
  test("events are lines in ping's manner, without control characters", () => {
    const reply = {
      kind: 'PingReply',
      sequence: 3,
      from: '10.0.0.5',
      bytes: 64,
      ttl: 63,
      timeMs: 0.045,
      duplicate: false,
      remark: '',
    } as const;
    expect(pingEventLine(reply, plain)).toBe('64 bytes from 10.0.0.5: icmp_seq=3 ttl=63 time=0.045 ms\n');
    expect(
      pingEventLine({ ...reply, timeMs: undefined, duplicate: true, remark: 'bad\u001b[2J' }, plain),
    ).toBe('64 bytes from 10.0.0.5: icmp_seq=3 ttl=63 (DUP!) bad\n');
    expect(pingEventLine({ kind: 'PingUnanswered', sequence: 2 }, plain)).toBe(
      'no answer yet for icmp_seq=2\n',
    );
    expect(
      pingEventLine(
        { kind: 'PingUnreachable', sequence: 1, from: '10.0.0.1', reason: 'Destination Host Unreachable' },
        plain,
      ),
    ).toBe('From 10.0.0.1 icmp_seq=1 Destination Host Unreachable\n');
  });

  const summary: PingSummary = {
    kind: 'PingSummary',
    destination: '10.0.0.5',
    address: '10.0.0.5',
    transmitted: 4,
    received: 3,
    duplicates: 1,
    errors: 0,
    lossPercent: 25,
    times: { minMs: 0.04, avgMs: 0.05, maxMs: 0.06, mdevMs: 0.01 },
    refusal: undefined,
    complete: true,
    problem: undefined,
    exit: 0,
  };
  test('the summary', () => {
    expect(pingSummaryText(summary, plain)).toBe(
      '\n--- 10.0.0.5 ping statistics ---\n4 packets transmitted, 3 received, +1 duplicates, 25% packet loss\nrtt min/avg/max/mdev = 0.040/0.050/0.060/0.010 ms\n',
    );
    expect(
      pingSummaryText(
        { ...summary, times: undefined, received: 0, duplicates: 0, errors: 4, lossPercent: 100 },
        plain,
      ),
    ).toBe(
      '\n--- 10.0.0.5 ping statistics ---\n4 packets transmitted, 0 received, +4 errors, 100% packet loss\n',
    );
  });
});

const socket: Socket = {
  protocol: 'tcp',
  family: 'ipv6',
  state: 'LISTEN',
  localAddress: '::',
  localPort: 8080,
  remoteAddress: '::',
  remotePort: 0,
  recvQ: 0,
  sendQ: 128,
  backlog: 128,
  device: undefined,
  uid: 0,
  inode: 77,
  processes: [],
};

describe('sockets', () => {
  test('as a table, and wider', () => {
    expect(socketsTable([socket], false)).toBe(
      'PROTO   STATE    RECV-Q   SEND-Q   LOCAL       PEER\ntcp6    LISTEN   0        128      [::]:8080   *\n',
    );
    const seen = { ...socket, processes: [{ pid: 7, name: 'nginx\u0007' }] };
    expect(socketsTable([seen], true)).toContain('PROCESS   BACKLOG   DEVICE   UID   INODE\n');
    expect(socketsTable([seen], true)).toContain('nginx/7   128       <none>   0     77\n');
  });
});

describe('debug containers', () => {
  const container: ListedContainer = {
    namespace: 'shop',
    pod: 'web',
    container: 'netdebug-abc',
    image: 'x:1',
    profile: 'netadmin',
    node: 'node-1',
    target: undefined,
    sharedProcesses: false,
    state: 'running',
    waitingReason: undefined,
    ageSeconds: 200,
    leftSeconds: 890,
    tools: [{ pid: 9, command: `tcpdump ${'x'.repeat(100)}` }],
  };
  test('table, names', () => {
    const text = debugContainersText(
      [container, { ...container, leftSeconds: undefined, tools: undefined }],
      'table',
      true,
    );
    expect(text).toContain(
      'NAMESPACE   POD   CONTAINER      IMAGE   PROFILE    STATE     AGE     LEFT        RUNNING\n',
    );
    expect(text).toContain(
      'shop        web   netdebug-abc   x:1     netadmin   running   3m20s   14m50s      tcpdump xxx',
    );
    expect(text).toContain('<unknown>   <unknown>\n');
    expect(text).not.toContain('x'.repeat(70));
    expect(debugContainersText([container, container], 'name', false)).toBe('shop/pod/web\n');
    expect(debugContainersText([container], 'wide', false)).toContain('x'.repeat(100));
    const pinned = { ...container, image: `x:1@sha256:${'0'.repeat(64)}` };
    expect(debugContainersText([pinned], 'table', false)).not.toContain('sha256');
    expect(debugContainersText([pinned], 'wide', false)).toContain(pinned.image);
    const waiting = { state: 'waiting', waitingReason: 'ErrImagePull', ageSeconds: undefined } as const;
    expect(debugContainersText([{ ...container, ...waiting, tools: undefined }], 'table', false)).toMatch(
      /waiting: ErrImagePull +<none> +<none> +<none>\n$/,
    );
  });
});

describe('status line', () => {
  test('on a terminal one line is redrawn, and cleared', () => {
    const environment = fakeEnvironment([], {
      isTTY: { stdin: true, stdout: true, stderr: true },
      columns: () => 30,
    });
    const status = createStatusLine(environment, false);
    showDebugProgress(
      status,
      { kind: 'waiting', what: 'pulling image docker.io/nicolaka/netshoot', elapsedMs: 12_000 },
      false,
    );
    status.note('a choice\u001b[2J');
    status.clear();
    expect(environment.err()).toBe(
      'pulling image docker.io/nicol\r\u001b[2Ka choice\npulling image docker.io/nicol\r\u001b[2K',
    );
  });

  test('elsewhere: a line when something new is waited for, then one every five seconds', () => {
    const environment = fakeEnvironment([]);
    const status = createStatusLine(environment, false);
    const waiting = (what: string, elapsedMs: number) =>
      showDebugProgress(status, { kind: 'waiting', what, elapsedMs }, false);
    waiting('scheduling', 0);
    for (let elapsed = 1000; elapsed <= 11_000; elapsed += 1000) {
      environment.advance(1000);
      waiting('pulling image', elapsed);
    }
    status.clear();
    expect(environment.err()).toBe(
      'scheduling\npulling image (1s)\npulling image (6s)\npulling image (11s)\n',
    );
  });

  test('with -q nothing', () => {
    const environment = fakeEnvironment([]);
    const status = createStatusLine(environment, true);
    status.note('x');
    status.show('a', 'b');
    expect(environment.err()).toBe('');
  });

  test('an image is told by its tag, and why it is this one', () => {
    const environment = fakeEnvironment([]);
    const image = `r.example/tools:1@sha256:${'0'.repeat(64)}`;
    const injecting = { kind: 'injecting', container: 'c', profile: 'netadmin', image } as const;
    const status = createStatusLine(environment, false);
    showDebugProgress(status, injecting, false);
    status.clear();
    showDebugProgress(status, { ...injecting, container: 'd', imageNote: 'mirror of tools:1' }, false);
    expect(environment.err()).toBe(
      'injecting c: profile netadmin, image r.example/tools:1\n' +
        'injecting d: profile netadmin, image r.example/tools:1 (mirror of tools:1)\n',
    );
  });

  test('every kind of progress', () => {
    const environment = fakeEnvironment([]);
    const status = createStatusLine(environment, false);
    for (const progress of [
      { kind: 'reusing', container: 'c' },
      { kind: 'injecting', container: 'c', profile: 'baseline', image: 'i' },
      { kind: 'rung-refused', profile: 'netadmin', why: 'Pod Security' },
      { kind: 'warning', text: 'careful' },
      { kind: 'running', container: 'c', elapsedMs: 1500 },
    ] as const) {
      showDebugProgress(status, progress, true);
    }
    expect(environment.err()).toBe(
      'using the running debug container c\ninjecting c: profile baseline, image i\nprofile netadmin is not admitted here: Pod Security\nwarning: careful\nc runs after 1s\n',
    );
  });
});

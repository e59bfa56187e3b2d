import { describe, expect, test } from '@jest/globals';
import type { ToolEnd } from '../../src/debugger/types.js';
import { collect, type RunTool } from '../../src/tools/run.js';
import { tcpdumpText } from '../../src/tools/tcpdump-text.js';
import {
  captureArgv,
  parseTcpdumpLine,
  tcpdumpFailure,
  textArgv,
  type TcpdumpLine,
} from '../../src/tools/tcpdump.js';
import { clock, localTools, recorded } from './local.js';
import { isolated, unshareNet, without } from './netns.js';
import { answerTo, spoken } from './transcript.js';

const exited = (exitCode: number): ToolEnd => ({ kind: 'exited', exitCode });

function lines(stderr: string): TcpdumpLine[] {
  return stderr.trim().split('\n').map(parseTcpdumpLine);
}

function words(stderr: string): string[] {
  return lines(stderr).flatMap((line) => (line.kind === 'words' ? [line.text] : []));
}

describe('captureArgv', () => {
  test('everything', () => {
    const argv = captureArgv({
      interface: 'eth0',
      filter: ' -x or "a b" ',
      snaplen: 96,
      packetCount: 5,
      bufferKiB: 8192,
      precision: 'nano',
    });
    expect(argv.slice(0, -1)).toEqual(
      'tcpdump -U --immediate-mode -Z root -n -i eth0 -s 96 -c 5 -B 8192 --time-stamp-precision=nano -w - --'.split(
        ' ',
      ),
    );
    expect(argv.at(-1)).toBe('-x or "a b"');
    expect(captureArgv({ interface: 'any', filter: ' ' }).at(-1)).toBe('-');
  });

  test('what no argument can hold', () => {
    expect(() => captureArgv({ interface: 'any', filter: 'a\0b' })).toThrow('NUL');
  });
});

describe('textArgv', () => {
  test.each([['-w', 'x'], ['-nw', '-'], ['-wfile'], ['-c', '3', '-w', '-']])(
    '%s writes packets',
    (...args) => {
      expect(() => textArgv(args)).toThrow('does not write packets');
    },
  );

  test.each([['-iwlan0'], ['-n', '--', '-w'], ['--version'], ['-ttt', 'host', 'w']])(
    '%s does not',
    (...args) => {
      expect(textArgv(args)).toEqual(['tcpdump', '-l', '--immediate-mode', '-Z', 'root', ...args]);
    },
  );
});

describe('parseTcpdumpLine, as recorded', () => {
  test('listening, counters on request, counters at the end', () => {
    const said = spoken.find(
      (one) => one.stderr.includes('tcpdump: 7 packets captured') && one.stderr.includes('any'),
    );
    expect(lines(said?.stderr ?? '')).toEqual([
      { kind: 'chatter' },
      { kind: 'listening', interface: 'any', linktype: 'LINUX_SLL2', snaplen: 262144 },
      { kind: 'progress', captured: 7, receivedByFilter: 9, droppedByKernel: 0, droppedByInterface: 0 },
      { kind: 'counter', name: 'captured', value: 7 },
      { kind: 'counter', name: 'receivedByFilter', value: 18 },
      { kind: 'counter', name: 'droppedByKernel', value: 0 },
    ]);
  });

  test.each([
    ['1 packet captured', { kind: 'counter', name: 'captured', value: 1 }],
    ['3 packets dropped by interface', { kind: 'counter', name: 'droppedByInterface', value: 3 }],
    [
      'tcpdump: listening on eth0, link-type EN10MB (Ethernet), capture size 96 bytes',
      { kind: 'listening', linktype: 'EN10MB', snaplen: 96 },
    ],
    ['tcpdump: WARNING: any: That device doesn\u0027t support promiscuous mode', { kind: 'chatter' }],
    [
      'tcpdump: pcap_loop: The interface disappeared',
      { kind: 'words', text: 'pcap_loop: The interface disappeared' },
    ],
    ['tcpdump: \u001b[31mred', { kind: 'words', text: '[31mred' }],
  ])('%s', (line, expected) => expect(parseTcpdumpLine(line)).toMatchObject(expected));
});

describe('tcpdumpFailure', () => {
  test.each([
    [5, 'lacks the capability NET_RAW', answerTo('nocaps', 'tcpdump', '-i', 'any', '-c', '1'), ''],
    [
      2,
      'cannot capture on eth9: nosuch: No such device exists',
      answerTo('netshoot', 'tcpdump', '-i', 'nosuch', '-c', '1'),
      'tcp',
    ],
    [2, 'syntax error', answerTo('netshoot', 'tcpdump', '-d', 'bad filter('), 'bad filter('],
    [
      2,
      'expression rejects all packets',
      answerTo('netshoot', 'tcpdump', '-d', 'tcp and udp'),
      'tcp and udp',
    ],
    [
      2,
      'illegal port number 99999 > 65535',
      answerTo('netshoot', 'tcpdump', '-d', 'port 99999'),
      'port 99999',
    ],
    [
      2,
      "unknown host 'no-such.example.invalid'",
      answerTo('netshoot', 'tcpdump', '-i', 'eth0', '-d', 'host no-such.example.invalid'),
      'host x',
    ],
  ])('exit %i: %s', (exitCode, text, said, filter) => {
    const error = tcpdumpFailure(words(said.stderr), exited(said.exit ?? 0), { interface: 'eth9', filter });
    expect(error.exitCode).toBe(exitCode);
    expect(error.message).toContain(text);
  });

  test.each([['bad filter('], ['tcp and udp'], ['port 99999']])(
    'a filter among the arguments as they were typed: %s',
    (filter) => {
      const said = answerTo('netshoot', 'tcpdump', '-d', filter);
      const error = tcpdumpFailure(words(said.stderr), exited(said.exit ?? 0), {});
      expect(error.exitCode).toBe(2);
      expect(error.message).toMatch(/^tcpdump does not accept the filter: /);
    },
  );

  test('without rights to change the user', () => {
    const error = tcpdumpFailure(
      ["Couldn't change to 'root' uid=0 gid=0: Operation not permitted"],
      exited(1),
      { filter: 'tcp' },
    );
    expect(error).toMatchObject({
      exitCode: 5,
      message: 'tcpdump may not set its user in the debug container.',
    });
  });

  test('killed before the first word', () => {
    expect(tcpdumpFailure([], exited(137), { filter: 'tcp' })).toMatchObject({
      exitCode: 8,
      message: 'tcpdump was killed in the pod (exit code 137).',
    });
  });

  test.each([
    [
      'without NET_RAW',
      [...isolated(), ...without('net_raw')],
      ['-i', 'lo'],
      5,
      /lacks the capability NET_RAW/,
    ],
    [
      'without SETGID',
      [...isolated(true), ...without('setgid', 'setuid')],
      ['-i', 'lo'],
      5,
      /may not set its user/,
    ],
    ['an interface that is down', unshareNet(), ['-i', 'lo'], 2, /That device is not up/],
    ['an argument', isolated(), ['-i', 'lo', '-c', 'x'], 2, /invalid packet count x/],
    ['a flag', isolated(), ['--bogus'], 2, /unrecognized option '--bogus'/],
    ['a filter', isolated(), ['-i', 'lo', '--', 'vlan 99999'], 2, /VLAN tag 99999 greater/],
  ])('the tcpdump of this machine: %s', async (_, prefix, args, exitCode, message) => {
    const run = localTools(prefix);
    const said = await collect(run, ['tcpdump', '-Z', 'root', '-w', '-', ...args], {
      limitBytes: 1e5,
      timeoutMs: 10_000,
      clock,
    });
    const filter = args.includes('--') ? args.at(-1) : undefined;
    const error = tcpdumpFailure(words(said.stderr), said.end, { interface: 'lo', filter });
    expect([error.exitCode, error.message]).toEqual([exitCode, expect.stringMatching(message)]);
  });
});

describe('tcpdumpText', () => {
  async function text(
    run: RunTool,
    args: string[],
    onPacket: (line: string) => void = () => undefined,
    signal?: AbortSignal,
  ) {
    const said: string[] = [];
    const end = await tcpdumpText(args, { run, onPacket, onWords: (line) => void said.push(line), signal });
    return { ...end, said };
  }

  test('lines as they come, and the counters after Ctrl-C', async () => {
    // A namespace of its own, so that nothing else is heard.
    const netns = localTools([
      ...isolated(),
      'sh',
      '-c',
      'ping -q -n -w 3 -i 0.05 127.0.0.1 >/dev/null 2>&1 & exec "$@"',
      'x',
    ]);
    const controller = new AbortController();
    const packets: string[] = [];
    const { exit, error, said } = await text(
      netns,
      ['-n', '-i', 'lo', 'icmp'],
      (line) => {
        packets.push(line);
        if (packets.length === 4) controller.abort();
      },
      controller.signal,
    );
    expect(packets[0]).toContain('127.0.0.1 > 127.0.0.1: ICMP echo request');
    expect(said.join('\n')).toMatch(/packets? captured/);
    expect([exit, error]).toEqual([130, undefined]);
  });

  test('a bad filter', async () => {
    const { exit, error } = await text(localTools(isolated()), ['-i', 'lo', 'bad', 'filter(']);
    expect([exit, error?.message]).toEqual([2, expect.stringContaining('syntax error')]);
  });

  test('not in the image', async () => {
    const { exit } = await text(() => Promise.resolve(recorded({ exit: null })), []);
    expect(exit).toBe(7);
  });
});

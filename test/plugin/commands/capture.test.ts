import { describe, expect, test } from '@jest/globals';
import { captureCommand, parseCaptureCommand } from '../../../plugin/commands/capture.js';
import { parseWords } from '../../../plugin/options/parse.js';
import { captureLiveText, captureSummaryText } from '../../../plugin/print/capture.js';
import type { CaptureSummary } from '../../../src/capture/summary.js';
import { runWords } from '../environment.js';

const read = (...argv: string[]) =>
  parseCaptureCommand(parseWords('capture', argv, captureCommand.flags), {});

describe('capture', () => {
  test('the defaults: all interfaces, everything, wherever there is a desktop', () => {
    expect(read('web')).toMatchObject({
      targets: [{ reference: { kind: 'pod', name: 'web' } }],
      format: 'pcapng',
      destination: { kind: 'unsaid' },
      capture: {
        interfaces: undefined,
        maxPods: 20,
        filter: undefined,
        packetCount: undefined,
        durationMs: undefined,
        maxBytes: undefined,
        snaplen: undefined,
        bufferKiB: undefined,
        precision: undefined,
      },
    });
  });

  test('every flag', () => {
    expect(
      read(
        ...[
          'deploy/api',
          '-i',
          'eth0',
          '-f',
          'tcp port 80 and host 10.0.0.1',
          '-c',
          '10',
          '--duration',
          '1m30s',
        ],
        ...[
          '--max-size=100MB',
          '--snaplen',
          '96',
          '--buffer-size',
          '64MiB',
          '--precision',
          'nano',
          '-w',
          'x.pcap',
        ],
      ),
    ).toMatchObject({
      destination: { kind: 'file', path: 'x.pcap' },
      format: 'pcap',
      capture: {
        interfaces: ['eth0'],
        filter: 'tcp port 80 and host 10.0.0.1',
        packetCount: 10,
        durationMs: 90_000,
        maxBytes: 100_000_000,
        snaplen: 96,
        bufferKiB: 65_536,
        precision: 'nano',
      },
    });
  });

  test('the filter may stand after --, as with tcpdump', () => {
    expect(read('web', '-w-', '--', 'tcp', 'port', '80')).toMatchObject({
      destination: { kind: 'stdout' },
      capture: { filter: 'tcp port 80' },
    });
    expect(read('web', '--wireshark').destination).toEqual({ kind: 'wireshark' });
  });

  test.each([
    [['web', '-w', 'x', '--wireshark'], '--write and --wireshark exclude each other'],
    [['web', '-w', ''], '--write: the name of the file is empty'],
    [['web', '-f', 'icmp', '--', 'tcp'], 'give the filter either with --filter or after --'],
    [['web', '--', '-i', 'eth0'], 'after -- comes a filter, and -i is none'],
    [['web', '-c', '0'], '--packet-count: "0" is not a whole number'],
    [['web', '--duration', 'long'], '--duration: "long" is not a duration'],
    [['web', '--buffer-size', '3GiB'], '--buffer-size: 3GiB is too much'],
    [['web', '--duration', '100d'], '--duration: 100d is out of range'],
    [['web', '--max-size', '10'], '--max-size: "10" is not a size of 1024 bytes or more'],
    [['web', '--snaplen', '300000'], '--snaplen: "300000" is not a whole number from 1 to 262144'],
    [['web', '--precision', 'pico'], '--precision: "pico" is not one of micro, nano'],
  ])('%p is refused', (argv, message) => {
    expect(() => read(...argv)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message) as unknown, exitCode: 2 }),
    );
  });
});

describe('before the cluster is asked anything', () => {
  test.each([
    [['-w', '/nonexistent/x.pcap'], 'cannot write to /nonexistent/x.pcap: there is no such directory'],
    [['-w', '/tmp'], 'cannot write to /tmp: it is a directory'],
    [['-i', 'eth 0', '-w', '/dev/null'], '"eth 0" is not the name of an interface'],
    [[], 'it is not said where the packets are to go'],
    [['--wireshark'], 'Wireshark was not found'],
  ])('%p is refused', async (words, message) => {
    const { code, err, out } = await runWords(['capture', 'web', ...words]);
    expect(err).toContain(`error: ${message}`);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  test('packets to a terminal are refused', async () => {
    const isTTY = { stdin: true, stdout: true, stderr: false };
    const { code, err } = await runWords(['capture', 'web', '-w', '-'], { isTTY });
    expect(code).toBe(2);
    expect(err).toContain('packets are not written to a terminal');
  });
});

describe('what is said', () => {
  test('the live line', () => {
    const statistics = {
      elapsedMs: 12_300,
      running: 1,
      expected: 1,
      packets: 12_345,
      bytes: 6_700_000,
      packetsPerSecond: 1002.4,
      bytesPerSecond: 540_000,
      droppedByKernel: undefined,
      droppedByInterface: undefined,
    };
    expect(captureLiveText(statistics)).toBe('12,345 packets, 6.7 MB, 1,002 packets/s, 540 kB/s, 12s');
    expect(captureLiveText({ ...statistics, droppedByKernel: 3, droppedByInterface: 1 })).toContain(
      ', 4 dropped, 12s',
    );
  });

  const summary: CaptureSummary = {
    kind: 'CaptureSummary',
    format: 'pcap',
    packets: 42,
    bytes: 5100,
    first: undefined,
    last: undefined,
    captured: 42,
    receivedByFilter: 42,
    droppedByKernel: 0,
    droppedByInterface: 0,
    lost: 0,
    latePackets: 0,
    sources: [],
    failed: [],
    whole: true,
    complete: true,
    endedBy: 'limit',
    durationMs: 12_000,
    problems: [],
    notes: [],
    exit: 0,
  };
  test('the summary', () => {
    expect(captureSummaryText(summary, 'x.pcap')).toBe(
      '42 packets, 5.1 kB to x.pcap in 12s: the limit was reached\n42 captured, 42 received by filter, 0 dropped by kernel, last record whole',
    );
    expect(captureSummaryText({ ...summary, packets: 1 }, 'x.pcap')).toMatch(/^1 packet, 5\.1 kB/);
    const lossy = {
      ...summary,
      receivedByFilter: 200,
      droppedByKernel: 50,
      droppedByInterface: 1,
      lost: 51,
      whole: false,
      notes: ['one.'],
    };
    expect(captureSummaryText(lossy, 'x.pcap').split('\n').slice(1)).toEqual([
      '42 captured, 200 received by filter, 50 dropped by kernel, 1 dropped by interface, last record cut',
      'warning: 25.5 % of the packets were lost: narrow the filter, or give a larger --buffer-size or a smaller --snaplen',
      'note: one.',
    ]);
    expect(
      captureSummaryText(
        { ...summary, captured: undefined, receivedByFilter: undefined, droppedByKernel: undefined },
        'x',
      ),
    ).toContain('unknown captured, unknown received by filter, unknown dropped by kernel');
  });
});

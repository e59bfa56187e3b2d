import { describe, expect, test } from '@jest/globals';
import { parsePull, pullCommand } from '../../../plugin/commands/pull.js';
import { parseTcpdump, tcpdumpCommand } from '../../../plugin/commands/tcpdump.js';
import { parseWords } from '../../../plugin/options/parse.js';

const pull = (line: string) => parsePull(parseWords('pull', line.split(' '), pullCommand.flags), {});
const tcpdump = (line: string) =>
  parseTcpdump(parseWords('tcpdump', line.split(' '), tcpdumpCommand.flags), {});

describe('pull', () => {
  test('a pod, a path there, a place here, and the defaults', () => {
    expect(pull('web /tmp/a.pcap a.pcap')).toMatchObject({
      target: { kind: 'reference', reference: { kind: 'pod', name: 'web' } },
      remote: '/tmp/a.pcap',
      local: 'a.pcap',
      container: undefined,
      force: false,
      maxBytes: 10 * 1024 ** 3,
    });
  });

  test('a container, a limit, and labels instead of a pod', () => {
    expect(pull('-l app=web /etc - -c app --max-size 5MB --force')).toMatchObject({
      target: { kind: 'labels', selector: 'app=web' },
      local: '-',
      container: 'app',
      maxBytes: 5_000_000,
      force: true,
    });
  });

  test.each([
    ['web /tmp/a', 'LOCAL is missing'],
    ['web a b c', 'unexpected argument "c"'],
    ['web a b --max-size much', '--max-size'],
  ])('%s is refused', (line, message) => {
    expect(() => pull(line)).toThrow(message);
  });
});

describe('--upload', () => {
  test('is a program, for tcpdump as for capture', () => {
    expect(tcpdump('web --upload ./tcpdump -c app').debug).toMatchObject({
      upload: './tcpdump',
      target: 'app',
    });
    expect(tcpdump('web').debug.upload).toBeUndefined();
  });

  test('has no use for what makes a debug container', () => {
    expect(() => tcpdump('web --upload x --image y')).toThrow('--profile and --image mean nothing');
    expect(() => tcpdump('web --upload=')).toThrow('the program is empty');
  });
});

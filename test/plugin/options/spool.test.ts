import { describe, expect, test } from '@jest/globals';
import { parseWords } from '../../../plugin/options/parse.js';
import { captureCommand } from '../../../plugin/commands/capture.js';
import { parseSpool } from '../../../plugin/options/spool.js';

function parse(...argv: string[]): ReturnType<typeof parseSpool> {
  return parseSpool(parseWords('capture', ['web', ...argv], captureCommand.flags));
}

describe('--spool and what goes with it', () => {
  test('nothing is said: packets are not kept in the pod', () => {
    expect(parse('-w', 'x.pcap')).toBeUndefined();
  });

  test.each([
    [['--spool', '20MB'], { mode: 'stream', bytes: 20e6, trigger: undefined }],
    [['--until', 'restart'], { mode: 'until', bytes: 100e6, trigger: { kind: 'restart' }, keepSeconds: 30 }],
    [
      ['--until', 'packet:tcp port 80', '--keep', '1m', '--spool', '1GB'],
      { mode: 'until', bytes: 1e9, trigger: { kind: 'packet', filter: 'tcp port 80' }, keepSeconds: 60 },
    ],
    [['--detach', '--spool', '50MB'], { mode: 'detach', bytes: 50e6 }],
    [['--resume'], { mode: 'resume' }],
  ])('%j', (argv, expected) => {
    expect(parse(...argv)).toMatchObject(expected);
  });

  test.each([
    [['--spool', '1MB'], 'not a size of 4000000 bytes'],
    [['--spool', 'much'], 'not a size'],
    [['--until', 'never'], 'is not a trigger'],
    [['--until', 'restart', '--detach'], 'exclude each other'],
    [['--detach', '--resume'], 'exclude each other'],
    [['--keep', '10s', '--spool', '10MB'], '--keep goes with --until'],
    [['--until', 'restart', '--keep', '0.1s'], 'out of range'],
    [['--resume', '-f', 'tcp'], 'leave --filter out'],
    [['--detach', '-w', 'x.pcap'], 'leave --write out'],
    [['--spool', '10MB', '--upload', './tcpdump'], '--upload runs tcpdump in a container of the pod itself'],
  ])('%j is refused', (argv, sentence) => {
    expect(() => parse(...argv)).toThrow(sentence);
    expect(() => parse(...argv)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

import { describe, expect, test } from '@jest/globals';
import { planCapture, type CaptureRequest } from '../../src/capture/plan.js';

const base: CaptureRequest = { interface: 'eth0' };

describe('planCapture', () => {
  test('shows what would run', () => {
    expect(
      planCapture({ ...base, filter: ' tcp port 80 ', packetCount: 3, durationMs: 5000, maxBytes: 1e6 }),
    ).toEqual({
      kind: 'CapturePlan',
      interface: 'eth0',
      filter: 'tcp port 80',
      snaplen: 262144,
      packetCount: 3,
      durationMs: 5000,
      maxBytes: 1_000_000,
      argv: [
        ...'tcpdump -U --immediate-mode -Z root -n -i eth0 -s 262144 -c 3 -B 32768 -w - --'.split(' '),
        'tcp port 80',
      ],
    });
  });

  test.each([
    ['number of packets', { packetCount: 0 }],
    ['number of packets', { packetCount: 1.5 }],
    ['duration', { durationMs: -1 }],
    ['duration', { durationMs: 2 ** 31 }],
    ['largest size', { maxBytes: 39 }],
    ['snaplen', { snaplen: 262145 }],
    ['buffer', { bufferKiB: 0 }],
    ['is not the name of an interface', { interface: '' }],
    ['is not the name of an interface', { interface: 'eth0\n' }],
    ['NUL', { filter: 'a\0' }],
  ])('refuses: %s', (text, wrong) => {
    expect(() => planCapture({ ...base, ...wrong })).toThrow(text);
  });
});

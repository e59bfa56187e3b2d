import { expect, test } from '@jest/globals';
import { coloursFor } from '../../../plugin/print/colour.js';
import { heatText } from '../../../plugin/print/heat.js';
import { heatOf } from '../../../src/diagnose/intermittent/heat.js';
import type { ObservedConnect } from '../../../src/diagnose/observed.js';

const colours = coloursFor('stdout', 'never', {
  env: {},
  isTTY: { stdin: false, stdout: false, stderr: false },
});

function node(name: string, address: string, good: number, all: number): ObservedConnect {
  return {
    from: 'here',
    to: { role: 'external', address, node: name, port: 30_080, protocol: 'TCP' },
    attempts: Array.from({ length: all }, (_, index) => ({
      outcome: index < good ? 'connected' : 'timeout',
    })),
    via: 'here',
  };
}

test('a row for each place, and the odd one out in words', () => {
  const heat = heatOf([
    node('n1', '172.30.0.11', 10, 10),
    node('n2\u001b[31m', '2001:db8::2', 0, 10),
    node('n3', '172.30.0.13', 30, 40),
  ]);
  expect(heatText(heat, { colours, ascii: false })).toBe(
    [
      'FROM           TO                    NODE   OVER TIME              OK      ELSE',
      'this machine   172.30.0.11:30080     n1     ██████████             10/10   -',
      'this machine   [2001:db8::2]:30080   n2     ··········             0/10    10 timeout',
      'this machine   172.30.0.13:30080     n3     ███████████████·····   30/40   10 timeout',
      'node n2 is the odd one out: 0 of 10 connections, all others 40 of 50',
      'address 2001:db8::2 is the odd one out: 0 of 10 connections, all others 40 of 50',
      'IPv6 is the odd one out: 0 of 10 connections, all others 40 of 50',
      '',
    ].join('\n'),
  );
  expect(heatText(heat, { colours, ascii: true })).toMatch(
    /^this machine +172\.30\.0\.13:30080 +n3 +#{15}\.{5} +30\/40/m,
  );
});

test('nothing of what was tried once', () => {
  expect(heatText(heatOf([node('n1', '172.30.0.11', 1, 1)]), { colours, ascii: false })).toBe('');
});

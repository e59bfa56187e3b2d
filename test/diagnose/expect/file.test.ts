import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ExpectedFlow, parseExpectations, withExpectation } from '../../../src/diagnose/expect/file.js';
import { judgeFlow } from '../../../src/diagnose/expect/judge.js';
import { NetdebugError } from '../../../src/errors.js';

const head = 'apiVersion: netdebug/v1\nkind: Expectations\n';
const refusal = (text: string): NetdebugError => {
  try {
    parseExpectations(text, 'flows.yaml');
  } catch (error) {
    if (error instanceof NetdebugError) return error;
  }
  throw new Error('it was taken');
};

describe('a file of expectations', () => {
  test('is read', () => {
    const flows = `flows:\n  - {from: web-0, to: "svc/api:80", expect: reachable}\n  - from: a\n    to: b:1\n    namespace: shop\n    expect: unreachable\n    codes: [ND202]\n`;
    expect(parseExpectations(head + flows, 'f')).toEqual([
      { from: 'web-0', to: 'svc/api:80', expect: 'reachable' },
      { from: 'a', to: 'b:1', namespace: 'shop', expect: 'unreachable', codes: ['ND202'] },
    ]);
  });

  test.each([
    ['flows:\n  - from: a\n    to: b\n    expect: yes please\n', 'line 6: flows[0].expect', '"reachable"'],
    ['flows:\n  - from: a\n    expect: reachable\n', 'line 4: flows[0].to', 'expected string'],
    ['flows:\n  - from: a\n    to: b\n    expect: reachable\n    port: 1\n', 'line 4: flows[0]', '"port"'],
    [
      'flows:\n  - from: a\n    to: b\n    expect: unreachable\n    codes:\n      - N1\n',
      'line 8: flows[0].codes[0]',
      'ND202',
    ],
    [
      'flows:\n  - from: a\n    to: b\n    expect: reachable\n    codes: [ND202]\n',
      'line 7: flows[0].codes',
      'only where',
    ],
    ['flows: []\n', 'line 3: flows', 'at least one flow'],
    ['', 'line 1: flows', 'expected array'],
  ])('%j is refused with its place and what was expected', (text, place, words) => {
    const error = refusal(head + text);
    expect(error.exitCode).toBe(2);
    expect(error.details.join('\n')).toContain(`flows.yaml: ${place}: `);
    expect(error.details.join('\n')).toContain(words);
  });

  test('that is no YAML is refused with the line', () => {
    expect(refusal('a: [\nb: ]]').message).toMatch(/^flows.yaml: line \d+: not YAML: /);
  });

  test('keeps comments when a flow is added or replaced', () => {
    const first = withExpectation('', 'f', { from: 'a', to: 'b', expect: 'reachable' });
    const noted = first.replace('flows:', '# ours\nflows:');
    const second = withExpectation(noted, 'f', {
      from: 'a',
      to: 'c',
      expect: 'unreachable',
      codes: ['ND202'],
    });
    const third = withExpectation(second, 'f', { from: 'a', to: 'b', expect: 'unreachable' });
    expect(third).toContain('# ours');
    expect(parseExpectations(third, 'f')).toEqual([
      { from: 'a', to: 'b', expect: 'unreachable' },
      { from: 'a', to: 'c', expect: 'unreachable', codes: ['ND202'] },
    ]);
  });

  test('what was written is read again, whatever the words are', () => {
    const flow = fc.record({
      from: fc.string({ minLength: 1 }),
      to: fc.string({ minLength: 1 }),
      expect: fc.constantFrom('reachable' as const, 'unreachable' as const),
    });
    fc.assert(
      fc.property(fc.array(flow, { minLength: 1, maxLength: 4 }), (flows) => {
        const known = new Map<string, ExpectedFlow>();
        let text = '';
        for (const one of flows) {
          text = withExpectation(text, 'f', one);
          known.set(JSON.stringify([one.from, one.to]), one);
        }
        expect(parseExpectations(text, 'f')).toEqual([...known.values()]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a flow', () => {
  const found = (
    verdict: 'REACHABLE' | 'UNREACHABLE' | 'AMBIGUOUS' | 'UNDETERMINED',
    ...codes: string[]
  ) => ({
    verdict,
    findings: codes.map((code) => ({ code })),
  });
  const reachable = { from: 'a', to: 'b', expect: 'reachable' as const };
  const denied = { from: 'a', to: 'b', expect: 'unreachable' as const, codes: ['ND202'] };

  test.each([
    [reachable, found('REACHABLE', 'ND413'), 'ok'],
    [reachable, found('UNREACHABLE', 'ND202'), 'failed'],
    [reachable, found('AMBIGUOUS'), 'failed'],
    [reachable, found('UNDETERMINED'), 'open'],
    [denied, found('UNREACHABLE', 'ND204', 'ND202'), 'ok'],
    [denied, found('UNREACHABLE', 'ND301'), 'failed'],
    [denied, found('REACHABLE'), 'failed'],
    [denied, found('AMBIGUOUS', 'ND202'), 'failed'],
    [denied, found('UNDETERMINED', 'ND202'), 'open'],
  ] as const)('%j with %j is %s', (flow, answer, result) => {
    expect(judgeFlow(flow, answer)).toMatchObject({ result, verdict: answer.verdict });
  });
});

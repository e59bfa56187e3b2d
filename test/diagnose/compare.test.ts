import { describe, expect, test } from '@jest/globals';
import { type Answer, compareAnswers, comparisonText } from '../../src/diagnose/compare.js';

const finding = (code: string, name: string, more: Partial<Answer['findings'][number]> = {}) => ({
  code,
  title: `title of ${code}`,
  severity: 'error' as const,
  object: { kind: 'NetworkPolicy', namespace: 'shop', name },
  ...more,
});
const answer = (verdict: Answer['verdict'], ...findings: Answer['findings']): Answer => ({
  verdict,
  at: '2025-01-01T00:00:00.000Z',
  findings,
});
const words = (before: Answer, after: Answer): string => comparisonText(compareAnswers(before, after), after);

describe('two answers', () => {
  const denied = answer('UNREACHABLE', finding('ND204', 'a'), finding('ND202', 'a', { causedBy: 'ND204' }));

  test('are told by verdict and root cause', () => {
    expect(words(denied, answer('REACHABLE'))).toBe('was UNREACHABLE because ND204, now REACHABLE');
    expect(words(answer('REACHABLE'), denied)).toBe('was REACHABLE, now UNREACHABLE because ND204');
    expect(words(denied, denied)).toBe('still UNREACHABLE because ND204');
    expect(words(denied, answer('UNREACHABLE', finding('ND302', 'b')))).toBe(
      'was UNREACHABLE because ND204, now UNREACHABLE because ND302',
    );
  });

  test('are compared by code and object, wherever in it', () => {
    const after = answer('UNREACHABLE', finding('ND202', 'a'), finding('ND204', 'b'));
    const { gone, fresh, same } = compareAnswers(denied, after);
    expect(gone.map(({ code, object }) => [code, object.name])).toEqual([['ND204', 'a']]);
    expect(fresh.map(({ code, object }) => [code, object.name])).toEqual([['ND204', 'b']]);
    expect(same.map(({ code }) => code)).toEqual(['ND202']);
  });

  test('a warning is no reason for what is reachable', () => {
    const warned = answer('REACHABLE', finding('ND413', 'a', { severity: 'warning' }));
    expect(words(denied, warned)).toBe('was UNREACHABLE because ND204, now REACHABLE');
  });
});

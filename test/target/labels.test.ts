import { expect, test } from '@jest/globals';
import { parseLabelSelector } from '../../src/target/labels.js';

test.each([
  ['app=web', [{ key: 'app', operator: 'In', values: ['web'] }]],
  ['app==web', [{ key: 'app', operator: 'In', values: ['web'] }]],
  ['tier!=cache', [{ key: 'tier', operator: 'NotIn', values: ['cache'] }]],
  ['app.kubernetes.io/name', [{ key: 'app.kubernetes.io/name', operator: 'Exists' }]],
  ['!old', [{ key: 'old', operator: 'DoesNotExist' }]],
  ['env in (a, b)', [{ key: 'env', operator: 'In', values: ['a', 'b'] }]],
  ['env notin (a)', [{ key: 'env', operator: 'NotIn', values: ['a'] }]],
  ['app=', [{ key: 'app', operator: 'In', values: [''] }]],
])('%s', (text, matchExpressions) => {
  expect(parseLabelSelector(text)).toEqual({ matchExpressions });
});

test('several requirements, with commas between and within', () => {
  expect(parseLabelSelector('a=1, b in (2,3) ,!c').matchExpressions.map(({ key }) => key)).toEqual([
    'a',
    'b',
    'c',
  ]);
});

test.each(['a=b=c', 'a in b', '', 'a,,b', '(', 'a = b c', '=x'])('%s is refused', (text) => {
  expect(() => parseLabelSelector(text)).toThrow(expect.objectContaining({ exitCode: 2 }));
});

import { describe, expect, test } from '@jest/globals';
import { fieldSelector, labelSelector, selectedName } from '../../cluster/api/selectors.js';
import { resourceType } from '../../cluster/api/resources.js';
import type { Stored } from '../../cluster/types.js';

const labels = { app: 'web', tier: 'front', size: '3' };

describe('labelSelector', () => {
  test.each([
    ['', true],
    ['app=web', true],
    ['app==web,tier!=back', true],
    ['app=other', false],
    ['app', true],
    ['!app', false],
    ['!nothing', true],
    ['app in (web, api)', true],
    ['app notin (web,api)', false],
    ['nothing notin (x)', true],
    ['nothing in (x)', false],
    ['size>2,size<4', true],
    ['size>3', false],
    ['nothing!=x', true],
  ])('%s', (text, wanted) => {
    expect(labelSelector(text)(labels)).toBe(wanted);
  });

  test.each([
    ['app==(', "unable to parse requirement: found '(', expected: identifier"],
    ['app in web', "unable to parse requirement: found 'web', expected: '('"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a=b c', "unable to parse requirement: found 'c', expected: ',' or 'end of string'"],
  ])('%s is refused', (text, message) => {
    expect(() => labelSelector(text)).toThrow(message);
  });
});

describe('fieldSelector', () => {
  const pods = resourceType('', 'v1', 'pods');
  const pod = {
    metadata: { name: 'a', namespace: 'n' },
    spec: { nodeName: 'node-1' },
    status: { phase: 'Running' },
  } as unknown as Stored;
  if (pods === undefined) throw new Error('there are no pods');

  test.each([
    ['metadata.name=a,status.phase=Running', true],
    ['spec.nodeName!=node-1', false],
    ['metadata.namespace==n', true],
    ['status.podIP=', true],
  ])('%s', (text, wanted) => {
    expect(fieldSelector(pods, text)(pod)).toBe(wanted);
  });

  test('names the one object that rights are asked for', () => {
    expect(selectedName('metadata.name=a,status.phase=Running')).toBe('a');
    expect(selectedName('metadata.name!=a')).toBeUndefined();
    expect(selectedName(null)).toBeUndefined();
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  eventsPath,
  namespacePath,
  podPath,
  podsPath,
  queryString,
  resourcePath,
} from '../../src/kube/paths.js';

describe('paths', () => {
  test('of core, groups and subresources', () => {
    expect(podsPath()).toBe('/api/v1/pods');
    expect(podsPath('a')).toBe('/api/v1/namespaces/a/pods');
    expect(podPath('a', 'x', 'exec')).toBe('/api/v1/namespaces/a/pods/x/exec');
    expect(namespacePath('a')).toBe('/api/v1/namespaces/a');
    expect(eventsPath('a')).toBe('/api/v1/namespaces/a/events');
    expect(resourcePath({ group: 'apps', resource: 'deployments', namespace: 'a', name: 'd' })).toBe(
      '/apis/apps/v1/namespaces/a/deployments/d',
    );
  });

  test('no name leaves its place', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'binary' }), (name) => {
        fc.pre(name !== '.' && name !== '..');
        const path = podPath('ns', name, 'log');
        expect(path.split('/')).toHaveLength(8);
        expect(new URL(path, 'http://x').pathname).toBe(path);
        expect(decodeURIComponent(path.split('/')[6] ?? '')).toBe(name);
      }),
    );
  });

  test.each(['', '.', '..'])('refuses the name %j', (name) => {
    expect(() => podPath('ns', name)).toThrow('not a name');
  });

  test('repeats keys for lists and leaves undefined out', () => {
    expect(queryString({ command: ['sh', '-c', 'a&b'], tty: false, x: undefined, n: 1 })).toBe(
      '?command=sh&command=-c&command=a%26b&tty=false&n=1',
    );
    expect(queryString({ x: undefined })).toBe('');
  });
});

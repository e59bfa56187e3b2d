/** Hosts and paths as the specifications of Ingress and Gateway API have them, by their own tables of examples. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  commonHost,
  gatewayHostMatches,
  ingressHostMatches,
  pathMatches,
} from '../../../src/diagnose/outside/match.js';

describe('hosts of an Ingress', () => {
  test.each([
    ['*.foo.com', 'bar.foo.com', true],
    ['*.foo.com', 'baz.bar.foo.com', false],
    ['*.foo.com', 'foo.com', false],
    ['foo.bar.com', 'FOO.bar.com.', true],
    ['foo.bar.com', 'xfoo.bar.com', false],
    ['', 'anything.example', true],
    [undefined, 'anything.example', true],
  ])('%s means %s: %s', (rule, host, expected) => {
    expect(ingressHostMatches(rule, host)).toBe(expected);
  });
});

describe('hosts of Gateway API', () => {
  test.each([
    ['*.example.com', 'test.example.com', true],
    ['*.example.com', 'foo.test.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'testexample.com', false],
    ['test.example.com', 'test.example.com', true],
  ])('%s means %s: %s', (pattern, host, expected) => {
    expect(gatewayHostMatches(pattern, host)).toBe(expected);
  });

  test.each([
    ['*.example.com', 'test.example.com', 'test.example.com'],
    ['*.example.com', '*.example.com', '*.example.com'],
    ['*.example.com', '*.foo.example.com', '*.foo.example.com'],
    [undefined, 'test.example.com', 'test.example.com'],
  ])('%s and %s have %s in common', (a, b, expected) => {
    expect(commonHost(a, b)).toEqual({ host: expected });
    expect(commonHost(b, a)).toEqual({ host: expected });
  });

  test.each([
    ['*.example.com', 'example.com'],
    ['*.example.com', 'test.example.net'],
    ['a.example.com', 'b.example.com'],
  ])('%s and %s have nothing in common', (a, b) => {
    expect(commonHost(a, b)).toBeUndefined();
    expect(commonHost(b, a)).toBeUndefined();
  });
});

// The table of https://kubernetes.io/docs/concepts/services-networking/ingress/#examples
describe('paths', () => {
  test.each([
    ['Prefix', '/', '/any/path', true],
    ['Exact', '/foo', '/foo', true],
    ['Exact', '/foo', '/bar', false],
    ['Exact', '/foo', '/foo/', false],
    ['Exact', '/foo/', '/foo', false],
    ['Prefix', '/foo', '/foo', true],
    ['Prefix', '/foo', '/foo/', true],
    ['Prefix', '/foo/', '/foo', true],
    ['Prefix', '/foo/', '/foo/', true],
    ['Prefix', '/aaa/bb', '/aaa/bbb', false],
    ['Prefix', '/aaa/bbb', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb/', '/aaa/bbb', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbb/ccc', true],
    ['Prefix', '/aaa/bbb', '/aaa/bbbxyz', false],
    ['Prefix', '/Foo', '/foo', false],
    ['ImplementationSpecific', '/foo', '/foo/bar', true],
    ['ImplementationSpecific', '/foo/(.*)', '/foo/bar', undefined],
    ['ImplementationSpecific', '/foo/(.*)', '/bar', false],
    ['RegularExpression', '/foo', '/foo', undefined],
  ] as const)('%s %s means %s: %s', (kind, path, asked, expected) => {
    expect(pathMatches(kind, path, asked)).toBe(expected);
  });

  test('an exact path is also a prefix of itself and of what is below it', () => {
    const element = fc.stringMatching(/^[a-z0-9.~-]{1,8}$/);
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 4 }), element, (elements, below) => {
        const path = `/${elements.join('/')}`;
        expect(pathMatches('Exact', path, path)).toBe(true);
        expect(pathMatches('Prefix', path, path)).toBe(true);
        expect(pathMatches('Prefix', path, `${path}/${below}`)).toBe(true);
        expect(pathMatches('Prefix', path, `${path}${below}`)).toBe(false);
        expect(pathMatches('Exact', path, `${path}/${below}`)).toBe(false);
      }),
    );
  });
});

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  configSentences,
  interfaceName,
  interfaceSentences,
  parseInterface,
  sentence,
  sentences,
} from '../../../plugin/extcap/sentences.js';

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,60}[a-z0-9])?$/);

describe('an interface', () => {
  test('has a name from which its pod is known again', () => {
    expect(interfaceName('shop', 'web-0.a')).toBe('netdebug.shop.web-0.a');
    fc.assert(
      fc.property(label, name, (namespace, pod) => {
        expect(parseInterface(interfaceName(namespace, pod))).toEqual({ kind: 'pod', namespace, pod });
      }),
    );
  });

  test.each(['eth0', 'netdebug.', 'netdebug.shop', 'netdebug.shop.', 'netdebug.a/b.c', 'netdebug.a.b;c', ''])(
    'is not %s',
    (text) => expect(parseInterface(text)).toBeUndefined(),
  );

  test('is there for anything by name, with what went wrong', () => {
    const offer = { context: undefined, pods: [], more: 0, problem: 'Nobody answers.' };
    expect(sentences(interfaceSentences('1.2.3', offer)).split('\n').slice(1)).toEqual([
      'interface {value=netdebug}{display=Kubernetes: pod, workload or node by name (Nobody answers)}',
      '',
    ]);
  });

  test('says how many pods are not listed', () => {
    const pods = [{ namespace: 'shop', pod: 'web', node: 'n1' }];
    expect(sentences(interfaceSentences('1', { context: 'c', pods, more: 7, problem: undefined }))).toContain(
      'by name (and 7 more pods)}\ninterface {value=netdebug.shop.web}{display=Kubernetes c: shop/web on n1}\n',
    );
  });
});

test('whatever a cluster says stays in its place: one line, no brace but our own', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (display, tooltip) => {
      const line = sentence(['interface', { value: 'x', display, tooltip }]);
      expect(line).toMatch(/^interface \{value=x\}\{display=[^{}\\]*\}\{tooltip=[^{}\\]*\}$/);
      expect(line).not.toMatch(/[\u0000-\u001f]/);
    }),
  );
});

test('settings are numbered, each with a flag of its own', () => {
  const any = configSentences({ kind: 'any' }, { image: 'i' });
  const pod = configSentences({ kind: 'pod', namespace: 'a', pod: 'b' }, { image: 'i' });
  expect(any.map(([, { number }]) => number)).toEqual(any.map((_, index) => index));
  expect(any[0]?.[1]).toMatchObject({ call: '--reference', required: 'true' });
  expect(pod.map(([, { call }]) => call)).not.toContain('--reference');
  expect(new Set(any.map(([, { call }]) => call)).size).toBe(any.length);
});

import { describe, expect, test } from '@jest/globals';
import { createSnapshot } from '../../src/diagnose/snapshot/snapshot.js';
import type { Part } from '../../src/diagnose/snapshot/types.js';
import { wantsAfter, wantsOfDiagnosis } from '../../src/diagnose/wants.js';
import { parseReference } from '../../src/target/reference.js';

describe('what a diagnosis reads', () => {
  test.each(['svc/api:80', 'api:80', 'http://api/', '10.96.0.20:80'])('is the Corefile for %s', (words) => {
    expect(wantsOfDiagnosis([parseReference(words, 'either')], 'shop')).toContainEqual({
      kind: 'configmaps',
      namespace: 'kube-system',
      name: 'coredns',
    });
  });

  test('is also the namespace of an address, once it is known whose it is', () => {
    const service = { metadata: { name: 'api', namespace: 'shop' }, spec: { clusterIP: '10.96.0.20' } };
    const part = { kind: 'services', reading: { state: 'there', items: [service] } } as unknown as Part;
    const ask = (words: string) =>
      wantsAfter(createSnapshot([part]), { to: parseReference(words, 'either'), namespace: 'web', now: 0 });
    expect(ask('10.96.0.20:80')).toContainEqual({ kind: 'events', namespace: 'shop' });
    expect(ask('10.96.0.21:80')).toEqual([]);
  });
});

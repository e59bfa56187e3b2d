import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cleanText } from '../../src/kube/text.js';

describe('cleanText', () => {
  test('takes escape sequences and direction overrides away', () => {
    expect(cleanText('a\u001b[2Jb\r\nc\u009b31md\u202ee\u0007')).toBe('a [2Jb c 31md e');
  });

  test('never lets a control character through and never grows', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 50 }), (text, limit) => {
        const clean = cleanText(text, limit);
        expect(clean).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        expect(clean.length).toBeLessThanOrEqual(limit + 1);
      }),
    );
  });
});

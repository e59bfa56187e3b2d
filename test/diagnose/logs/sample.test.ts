import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sampleOf } from '../../../src/diagnose/logs/sample.js';

describe('a line that is shown', () => {
  test.each([
    ['GET / Authorization: Bearer abc.def.ghi dial tcp refused', 'abc.def.ghi'],
    ['{"authorization":"Basic dXNlcjpwYXNz","msg":"refused"}', 'dXNlcjpwYXNz'],
    ['connect password=hunter2 host=db refused', 'hunter2'],
    ['{"dbPassword": "hunter2", "error": "ECONNREFUSED"}', 'hunter2'],
    ['postgres://shop:hunter2@db:5432/shop connection refused', 'hunter2'],
    ['redis-cli --token hunter2secret: connection refused', 'hunter2secret'],
    ['API_KEY=hunter2 i/o timeout', 'hunter2'],
    ['GET https://api/?sig=hunter2&x=1 timed out', 'hunter2'],
    ['Cookie: session=hunter2; other=1 reset by peer', 'hunter2'],
    ['token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-def refused', 'eyJhbGciOiJIUzI1NiJ9'],
    ['key AKIAIOSFODNN7EXAMPLE refused', 'AKIAIOSFODNN7EXAMPLE'],
    [`x ${'Ab3'.repeat(20)} refused`, 'Ab3Ab3Ab3'],
  ])('%s keeps its secret', (line, secret) => {
    expect(sampleOf(line)).not.toContain(secret);
    expect(sampleOf(line)).toContain('***');
  });

  test.each([
    'dial tcp 10.96.0.20:80: connect: connection refused',
    'plugin/errors: 2 example.org. A: read udp 10.1.0.2:43345->192.0.2.53:53: i/o timeout',
    'Get "https://api.shop.svc.cluster.local:443/healthz": context deadline exceeded',
    'nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)',
  ])('%s is shown as it is', (line) => {
    expect(sampleOf(line)).toBe(line);
  });

  test('steers no terminal, is one line, and is not long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (line) => {
        const shown = sampleOf(line);
        expect(shown).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
        expect(shown.length).toBeLessThanOrEqual(301);
      }),
    );
  });
});

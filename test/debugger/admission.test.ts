import { describe, expect, test } from '@jest/globals';
import { parseRefusal, parseViolations } from '../../src/debugger/admission.js';
import { isClash } from '../../src/debugger/inject.js';
import { apiError } from './fakes.js';
import { statusOf, transcript, type Exchange } from './transcripts.js';

function refusalOf(exchange: Exchange) {
  const status = statusOf(exchange);
  return apiError(
    exchange.response?.status ?? 0,
    status.message ?? '',
    status,
    'PATCH',
    exchange.request?.path,
  );
}

const refused = (name: string) =>
  transcript(name).filter(
    ({ request, response }) => request?.method === 'PATCH' && (response?.status ?? 0) >= 400,
  );

describe('parseRefusal on what a real API server said', () => {
  const security = refused('inject-rejected').filter(({ note }) => note?.startsWith('PodSecurity'));

  test.each(security.map((exchange): [string, Exchange] => [exchange.note ?? '', exchange]))(
    '%s',
    (note, exchange) => {
      const refusal = parseRefusal(refusalOf(exchange));
      expect(refusal).toMatchObject({
        kind: 'pod-security',
        level: note.includes('restricted:') ? 'restricted' : 'baseline',
      });
      const violations = refusal?.kind === 'pod-security' ? refusal.violations : [];
      // Nothing of the server's sentence is lost but its punctuation.
      const again = violations.map(({ check, fields }) => `${check} (${fields.join('; ')})`).join(', ');
      expect(statusOf(exchange).message?.endsWith(`: ${again}`)).toBe(true);
    },
  );

  test('there were such refusals at all', () => {
    expect(security.length).toBeGreaterThan(8);
  });

  test.each(
    refused('admission').map((exchange): [string, Exchange] => [
      `${exchange.note ?? ''}: ${statusOf(exchange).message?.slice(0, 90) ?? ''}`,
      exchange,
    ]),
  )('%s', (_name, exchange) => {
    const message = statusOf(exchange).message ?? '';
    const refusal = parseRefusal(refusalOf(exchange));
    if (message.includes('failed calling webhook')) expect(refusal?.kind).toBe('webhook-broken');
    else if (message.includes('denied')) expect(refusal).toMatchObject({ kind: 'policy' });
    else expect(refusal).toBeUndefined();
    if (refusal && refusal.kind !== 'pod-security')
      expect(refusal.by).toMatch(/^(ValidatingAdmissionPolicy|admission webhook) rec2-/);
  });

  test('RBAC and plain mistakes are no admission', () => {
    const message =
      'pods "x" is forbidden: User "u" cannot patch resource "pods/ephemeralcontainers" in API group "" in the namespace "shop"';
    expect(parseRefusal(apiError(403, message))).toBeUndefined();
    expect(parseRefusal(apiError(404, 'pods "x" not found'))).toBeUndefined();
  });
});

test('violations of several fields', () => {
  expect(parseViolations('a b (container "x" must c; container "y" must d), e != f (g=["ALL"])')).toEqual([
    { check: 'a b', fields: ['container "x" must c', 'container "y" must d'] },
    { check: 'e != f', fields: ['g=["ALL"]'] },
  ]);
  expect(parseViolations('('.repeat(50_000))).toEqual([]);
});

test('isClash: what is answered by deciding again', () => {
  const notes = refused('inject-rejected')
    .filter((exchange) => isClash(refusalOf(exchange)))
    .map(({ note }) => note);
  expect(notes).toEqual([
    'same name, other image: existing one may not be changed',
    '$patch: delete: may not be removed',
    'json-patch remove',
    'name of an ordinary container',
    'json-patch: two entries of one name',
  ]);
  expect(isClash(apiError(409, 'the object has been modified'))).toBe(true);
});

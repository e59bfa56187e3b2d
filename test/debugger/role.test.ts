import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import { debugRole } from '../../src/debugger/role.js';

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules: readonly unknown[];
}

test('the Role that a refusal prints is the one in manifests/rbac, in the namespace at hand', () => {
  const text = readFileSync(new URL('../../manifests/rbac/debug.yaml', import.meta.url), 'utf8');
  const [manifest] = parseAllDocuments(text).map((document) => document.toJS() as Role);
  expect(parse(debugRole('shop'))).toEqual({
    ...manifest,
    metadata: { ...manifest?.metadata, namespace: 'shop' },
  });
});

test('a namespace is quoted, whatever it is', () => {
  expect(parse(debugRole('1e3'))).toMatchObject({ metadata: { namespace: '1e3' } });
});

/** What doctor asks for is what manifests/rbac gives, and what a refusal prints. */
import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { parse, parseAllDocuments } from 'yaml';
import { debugRole, nodeRole } from '../../src/debugger/role.js';
import { useNames } from '../../src/doctor/use-names.js';
import { rolesYaml, useOf, uses } from '../../src/doctor/uses.js';

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly unknown[];
}

const folder = new URL('../../manifests/rbac/', import.meta.url);
const documents = (text: string): readonly Role[] =>
  parseAllDocuments(text).map((document) => document.toJS() as Role);
const manifests = readdirSync(folder).flatMap((file) =>
  documents(readFileSync(new URL(file, folder), 'utf8')),
);

test('every role of manifests/rbac belongs to a use, and none else', () => {
  const named = ({ kind, name }: { kind: string; name: string }) => `${kind} ${name}`;
  expect(manifests.map(({ kind, metadata }) => named({ kind, name: metadata.name })).sort()).toEqual(
    uses.flatMap(({ roles }) => roles.map(named)).sort(),
  );
});

describe.each(useNames)('%s', (name) => {
  const printed = documents(rolesYaml(useOf(name), 'shop'));

  test('the YAML is what lies in manifests/rbac, in the namespace at hand', () => {
    for (const role of printed) {
      const { kind, metadata } = role;
      const manifest = manifests.find((one) => one.kind === kind && one.metadata.name === metadata.name);
      expect(role).toEqual({
        ...manifest,
        metadata: kind === 'Role' ? { ...manifest?.metadata, namespace: 'shop' } : manifest?.metadata,
      });
    }
  });

  test('what is only for speed or words is one of its rights', () => {
    const { roles, spare } = useOf(name);
    const rights = roles.flatMap(({ rules }) =>
      rules.flatMap(({ resources, verbs }) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
      ),
    );
    expect(Object.keys(spare).filter((right) => !rights.includes(right))).toEqual([]);
  });
});

test('a refusal prints the same roles', () => {
  expect(documents(rolesYaml(useOf('debug'), 'shop'))).toEqual(documents(debugRole('shop')));
  expect(documents(rolesYaml(useOf('nodes'), 'ops'))).toEqual(documents(nodeRole('ops')));
});

test('a namespace is quoted, whatever it is', () => {
  expect(parse(rolesYaml(useOf('logs'), '1e3'))).toMatchObject({ metadata: { namespace: '1e3' } });
});

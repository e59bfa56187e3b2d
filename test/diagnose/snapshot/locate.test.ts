import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { readFiles } from '../../../src/diagnose/snapshot/files.js';
import { lineOf, locateObjects } from '../../../src/diagnose/snapshot/locate.js';

const file = fileURLToPath(new URL('../../fixtures/diagnose/ND204-service-port.yaml', import.meta.url));
const lines = readFileSync(file, 'utf8').split('\n');

describe('the place of an object in a file', () => {
  test('is the line of its field', async () => {
    const policy = { kind: 'NetworkPolicy', namespace: 'shop', name: 'allow-web' };
    const places = await locateObjects(await readFiles([file], 'shop'), [
      { ...policy, fieldPath: 'spec.ingress[0].ports' },
      { ...policy, fieldPath: 'spec.podSelector.matchLabels.app' },
      policy,
      { kind: 'Service', namespace: 'shop', name: 'gone' },
    ]);
    expect(places.map((place) => place && lines[(place.line ?? 0) - 1]?.trim())).toEqual([
      ...['ports:', 'app: api', 'apiVersion: networking.k8s.io/v1', undefined],
    ]);
    expect(places[0]?.file).toBe(file);
  });

  test.each([
    [
      'kind: List\napiVersion: v1\nitems:\n  - kind: Pod\n    apiVersion: v1\n  - kind: Pod\n    apiVersion: v1\n',
      1,
      '',
      6,
    ],
    [
      'kind: PodList\napiVersion: v1\nitems:\n  - metadata: {}\n  - metadata:\n      name: b\n',
      1,
      'metadata.name',
      6,
    ],
    ['# none\na: 1\n---\nkind: Pod\napiVersion: v1\nspec:\n  a: 1\n', 0, 'spec.a', 7],
    [
      'kind: Pod\napiVersion: v1\nmetadata:\n  labels:\n    a.b/c: x\n    a: y\n',
      0,
      'metadata.labels.a.b/c',
      5,
    ],
    ['kind: Pod\napiVersion: v1\nspec:\n  a:\n    - 1\n', 0, 'spec.a[3].b', 4],
    ['{"kind": "Pod",\n"apiVersion": "v1",\n"spec": {\n"a": 1}}', 0, 'spec.a', 4],
  ])('of %j, object %i, field %j is %i', (text, index, field, line) => {
    expect(lineOf(text, index, field)).toBe(line);
  });

  test('of an object that is not there is none', () => {
    expect(lineOf('a: 1', 0, '')).toBeUndefined();
    expect(lineOf('', 3, 'a')).toBeUndefined();
  });
});

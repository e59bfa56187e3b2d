import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mergePatch } from '../../cluster/api/patch/merge.js';
import { strategicMerge } from '../../cluster/api/patch/strategic.js';
import { applyConfiguration } from '../../cluster/api/patch/apply.js';

const names = (pod: unknown): string[] =>
  (pod as { spec: { ephemeralContainers: { name: string }[] } }).spec.ephemeralContainers.map(
    (item) => item.name,
  );
const pod = (...list: string[]): Record<string, unknown> => ({
  spec: { ephemeralContainers: list.map((name) => ({ name, image: 'x' })) },
});

describe('strategic merge', () => {
  test('new items stand first, with $setElementOrder where it says', () => {
    expect(names(strategicMerge(pod('a', 'b'), pod('c')))).toEqual(['c', 'a', 'b']);
    const ordered = {
      spec: {
        ...(pod('c').spec as object),
        '$setElementOrder/ephemeralContainers': ['a', 'b', 'c'].map((name) => ({ name })),
      },
    };
    expect(names(strategicMerge(pod('a', 'b'), ordered))).toEqual(['a', 'b', 'c']);
  });

  test('items are merged by their key, deleted and replaced by directive', () => {
    const original = {
      containers: [
        { name: 'a', image: '1', env: [{ name: 'X', value: '1' }] },
        { name: 'b', image: '1' },
      ],
    };
    expect(
      strategicMerge(original, { containers: [{ name: 'a', env: [{ name: 'Y', value: '2' }] }] }),
    ).toEqual({
      containers: [
        {
          name: 'a',
          image: '1',
          env: [
            { name: 'Y', value: '2' },
            { name: 'X', value: '1' },
          ],
        },
        { name: 'b', image: '1' },
      ],
    });
    expect(strategicMerge(original, { containers: [{ name: 'a', $patch: 'delete' }] })).toEqual({
      containers: [{ name: 'b', image: '1' }],
    });
    expect(strategicMerge(original, { containers: [{ name: 'c' }, { $patch: 'replace' }] })).toEqual({
      containers: [{ name: 'c' }],
    });
  });

  test('ports of a container merge by containerPort, those of a Service by port', () => {
    const container = { ports: [{ containerPort: 80, name: 'http' }] };
    expect(strategicMerge(container, { ports: [{ containerPort: 80, protocol: 'TCP' }] })).toEqual({
      ports: [{ containerPort: 80, name: 'http', protocol: 'TCP' }],
    });
    const service = { ports: [{ port: 80, name: 'http' }] };
    expect(strategicMerge(service, { ports: [{ port: 80, targetPort: 8080 }] })).toEqual({
      ports: [{ port: 80, name: 'http', targetPort: 8080 }],
    });
  });

  test('lists without a key are replaced, sets are joined, null removes', () => {
    expect(
      strategicMerge(
        { command: ['a'], finalizers: ['x'], gone: 1 },
        { command: ['b'], finalizers: ['y'], gone: null },
      ),
    ).toEqual({
      command: ['b'],
      finalizers: ['x', 'y'],
    });
  });

  test('$retainKeys and $deleteFromPrimitiveList', () => {
    expect(
      strategicMerge(
        { strategy: { type: 'RollingUpdate', rollingUpdate: {} } },
        { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
      ),
    ).toEqual({
      strategy: { type: 'Recreate' },
    });
    expect(
      strategicMerge({ finalizers: ['x', 'y'] }, { '$deleteFromPrimitiveList/finalizers': ['x'] }),
    ).toEqual({ finalizers: ['y'] });
  });

  test('the same patch again changes nothing', () => {
    const list = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 });
    fc.assert(
      fc.property(list, list, (before, patched) => {
        const once = strategicMerge(pod(...before), pod(...patched));
        expect(strategicMerge(once, pod(...patched))).toEqual(once);
        expect([...names(once)].sort()).toEqual([...new Set([...before, ...patched])].sort());
      }),
    );
  });
});

describe('merge patch and apply', () => {
  test('merge patch is RFC 7386: its examples', () => {
    expect(mergePatch({ a: 'b' }, { a: 'c' })).toEqual({ a: 'c' });
    expect(mergePatch({ a: 'b', b: 'c' }, { a: null })).toEqual({ b: 'c' });
    expect(mergePatch({ a: ['b'] }, { a: 'c' })).toEqual({ a: 'c' });
    expect(mergePatch({ a: { b: 'c' } }, { a: { b: 'd', c: null } })).toEqual({ a: { b: 'd' } });
    expect(mergePatch({ a: [{ b: 'c' }] }, { a: [1] })).toEqual({ a: [1] });
    expect(mergePatch({}, { a: { bb: { ccc: null } } })).toEqual({ a: { bb: {} } });
    expect(mergePatch(['a', 'b'], ['c', 'd'])).toEqual(['c', 'd']);
  });

  test('apply puts new items last', () => {
    expect(names(applyConfiguration(pod('a', 'b'), pod('c')))).toEqual(['a', 'b', 'c']);
  });
});

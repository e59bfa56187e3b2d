import { describe, expect, test } from '@jest/globals';
import { createMatrix } from '../../../src/diagnose/policy/matrix.js';
import type { WorldObject } from './world.js';
import { createWorld } from './world.js';

const pod = (
  name: string,
  more: { readonly hostNetwork?: boolean; readonly nodeName?: string } = {},
): WorldObject =>
  ({
    kind: 'Pod',
    metadata: { name, namespace: 'a', labels: { app: 'x', pod: name } },
    spec: { containers: [], ...more },
    status: { podIP: '10.0.0.1' },
  }) as WorldObject;

function cells(objects: readonly WorldObject[]): Readonly<Record<string, unknown>> {
  const { model, pods } = createWorld(objects);
  const matrix = createMatrix(model, [...pods.values()].map(model.ends.pod));
  return Object.fromEntries(
    matrix.pods.flatMap((from, at) =>
      matrix.pods.map((to, other) => {
        const { allowed, unknown } = matrix.cell(at, other);
        return [`${from.name} ${to.name}`, `${allowed.join()}|${unknown.join()}`];
      }),
    ),
  );
}

const closed = { metadata: { namespace: 'a' }, spec: { podSelector: {}, ingress: [] } };

describe('pods that are alike but for one thing are told apart', () => {
  test('by the host network, and by the node of the other', () => {
    const found = cells([
      closed,
      pod('web', { nodeName: 'n1' }),
      pod('far', { nodeName: 'n2' }),
      pod('host', { nodeName: 'n1', hostNetwork: true }),
    ]);
    expect(found).toMatchObject({
      'web far': '|',
      'far web': '|',
      'host web': '|ALL',
      'host far': '|',
      'web host': '|ALL',
      'web web': 'ALL|',
    });
  });

  test('by a label that some selector asks for', () => {
    const open = {
      metadata: { namespace: 'a' },
      spec: { podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { pod: 'web' } } }] }] },
    };
    expect(cells([open, pod('web'), pod('api')])).toMatchObject({ 'web api': 'ALL|', 'api web': '|' });
  });
});

test('cells with the same content are the same object', () => {
  const { model, pods } = createWorld([closed, pod('one'), pod('two'), pod('three')]);
  const matrix = createMatrix(model, [...pods.values()].map(model.ends.pod));
  expect(matrix.cell(0, 1)).toBe(matrix.cell(2, 0));
  expect(() => matrix.cell(0, 3)).toThrow(RangeError);
});

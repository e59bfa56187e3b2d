/** What the report tells to apply has to mend what it complains of. */
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { diagnose } from '../../src/diagnose/diagnose.js';
import { parseQuestion } from '../../src/diagnose/outside/target.js';
import { readFiles } from '../../src/diagnose/snapshot/files.js';
import { createSnapshot } from '../../src/diagnose/snapshot/snapshot.js';
import type { Part, Snapshot, SnapshotTypes } from '../../src/diagnose/snapshot/types.js';
import type { OutsideCondition, Route } from '../../src/diagnose/snapshot/types-outside.js';

const path = fileURLToPath(new URL('../fixtures/diagnose/ND655-not-permitted.yaml', import.meta.url));
const question = {
  ...parseQuestion('external', 'https://shop.example.com/cart'),
  namespace: 'shop',
  now: Date.UTC(2025, 0, 1),
};

/** The objects without what controllers wrote about routes, which they would write anew, and with one more grant. */
function mended(parts: readonly Part[], grant: SnapshotTypes['referencegrants']): Snapshot {
  const kept = parts.filter(({ kind }) => kind !== 'referencegrants');
  const told: OutsideCondition = { type: 'Accepted', status: 'True' };
  const anew = kept.map((part): Part => {
    if (part.kind !== 'httproutes' || part.reading.state !== 'there') return part;
    const items = (part.reading.items as readonly Route[]).map((route) => ({
      ...route,
      status: {
        parents: (route.status?.parents ?? []).map((parent) => ({ ...parent, conditions: [told] })),
      },
    }));
    return { ...part, reading: { state: 'there', items } };
  });
  return createSnapshot([...anew, { kind: 'referencegrants', reading: { state: 'there', items: [grant] } }]);
}

test('the ReferenceGrant that is printed lets the route name its backend', async () => {
  const { parts } = await readFiles([path], 'shop');
  const [finding] = diagnose(createSnapshot(parts), question).findings;
  const [command = ''] = finding?.fix.commands ?? [];
  const [, text = ''] = /^printf %s '(.*)' \| kubectl apply -f -$/.exec(command) ?? [];
  const grant = JSON.parse(text) as SnapshotTypes['referencegrants'];
  expect(grant.metadata.namespace).toBe('store');

  const { verdict, findings } = diagnose(mended(parts, grant), question);
  expect({ verdict, codes: findings.map(({ code }) => code) }).toEqual({ verdict: 'REACHABLE', codes: [] });

  const other = { ...grant, metadata: { ...grant.metadata, namespace: 'shop' } };
  expect(diagnose(mended(parts, other), question).verdict).toBe('UNREACHABLE');
});

import { describe, expect, test } from '@jest/globals';
import { createScene } from '../../../src/diagnose/flows/scene.js';
import { senders } from '../../../src/diagnose/model/pods-of.js';
import { createSnapshot } from '../../../src/diagnose/snapshot/snapshot.js';
import type { Part } from '../../../src/diagnose/snapshot/types.js';
import { parseReference, type ObjectReference } from '../../../src/target/reference.js';

const there = (kind: Part['kind'], ...items: object[]): Part =>
  ({ kind, namespace: 'shop', reading: { state: 'there', items } }) as unknown as Part;
const metadata = (name: string, labels: object = {}) => ({ name, namespace: 'shop', labels });
const pods = there(
  'pods',
  { metadata: metadata('web-1', { app: 'web' }), spec: {}, status: { phase: 'Running' } },
  { metadata: metadata('web-0', { app: 'web' }), spec: {}, status: { phase: 'Succeeded' } },
  { metadata: metadata('db', { app: 'db' }), spec: {}, status: { phase: 'Running' } },
);
const services = there(
  'services',
  { metadata: metadata('web'), spec: { selector: { app: 'web' } } },
  { metadata: metadata('nobody'), spec: { selector: { app: 'nobody' } } },
);
const deployments = there('deployments', {
  metadata: metadata('zero'),
  spec: { replicas: 0, selector: { matchLabels: { app: 'zero' } } },
});

/** Names of the pods that send, and what could not be read. */
function ask(words: string, ...parts: Part[]) {
  const unread: string[] = [];
  const scene = createScene(createSnapshot(parts), 'shop');
  const place = {
    ...scene,
    flow: true,
    unread: (what: string, why: string) => void unread.push(`${what}: ${why}`),
  };
  const found = senders(place, parseReference(words) as ObjectReference);
  return { names: found.map((pod) => pod.metadata.name), unread };
}

describe('the pods that send', () => {
  test('are those of a Service that have not finished', () => {
    expect(ask('svc/web', pods, services)).toEqual({ names: ['web-1'], unread: [] });
  });

  test('are asked for in vain where it is known that there are none', () => {
    expect(() => ask('svc/nobody', pods, services)).toThrow(expect.objectContaining({ exitCode: 6 }));
    expect(() => ask('deploy/zero', pods, deployments)).toThrow(
      expect.objectContaining({
        exitCode: 6,
        message: 'shop/deployment/zero has no pods: nobody is there to send from.',
        hint: 'It is scaled to 0: kubectl -n shop scale deployment zero --replicas=1',
      }),
    );
  });

  test('are not said to be none where they could not be read', () => {
    const forbidden = (kind: Part['kind']): Part => ({
      kind,
      namespace: 'shop',
      reading: { state: 'unknown', why: 'forbidden: list' },
    });
    expect(ask('deploy/zero', forbidden('pods'), deployments)).toEqual({ names: [], unread: [] });
    expect(ask('svc/web', pods, forbidden('services'))).toEqual({
      names: [],
      unread: ['services of shop: forbidden: list'],
    });
  });
});

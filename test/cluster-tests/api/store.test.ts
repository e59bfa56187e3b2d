import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createStore } from '../../cluster/api/store.js';
import { StatusError } from '../../cluster/api/status.js';
import type { StoreEvent } from '../../cluster/types.js';

const pods = { group: '', resource: 'pods' };
const make = (name: string, namespace = 'default'): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: {},
});

const step = fc.record({
  what: fc.constantFrom('create', 'update', 'remove', 'noop'),
  name: fc.constantFrom('a', 'b', 'c'),
  value: fc.integer({ min: 0, max: 3 }),
});

describe('the store', () => {
  test('gives back what was at any revision it remembers, and its events add up to the present', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 0, max: 20 }), (steps, compactAt) => {
        const store = createStore();
        const snapshots = new Map([[store.revision, store.list(pods)]]);
        const present = new Map<string, unknown>();
        store.subscribe((event) => {
          if (event.type === 'DELETED') present.delete(event.object.metadata.name);
          else present.set(event.object.metadata.name, event.object);
        });
        for (const [index, { what, name, value }] of steps.entries()) {
          const exists = store.get(pods, 'default', name) !== undefined;
          if (what === 'create' && !exists) store.create(pods, make(name));
          if (what === 'update') store.update(pods, 'default', name, (pod) => Object.assign(pod, { value }));
          if (what === 'remove') store.remove(pods, 'default', name);
          snapshots.set(store.revision, store.list(pods));
          if (index === compactAt) store.compact();
        }
        for (const [revision, objects] of snapshots) {
          expect(store.at(pods, undefined, revision)).toEqual(
            revision < store.compacted ? undefined : objects,
          );
        }
        expect([...present.values()]).toEqual(expect.arrayContaining(store.list(pods)));
        expect(present.size).toBe(store.list(pods).length);
      }),
      { numRuns: 60 },
    );
  });

  test('an update that changes nothing is no event and no new resourceVersion', () => {
    const store = createStore();
    store.create(pods, make('a'));
    const before = store.revision;
    const seen: StoreEvent[] = [];
    store.subscribe((event) => seen.push(event));
    store.update(pods, 'default', 'a', (pod) => {
      pod.metadata.labels = undefined as never;
    });
    expect([seen, store.revision]).toEqual([[], before]);
  });

  test('a deletion has a resourceVersion of its own', () => {
    const store = createStore();
    const created = store.create(pods, make('a'));
    const removed = store.remove(pods, 'default', 'a');
    expect(Number(removed?.metadata.resourceVersion)).toBeGreaterThan(
      Number(created.metadata.resourceVersion),
    );
    expect(store.since(Number(created.metadata.resourceVersion))?.map((event) => event.type)).toEqual([
      'DELETED',
    ]);
  });

  test('forgets the oldest changes when there are too many', () => {
    const store = createStore({ historyLimit: 10 });
    for (let index = 0; index < 40; index += 1) store.create(pods, make(`p${index}`));
    expect(store.since(2)).toBeUndefined();
    expect(store.since(store.revision - 3)?.length).toBe(3);
  });

  test('objects it gives out cannot be changed', () => {
    const store = createStore();
    const pod = store.create(pods, make('a'));
    expect(() => {
      pod.metadata.name = 'b';
    }).toThrow(TypeError);
  });

  test('refuses a second object of the name, in other words while the first is going', () => {
    const store = createStore();
    store.create(pods, make('a'));
    expect(() => store.create(pods, make('a'))).toThrow(
      new StatusError({ code: 409, message: 'pods "a" already exists' }),
    );
    store.update(pods, 'default', 'a', (pod) => {
      pod.metadata.deletionTimestamp = '2026-11-22T13:00:00Z';
    });
    expect(() => store.create(pods, make('a'))).toThrow('object is being deleted: pods "a" already exists');
  });
});

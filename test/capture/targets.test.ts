import { describe, expect, test } from '@jest/globals';
import { readNames } from '../../src/capture/names.js';
import { placeOf, resolveTargets } from '../../src/capture/targets.js';
import { ExitCode, NetdebugError } from '../../src/errors.js';
import type { ListResult } from '../../src/kube/api.js';
import type { Pod } from '../../src/kube/types.js';
import { parseReference, type ObjectReference } from '../../src/target/reference.js';

function pod(name: string, more: Partial<Pod['metadata']> = {}, status: Pod['status'] = {}): Pod {
  return {
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, labels: { app: 'web' }, ...more },
    spec: { containers: [{ name: 'main' }], nodeName: 'node-1' },
    status: { phase: 'Running', podIP: '10.0.0.1', hostIP: '172.30.0.1', ...status },
  };
}

/** A namespace with these pods; `deploy/web` selects all of them. */
function serverOf(pods: readonly Pod[]) {
  return {
    get: <T>(path: string): Promise<T> => {
      const name = path.split('/').at(-1) ?? '';
      const found = path.includes('/deployments/')
        ? { metadata: { name }, spec: { selector: { matchLabels: { app: name } } } }
        : pods.find(({ metadata }) => metadata.name === name);
      if (found !== undefined) return Promise.resolve(found as T);
      return Promise.reject(new NetdebugError(`There is no pod ${name}.`, { exitCode: ExitCode.target }));
    },
    list: <T>(): Promise<ListResult<T>> =>
      Promise.resolve({ items: pods as unknown as readonly T[], resourceVersion: '7' }),
  };
}

const query = (text: string) => ({ reference: parseReference(text) as ObjectReference, namespace: 'shop' });
const names = (found: Awaited<ReturnType<typeof resolveTargets>>) =>
  found.places.map(({ place, member }) => [place.kind === 'pod' ? place.pod : place.node, member]);

describe('targets of a capture', () => {
  test('each pod once, nodes as they are, and where more may come from', async () => {
    const server = serverOf([pod('web-0'), pod('web-1')]);
    const found = await resolveTargets(server, ['deploy/web', 'web-1', 'node/n1', 'node/n1'].map(query), 20);
    // One that was named itself is missed when it goes, also when it is a member.
    expect(names(found)).toEqual([
      ['web-0', true],
      ['web-1', false],
      ['n1', false],
    ]);
    expect(found.lists).toEqual([{ namespace: 'shop', labelSelector: 'app=web', resourceVersion: '7' }]);
    expect(found.failed).toEqual([]);
  });

  test('pods that leave are not captured, and it is said', async () => {
    const leaving = pod('web-1', { deletionTimestamp: '2026-01-01T00:00:00Z' });
    const found = await resolveTargets(serverOf([pod('web-0'), leaving]), [query('deploy/web')], 20);
    expect(names(found)).toEqual([['web-0', true]]);
    expect(found.notes[0]).toContain('1 of them has finished or is being deleted');
  });

  test('one that is not there does not stop the others; alone it does', async () => {
    const server = serverOf([pod('web-0')]);
    const found = await resolveTargets(server, [query('nobody'), query('web-0')], 20);
    expect(found.failed.map(({ name, error }) => [name, error.exitCode])).toEqual([['pod/nobody', 6]]);
    await expect(resolveTargets(server, [query('nobody')], 20)).rejects.toMatchObject({ exitCode: 6 });
    await expect(resolveTargets(server, [query('ing/x'), query('web-0')], 20)).rejects.toMatchObject({
      exitCode: 2,
    });
  });

  test('too many are refused, with the first and what to do', async () => {
    const many = Array.from({ length: 25 }, (_, i) => pod(`web-${String(i).padStart(2, '0')}`));
    await expect(resolveTargets(serverOf(many), [query('deploy/web')], 20)).rejects.toMatchObject({
      exitCode: 2,
      message: 'These targets stand for 25 pods; at most 20 are captured at once.',
      details: ['the first are shop/web-00, shop/web-01, shop/web-02, shop/web-03, shop/web-04'],
      hint: expect.stringContaining('--max-pods 25') as unknown,
    });
  });

  test.each([
    [{ kind: 'ReplicaSet', name: 'web-5d9c' }, { 'pod-template-hash': '5d9c' }, 'deployment/web'],
    [{ kind: 'ReplicaSet', name: 'web-5d9c' }, {}, 'replicaset/web-5d9c'],
    [{ kind: 'StatefulSet', name: 'db' }, {}, 'statefulset/db'],
  ])('the owner %p', (owner, labels, told) => {
    const ownerReferences = [{ ...owner, uid: 'u', controller: true }];
    expect(placeOf(pod('x', { labels, ownerReferences })).owner).toBe(told);
  });
});

test('names: pods, Services and nodes; what may not be read has none', async () => {
  const services = [{ metadata: { name: 'api', namespace: 'shop' }, spec: { clusterIP: '10.96.0.9' } }];
  const listing = (refused: string) => ({
    list: <T>(path: string): Promise<ListResult<T>> => {
      if (path.endsWith(refused)) return Promise.reject(new Error('forbidden'));
      const items = path.endsWith('/pods') ? [pod('web-0')] : services;
      return Promise.resolve({ items: items as unknown as readonly T[], resourceVersion: undefined });
    },
  });
  const { signal } = new AbortController();
  const pods = [
    { address: '172.30.0.1', names: ['node-1'] },
    { address: '10.0.0.1', names: ['web-0.shop'] },
  ];
  expect(await readNames(listing('nothing'), ['shop'], signal)).toEqual({
    names: [...pods, { address: '10.96.0.9', names: ['api.shop.svc'] }],
    unread: [],
  });
  expect(await readNames(listing('/services'), ['shop'], signal)).toEqual({
    names: pods,
    unread: ['services in namespace shop'],
  });
});

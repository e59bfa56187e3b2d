/** Rights on kinds that only some clusters have, and reviews that are not answered. */
import { expect, test } from '@jest/globals';
import { checkRights } from '../../src/doctor/rights.js';
import { useOf } from '../../src/doctor/uses.js';
import { apiError, fakeApi } from '../debugger/fakes.js';

interface Review {
  readonly spec: { readonly resourceAttributes: { readonly group: string; readonly resource: string } };
}

/** An API server that refuses what the predicate says, with these API groups besides. */
function answering(refuses: (resource: string, group: string) => boolean, groups?: readonly string[]) {
  let asked = 0;
  const api = fakeApi({
    get: () => {
      asked++;
      return groups === undefined
        ? Promise.reject(apiError(500, 'no'))
        : Promise.resolve({ groups: groups.map((name) => ({ name })) } as never);
    },
    send: (_method, _path, options) => {
      const { resource, group } = (options?.body as Review).spec.resourceAttributes;
      const allowed = !refuses(resource, group);
      return Promise.resolve({ object: { status: { allowed } } as never, warnings: [] });
    },
  });
  return { api, groupsAsked: () => asked };
}

const policy = { uses: [useOf('policy')], wanted: ['policy'] as const, namespace: 'shop' };

test('a kind that the cluster has not is not missed; one that it has is', async () => {
  const refuses = (_: string, group: string): boolean => group === 'cilium.io';
  const [without] = await checkRights(answering(refuses, ['apps']).api, policy);
  expect(without?.check.state).toBe('ok');
  const [having] = await checkRights(answering(refuses, ['apps', 'cilium.io']).api, policy);
  expect(having?.check).toMatchObject({
    state: 'missing',
    message:
      'policy: you may not list ciliumnetworkpolicies, ciliumclusterwidenetworkpolicies in the cluster',
  });
  const [silent] = await checkRights(answering(refuses).api, policy);
  expect(silent?.check.state).toBe('ok');
});

test('where everything is allowed, the groups are not asked for', async () => {
  const { api, groupsAsked } = answering(() => false);
  const [rights] = await checkRights(api, policy);
  expect(rights).toMatchObject({ check: { state: 'ok' }, roles: undefined });
  expect(groupsAsked()).toBe(0);
});

test('a review that is refused itself leaves the right unknown', async () => {
  const api = fakeApi({ send: () => Promise.reject(apiError(403, 'no reviews for you')) });
  const debug = { uses: [useOf('debug')], wanted: ['debug'] as const, namespace: 'shop' };
  const [wanted] = await checkRights(api, debug);
  expect(wanted?.check).toMatchObject({ state: 'unknown', minor: false });
  const [other] = await checkRights(api, { ...debug, wanted: ['logs'] });
  expect(other?.check).toMatchObject({ state: 'unknown', minor: true });
});

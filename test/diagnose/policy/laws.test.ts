import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Outcome } from '../../../src/diagnose/policy/judge.js';
import { judge } from '../../../src/diagnose/policy/judge.js';
import { createMatrix } from '../../../src/diagnose/policy/matrix.js';
import type { PolicyModel } from '../../../src/diagnose/policy/model.js';
import { portTexts, protocols } from '../../../src/diagnose/policy/ports.js';
import { explainFlow, portsOfFlow, verdictOf } from '../../../src/diagnose/policy/verdict.js';
import { clusterPolicy, networkPolicy, surroundings } from './arbitrary.js';
import type { WorldObject } from './world.js';
import { createWorld } from './world.js';

interface Judged {
  readonly model: PolicyModel;
  readonly outcomes: readonly Outcome[];
}

/** What becomes of every port between every two pods. */
function judgeAll(objects: readonly WorldObject[]): Judged {
  const { model, pods } = createWorld(objects);
  const ends = [...pods.values()].map(model.ends.pod);
  return {
    model,
    outcomes: ends.flatMap((from) => ends.map((to) => judge(model, { from, to }, model.ports.all))),
  };
}

function texts({ outcomes }: Judged): unknown[] {
  return outcomes.map(({ mayAllow, mayDeny }) => [portTexts(mayAllow), portTexts(mayDeny)]);
}

const policies = fc.array(networkPolicy, { maxLength: 4 });
const anyPolicies = fc.array(fc.oneof(networkPolicy, clusterPolicy), { maxLength: 5 });

describe('laws of NetworkPolicy', () => {
  test('every port is allowed, denied or open: never none of them', () => {
    fc.assert(
      fc.property(surroundings, anyPolicies, (around, some) => {
        const { model, outcomes } = judgeAll([...around, ...some]);
        const undecided = outcomes.filter(
          ({ mayAllow, mayDeny }) => model.ports.union(mayAllow, mayDeny) !== model.ports.all,
        );
        expect(undecided).toEqual([]);
      }),
    );
  });

  test('the order of policies never matters, nor does their name', () => {
    fc.assert(
      fc.property(surroundings, anyPolicies, (around, some) => {
        expect(texts(judgeAll([...around, ...some.toReversed()]))).toEqual(
          texts(judgeAll([...around, ...some])),
        );
      }),
    );
  });

  test('a rule more in a policy that has rules never denies what was allowed', () => {
    fc.assert(
      fc.property(surroundings, policies, networkPolicy, networkPolicy, (around, some, grown, donor) => {
        const { policyTypes = ['Ingress', 'Egress'], ...spec } = specOf(grown);
        const fixed = { ...grown, spec: { ...spec, policyTypes } };
        const more = {
          ...grown,
          spec: {
            ...spec,
            policyTypes,
            ingress: [...(spec.ingress ?? []), ...(specOf(donor).ingress ?? [])],
            egress: [...(spec.egress ?? []), ...(specOf(donor).egress ?? [])],
          },
        };
        const before = judgeAll([...around, ...some, fixed]);
        const after = judgeAll([...around, ...some, more]);
        for (const [index, outcome] of before.outcomes.entries()) {
          const grownOutcome = after.outcomes[index];
          // What surely passed still surely does: it is in no set of what may be dropped. The algebras differ, so by text.
          const surely = before.model.ports.subtract(outcome.mayAllow, outcome.mayDeny);
          const now = new Set(grownOutcome && rangesCovered(after.model, grownOutcome));
          expect(portPoints(before.model, surely).filter((point) => !now.has(point))).toEqual([]);
        }
      }),
    );
  });

  test('a policy that isolates more never allows what was denied', () => {
    fc.assert(
      fc.property(surroundings, policies, (around, some) => {
        const closed = ['a', 'b'].map((namespace) => ({
          kind: 'NetworkPolicy',
          metadata: { name: `closed-${namespace}`, namespace },
          spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
        }));
        const before = judgeAll([...around, ...some]);
        const after = judgeAll([...around, ...some, ...closed]);
        for (const [index, outcome] of after.outcomes.entries()) {
          const possible = new Set(
            portPoints(before.model, before.outcomes[index]?.mayAllow ?? before.model.ports.none),
          );
          expect(portPoints(after.model, outcome.mayAllow).filter((point) => !possible.has(point))).toEqual(
            [],
          );
        }
      }),
    );
  });

  test('one policy with the rules of two is the same as the two', () => {
    fc.assert(
      fc.property(surroundings, networkPolicy, networkPolicy, (around, one, other) => {
        const common = { podSelector: specOf(one).podSelector, policyTypes: ['Ingress', 'Egress'] };
        const [first, second] = [one, other].map((policy) => ({
          kind: 'NetworkPolicy',
          metadata: { namespace: 'a' },
          spec: { ...common, ingress: specOf(policy).ingress ?? [], egress: specOf(policy).egress ?? [] },
        }));
        const merged = {
          kind: 'NetworkPolicy',
          metadata: { namespace: 'a' },
          spec: {
            ...common,
            ingress: [...(first?.spec.ingress ?? []), ...(second?.spec.ingress ?? [])],
            egress: [...(first?.spec.egress ?? []), ...(second?.spec.egress ?? [])],
          },
        };
        expect(texts(judgeAll([...around, merged]))).toEqual(
          texts(judgeAll([...around, ...[first, second].filter((policy) => policy !== undefined)])),
        );
      }),
    );
  });

  test('the verdict on one port is what the cell of all pairs says of it', () => {
    const point = fc.record({
      protocol: fc.constantFrom(...protocols),
      port: fc.constantFrom(79, 80, 81, 443, 444, 65_535),
    });
    fc.assert(
      fc.property(surroundings, anyPolicies, point, (around, some, asked) => {
        const { model, pods } = createWorld([...around, ...some]);
        const ends = [...pods.values()].map(model.ends.pod);
        const matrix = createMatrix(model, ends);
        const differences = ends.flatMap((from, at) =>
          ends.flatMap((to, other) => {
            const cell = matrix.cell(at, other);
            const { verdict } = explainFlow(model, { from, to, ...asked });
            const covers = (list: readonly string[]): boolean =>
              list.some((text) => coversPort(text, asked.protocol, asked.port));
            const listed = covers(cell.allowed) ? 'allow' : covers(cell.unknown) ? 'unknown' : 'deny';
            const judged = verdictOf(model, judge(model, { from, to }, portsOfFlow(model, asked)));
            return listed === verdict && judged === verdict ? [] : [{ at, other, cell, verdict, judged }];
          }),
        );
        expect(differences).toEqual([]);
      }),
    );
  });
});

interface Spec {
  readonly podSelector: object;
  readonly policyTypes?: readonly string[];
  readonly ingress?: readonly object[];
  readonly egress?: readonly object[];
}

function specOf(policy: WorldObject): Spec {
  return (policy as unknown as { readonly spec: Spec }).spec;
}

/** Ports at which sets of these policies can change, as text, so that sets of two algebras compare. */
function portPoints({ ports }: PolicyModel, set: Parameters<typeof portTexts>[0]): string[] {
  return protocols.flatMap((protocol) =>
    [1, 79, 80, 81, 82, 442, 443, 444, 500, 501, 65_535].flatMap((port) =>
      ports.intersect(set, ports.of([{ protocol, first: port, last: port }])) === ports.none
        ? []
        : [`${protocol} ${port}`],
    ),
  );
}

function rangesCovered(model: PolicyModel, { mayAllow, mayDeny }: Outcome): string[] {
  return portPoints(model, model.ports.subtract(mayAllow, mayDeny));
}

function coversPort(text: string, protocol: string, port: number): boolean {
  if (text === 'ALL') return true;
  const [of, range = ''] = text.split(' ');
  const [first = 0, last = first] = range.split('-').map(Number);
  return of === protocol && first <= port && port <= last;
}

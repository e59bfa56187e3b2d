import type { Finding } from '../finding.js';
import { ageText } from '../model/pods.js';
import type { Facts } from '../model/facts.js';
import type { NetworkPolicy } from '../policy/objects.js';
import type { Direction } from '../policy/rule.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import {
  addField,
  atSide,
  onceEach,
  policiesAt,
  policyEvidence,
  policyObject,
  sidesOf,
  verdictWith,
  type Side,
} from './policy-sides.js';

/** A policy younger than this may not be in force on every node yet, milliseconds. */
const settleMs = 30_000;

/** policyTypes that mean more or less than was meant, and policies that are too young to be relied on. */
export const policyTypes: Check = {
  name: 'policy-types',
  codes: ['ND214', 'ND220'],
  reads: [...inputs('source', 'networkpolicies'), ...inputs('destination', 'networkpolicies')],
  concerns: ({ links }) => links.some(({ verdict }) => verdict !== undefined),
  find: (facts) => {
    return onceEach(sidesOf(facts).flatMap((side) => [...trap(facts, side), ...young(facts, side)]));
  },
};

const typeOf = { egress: 'Egress', ingress: 'Ingress' } as const;

/** Denied, and a policy with other policyTypes, as it seems to be meant, would not deny. */
function trap(facts: Facts, side: Side): Finding[] {
  const { direction } = side;
  if (side.link.verdict[direction].verdict !== 'deny') return [];
  return policiesAt(facts, side).flatMap((policy): Finding[] => {
    const types = policy.spec?.policyTypes ?? [];
    const both: readonly Direction[] = ['ingress', 'egress'];
    const meant = both.filter((one) => policy.spec?.[one] !== undefined && policy.spec[one] !== null);
    const omitted = types.length === 0 && direction === 'ingress' && meant.join() === 'egress';
    const unused =
      types.length > 0 && !types.includes(typeOf[direction]) && (policy.spec?.[direction] ?? []).length > 0;
    if (!omitted && !unused) return [];
    const wanted = omitted ? ['Egress'] : [...types, typeOf[direction]];
    const changed: NetworkPolicy = { ...policy, spec: { ...policy.spec, policyTypes: wanted } };
    if (verdictWith(facts, side, changed) !== 'allow') return [];
    const { namespace = '', name } = policy.metadata;
    const stands = types.length === 0 ? '(absent)' : types.join(', ');
    return [
      {
        ...atSide(side),
        code: 'ND214',
        severity: 'error',
        confidence: 'likely',
        object: policyObject(policy, 'spec.policyTypes', stands),
        message: omitted
          ? `NetworkPolicy ${namespace}/${name} has only egress and no policyTypes: it isolates for ingress, too${(policy.spec?.egress ?? []).length === 0 ? ', and not for egress at all' : ''}`
          : `NetworkPolicy ${namespace}/${name} has ${direction} rules that do not count, because its policyTypes (${stands}) lack ${typeOf[direction]}; with it they would let this through`,
        evidence: [policyEvidence(policy, `policyTypes: ${stands}; fields: ${meant.join(', ')}`)],
        fix: addField(
          policy,
          side,
          '/spec/policyTypes',
          wanted,
          `say policyTypes (tried on a copy: ${direction} is then allowed)`,
        ),
      },
    ];
  });
}

/** Policies that were just made: nodes take them up one after the other. */
function young(facts: Facts, side: Side): Finding[] {
  const { verdict, policies } = side.link.verdict[side.direction];
  return policiesAt(facts, side).flatMap((policy): Finding[] => {
    const { namespace = '', name } = policy.metadata;
    const decides = policies.some(
      (one) => one.kind === 'NetworkPolicy' && one.name === name && one.namespace === namespace,
    );
    const changed = changedAt(policy);
    const age = facts.now - Date.parse(changed ?? '');
    if (!decides || !(age >= 0 && age < settleMs)) return [];
    return [
      {
        hop: side.direction,
        touches: atSide(side).touches,
        code: 'ND220',
        severity: 'info',
        confidence: 'possible',
        object: policyObject(policy, 'metadata', changed),
        message: `NetworkPolicy ${namespace}/${name}, which ${verdict === 'deny' ? 'denies' : 'decides'} here, is ${ageText(changed, facts.now) ?? ''} old: nodes apply it after a while, and connections that are open may stay`,
        evidence: [policyEvidence(policy, `changed ${changed ?? ''}`)],
        fix: { text: 'ask again in half a minute', commands: [] },
      },
    ];
  });
}

/** When a policy was last changed, by what the API server writes down; a saved snapshot has only when it was made. */
function changedAt({ metadata }: NetworkPolicy): string | undefined {
  const { creationTimestamp, managedFields } = metadata as {
    readonly creationTimestamp?: unknown;
    readonly managedFields?: unknown;
  };
  const fields = Array.isArray(managedFields)
    ? (managedFields as readonly { readonly time?: unknown }[])
    : [];
  const times = [creationTimestamp, ...fields.map(({ time }) => time)];
  return times
    .filter((time) => typeof time === 'string')
    .sort()
    .at(-1);
}

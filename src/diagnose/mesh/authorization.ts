import { Tri, both, either } from '../policy/tri.js';
import { matchCondition, matchOperation, matchSource } from './attributes.js';
import type { Caller } from './attributes.js';
import type { AuthorizationPolicy, AuthorizationRule } from './objects.js';
import { byAge, selects } from './select.js';

/** What AuthorizationPolicies decide of one connection, and by which of them. */
export interface AuthorizationVerdict {
  readonly decision: 'allow' | 'deny' | 'unknown';
  /** Denied by a rule, or because ALLOW policies are there and none admits; the policies that decide. */
  readonly by: readonly { readonly policy: AuthorizationPolicy; readonly rule?: number }[];
  /** Which requests of an admitted connection are let through hangs on what only a request tells (paths, methods, claims). */
  readonly requests: readonly AuthorizationPolicy[];
  /** External authorizers that are asked besides. */
  readonly custom: readonly AuthorizationPolicy[];
}

/** The policies that a workload's own proxy enforces: of its namespace and of the root namespace; those for a waypoint or gateway are not. */
export function policiesOf(
  all: readonly AuthorizationPolicy[],
  workload: { readonly namespace: string; readonly labels: Readonly<Record<string, string>> | undefined },
  rootNamespace: string,
): readonly AuthorizationPolicy[] {
  return byAge(all).filter(
    ({ metadata, spec }) =>
      (metadata.namespace === workload.namespace || metadata.namespace === rootNamespace) &&
      spec?.targetRef == null &&
      (spec?.targetRefs ?? []).length === 0 &&
      // A dry run is only logged.
      metadata.annotations?.['istio.io/dry-run'] !== 'true' &&
      selects(spec?.selector, workload.labels),
  );
}

/**
 * Judges one connection by these policies: CUSTOM and DENY before ALLOW, and without any ALLOW policy all is allowed. A policy without
 * rules matches nothing, so that an ALLOW policy without rules (`spec: {}`) denies all. Source: istio.io, Authorization Policy.
 */
export function judgeAuthorization(
  policies: readonly AuthorizationPolicy[],
  caller: Caller,
): AuthorizationVerdict {
  const of = (action: string): readonly AuthorizationPolicy[] =>
    policies.filter(({ spec }) => (spec?.action ?? 'ALLOW') === action);
  const custom = of('CUSTOM').filter((policy) => matchPolicy(policy, caller).match !== Tri.no);
  const denies = of('DENY').map((policy) => ({ policy, ...matchPolicy(policy, caller) }));
  const denied = denies.filter(({ match }) => match === Tri.yes);
  const doubts = denies.filter(({ match }) => match === Tri.unknown);
  const verdict = (
    decision: AuthorizationVerdict['decision'],
    by: AuthorizationVerdict['by'],
  ): AuthorizationVerdict => ({
    decision,
    by,
    requests: [...doubts, ...allows.filter(({ match }) => match === Tri.unknown)]
      .filter(({ byRequest }) => byRequest)
      .map(({ policy }) => policy),
    custom,
  });
  const allows = of('ALLOW').map((policy) => ({ policy, ...matchPolicy(policy, caller) }));
  if (denied.length > 0)
    return verdict(
      'deny',
      denied.map(({ policy, rule }) => ({ policy, ...(rule === undefined ? {} : { rule }) })),
    );
  const admitted = allows.length === 0 || allows.some(({ match }) => match === Tri.yes);
  const maybe = allows.filter(({ match }) => match === Tri.unknown);
  if (!admitted && maybe.length === 0)
    return verdict(
      'deny',
      allows.map(({ policy }) => ({ policy })),
    );
  // What hangs on the request alone stops no connection; what hangs on who calls may.
  const letIn = admitted || maybe.some(({ byRequest }) => byRequest);
  const open = [...doubts.filter(({ byRequest }) => !byRequest), ...(letIn ? [] : maybe)];
  const decided = open.length === 0 ? 'allow' : 'unknown';
  return verdict(decided, decided === 'unknown' ? open.map(({ policy }) => ({ policy })) : []);
}

interface PolicyMatch {
  readonly match: Tri;
  /** It is open only because no request is known. */
  readonly byRequest: boolean;
  /** The rule that matches for sure. */
  readonly rule?: number;
}

function matchPolicy({ spec }: AuthorizationPolicy, caller: Caller): PolicyMatch {
  const deny = (spec?.action ?? 'ALLOW') !== 'ALLOW';
  let match: Tri = Tri.no;
  // If it were open for another reason than the request, an assumed request would leave it open, too.
  let assumed: Tri = Tri.no;
  for (const [index, rule] of (spec?.rules ?? []).entries()) {
    const found = matchRule(rule ?? {}, caller, deny, Tri.unknown);
    if (found === Tri.yes) return { match: found, byRequest: false, rule: index };
    match = either(match, found);
    assumed = either(assumed, matchRule(rule ?? {}, caller, deny, deny ? Tri.no : Tri.yes));
  }
  const settled = deny ? assumed === Tri.no : assumed === Tri.yes;
  return { match, byRequest: match === Tri.unknown && settled };
}

/** A rule matches when one of `from`, one of `to` and all of `when` do; a list that is absent matches. */
function matchRule(rule: AuthorizationRule, caller: Caller, deny: boolean, request: Tri): Tri {
  const context = { caller, deny, request };
  const from = (rule.from ?? []).map((one) => matchSource(one?.source ?? {}, context));
  const to = (rule.to ?? []).map((one) => matchOperation(one?.operation ?? {}, context));
  const when = (rule.when ?? []).map((one) => matchCondition(one, context));
  return both(both(anyOf(from), anyOf(to)), when.reduce<Tri>(both, Tri.yes));
}

function anyOf(matches: readonly Tri[]): Tri {
  return matches.length === 0 ? Tri.yes : matches.reduce<Tri>(either, Tri.no);
}

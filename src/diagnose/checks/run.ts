import { snapshotKinds } from '../snapshot/kinds.js';
import type { SnapshotKind } from '../snapshot/types.js';
import type { Finding } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { Check, Input } from './check.js';
import { namespacesOf } from './check.js';
import { joinFindings, type Support } from './join.js';

/** Something that was not looked at, and why. */
export interface NotChecked {
  readonly what: string;
  /** Half a sentence, e.g. `forbidden: list nodes`. */
  readonly why: string;
  /** ND001 where a permission is missing, ND002 where something did not answer; none where too much was there to look at. */
  readonly code?: string;
  /** Findings that this may have hidden. */
  readonly hides?: readonly string[];
}

/** Runs every check that the question concerns and whose inputs were read; the others are named, by what they lacked. */
export function runChecks(
  checks: readonly Check[],
  facts: Facts,
): { readonly findings: readonly Finding[]; readonly notChecked: readonly NotChecked[] } {
  const findings: Finding[] = [];
  const live: Finding[] = [];
  const supports: Support[] = [];
  const absent = new Set<string>();
  const gaps = new Map<
    string,
    { readonly what: string; readonly why: string; readonly hides: Set<string> }
  >();
  for (const check of checks) {
    const missing = check.reads.flatMap((input) => unread(input, facts));
    const concerned = check.concerns(facts);
    // Where nothing was observed, there is nothing to lay beside it.
    if (check.live === true && !concerned) continue;
    if (concerned) for (const what of missingKinds(check, facts)) absent.add(what);
    for (const { what, why, aside } of missing) {
      if (aside && !concerned) continue;
      const key = `${what}: ${why}`;
      const gap = gaps.get(key) ?? { what, why, hides: new Set<string>() };
      gaps.set(key, gap);
      for (const code of check.codes) gap.hides.add(code);
    }
    if (missing.length > 0 || !concerned) continue;
    const own = restrict(facts, check);
    (check.live === true ? live : findings).push(...check.find(own));
    supports.push(...(check.supports?.(own) ?? []));
  }
  const notChecked = [...gaps.values()].map(({ what, why, hides }): NotChecked => ({
    what,
    why,
    code: why.startsWith('forbidden') ? 'ND001' : 'ND002',
    hides: [...hides].sort(),
  }));
  const kinds = [...absent].map((what): NotChecked => ({
    what,
    why: 'the cluster has no such kind',
    code: 'ND003',
  }));
  return {
    findings: joinFindings(findings, live, supports),
    notChecked: [...notChecked, ...kinds, ...facts.cut],
  };
}

/** Kinds that every cluster has, and this one has not: a check of them finds nothing. */
function missingKinds({ reads }: Check, facts: Facts): readonly string[] {
  return reads.flatMap(({ kind, where, name }) => {
    const { optional, resource } = snapshotKinds[kind];
    if (optional || name !== undefined) return [];
    const readings = namespacesOf(where, facts).map((namespace) => facts.read(kind, namespace));
    return readings.some(({ state }) => state === 'absent') ? [resource] : [];
  });
}

/** Kinds that tell whether a check has work to do by nothing: where it has none, nobody misses them. */
const asides: readonly SnapshotKind[] = [
  ...(['events', 'configmaps', 'ingresses', 'ingressclasses', 'gatewayclasses', 'gateways'] as const),
  ...(['httproutes', 'grpcroutes', 'tlsroutes', 'tcproutes', 'referencegrants', 'secrets'] as const),
  'validatingwebhookconfigurations',
];

function unread(
  { kind, where, name }: Input,
  facts: Facts,
): { readonly what: string; readonly why: string; readonly aside: boolean }[] {
  return namespacesOf(where, facts).flatMap((namespace) => {
    const reading = facts.read(kind, namespace, name);
    if (reading.state !== 'unknown') return [];
    const { resource } = snapshotKinds[kind];
    const what = name === undefined ? resource : `${resource} ${name}`;
    return [
      {
        what: namespace === undefined ? what : `${what} of ${namespace}`,
        why: reading.why,
        aside: reading.why === 'not read' || asides.includes(kind),
      },
    ];
  });
}

/** The facts with reading limited to what the check declares: a check that reads more would not be skipped when it has to be. */
function restrict(facts: Facts, { name, reads, mayRead = [] }: Check): Facts {
  const kinds = new Set([...reads, ...mayRead].map(({ kind }) => kind));
  return {
    ...facts,
    read: (kind, namespace, object) => {
      if (!kinds.has(kind)) throw new RangeError(`check ${name} reads ${kind} without declaring it`);
      return facts.read(kind, namespace, object);
    },
  };
}

import { agree } from './agree.js';
import { checks } from './checks/all.js';
import type { NotChecked } from './checks/run.js';
import { runChecks } from './checks/run.js';
import { verdictByProbes } from './decide.js';
import { buildFacts, type Question } from './model/build.js';
import type { Facts } from './model/facts.js';
import type { Observed } from './observed.js';
import { withProbes } from './probed.js';
import type { Ranked } from './rank.js';
import { rankFindings } from './rank.js';
import type { Snapshot } from './snapshot/types.js';
import type { DiagnosisVerdict, Trace } from './trace.js';
import { tracesOf, verdictOf } from './trace.js';

/** What the objects say about a question. */
export interface Diagnosis {
  readonly verdict: DiagnosisVerdict;
  readonly facts: Facts;
  /** Root causes first, behind each what follows from it. */
  readonly findings: readonly Ranked[];
  readonly traces: readonly Trace[];
  readonly notChecked: readonly NotChecked[];
}

/**
 * Answers a question from a snapshot, from what was observed if anything was, and from nothing else. Throws a NetdebugError where FROM or
 * TO mean nothing (exit 2 and 6).
 */
export function diagnose(snapshot: Snapshot, question: Question, observed?: Observed): Diagnosis {
  const built = buildFacts(snapshot, question);
  const facts: Facts = observed === undefined ? built : { ...built, observed };
  const { findings, notChecked } = runChecks(checks, facts);
  const traces = withProbes(facts, tracesOf(facts, findings));
  const model = verdictOf(traces, facts.destination.service?.host !== undefined);
  return {
    verdict: verdictByProbes(facts, traces, model) ?? model,
    facts,
    findings: rankFindings(agree(facts, traces, findings)),
    traces,
    notChecked: [
      ...notChecked,
      ...(facts.observed?.failed ?? []),
      ...openPolicies(facts),
      ...withoutDns(facts),
      ...(facts.mesh?.gaps ?? []).map(({ decides: _, ...gap }) => gap),
    ],
  };
}

/** Policies that leave a connection open because something could not be read. */
function openPolicies({ links, read }: Facts): NotChecked[] {
  const reasons = links.flatMap(({ verdict }) =>
    verdict === undefined ? [] : [...verdict.egress.reasons, ...verdict.ingress.reasons],
  );
  const open = links.some(({ verdict }) => verdict !== undefined && verdict.verdict !== 'allow');
  const plugin = read('daemonsets', 'kube-system');
  const unread: NotChecked[] =
    open && plugin.state === 'unknown' ? [{ what: 'network plugin', why: plugin.why, code: 'ND006' }] : [];
  const others = [...new Set(reasons)]
    .filter((why) => why.includes('could not be read'))
    .map((why) => ({ what: 'policies', why, code: 'ND001' }));
  return [...unread, ...others];
}

/** A name was asked for, and no DNS Service is among the objects that were read. */
function withoutDns({ dns, destination, read, sources }: Facts): NotChecked[] {
  const named =
    destination.service?.object !== undefined && !destination.service.byAddress && sources.length > 0;
  if (!named || dns !== undefined || read('services', 'kube-system').state !== 'there') return [];
  return [{ what: 'DNS', why: 'no DNS Service in kube-system among the objects' }];
}

import { agree } from './agree.js';
import { checks } from './checks/all.js';
import type { NotChecked } from './checks/run.js';
import { runChecks } from './checks/run.js';
import { verdictByProbes } from './decide.js';
import type { Finding } from './finding.js';
import type { Question } from './model/build.js';
import type { Facts } from './model/facts.js';
import type { Observed } from './observed.js';
import { approachOf, buildLegs } from './outside/legs.js';
import { unexplainedFromHere, verdictFromHere, withOutsideProbes } from './outside/seen.js';
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
  const told = (built: Facts): Facts => (observed === undefined ? built : { ...built, observed });
  const [first, ...others] = buildLegs(snapshot, question);
  const facts = told(first);
  const legs = [examine(facts), ...others.map((built) => examine(told(built)))];
  const before = facts.outside?.client === 'pod' ? examine(told(approachOf(snapshot, question))) : undefined;
  const all = before === undefined ? legs : [before, ...legs];
  const traces = legs.flatMap((leg) => joined(before?.traces, leg.traces));
  const model = verdictOf(traces, facts.destination.service?.host !== undefined);
  return {
    verdict:
      verdictFromHere(facts, traces, model) ??
      (all.length === 1 ? verdictByProbes(facts, traces, model) : undefined) ??
      model,
    facts,
    findings: rankFindings(all.flatMap(({ findings }) => findings)),
    traces,
    notChecked: distinct(all.flatMap(({ notChecked }) => notChecked)),
  };
}

interface Examined {
  readonly findings: readonly Finding[];
  readonly traces: readonly Trace[];
  readonly notChecked: readonly NotChecked[];
}

function examine(facts: Facts): Examined {
  const { findings, notChecked } = runChecks(checks, facts);
  const traces = withOutsideProbes(facts, withProbes(facts, tracesOf(facts, findings)));
  return {
    findings: [
      ...agree(facts, traces, findings, notChecked),
      ...unexplainedFromHere(facts, traces, findings),
    ],
    traces,
    notChecked: [
      ...notChecked,
      ...(facts.observed?.failed ?? []),
      ...openPolicies(facts),
      ...withoutDns(facts),
      ...(facts.mesh?.gaps ?? []).map(({ what, why, code, hides }): NotChecked => ({
        what,
        why,
        ...(code === undefined ? {} : { code }),
        ...(hides === undefined ? {} : { hides }),
      })),
    ],
  };
}

/** The way of a pod to the address outside, and from there inwards: what it reaches at that address comes after it. */
function joined(before: readonly Trace[] | undefined, traces: readonly Trace[]): readonly Trace[] {
  if (before === undefined) return traces;
  return before.flatMap(({ source, hops }) =>
    traces.map((trace) => ({
      ...trace,
      ...(source === undefined ? {} : { source }),
      hops: [...hops.filter(({ at }) => at !== 'endpoint' && at !== 'ingress'), ...trace.hops],
    })),
  );
}

function distinct(gaps: readonly NotChecked[]): readonly NotChecked[] {
  return [...new Map(gaps.map((gap) => [`${gap.what}: ${gap.why}`, gap])).values()];
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

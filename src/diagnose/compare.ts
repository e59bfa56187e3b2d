import type { DiagnosisVerdict } from './trace.js';

/** What is compared of an answer: of a document of `-o json`, or of what is kept of one. */
export interface Answer {
  readonly verdict: DiagnosisVerdict;
  /** ISO 8601. */
  readonly at: string;
  /** Root causes first. */
  readonly findings: readonly AnswerFinding[];
}

/** A finding without what may be private of it: no message, no evidence. */
export interface AnswerFinding {
  readonly code: string;
  readonly title: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly object: {
    readonly kind: string;
    readonly namespace?: string | undefined;
    readonly name: string;
  };
  readonly causedBy?: string | undefined;
}

/** What changed between two answers to one question. */
export interface Comparison {
  readonly before: {
    readonly verdict: DiagnosisVerdict;
    readonly at: string;
    readonly because: readonly string[];
  };
  readonly gone: readonly AnswerFinding[];
  readonly fresh: readonly AnswerFinding[];
  readonly same: readonly AnswerFinding[];
}

/** The part of an answer that is compared. */
export function answerOf({ verdict, at, findings }: Answer): Answer {
  return {
    verdict,
    at,
    findings: findings.map(({ code, title, severity, object, causedBy }) => ({
      code,
      title,
      severity,
      object: {
        kind: object.kind,
        ...(object.namespace === undefined ? {} : { namespace: object.namespace }),
        name: object.name,
      },
      ...(causedBy === undefined ? {} : { causedBy }),
    })),
  };
}

/** Compares by code and object: where in the object it stands may move without a change of the matter. */
export function compareAnswers(before: Answer, after: Answer): Comparison {
  const [old, now] = [answerOf(before).findings, answerOf(after).findings];
  const keys = (findings: readonly AnswerFinding[]): ReadonlySet<string> => new Set(findings.map(keyOf));
  const [oldKeys, nowKeys] = [keys(old), keys(now)];
  return {
    before: { verdict: before.verdict, at: before.at, because: causesOf(before) },
    gone: old.filter((one) => !nowKeys.has(keyOf(one))),
    fresh: now.filter((one) => !oldKeys.has(keyOf(one))),
    same: now.filter((one) => oldKeys.has(keyOf(one))),
  };
}

/** `was UNREACHABLE because ND202, now REACHABLE`, `still UNREACHABLE because ND202`. */
export function comparisonText(
  { before, gone, fresh }: Comparison,
  after: Pick<Answer, 'verdict' | 'findings'>,
): string {
  const now = `${after.verdict}${becauseText(causesOf(after))}`;
  if (before.verdict === after.verdict && gone.length === 0 && fresh.length === 0) return `still ${now}`;
  return `was ${before.verdict}${becauseText(before.because)}, now ${now}`;
}

/** Codes of the root causes that break something, in the order of the answer. */
export function causesOf({ verdict, findings }: Pick<Answer, 'verdict' | 'findings'>): readonly string[] {
  if (verdict === 'REACHABLE') return [];
  const roots = findings.filter(({ causedBy }) => causedBy === undefined);
  const errors = roots.filter(({ severity }) => severity === 'error');
  return [...new Set((errors.length > 0 ? errors : roots).map(({ code }) => code))];
}

function becauseText(codes: readonly string[]): string {
  return codes.length === 0 ? '' : ` because ${codes.join(', ')}`;
}

function keyOf({ code, object: { kind, namespace, name } }: AnswerFinding): string {
  return JSON.stringify([code, kind, namespace, name]);
}

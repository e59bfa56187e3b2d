import type { Confidence, Evidence, Finding, Severity } from '../finding.js';

/** Something that speaks for findings which other checks make, and for nothing by itself. */
export interface Support {
  readonly codes: readonly string[];
  /** As in findings: one of these has to be the same. */
  readonly touches: readonly string[];
  readonly evidence: readonly Evidence[];
  /** What the objects say was seen: a finding that is likely by them is proven. */
  readonly proves: boolean;
}

const severities: readonly Severity[] = ['error', 'warning', 'info'];
const confidences: readonly Confidence[] = ['proven', 'likely', 'possible'];

/**
 * Lays what probes and logs found beside what the objects say: the same code about the same thing is one finding, with the evidence
 * of both, and in the words of the surer one. What the objects say nothing of stands for itself.
 */
export function joinFindings(
  findings: readonly Finding[],
  live: readonly Finding[],
  supports: readonly Support[],
): readonly Finding[] {
  const own = live.filter((one) => !findings.some((finding) => isSame(finding, one)));
  const joined = findings.map((finding) =>
    live.filter((one) => isSame(finding, one)).reduce((all, one) => join(all, one), finding),
  );
  return [...joined, ...own].map((finding) =>
    supports.filter((one) => speaksFor(one, finding)).reduce((all, one) => strengthen(all, one), finding),
  );
}

function isSame(finding: Finding, live: Finding): boolean {
  const [a, b] = [finding.object, live.object];
  return (
    finding.code === live.code &&
    ((a.kind === b.kind && a.namespace === b.namespace && a.name === b.name) || overlap(finding, live))
  );
}

function overlap(
  a: { readonly touches: readonly string[] },
  b: { readonly touches: readonly string[] },
): boolean {
  return a.touches.some((one) => b.touches.includes(one));
}

function join(finding: Finding, live: Finding): Finding {
  const surer =
    confidences.indexOf(live.confidence) < confidences.indexOf(finding.confidence) ||
    severities.indexOf(live.severity) < severities.indexOf(finding.severity)
      ? live
      : finding;
  const blocks = finding.blocks ?? live.blocks;
  return {
    ...finding,
    message: surer.message,
    fix:
      surer.fix.commands.length === 0 && surer !== finding
        ? { ...finding.fix, text: surer.fix.text }
        : surer.fix,
    severity: first(severities, finding.severity, live.severity),
    confidence: first(confidences, finding.confidence, live.confidence),
    evidence: [...finding.evidence, ...live.evidence],
    touches: [...new Set([...finding.touches, ...live.touches])],
    ...(blocks === undefined ? {} : { blocks }),
  };
}

function speaksFor(support: Support, finding: Finding): boolean {
  return support.codes.includes(finding.code) && overlap(support, finding);
}

function strengthen(finding: Finding, { evidence, proves }: Support): Finding {
  const known = new Set(finding.evidence.map((one) => JSON.stringify(one)));
  const fresh = evidence.filter((one) => !known.has(JSON.stringify(one)));
  return {
    ...finding,
    evidence: [...finding.evidence, ...fresh],
    confidence: proves && finding.confidence === 'likely' ? 'proven' : finding.confidence,
  };
}

function first<T>(order: readonly T[], a: T, b: T): T {
  return order.indexOf(a) <= order.indexOf(b) ? a : b;
}

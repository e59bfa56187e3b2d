import type { DiagnosisDocument } from './diagnosis-schema.js';
import { type DocumentFinding, type DocumentHop, objectName, stateOfHop } from './diagnosis-ways.js';
import { type JunitCase, type JunitSuite, junitXml } from './junit.js';

/**
 * A diagnosis for a CI system: the flow is a suite, every hop to every endpoint a case. What objects and packets leave open, and what
 * could not be checked, is skipped; findings that close no hop are cases of their own, failures only as errors.
 */
export function diagnosisJunit(document: DiagnosisDocument): string {
  return junitXml(`diagnose ${document.question}`, [diagnosisSuite(document)]);
}

/** The suite of one flow. */
function diagnosisSuite(document: DiagnosisDocument): JunitSuite {
  const { question, traces, findings, notChecked } = document;
  const several = traces.length > 1;
  const told = new Set(traces.flatMap(({ hops }) => hops.flatMap(({ codes }) => codes)));
  const cases = [
    ...traces.flatMap(({ source, endpoint, hops }) =>
      hops.map((hop): JunitCase => ({
        ...(several
          ? { className: `${question}: ${source === undefined ? '' : `${source} → `}${endpoint}` }
          : {}),
        ...hopCase(hop, findings),
      })),
    ),
    ...findings
      .filter(({ code, causedBy }) => causedBy === undefined && !told.has(code))
      .map((finding): JunitCase => {
        const { code, title, severity, message } = finding;
        const kind = severity === 'error' ? 'failure' : 'passed';
        const details = [`${severity}: ${message}`, ...detailsOf(finding)];
        return { name: `${code} ${title}`, kind, type: code, message, details };
      }),
    ...notChecked.map(({ what, why, code = 'ND001' }): JunitCase => ({
      name: `not checked: ${what}`,
      kind: 'skipped',
      type: code,
      message: why,
    })),
  ];
  return { name: question, cases };
}

function hopCase(hop: DocumentHop, findings: readonly DocumentFinding[]): JunitCase {
  const { at, what, model, probe, ms, codes } = hop;
  const own = codes.flatMap((code) => findings.filter((finding) => finding.code === code).slice(0, 1));
  const kind = ({ pass: 'passed', fail: 'failure', unknown: 'skipped' } as const)[stateOfHop(hop)];
  const columns = `model ${model}, probe ${probe}`;
  return {
    name: `${at} ${what}`,
    seconds: ms === undefined ? undefined : ms / 1000,
    kind,
    type: codes[0] ?? at,
    message: own.map(({ code, message }) => `${code} ${message}`).join('; ') || columns,
    details: kind === 'passed' ? [] : [columns, ...own.flatMap(detailsOf)],
  };
}

function detailsOf(finding: DocumentFinding): readonly string[] {
  const { evidence, fix } = finding;
  return [
    objectName(finding.object),
    ...evidence.map(({ about, excerpt }) => `${about}: ${excerpt}`),
    `fix: ${fix.text}`,
    ...fix.commands,
  ];
}

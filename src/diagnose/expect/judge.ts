import type { DiagnosisVerdict } from '../trace.js';
import type { ExpectedFlow } from './file.js';

/** How a flow turned out against what was expected of it. */
export interface JudgedFlow {
  readonly flow: ExpectedFlow;
  /** `open`: not enough could be checked to say. */
  readonly result: 'ok' | 'failed' | 'open';
  /** Absent where the question could not be asked. */
  readonly verdict?: DiagnosisVerdict;
  /** Codes that were found, root causes first. */
  readonly codes: readonly string[];
  /** Half a sentence. */
  readonly why: string;
}

/** Compares an answer with what was expected. A flow that only some endpoints answer is neither reachable nor unreachable. */
export function judgeFlow(
  flow: ExpectedFlow,
  {
    verdict,
    findings,
  }: { readonly verdict: DiagnosisVerdict; readonly findings: readonly { readonly code: string }[] },
): JudgedFlow {
  const codes = [...new Set(findings.map(({ code }) => code))];
  const found = codes.length === 0 ? 'no finding' : codes.join(', ');
  const told = (result: JudgedFlow['result'], why: string): JudgedFlow => ({
    flow,
    result,
    verdict,
    codes,
    why,
  });
  if (verdict === 'UNDETERMINED') return told('open', 'not enough could be checked');
  if (verdict !== flow.expect.toUpperCase())
    return told('failed', `${flow.expect} was expected, it is ${verdict} (${found})`);
  const missing = (flow.codes ?? []).filter((code) => !codes.includes(code));
  if (missing.length > 0)
    return told('failed', `${verdict} as expected, but not because of ${missing.join(', ')} (${found})`);
  return told('ok', 'as expected');
}

/** A flow of which nothing could be asked, e.g. because its pod does not exist. */
export function failedFlow(flow: ExpectedFlow, why: string): JudgedFlow {
  return { flow, result: 'failed', codes: [], why };
}

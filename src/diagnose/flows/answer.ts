import type { Remedy } from '../policy/mend.js';
import { findRemedy } from '../policy/mend.js';
import type { PolicyModel } from '../policy/model.js';
import { judge } from '../policy/judge.js';
import type { Flow, FlowVerdict, Verdict } from '../policy/verdict.js';
import { explainFlow, portsOfFlow, verdictOf } from '../policy/verdict.js';

/** What policies decide about a question that may stand for several connections. */
export interface FlowAnswer {
  /** deny when one of them is denied, else unknown when one is open. */
  readonly verdict: Verdict;
  readonly flows: readonly { readonly flow: Flow; readonly verdict: Verdict }[];
  /** The first connection with that verdict, explained in full. */
  readonly flow: Flow;
  readonly explanation: FlowVerdict;
  readonly remedy: Remedy;
}

/** Judges every connection and explains the first of the worst. `flows` must not be empty. */
export function answerFlows(model: PolicyModel, flows: readonly Flow[]): FlowAnswer {
  const judged = flows.map((flow) => ({
    flow,
    verdict: verdictOf(model, judge(model, flow, portsOfFlow(model, flow))),
  }));
  const verdict =
    (['deny', 'unknown'] as const).find((bad) => judged.some((one) => one.verdict === bad)) ?? 'allow';
  const flow = judged.find((one) => one.verdict === verdict)?.flow;
  if (flow === undefined) throw new RangeError('no flows to judge');
  return {
    verdict,
    flows: judged,
    flow,
    explanation: explainFlow(model, flow),
    remedy: findRemedy(model, flow),
  };
}

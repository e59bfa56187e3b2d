import { doubtTexts } from './doubt.js';
import { endText } from './end.js';
import type { Connection, Outcome, Witness } from './judge.js';
import { circumstancesOf, eitherOutcome, isSamePod, judge, judgeDirection } from './judge.js';
import type { PolicyModel } from './model.js';
import type { Protocol } from './objects.js';
import type { Ports } from './ports.js';
import type { Direction, Policy, PolicyReference, Rule, Tier } from './rule.js';

/** `unknown`: Kubernetes leaves it open, or something that decides could not be read. */
export type Verdict = 'allow' | 'deny' | 'unknown';

/** One connection: the port is the pod's own, after a Service has put it there. */
export interface Flow extends Connection {
  readonly protocol: Protocol;
  readonly port: number;
  /** The port of the Service that was called, where it differs. */
  readonly servicePort?: number;
}

/** Which rule is meant, e.g. `spec.ingress[0]` of a policy. */
export interface RuleReference {
  readonly policy: PolicyReference;
  readonly index: number;
  readonly field: string;
  readonly name?: string;
}

/** One rule that the connection met on its way through the tiers. */
export interface Step {
  readonly tier: Tier;
  readonly rule: RuleReference;
  readonly action: Rule['action'];
  /** Whether the rule surely means this connection. */
  readonly certain: boolean;
}

/** What the policies of one side say. */
export interface SideVerdict {
  readonly verdict: Verdict;
  /** NetworkPolicies that isolate this side, and cluster-scoped policies with a rule that was met. */
  readonly policies: readonly PolicyReference[];
  /** The rule that decided; none where nothing isolates, and where no rule of the isolating policies admits. */
  readonly rule?: RuleReference;
  /** Rules met, tier by tier. */
  readonly walk: readonly Step[];
  /** Why it is open; empty for a definite verdict. */
  readonly reasons: readonly string[];
}

export interface FlowVerdict {
  readonly verdict: Verdict;
  readonly egress: SideVerdict;
  readonly ingress: SideVerdict;
  /** A pod reaches itself, whatever its policies say; through a Service it may or may not. */
  readonly reasons: readonly string[];
}

/** The ports of one flow as a set. */
export function portsOfFlow(
  { ports }: PolicyModel,
  { protocol, port }: Pick<Flow, 'protocol' | 'port'>,
): Ports {
  return ports.of([{ protocol, first: port, last: port }]);
}

/** What an outcome says of all the ports that were asked about together. */
export function verdictOf({ ports }: PolicyModel, { mayAllow, mayDeny }: Outcome): Verdict {
  if (mayDeny === ports.none) return 'allow';
  return mayAllow === ports.none ? 'deny' : 'unknown';
}

/** Judges one flow and tells how it came about. */
export function explainFlow(model: PolicyModel, flow: Flow): FlowVerdict {
  const verdict = verdictOf(model, judge(model, flow, portsOfFlow(model, flow)));
  const itself = isSamePod(flow.from, flow.to);
  if (itself && flow.viaService !== true) {
    const side: SideVerdict = { verdict: 'allow', policies: [], walk: [], reasons: [] };
    return { verdict, egress: side, ingress: side, reasons: ['a pod is never cut off from itself'] };
  }
  return {
    verdict,
    egress: explainSide(model, flow, 'egress'),
    ingress: explainSide(model, flow, 'ingress'),
    reasons:
      itself && verdict === 'unknown'
        ? [
            'the pod reaches itself through a Service: whether policies apply then is left to the network plugin',
          ]
        : [],
  };
}

/** Judges one side of a flow and tells how it came about. */
export function explainSide(model: PolicyModel, flow: Flow, direction: Direction): SideVerdict {
  const asked = portsOfFlow(model, flow);
  const notes = createNotes();
  const outcomes = circumstancesOf(model, flow.from, flow.to).map((circumstances) =>
    judgeDirection(model, direction, flow, asked, circumstances, notes.witness),
  );
  const verdict = verdictOf(model, eitherOutcome(model, outcomes));
  const [first, second] = outcomes.map((outcome) => verdictOf(model, outcome));
  const reasons = [...notes.reasons];
  if (second !== undefined && first !== second) {
    const hosts = [flow.from, flow.to].filter((end) => end.kind === 'pod' && end.hostNetwork).map(endText);
    reasons.unshift(
      `${[...new Set(hosts)].join(' and ')} uses the network of its node: whether policies see the pod or only the node is left to the network plugin`,
    );
  }
  const rule = decisive(notes.steps, verdict);
  return {
    verdict,
    policies: [...notes.policies.values()],
    ...(rule === undefined ? {} : { rule }),
    walk: notes.steps,
    reasons: verdict === 'unknown' ? [...new Set(reasons)] : [],
  };
}

function createNotes() {
  const policies = new Map<Policy, PolicyReference>();
  const steps: Step[] = [];
  const seen = new Set<Rule>();
  const reasons = new Set<string>();
  const witness: Witness = {
    isolated: (policy) => void policies.set(policy, policy.reference),
    met: (tier, policy, rule, certain) => {
      policies.set(policy, policy.reference);
      if (seen.has(rule)) return;
      seen.add(rule);
      steps.push({ tier, rule: referenceOf(policy, rule), action: rule.action, certain });
    },
    open: (reason) => void reasons.add(reason),
    doubt: (rule, peer, circumstances) => {
      for (const text of doubtTexts(rule, peer, circumstances)) reasons.add(text);
    },
  };
  return { policies, steps, reasons, witness };
}

/** How a rule of a policy is called. */
export function referenceOf({ reference }: Policy, { index, field, name }: Rule): RuleReference {
  return { policy: reference, index, field, ...(name === undefined ? {} : { name }) };
}

function decisive(steps: readonly Step[], verdict: Verdict): RuleReference | undefined {
  const wanted = { allow: 'Allow', deny: 'Deny', unknown: undefined }[verdict];
  return (
    steps.find(({ action, certain }) => certain && action === wanted) ??
    steps.find(({ action }) => action === wanted)
  )?.rule;
}

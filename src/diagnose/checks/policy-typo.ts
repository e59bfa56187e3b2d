import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { compileNetworkPolicy } from '../policy/compile-namespaced.js';
import { endText } from '../policy/end.js';
import { circumstancesOf } from '../policy/judge.js';
import { matchPeer } from '../policy/match.js';
import type { Direction } from '../policy/rule.js';
import { policyText } from '../policy/rule.js';
import { holds, requirementText } from '../policy/selector.js';
import { Tri } from '../policy/tri.js';
import type { Flow } from '../policy/verdict.js';
import { portsOfFlow } from '../policy/verdict.js';
import { itemsOf } from '../reading.js';

/** A policy that would let the flow through, did it select the pod; and that selects no pod at all, which nobody wants. */
export function typoPolicies(
  { model, read }: Facts,
  flow: Flow,
  direction: Direction,
): readonly Pick<Finding, 'code' | 'object' | 'message' | 'evidence' | 'fix'>[] {
  const [subject, peer] = direction === 'egress' ? [flow.from, flow.to] : [flow.to, flow.from];
  const circumstances = circumstancesOf(model, flow.from, flow.to)[0];
  if (subject.kind !== 'pod' || circumstances === undefined) return [];
  const pods = read('pods', subject.namespace);
  if (pods.state !== 'there') return [];
  const ends = pods.items.map((pod) => pod.metadata.labels ?? {});
  let last = 1_000_000_000;
  return itemsOf(read('networkpolicies', subject.namespace))
    .map((raw) => compileNetworkPolicy(raw, () => last++))
    .flatMap((policy) => {
      if (!policy.directions.includes(direction)) return [];
      const requirements = policy.subject.pods;
      const selects = (labels: Readonly<Record<string, string>>): boolean =>
        requirements.every((one) => holds(one, { labels, complete: true }) === Tri.yes);
      if (requirements.length === 0 || ends.some(selects)) return [];
      const failing = requirements.filter((one) => holds(one, subject.labels) !== Tri.yes);
      const wouldAdmit = policy[direction].some(
        (rule) =>
          (rule.peers === 'anyone' ||
            rule.peers.some((one) => matchPeer(one, peer, circumstances) === Tri.yes)) &&
          (rule.ports === 'every' ||
            rule.ports.ranges.some(
              ({ protocol, first, last: end }) =>
                protocol === flow.protocol && first <= flow.port && flow.port <= end,
            ) ||
            rule.ports.named.some(
              ({ name }) =>
                flow.to.kind === 'pod' && flow.to.namedPorts.get(`${flow.protocol}/${name}`) === flow.port,
            )),
      );
      const [only, more] = failing;
      if (
        !wouldAdmit ||
        only === undefined ||
        more !== undefined ||
        portsOfFlow(model, flow) === model.ports.none
      )
        return [];
      const { reference } = policy;
      const has = subject.labels.labels[only.key];
      return [
        {
          code: 'ND213',
          object: {
            kind: reference.kind,
            ...(reference.namespace === undefined ? {} : { namespace: reference.namespace }),
            name: reference.name,
            fieldPath: `spec.podSelector.${only.field}`,
            value: requirementText(only),
          },
          message: `${policyText(reference)} would let this through, but its podSelector (${requirements.map(requirementText).join(', ')}) selects no pod; ${endText(subject)} has ${has === undefined ? `no label ${only.key}` : `${only.key}=${has}`}`,
          evidence: [
            fromApi(
              `pods of namespace ${subject.namespace}`,
              `none with ${requirements.map(requirementText).join(', ')}`,
            ),
          ],
          fix: {
            text: `correct the podSelector of ${policyText(reference)}, or the labels of the pod`,
            commands: [],
          },
        },
      ];
    });
}

import { mendCommand } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import type { Link } from '../model/facts.js';
import { isBehindRule } from '../outside/facts.js';
import { endText } from '../policy/end.js';
import { findRemedy } from '../policy/mend.js';
import { policyText } from '../policy/rule.js';
import { Tri } from '../policy/tri.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { say } from './outside-say.js';

/** Policies that keep the pods of a controller from the backend: clients see 504. */
export const ingressPolicy: Check = {
  name: 'ingress-policy',
  codes: ['ND612'],
  reads: [
    ...inputs('source', 'networkpolicies', 'pods'),
    ...inputs('destination', 'networkpolicies', 'pods'),
  ],
  mayRead: inputs('system', 'daemonsets'),
  concerns: ({ outside, sources }) => isBehindRule(outside) && sources.some(({ pod }) => pod !== undefined),
  find: (facts) => {
    if (facts.model.objects.plugin.enforces === Tri.no) return [];
    return (['egress', 'ingress'] as const).flatMap((direction): Finding[] => {
      const denied = facts.links.filter(
        (link): link is Required<Link> =>
          link.verdict?.[direction].verdict === 'deny' &&
          link.source?.pod !== undefined &&
          link.flow !== undefined,
      );
      const [first] = denied;
      if (first === undefined) return [];
      const side = first.verdict[direction];
      const [target] = side.policies;
      const remedy = findRemedy(facts.model, first.flow);
      const mend = remedy.mends.find((one) => one.direction === direction);
      const subject = direction === 'egress' ? first.flow.from : first.flow.to;
      const names =
        side.policies.map(policyText).join(', ') ||
        (side.rule === undefined ? '' : policyText(side.rule.policy));
      return [
        say(
          'ND612',
          `${names} ${side.policies.length > 1 ? 'keep' : 'keeps'} the controller ${first.source.text} from its backend ${first.endpoint.text} on ${first.flow.protocol} ${first.flow.port}${denied.length > 1 ? `, and ${denied.length - 1} more alike` : ''}: clients get 504`,
          {
            object: {
              kind: target?.kind ?? side.rule?.policy.kind ?? 'NetworkPolicy',
              ...(target?.namespace === undefined ? {} : { namespace: target.namespace }),
              name: target?.name ?? side.rule?.policy.name ?? '',
              fieldPath: `spec.${direction}`,
            },
            evidence: side.policies
              .slice(0, 3)
              .map((policy) => fromApi(policyText(policy), `isolates ${endText(subject)} (${direction})`))
              .concat(side.policies.length === 0 ? [fromApi(names, `denies ${direction}`)] : []),
            fix:
              mend === undefined
                ? { text: `admit the controller's namespace ${first.source.namespace ?? ''}`, commands: [] }
                : {
                    text: `admit the controller's pods${remedy.verdictAfter === 'allow' ? ' (tried on a copy: the verdict is then allow)' : ''}`,
                    commands: [mendCommand(mend)],
                  },
            hop: direction,
            touches: [
              ...new Set(
                denied.map(
                  ({ flow }) => `${direction} ${endText(direction === 'egress' ? flow.from : flow.to)}`,
                ),
              ),
            ],
            blocks: {
              model: 'fail',
              sources: [...new Set(denied.map(({ source }) => source.key))],
              endpoints: [...new Set(denied.map(({ endpoint }) => endpoint.key))],
            },
          },
        ),
      ];
    });
  },
};

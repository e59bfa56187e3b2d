import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import type { Facts } from '../model/facts.js';
import { systemNamespace } from '../model/pods.js';
import type { NetworkPolicy } from '../policy/objects.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import {
  atSide,
  onceEach,
  policiesAt,
  policyEvidence,
  policyObject,
  sidesOf,
  verdictWith,
  type Side,
} from './policy-sides.js';

/** endPort, and a network plugin that reads only the first port of a range. */
export const policyRanges: Check = {
  name: 'policy-ranges',
  codes: ['ND212'],
  reads: [
    ...inputs('source', 'networkpolicies'),
    ...inputs('destination', 'networkpolicies'),
    ...inputs('system', 'daemonsets'),
  ],
  concerns: ({ links }) => links.some(({ verdict }) => verdict !== undefined),
  find: (facts) => {
    const plugin = withoutRanges(facts);
    if (plugin === undefined) return [];
    return onceEach(sidesOf(facts).flatMap((side) => ranges(facts, side, plugin)));
  },
};

/**
 * The plugin, where it is known to ignore endPort: Cilium before 1.16 (cilium/cilium#28684: "silently accepts it and ignores the
 * endPort"), and Weave Net, which ended before the field was stable.
 */
function withoutRanges({ read }: Facts): { readonly text: string; readonly daemon: string } | undefined {
  for (const { metadata, spec } of itemsOf(read('daemonsets', systemNamespace))) {
    if (metadata.name === 'weave-net') return { text: 'Weave Net', daemon: metadata.name };
    if (metadata.name !== 'cilium') continue;
    const images = (spec.template?.spec.containers ?? []).map(({ image }) => image ?? '');
    const version = images.flatMap((image) => /cilium:v1\.(\d+)\./.exec(image)?.[1] ?? [])[0];
    if (version !== undefined && Number(version) < 16)
      return { text: `Cilium 1.${version}`, daemon: metadata.name };
  }
  return undefined;
}

/** Allowed, and no longer allowed when every range is its first port. */
function ranges(
  facts: Facts,
  side: Side,
  { text, daemon }: NonNullable<ReturnType<typeof withoutRanges>>,
): Finding[] {
  const { direction, link } = side;
  const { verdict, rule } = link.verdict[direction];
  if (verdict !== 'allow' || rule === undefined) return [];
  const policy = policiesAt(facts, side).find(
    ({ metadata }) => metadata.name === rule.policy.name && rule.policy.kind === 'NetworkPolicy',
  );
  if (policy === undefined) return [];
  const range = (policy.spec?.[direction]?.[rule.index]?.ports ?? []).find(
    ({ port, endPort }) =>
      typeof port === 'number' && endPort != null && port < link.flow.port && link.flow.port <= endPort,
  );
  if (range === undefined) return [];
  const firstOnly: NetworkPolicy = {
    ...policy,
    spec: {
      ...policy.spec,
      [direction]: (policy.spec?.[direction] ?? []).map((one) => ({
        ...one,
        ports: one?.ports?.map(({ protocol, port }) => ({ protocol: protocol ?? 'TCP', port })) ?? [],
      })),
    },
  };
  if (verdictWith(facts, side, firstOnly) !== 'deny') return [];
  const { namespace = '', name } = policy.metadata;
  const stands = `${range.port ?? ''}-${range.endPort ?? ''}`;
  return [
    {
      hop: direction,
      touches: atSide(side).touches,
      code: 'ND212',
      severity: 'warning',
      confidence: 'likely',
      object: policyObject(policy, `${rule.field}.ports`, stands),
      message: `NetworkPolicy ${namespace}/${name} ${rule.field} allows ${stands}, and ${text} ignores endPort: only port ${range.port ?? ''} is open, the connection is ${link.flow.protocol} ${link.flow.port}`,
      evidence: [
        policyEvidence(
          policy,
          `${rule.field}.ports: port ${range.port ?? ''}, endPort ${range.endPort ?? ''}`,
        ),
        fromApi(`daemonset ${systemNamespace}/${daemon}`, text),
      ],
      fix: {
        text: `list the ports one by one, or bring ${text.split(' ')[0] ?? text} up to date`,
        commands: [],
      },
    },
  ];
}

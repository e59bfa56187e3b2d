import { mendCommand } from '../command.js';
import type { Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import { istioNamespace } from '../mesh/config.js';
import { hbonePort } from '../mesh/facts.js';
import type { Facts, Link } from '../model/facts.js';
import { endText } from '../policy/end.js';
import { findRemedy } from '../policy/mend.js';
import type { Direction } from '../policy/rule.js';
import { policyText } from '../policy/rule.js';
import { explainFlow, type Flow, type SideVerdict } from '../policy/verdict.js';
import { itemsOf } from '../reading.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { inMesh } from './mesh-say.js';

/** The port on which istiod hands out configuration and certificates. */
const xdsPort = 15_012;

/** NetworkPolicies that admit the application's port, and not what the mesh needs: its tunnel between pods, and istiod. */
export const meshPolicies: Check = {
  name: 'mesh-policies',
  codes: ['ND710'],
  reads: [],
  mayRead: inputs('cluster', 'pods'),
  concerns: inMesh,
  find: (facts) => [...tunnels(facts), ...configuration(facts)],
};

function tunnels({ links, model }: Facts): Finding[] {
  const seen = new Set<string>();
  return links.flatMap(({ source, endpoint, flow, verdict }) => {
    if (
      source === undefined ||
      flow?.port !== hbonePort ||
      verdict === undefined ||
      endpoint.port === undefined
    )
      return [];
    const plain = explainFlow(model, { ...flow, port: endpoint.port });
    return (['egress', 'ingress'] as const).flatMap((direction): Finding[] => {
      const side = verdict[direction];
      if (side.verdict !== 'deny' || plain[direction].verdict !== 'allow') return [];
      const subject = endText(direction === 'egress' ? flow.from : flow.to);
      const key = `${direction} ${subject}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return [tunnel(model, { source, endpoint, flow }, side, direction, subject)];
    });
  });
}

function tunnel(
  model: Facts['model'],
  { source, endpoint, flow }: Pick<Required<Link>, 'source' | 'endpoint' | 'flow'>,
  side: SideVerdict,
  direction: Direction,
  subject: string,
): Finding {
  const [policy] = side.policies;
  const names = side.policies.map(policyText).join(', ');
  return {
    code: 'ND710',
    severity: 'error',
    confidence: 'likely',
    object: {
      kind: policy?.kind ?? 'NetworkPolicy',
      ...(policy?.namespace === undefined ? {} : { namespace: policy.namespace }),
      name: policy?.name ?? '',
      fieldPath: `spec.${direction}`,
    },
    message: `${names} lets port ${endpoint.port ?? ''} of ${source.text} → ${endpoint.text} through, and not ${hbonePort}: pods of the ambient mesh talk through a tunnel on TCP ${hbonePort}, which is all that policies see`,
    evidence: [
      ...side.policies.map((one) =>
        fromApi(policyText(one), `isolates ${subject} (${direction}), no rule admits TCP ${hbonePort}`),
      ),
      fromApi(`pods ${source.text}, ${endpoint.text}`, 'both in the ambient mesh'),
    ],
    fix: { text: `admit TCP ${hbonePort} besides`, commands: mends(model, flow, direction) },
    hop: direction,
    touches: [`${direction} ${subject}`],
    blocks: { model: 'fail', sources: [source.key], endpoints: [endpoint.key] },
  };
}

/** A sidecar that may not call istiod gets neither configuration nor certificates; one that has both goes on until they are old. */
function configuration({ sources, destination, mesh, model, read }: Facts): Finding[] {
  const istiod = itemsOf(read('pods', istioNamespace)).filter(
    ({ metadata }) => metadata.labels?.app === 'istiod',
  );
  const [control] = istiod;
  if (control === undefined) return [];
  const to = model.ends.pod(control);
  const seen = new Set<string>();
  return [...sources, ...destination.endpoints].flatMap(({ key, pod, end }): Finding[] => {
    if (pod === undefined || mesh?.members.get(key)?.kind !== 'sidecar' || seen.has(key)) return [];
    seen.add(key);
    const flow: Flow = { from: end, to, protocol: 'TCP', port: xdsPort, viaService: true };
    const { egress } = explainFlow(model, flow);
    if (egress.verdict !== 'deny') return [];
    const [policy] = egress.policies;
    const names = egress.policies.map(policyText).join(', ');
    return [
      {
        code: 'ND710',
        severity: 'warning',
        confidence: 'likely',
        object: {
          kind: policy?.kind ?? 'NetworkPolicy',
          ...(policy?.namespace === undefined ? {} : { namespace: policy.namespace }),
          name: policy?.name ?? '',
          fieldPath: 'spec.egress',
        },
        message: `${names} keeps the proxy of ${endText(end)} from istiod (TCP ${xdsPort}): it gets no new configuration, and no certificate when its own is old`,
        evidence: egress.policies.map((one) =>
          fromApi(
            policyText(one),
            `isolates ${endText(end)} (egress), no rule admits istiod on TCP ${xdsPort}`,
          ),
        ),
        fix: {
          text: `admit TCP ${xdsPort} to ${istioNamespace}`,
          commands: mends(model, flow, 'egress'),
        },
        hop: 'egress',
        touches: [key],
      },
    ];
  });
}

/** The change to a policy that lets a flow through on one side, where there is one. */
function mends(model: Facts['model'], flow: Flow, direction: Direction): readonly string[] {
  const mend = findRemedy(model, flow).mends.find((one) => one.direction === direction);
  return mend === undefined ? [] : [mendCommand(mend)];
}

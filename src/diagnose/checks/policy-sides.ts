import { distinctBy } from '../distinct.js';
import { mendCommand } from '../command.js';
import type { Culprit, Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import type { Facts, Link } from '../model/facts.js';
import type { PodEnd } from '../policy/end.js';
import { endText } from '../policy/end.js';
import { createModel } from '../policy/model.js';
import type { NetworkPolicy } from '../policy/objects.js';
import type { Direction, PolicyReference } from '../policy/rule.js';
import type { Verdict } from '../policy/verdict.js';
import { explainSide } from '../policy/verdict.js';
import { itemsOf } from '../reading.js';

/** One side of one link: what policies of one direction say of it. */
export interface Side {
  readonly link: Required<Link>;
  readonly direction: Direction;
  /** The pod that policies of this direction select. */
  readonly subject: PodEnd;
}

/** Both sides of every link that policies judged, where a pod stands on it. */
export function sidesOf({ links }: Facts): readonly Side[] {
  return links.flatMap((link) => {
    const { source, flow, verdict } = link;
    if (source === undefined || flow === undefined || verdict === undefined) return [];
    return (['egress', 'ingress'] as const).flatMap((direction): Side[] => {
      const subject = direction === 'egress' ? flow.from : flow.to;
      if (subject.kind !== 'pod') return [];
      return [{ link: { source, flow, verdict, endpoint: link.endpoint }, direction, subject }];
    });
  });
}

/** What the policies would say of a side, were one NetworkPolicy another. */
export function verdictWith({ model }: Facts, { link, direction }: Side, changed: NetworkPolicy): Verdict {
  const { objects } = model;
  const { namespace, name } = changed.metadata;
  const tried = createModel({
    ...objects,
    networkPolicies: (place) => {
      const reading = objects.networkPolicies(place);
      if (reading.state !== 'there' || place !== namespace) return reading;
      return {
        state: 'there',
        items: reading.items.map((item) => (item.metadata.name === name ? changed : item)),
      };
    },
  });
  return explainSide(tried, link.flow, direction).verdict;
}

/** The NetworkPolicies of the namespace of the pod on this side, as they were read. */
export function policiesAt({ model }: Facts, { subject }: Side): readonly NetworkPolicy[] {
  return itemsOf(model.objects.networkPolicies(subject.namespace));
}

/** What a finding about one side of a link has in common with others: where it stands, and what it closes. */
export function atSide({ link, direction, subject }: Side): Pick<Finding, 'hop' | 'touches' | 'blocks'> {
  return {
    hop: direction,
    touches: [`${direction} ${endText(subject)}`],
    blocks: { model: 'fail', sources: [link.source.key], endpoints: [link.endpoint.key] },
  };
}

/** A NetworkPolicy as the object of a finding. */
export function policyObject(
  { metadata: { namespace, name } }: Pick<NetworkPolicy, 'metadata'>,
  fieldPath: string,
  value?: string,
): Culprit {
  return {
    kind: 'NetworkPolicy',
    ...(namespace === undefined ? {} : { namespace }),
    name,
    fieldPath,
    ...(value === undefined ? {} : { value }),
  };
}

/** The reference of a NetworkPolicy. */
function referenceOf({ metadata: { namespace, name } }: NetworkPolicy): PolicyReference {
  return { kind: 'NetworkPolicy', ...(namespace === undefined ? {} : { namespace }), name };
}

/** The fix that adds one field to a NetworkPolicy; it was tried before. */
export function addField(
  policy: NetworkPolicy,
  { direction }: Side,
  path: string,
  value: unknown,
  text: string,
): Finding['fix'] {
  const mend = { direction, policy: referenceOf(policy), patch: [{ op: 'add', path, value } as const] };
  return { text, commands: [mendCommand(mend)] };
}

/** Evidence: the object and what stands in it. */
export function policyEvidence(policy: NetworkPolicy, excerpt: string): Finding['evidence'][number] {
  const { namespace = '', name } = policy.metadata;
  return fromApi(`NetworkPolicy ${namespace}/${name}`, excerpt);
}

/** Sides of one pod that were judged alike say the same: once. */
export function onceEach(findings: readonly Finding[]): readonly Finding[] {
  return distinctBy(findings, ({ code, object, touches }) => JSON.stringify([code, object, touches]));
}

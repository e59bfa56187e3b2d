import type { Finding } from '../finding.js';
import type { Facts } from '../model/facts.js';
import type { PodEnd } from '../policy/end.js';
import { endText } from '../policy/end.js';
import type { LabelSelector, NetworkPolicy } from '../policy/objects.js';
import type { KnownLabels } from '../policy/selector.js';
import { compileSelector, matches } from '../policy/selector.js';
import { Tri } from '../policy/tri.js';
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

/**
 * Lists of peers in which two items stand where one was meant, or the other way round. Either is legal, so that it is told only where
 * the labels of the pods show that as it stands a selector selects nobody.
 */
export const policyPeers: Check = {
  name: 'policy-peers',
  codes: ['ND206'],
  reads: [
    ...inputs('source', 'networkpolicies', 'pods'),
    ...inputs('destination', 'networkpolicies', 'pods'),
    ...inputs('cluster', 'namespaces'),
  ],
  concerns: ({ links }) => links.some(({ verdict }) => verdict !== undefined),
  find: (facts) => {
    const found = sidesOf(facts).flatMap((side) => {
      const peer = side.direction === 'egress' ? side.link.flow.to : side.link.flow.from;
      return peer.kind === 'pod' ? slips(facts, side, peer) : [];
    });
    return onceEach(found);
  },
};

type Peers = readonly {
  readonly podSelector?: LabelSelector | null;
  readonly namespaceSelector?: LabelSelector | null;
  readonly ipBlock?: unknown;
}[];

function slips(facts: Facts, side: Side, peer: PodEnd): Finding[] {
  const { direction } = side;
  const { verdict } = side.link.verdict[direction];
  const end = direction === 'egress' ? 'to' : 'from';
  return policiesAt(facts, side).flatMap((policy) =>
    (policy.spec?.[direction] ?? []).flatMap((rule, index) => {
      const peers: Peers = rule?.[end] ?? [];
      const field = `spec.${direction}[${index}].${end}`;
      const with_ = (changed: Peers): NetworkPolicy => ({
        ...policy,
        spec: {
          ...policy.spec,
          [direction]: (policy.spec?.[direction] ?? []).map((one, at) =>
            at === index ? { ...one, [end]: changed } : one,
          ),
        },
      });
      return verdict === 'deny'
        ? peers.flatMap((item, at) =>
            joined(facts, side, peer, policy, item, `${field}[${at}]`, with_, peers),
          )
        : verdict === 'allow'
          ? split(facts, side, peer, policy, peers, field, with_)
          : [];
    }),
  );
}

/** One item with both selectors denies, two would admit; and no pod has both. */
function joined(
  facts: Facts,
  side: Side,
  peer: PodEnd,
  policy: NetworkPolicy,
  item: Peers[number],
  field: string,
  changed: (peers: Peers) => NetworkPolicy,
  peers: Peers,
): Finding[] {
  const { podSelector, namespaceSelector } = item;
  if (podSelector == null || namespaceSelector == null) return [];
  const home = policy.metadata.namespace ?? '';
  const inside = selects(namespaceSelector, peer.namespaceLabels);
  // As two items: pods of those namespaces, or pods of the own namespace with the labels.
  if (inside !== Tri.yes || peer.namespace === home) return [];
  if (somebody(facts, peer.namespace, podSelector) !== false || somebody(facts, home, podSelector) !== true)
    return [];
  const two = peers.flatMap((one) => (one === item ? [{ namespaceSelector }, { podSelector }] : [one]));
  if (verdictWith(facts, side, changed(two)) !== 'allow') return [];
  const name = `${home}/${policy.metadata.name}`;
  return [
    {
      ...atSide(side),
      code: 'ND206',
      severity: 'error',
      // That it is denied is sure; that it was meant otherwise is a guess.
      confidence: 'possible',
      object: policyObject(policy, field),
      message: `NetworkPolicy ${name} ${field} has both selectors in one item, which means pods with these labels in those namespaces: in ${peer.namespace} no pod has them, in ${home} some have. As two items it would admit ${endText(peer)}, too`,
      evidence: [
        policyEvidence(
          policy,
          `one item: ${selectorText(namespaceSelector)} AND ${selectorText(podSelector)}`,
        ),
        policyEvidence(
          policy,
          `two items would be: all of ${selectorText(namespaceSelector)}, OR ${selectorText(podSelector)} in ${home}`,
        ),
      ],
      fix: {
        text: `if either is to be admitted, begin a new item before podSelector: a "-" of its own (tried on a copy: ${side.direction} is then allowed)`,
        commands: [],
      },
    },
  ];
}

/** Two items admit what one with both selectors would not; and the podSelector selects nobody where it stands. */
function split(
  facts: Facts,
  side: Side,
  peer: PodEnd,
  policy: NetworkPolicy,
  peers: Peers,
  field: string,
  changed: (peers: Peers) => NetworkPolicy,
): Finding[] {
  const [spaces, pods, more] = peers;
  if (spaces === undefined || pods === undefined || more !== undefined) return [];
  const { namespaceSelector } = spaces;
  const { podSelector } = pods;
  const alone =
    namespaceSelector != null &&
    spaces.podSelector == null &&
    podSelector != null &&
    pods.namespaceSelector == null;
  const home = policy.metadata.namespace ?? '';
  if (!alone || selects(namespaceSelector, peer.namespaceLabels) !== Tri.yes || peer.namespace === home)
    return [];
  if (selects(podSelector, peer.labels) !== Tri.no) return [];
  if (somebody(facts, home, podSelector) !== false || somebody(facts, peer.namespace, podSelector) !== true)
    return [];
  if (verdictWith(facts, side, changed([{ namespaceSelector, podSelector }])) !== 'deny') return [];
  const name = `${home}/${policy.metadata.name}`;
  return [
    {
      hop: side.direction,
      touches: atSide(side).touches,
      code: 'ND206',
      severity: 'info',
      confidence: 'possible',
      object: policyObject(policy, field),
      message: `NetworkPolicy ${name} ${field} has two items, which admit every pod of ${peer.namespace}, ${endText(peer)} as well: ${selectorText(podSelector)} selects nobody in ${home}, and pods of ${peer.namespace}; was one item meant?`,
      evidence: [
        policyEvidence(
          policy,
          `two items: all of ${selectorText(namespaceSelector)}, OR ${selectorText(podSelector)} in ${home}`,
        ),
        policyEvidence(
          policy,
          `one item would be: ${selectorText(namespaceSelector)} AND ${selectorText(podSelector)}`,
        ),
      ],
      fix: {
        text: 'if both have to hold, put podSelector into the item of namespaceSelector: without the "-" before it',
        commands: [],
      },
    },
  ];
}

function selects(selector: LabelSelector, labels: KnownLabels): Tri {
  return matches(compileSelector(selector), labels);
}

/** Whether a pod of the namespace has these labels; undefined where its pods could not be read. */
function somebody({ read }: Facts, namespace: string, selector: LabelSelector): boolean | undefined {
  const pods = read('pods', namespace);
  if (pods.state !== 'there') return undefined;
  return pods.items.some(
    ({ metadata }) => selects(selector, { labels: metadata.labels ?? {}, complete: true }) === Tri.yes,
  );
}

function selectorText({ matchLabels, matchExpressions }: LabelSelector): string {
  const words = [
    ...Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`),
    ...(matchExpressions ?? []).map(({ key, operator, values }) =>
      `${key} ${operator} ${(values ?? []).join(',')}`.trim(),
    ),
  ];
  return words.join(',') || '(everything)';
}

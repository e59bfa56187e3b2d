import { contains } from './address.js';
import type { End } from './end.js';
import { endText } from './end.js';
import { circumstancesOf } from './judge.js';
import type { Circumstances } from './match.js';
import { matchPeer } from './match.js';
import type { PolicyModel } from './model.js';
import { portTexts } from './ports.js';
import type { Direction, Peer, Policy, Rule } from './rule.js';
import type { KnownLabels, Requirement } from './selector.js';
import { holds, requirementText } from './selector.js';
import { Tri } from './tri.js';
import type { Flow, RuleReference } from './verdict.js';
import { portsOfFlow, referenceOf } from './verdict.js';

/** One term of a rule that keeps it from admitting a connection. */
export interface FailedTerm {
  /** Code of the finding that this is, from the catalogue. */
  readonly code: string;
  /** Where it stands, e.g. `spec.ingress[0].ports`. */
  readonly field: string;
  /** What it asks for and what it meets. */
  readonly message: string;
}

/** The rule that comes nearest to admitting a connection. */
export interface NearestRule {
  readonly rule: RuleReference;
  /** The terms that fail, ports first; one where the rule misses by one term. */
  readonly failed: readonly FailedTerm[];
  readonly portsFail: boolean;
}

/**
 * The rule of the isolating NetworkPolicies that misses by the fewest terms; the first by name and index of equals. Undefined
 * when they have no rule in this direction at all.
 */
export function nearestRule(model: PolicyModel, flow: Flow, direction: Direction): NearestRule | undefined {
  const [subject, peer] = direction === 'egress' ? [flow.from, flow.to] : [flow.to, flow.from];
  const circumstances = circumstancesOf(model, flow.from, flow.to)[0];
  if (subject.kind !== 'pod' || circumstances === undefined) return undefined;
  let best: NearestRule | undefined;
  for (const policy of model.isolating(subject, direction)) {
    for (const rule of policy[direction]) {
      const ports = failedPorts(model, rule, flow, circumstances);
      const found = {
        rule: referenceOf(policy, rule),
        failed: [...ports, ...failedPeers(policy, rule, peer, circumstances)],
      };
      if (best === undefined || found.failed.length < best.failed.length)
        best = { ...found, portsFail: ports.length > 0 };
    }
  }
  return best;
}

function failedPorts(model: PolicyModel, rule: Rule, flow: Flow, circumstances: Circumstances): FailedTerm[] {
  const { ports } = model;
  const named = model.portsOf(rule, flow.to, circumstances);
  if (rule.ports === 'every' || ports.intersect(named, portsOfFlow(model, flow)) !== ports.none) return [];
  const asked = `${flow.protocol} ${flow.port}`;
  const field = `${rule.field}.ports`;
  const covers = (other: Partial<Flow>): boolean =>
    ports.intersect(named, portsOfFlow(model, { ...flow, ...other })) !== ports.none;
  if (flow.servicePort !== undefined && covers({ port: flow.servicePort })) {
    return [
      {
        code: 'ND204',
        field,
        message: `lists ${flow.servicePort}, the port of the Service; policies see the pod's port, ${asked}`,
      },
    ];
  }
  const otherProtocol = (['TCP', 'UDP', 'SCTP'] as const).find((protocol) => covers({ protocol }));
  if (otherProtocol !== undefined) {
    return [
      {
        code: 'ND210',
        field,
        message: `allows ${otherProtocol} ${flow.port} (a port without protocol is TCP), the connection is ${asked}`,
      },
    ];
  }
  const names = rule.ports.named.map(({ name }) => name);
  const known =
    flow.to.kind === 'pod'
      ? [...flow.to.namedPorts].map(([name, port]) => `${name.split('/')[1] ?? ''}=${port}`)
      : [];
  const listed = [...portTexts(named), ...names.map((name) => `port "${name}"`)].join(', ') || 'no port';
  const message = `allows ${listed}, the connection is ${asked}`;
  return names.length > 0
    ? [
        {
          code: 'ND211',
          field,
          message: `${message}; ${endText(flow.to)} names ${known.join(', ') || 'no ports'}`,
        },
      ]
    : [{ code: direction(rule), field, message }];
}

/** The terms of the peer that misses by the fewest. */
function failedPeers(policy: Policy, rule: Rule, end: End, circumstances: Circumstances): FailedTerm[] {
  if (rule.peers === 'anyone') return [];
  let best: readonly FailedTerm[] | undefined;
  for (const peer of rule.peers) {
    const terms =
      matchPeer(peer, end, circumstances) === Tri.yes
        ? []
        : failedTerms(policy, rule, peer, end, circumstances);
    if (best === undefined || terms.length < best.length) best = terms;
  }
  return [...(best ?? [{ code: direction(rule), field: rule.field, message: 'has no peer that can match' }])];
}

function failedTerms(
  policy: Policy,
  rule: Rule,
  peer: Peer,
  end: End,
  { view }: Circumstances,
): FailedTerm[] {
  const { field } = peer;
  const who = endText(end);
  if (peer.kind === 'ipBlock') {
    const addresses = end.kind === 'pod' ? end.addresses : end.address === undefined ? [] : [end.address];
    const text = addresses.map((address) => address.text).join(', ') || 'not known';
    const cut = peer.except.find((except) => addresses.some((address) => contains(except, address)));
    if (cut !== undefined)
      return [
        {
          code: 'ND209',
          field: `${field}.ipBlock.except`,
          message: `${cut.text} cuts out ${text}, the address of ${who}`,
        },
      ];
    if (addresses.length > 0 && !addresses.some((address) => contains(peer.cidr, address))) {
      return [
        {
          code: direction(rule),
          field: `${field}.ipBlock.cidr`,
          message: `${peer.cidr.text} does not hold ${text}, the address of ${who}`,
        },
      ];
    }
    return [
      {
        code: 'ND208',
        field: `${field}.ipBlock`,
        message: `${peer.cidr.text} may or may not mean ${who} (${text}): select pods by labels instead`,
      },
    ];
  }
  if (peer.kind !== 'pods') return [];
  if (end.kind === 'address')
    return [{ code: direction(rule), field, message: `selects pods, and ${who} is none` }];
  if (end.hostNetwork && view === 'node') {
    return [{ code: 'ND219', field, message: `selects pods, and of ${who} policies see only its node` }];
  }
  const namespaces: FailedTerm[] =
    'own' in peer.namespaces
      ? peer.namespaces.own === end.namespace
        ? []
        : [
            {
              code: 'ND207',
              field,
              message: `without a namespaceSelector means pods of ${policy.reference.namespace ?? ''} only, and ${who} is in ${end.namespace}`,
            },
          ]
      : failedRequirements(
          peer.namespaces,
          end.namespaceLabels,
          'ND205',
          `${field}.namespaceSelector`,
          `namespace ${end.namespace}`,
        );
  return [
    ...namespaces,
    ...failedRequirements(peer.pods, end.labels, direction(rule), `${field}.podSelector`, who),
  ];
}

function failedRequirements(
  selector: readonly Requirement[],
  known: KnownLabels,
  code: string,
  field: string,
  who: string,
): FailedTerm[] {
  return selector
    .filter((requirement) => holds(requirement, known) !== Tri.yes)
    .map((requirement) => {
      const { key } = requirement;
      const value = known.labels[key];
      const has =
        value === undefined
          ? `${known.complete ? 'has no' : 'may not have the'} label ${key}`
          : `has ${key}=${value}`;
      return {
        code,
        field: `${field}.${requirement.field}`,
        message: `asks for ${requirementText(requirement)}, and ${who} ${has}`,
      };
    });
}

/** The finding that a rule which does not admit is, where it is none of the special ones. */
function direction({ field }: Rule): string {
  return field.startsWith('spec.egress') ? 'ND201' : 'ND202';
}

import { mendCommand } from '../command.js';
import type { Evidence, Finding } from '../finding.js';
import { fromApi } from '../finding.js';
import type { Facts, Link } from '../model/facts.js';
import { systemNamespace } from '../model/pods.js';
import { endText } from '../policy/end.js';
import { findRemedy } from '../policy/mend.js';
import type { Direction } from '../policy/rule.js';
import { policyText } from '../policy/rule.js';
import { Tri } from '../policy/tri.js';
import type { SideVerdict } from '../policy/verdict.js';
import type { Check } from './check.js';
import { inputs } from './check.js';
import { typoPolicies } from './policy-typo.js';

type Judged = Required<Link>;

/** What policies deny, and the term of the nearest rule that does; what of it Kubernetes leaves open. */
export const policy: Check = {
  name: 'policy',
  codes: [
    ...[
      'ND201',
      'ND202',
      'ND204',
      'ND205',
      'ND207',
      'ND208',
      'ND209',
      'ND210',
      'ND211',
      'ND213',
      'ND215',
      'ND217',
    ],
    ...['ND218', 'ND219'],
  ],
  reads: [...inputs('source', 'networkpolicies'), ...inputs('destination', 'networkpolicies')],
  mayRead: [...inputs('source', 'pods'), ...inputs('destination', 'pods'), ...inputs('system', 'daemonsets')],
  concerns: ({ links }) => links.some(({ verdict }) => verdict !== undefined),
  find: (facts) =>
    (['egress', 'ingress'] as const).flatMap((direction) => {
      const groups = new Map<string, Judged[]>();
      for (const link of facts.links) {
        if (link.verdict === undefined || link.flow === undefined || link.source === undefined) continue;
        const side = link.verdict[direction];
        if (side.verdict === 'allow') continue;
        // Links that the same policies judge alike are one finding.
        const key = JSON.stringify([side.verdict, side.policies, side.rule, link.flow.port]);
        groups.set(key, [...(groups.get(key) ?? []), link as Judged]);
      }
      return [...groups.values()].flatMap((links) => judged(facts, links, direction));
    }),
};

function judged(facts: Facts, links: readonly Judged[], direction: Direction): Finding[] {
  const [first] = links;
  if (first === undefined) return [];
  const side = first.verdict[direction];
  if (side.verdict === 'unknown') return leftOpen(facts, first, side, direction);
  if (side.rule !== undefined) return [admin(facts, links, first, side, direction)];
  return isolated(facts, links, first, side, direction);
}

function blocks(facts: Facts, links: readonly Judged[]): Pick<Finding, 'blocks'> {
  // What the network plugin does not enforce, nobody drops.
  const model = facts.model.objects.plugin.enforces === Tri.no ? 'unknown' : 'fail';
  return {
    blocks: {
      model,
      sources: [...new Set(links.map(({ source }) => source.key))],
      endpoints: [...new Set(links.map(({ endpoint }) => endpoint.key))],
    },
  };
}

function connection({ flow }: Judged): string {
  const called = flow.servicePort === undefined ? '' : ` (port ${flow.servicePort} of the Service)`;
  return `${endText(flow.from)} → ${endText(flow.to)} ${flow.protocol} ${flow.port}${called}`;
}

/** Denied by a rule of an administrator's policy. */
function admin(
  facts: Facts,
  links: readonly Judged[],
  first: Judged,
  side: SideVerdict,
  direction: Direction,
): Finding {
  const {
    policy: by,
    field,
    name,
  } = side.rule ?? { policy: { kind: 'ClusterNetworkPolicy', name: '' } as const, field: '' };
  const tier = side.walk.find(({ rule }) => rule === side.rule)?.tier ?? 'Admin';
  return {
    code: 'ND217',
    severity: 'error',
    confidence: 'likely',
    object: { kind: by.kind, name: by.name, fieldPath: field },
    message: `${policyText(by)} ${field}${name === undefined ? '' : ` (${name})`}, tier ${tier}, denies ${direction} of ${connection(first)}${more(links)}`,
    evidence: side.walk.map(({ tier: at, action, rule }) =>
      fromApi(policyText(rule.policy), `[${at}] ${action} (${rule.field})`),
    ),
    fix: {
      text: "an administrator's policy is for an administrator to change: ask for a rule of higher priority that accepts this",
      commands: [],
    },
    hop: direction,
    touches: [`${direction} ${by.name}`],
    ...blocks(facts, links),
  };
}

function more(links: readonly Judged[]): string {
  return links.length > 1 ? `, and ${links.length - 1} more alike` : '';
}

/** Isolated, and no rule admits: the finding, before it the term that is at fault where the nearest rule misses by just that. */
function isolated(
  facts: Facts,
  links: readonly Judged[],
  first: Judged,
  side: SideVerdict,
  direction: Direction,
): Finding[] {
  const { flow } = first;
  const [subject, peer] = direction === 'egress' ? [flow.from, flow.to] : [flow.to, flow.from];
  const names = side.policies.map(policyText);
  const remedy = findRemedy(facts.model, flow);
  const near = remedy.nearest[direction];
  const mend = remedy.mends.find((one) => one.direction === direction);
  const touches = [`${direction} ${endText(subject)}`];
  const evidence: Evidence[] = [
    ...names.map((name) => fromApi(name, `isolates ${endText(subject)} (${direction})`)),
    ...(near?.failed ?? []).map(({ field, message }) =>
      fromApi(
        policyText(near?.rule.policy ?? { kind: 'NetworkPolicy', name: '' }),
        `nearest rule: ${field} ${message}`,
      ),
    ),
  ];
  const fix =
    mend === undefined
      ? { text: 'allow it in a rule of one of these policies', commands: [] }
      : {
          text:
            remedy.verdictAfter === 'allow'
              ? 'let this through (tried on a copy: the verdict is then allow)'
              : `open the ${direction} side (tried on a copy); the other side stays as it is`,
          commands: [mendCommand(mend)],
        };
  const [target] = side.policies;
  const common = {
    severity: 'error',
    confidence: 'likely',
    hop: direction,
    touches,
    fix,
    ...blocks(facts, links),
  } as const;
  const denied: Finding = {
    ...common,
    code: direction === 'egress' ? 'ND201' : 'ND202',
    object: {
      kind: 'NetworkPolicy',
      ...(target?.namespace === undefined ? {} : { namespace: target.namespace }),
      name: target?.name ?? '',
      fieldPath: `spec.${direction}`,
    },
    message: `${names.join(', ')} ${names.length === 1 ? 'isolates' : 'isolate'} ${endText(subject)} for ${direction}, and no rule admits ${endText(peer)} on ${flow.protocol} ${flow.port}${more(links)}`,
    evidence,
  };
  const enforcement =
    facts.model.objects.plugin.enforces === Tri.no ? [unenforced(facts, direction, touches)] : [];
  if (enforcement.length > 0)
    return [...enforcement, { ...denied, severity: 'warning', confidence: 'possible' }];
  const typos = typoPolicies(facts, flow, direction).map((finding): Finding => ({
    ...common,
    ...finding,
    touches,
  }));
  const [term, another] = near?.failed ?? [];
  if (near === undefined || term === undefined || another !== undefined || /^ND20[12]$/.test(term.code))
    return [...typos, denied];
  const { policy: by } = near.rule;
  return [
    ...typos,
    {
      ...common,
      code: term.code,
      object: {
        kind: by.kind,
        ...(by.namespace === undefined ? {} : { namespace: by.namespace }),
        name: by.name,
        fieldPath: term.field,
      },
      message: `${policyText(by)} ${term.field} ${term.message}`,
      evidence,
    },
    denied,
  ];
}

function unenforced({ model }: Facts, direction: Direction, touches: readonly string[]): Finding {
  const name = model.objects.plugin.name ?? 'the network plugin';
  return {
    code: 'ND215',
    severity: 'warning',
    confidence: 'likely',
    object: { kind: 'DaemonSet', namespace: 'kube-system', name },
    message: `${name} does not enforce policies: what they deny passes all the same`,
    evidence: [fromApi('daemonsets of the system namespaces', name)],
    fix: { text: 'install a network plugin that enforces NetworkPolicy', commands: [] },
    hop: direction,
    touches,
  };
}

/** Open: said only where the reason is in the objects, and not that something could not be read. */
function leftOpen(
  { read }: Facts,
  { flow, source, endpoint, verdict }: Judged,
  side: SideVerdict,
  direction: Direction,
): Finding[] {
  const reasons = [...side.reasons, ...verdict.reasons];
  // With the network plugin, or with policies that could not be read, it might not be open at all.
  const unread = read('daemonsets', systemNamespace).state === 'unknown';
  if (unread || reasons.some((reason) => reason.includes('could not be read'))) return [];
  const block = { blocks: { model: 'unknown', sources: [source.key], endpoints: [endpoint.key] } } as const;
  const say = (code: string, reason: string, fix: string): Finding => ({
    code,
    severity: 'info',
    confidence: 'possible',
    object: {
      kind: side.policies[0]?.kind ?? 'NetworkPolicy',
      ...(side.policies[0]?.namespace === undefined ? {} : { namespace: side.policies[0].namespace }),
      name: side.policies[0]?.name ?? '',
      ...(code === 'ND218' ? {} : { fieldPath: `spec.${direction}` }),
    },
    message: `whether ${direction} of ${endText(flow.from)} → ${endText(flow.to)} passes is open: ${reason}`,
    evidence: [fromApi(endText(direction === 'egress' ? flow.from : flow.to), reason)],
    fix: { text: fix, commands: [] },
    hop: direction,
    touches: [`${direction} ${endText(direction === 'egress' ? flow.from : flow.to)}`],
    ...block,
  });
  for (const reason of reasons) {
    if (reason.includes('only an ipBlock'))
      return [say('ND208', reason, 'select pods by labels instead of by addresses')];
    if (reason.includes('uses the network of its node'))
      return [say('ND219', reason, 'admit the addresses of the nodes, or take the pod off the host network')];
    if (reason.includes('such policies are not evaluated'))
      return [say('ND218', reason, 'ask the tool of the network plugin what these policies decide')];
  }
  return [];
}

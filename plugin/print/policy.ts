import { mendCommand } from '../../src/diagnose/command.js';
import type { FlowAnswer } from '../../src/diagnose/flows/answer.js';
import type { End } from '../../src/diagnose/policy/end.js';
import { endText } from '../../src/diagnose/policy/end.js';
import type { Direction } from '../../src/diagnose/policy/rule.js';
import { policyText } from '../../src/diagnose/policy/rule.js';
import type { Flow, SideVerdict, Step } from '../../src/diagnose/policy/verdict.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';

/** Connections that are listed one by one behind the one that is explained. */
const listedOthers = 10;

/** What policies decide, as a person reads it: the verdict, both sides, the nearest rule, the way out. */
export function policyAnswerText(answer: FlowAnswer, colours: Colours, wide: boolean): string {
  const { flow, explanation, remedy, flows } = answer;
  const lines = [`${colourOf(answer.verdict, colours)}   ${flowText(flow)}`];
  const say = (heading: string, text: string): void => {
    lines.push(`  ${heading.padEnd(9)} ${sanitizeLine(text)}`);
  };
  for (const reason of explanation.reasons) say('because', reason);
  for (const direction of ['egress', 'ingress'] as const) {
    const side = explanation[direction];
    lines.push(
      `  ${direction.padEnd(9)} ${colourOf(side.verdict, colours).padEnd(8)} ${sanitizeLine(sideText(side, flow, direction))}`,
    );
    for (const reason of side.reasons) say('', `because ${reason}`);
    const tiers = side.walk.some(({ tier }) => tier !== 'NetworkPolicy');
    if (side.walk.length > 0 && (wide || tiers)) say('', `walk: ${side.walk.map(stepText).join(' → ')}`);
    const near = remedy.nearest[direction];
    for (const [index, { field, message, code }] of (near?.failed ?? []).entries()) {
      say(
        index === 0 ? 'nearest' : '',
        `${policyText(near?.rule.policy ?? { kind: 'NetworkPolicy', name: '' })} ${field} ${message} (${code})`,
      );
    }
    const mend = remedy.mends.find((one) => one.direction === direction);
    if (mend !== undefined) say('fix', mendCommand(mend));
  }
  if (remedy.mends.length > 0)
    say(
      '',
      `tried on a copy: with ${remedy.mends.length === 1 ? 'it' : 'both'} the verdict is ${remedy.verdictAfter}`,
    );
  const others = flows.filter((other) => other.flow !== flow);
  for (const [index, other] of others.slice(0, listedOthers).entries()) {
    lines.push(
      `  ${(index === 0 ? 'others' : '').padEnd(9)} ${colourOf(other.verdict, colours).padEnd(8)} ${flowText(other.flow)}`,
    );
  }
  if (others.length > listedOthers)
    say('', `and ${others.length - listedOthers} more (-o json lists them all)`);
  return `${lines.join('\n')}\n`;
}

/** The fields of `policy -o json`, kind PolicyVerdict. */
export function policyAnswerDocument(answer: FlowAnswer, plugin: string | undefined): object {
  const { verdict, flow, explanation, remedy, flows } = answer;
  const side = (direction: Direction): object => {
    const { rule, ...rest } = explanation[direction];
    const near = remedy.nearest[direction];
    const mend = remedy.mends.find((one) => one.direction === direction);
    return {
      ...rest,
      rule: rule ?? null,
      nearest: near === undefined ? null : { rule: near.rule, failed: near.failed },
      fix: mend === undefined ? null : { policy: mend.policy, patch: mend.patch, command: mendCommand(mend) },
    };
  };
  return {
    verdict,
    ...flowFields(flow),
    egress: side('egress'),
    ingress: side('ingress'),
    reasons: explanation.reasons,
    verdictWithFixes: remedy.mends.length === 0 ? null : remedy.verdictAfter,
    networkPlugin: plugin ?? null,
    flows: flows.map((one) => ({ verdict: one.verdict, ...flowFields(one.flow) })),
  };
}

function flowFields({ from, to, protocol, port, servicePort }: Flow): object {
  return {
    from: endFields(from),
    to: endFields(to),
    protocol,
    port,
    ...(servicePort === undefined ? {} : { servicePort }),
  };
}

function endFields(end: End): object {
  if (end.kind === 'pod') return { kind: 'pod', namespace: end.namespace, name: end.name };
  const { role, address, host, node } = end;
  return { kind: role, address: address?.text, host, node: node?.name };
}

function flowText({ from, to, protocol, port, servicePort }: Flow): string {
  const called = servicePort === undefined ? '' : ` (port ${servicePort} of the Service)`;
  return sanitizeLine(`${endText(from)} → ${endText(to)}  ${protocol} ${port}${called}`);
}

function sideText(
  { verdict, policies, rule }: SideVerdict,
  { from, to }: Flow,
  direction: Direction,
): string {
  const [subject, peer] = direction === 'egress' ? [from, to] : [to, from];
  if (rule !== undefined)
    return `${policyText(rule.policy)} ${rule.field}${rule.name === undefined ? '' : ` (${rule.name})`}`;
  const isolating = policies.filter(({ kind }) => kind === 'NetworkPolicy');
  if (subject.kind === 'address') return `policies are about pods, and ${endText(subject)} is none`;
  if (isolating.length === 0) return `no NetworkPolicy isolates ${endText(subject)}`;
  const names = isolating.map(policyText).join(', ');
  const verb = isolating.length === 1 ? 'isolates' : 'isolate';
  if (verdict === 'allow') return `${names} ${verb} ${endText(subject)}, which admits its own node`;
  return `${names} ${verb} ${endText(subject)}; no rule ${verdict === 'deny' ? '' : 'surely '}admits ${endText(peer)}`;
}

function stepText({ tier, rule, action, certain }: Step): string {
  return `[${tier}] ${certain ? '' : 'maybe '}${action} (${rule.policy.name} ${rule.field})`;
}

function colourOf(verdict: FlowAnswer['verdict'], { good, bad, warning }: Colours): string {
  return { allow: good, deny: bad, unknown: warning }[verdict](verdict);
}

import { countStates, exitCodeOf } from '../../src/doctor/outcome.js';
import type { UseRights } from '../../src/doctor/rights.js';
import { checkAreas, type Check, type CheckArea, type CheckState } from '../../src/doctor/types.js';
import type { UseName } from '../../src/doctor/use-names.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';

/** Everything that `doctor` found. */
export interface DoctorReport {
  readonly context: string | undefined;
  readonly server: string | undefined;
  /** Where the rights were asked for. */
  readonly namespace: string;
  /** `shop/pod/web-0` or `node/worker-1`. */
  readonly target: string | undefined;
  readonly checks: readonly Check[];
  readonly rights: readonly UseRights[];
}

const stateColumns = 'warning'.length + 3;

/** The lines by what they are about, each with what to do under it, and the roles to ask for at the end. */
export function doctorText(report: DoctorReport, wanted: readonly UseName[], colours: Colours): string {
  const titles: Readonly<Record<CheckArea, string>> = {
    cluster: 'cluster',
    rights: `rights in namespace ${report.namespace}`,
    target: `target${report.target === undefined ? '' : ` ${report.target}`}`,
    here: 'here',
  };
  const parts = checkAreas.flatMap((area) => {
    const checks = report.checks.filter((check) => check.area === area);
    if (checks.length === 0) return [];
    return [
      `${colours.strong(sanitizeLine(titles[area]))}\n${checks.map((one) => checkText(one, colours)).join('')}`,
    ];
  });
  const roles = report.rights.filter(({ use, roles: yaml }) => yaml !== undefined && wanted.includes(use));
  for (const { use, roles: yaml = '' } of roles)
    parts.push(
      `${colours.strong(`roles for ${use}`)}, to be bound to you (manifests/README.md)\n${yaml
        .split('\n')
        .map((line) => `  ${sanitizeLine(line)}`.trimEnd())
        .join('\n')}\n`,
    );
  return parts.join('\n');
}

function checkText({ state, message, details = [], advice }: Check, colours: Colours): string {
  const indent = ' '.repeat(2 + stateColumns);
  const lines = [`  ${coloured(state, colours)}${sanitizeLine(message)}`];
  for (const detail of details)
    for (const line of detail.split('\n')) lines.push(`${indent}${colours.faint(sanitizeLine(line))}`);
  for (const [index, line] of (advice ?? '').split('\n').entries())
    if (line !== '') lines.push(`${indent}${index === 0 ? '→ ' : '  '}${sanitizeLine(line)}`);
  return `${lines.join('\n')}\n`;
}

function coloured(state: CheckState, { good, warning, bad, faint }: Colours): string {
  const colour = { ok: good, warning, missing: bad, unknown: faint }[state];
  return colour(state) + ' '.repeat(stateColumns - state.length);
}

/** `9 ok, 2 warnings, 1 missing`: the last line, on stderr. */
export function tallyText(checks: readonly Check[]): string {
  const { ok, warning, missing, unknown } = countStates(checks);
  return [
    `${ok} ok`,
    ...(warning === 0 ? [] : [`${warning} ${warning === 1 ? 'warning' : 'warnings'}`]),
    ...(missing === 0 ? [] : [`${missing} missing`]),
    ...(unknown === 0 ? [] : [`${unknown} unknown`]),
  ].join(', ');
}

/** The fields of `-o json`. */
export function doctorDocument({ checks, rights, ...rest }: DoctorReport): object {
  return {
    ...rest,
    exitCode: exitCodeOf(checks),
    checks: checks.map(({ id, area, state, message, details, advice, minor }) => ({
      id,
      area,
      state,
      message,
      details,
      advice,
      ...(state === 'unknown' ? { matters: minor !== true } : {}),
    })),
    rights: rights.map(({ use, check, rights: each, roles }) => ({
      use,
      state: check.state,
      rights: each,
      ...(roles === undefined ? {} : { roles }),
    })),
  };
}

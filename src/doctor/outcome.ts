import { ExitCode, NetdebugError } from '../errors.js';
import type { Check, CheckArea, CheckState } from './types.js';

/** How many checks ended in which way. */
export function countStates(checks: readonly Check[]): Readonly<Record<CheckState, number>> {
  const count = { ok: 0, warning: 0, missing: 0, unknown: 0 };
  for (const { state } of checks) count[state]++;
  return count;
}

/**
 * The exit code of all checks: that of the failure that ended them, else 1 where something is missing, 3 where something that
 * matters could not be found out, 0 otherwise.
 */
export function exitCodeOf(checks: readonly Check[]): ExitCode {
  const stopped = checks.find(({ stops }) => stops !== undefined)?.stops;
  if (stopped !== undefined) return stopped;
  if (checks.some(({ state }) => state === 'missing')) return ExitCode.found;
  return checks.some(({ state, minor }) => state === 'unknown' && minor !== true)
    ? ExitCode.undetermined
    : ExitCode.ok;
}

/** A failure as a line: its sentence, facts and hint. One that nobody foresaw is thrown on. */
export function checkOfError(
  error: unknown,
  id: string,
  area: CheckArea,
  state: CheckState = 'missing',
): Check {
  if (!(error instanceof NetdebugError)) throw error;
  const { message, details, hint } = error;
  return {
    id,
    area,
    state,
    message: message.replace(/\.$/, ''),
    ...(details.length === 0 ? {} : { details }),
    ...(hint === undefined ? {} : { advice: hint }),
  };
}

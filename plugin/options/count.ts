import type { Setting } from './setting.js';
import { usageError } from './usage.js';

/** A whole number from `least` to `most`. Throws a usage error that says what was expected. */
export function parseCount(setting: Setting, least = 1, most = 2 ** 31 - 1): number {
  const value = /^\d{1,15}$/.test(setting.text) ? Number(setting.text) : NaN;
  if (value >= least && value <= most) return value;
  throw usageError(
    `${setting.origin}: ${JSON.stringify(setting.text)} is not a whole number from ${least} to ${most}`,
  );
}

import type { Setting } from './setting.js';
import { usageError } from './usage.js';

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 3.6e6,
  d: 8.64e7,
};
const part = /(\d+(?:\.\d+)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)/y;

// For messages.
const durationForm = 'a number with a unit, such as 90s, 15m or 1h30m';

/** `1h30m` in milliseconds, as Go writes durations, days added; a bare number is seconds, as in kubectl. */
export function durationMs(text: string): number | undefined {
  if (/^\d{1,12}(\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  let total = 0;
  part.lastIndex = 0;
  while (part.lastIndex < text.length) {
    const match = part.exec(text);
    if (match === null) return undefined;
    total += Number(match[1]) * (unitMs[match[2] ?? ''] ?? NaN);
  }
  return text === '' || !Number.isFinite(total) ? undefined : total;
}

/** Longer than this a timer cannot wait. */
export const longestWaitMs = 24 * 8.64e7;

/** A duration from `leastMs` to `mostMs` (default a year), in milliseconds. Throws a usage error that says what was expected. */
export function parseDuration(setting: Setting, leastMs = 1, mostMs = 365 * 8.64e7): number {
  const value = durationMs(setting.text);
  if (value === undefined) {
    throw usageError(
      `${setting.origin}: ${JSON.stringify(setting.text)} is not a duration`,
      undefined,
      `expected ${durationForm}`,
    );
  }
  if (value < leastMs || value > mostMs) {
    throw usageError(
      `${setting.origin}: ${setting.text} is out of range`,
      undefined,
      `expected ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`,
    );
  }
  return Math.round(value);
}

/** Milliseconds in kubectl's short manner: `850ms`, `12s`, `3m20s`, `2h5m`, `3d4h`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))}ms`;
  const seconds = Math.floor(milliseconds / 1000);
  const units = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3600) % 24],
    ['m', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ] as const;
  const first = units.findIndex(([, count]) => count > 0);
  return units
    .slice(first, first + 2)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => `${count}${unit}`)
    .join('');
}

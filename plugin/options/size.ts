import type { Setting } from './setting.js';
import { usageError } from './usage.js';

const form = /^(\d+(?:\.\d+)?)\s?(?:([kmgt])(i?)b?|b)?$/i;
const powers = ['k', 'm', 'g', 't'];

/** `100MB`, `64KiB`, `1.5Gi`, `4096` in bytes: Ki, Mi, Gi, Ti count by 1024, k, M, G, T by 1000, with or without a B. */
export function sizeBytes(text: string): number | undefined {
  const match = form.exec(text.trim());
  if (match === null) return undefined;
  const base = match[3] === '' || match[3] === undefined ? 1000 : 1024;
  const bytes = Math.round(Number(match[1]) * base ** (powers.indexOf(match[2]?.toLowerCase() ?? '') + 1));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** A size from `leastBytes` to `mostBytes`, in bytes. Throws a usage error that says what was expected. */
export function parseSize(
  setting: Setting,
  leastBytes = 1,
  mostBytes: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = sizeBytes(setting.text);
  if (value !== undefined && value > mostBytes) {
    throw usageError(
      `${setting.origin}: ${setting.text} is too much`,
      undefined,
      `expected at most ${formatSize(mostBytes)}`,
    );
  }
  if (value === undefined || value < leastBytes) {
    throw usageError(
      `${setting.origin}: ${JSON.stringify(setting.text)} is not a size${value === undefined ? '' : ` of ${leastBytes} bytes or more`}`,
      undefined,
      'expected a number with a unit, such as 64KiB, 100MB or 1GiB',
    );
  }
  return value;
}

/** Bytes for a person: `0 B`, `1.2 kB`, `3.4 MB`; decimal units, as network rates are given. */
export function formatSize(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const scaled = bytes / 1000 ** power;
  // 999.96 would be rounded to 1000.0.
  const shown = scaled.toFixed(scaled < 99.95 ? 1 : 0);
  return shown === '1000' && power < 4
    ? `1.0 ${'kMGT'.charAt(power)}B`
    : `${shown} ${'kMGT'.charAt(power - 1)}B`;
}

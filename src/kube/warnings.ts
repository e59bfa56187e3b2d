import { cleanText } from './text.js';

/**
 * The texts of `Warning: 299 - "..."` headers, cleaned (RFC 7234, section 5.5). Takes raw headers, as joined ones
 * cannot be told apart: a text may hold commas.
 */
export function parseWarnings(rawHeaders: readonly string[]): readonly string[] {
  const warnings: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length && warnings.length < 20; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'warning') continue;
    for (const [, text = ''] of (rawHeaders[at + 1] ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
      warnings.push(cleanText(text.replace(/\\(.)/g, '$1')));
    }
  }
  return warnings;
}

import { escapeUnprintable } from './sanitize.js';

/** The group and version of every document that this program prints. */
export const apiVersion = 'netdebug/v1';

/** A printed document: the fields of `value` after apiVersion and kind, which it cannot set. */
export function document(kind: string, value: object): Record<string, unknown> {
  const fields = Object.entries(value).filter(([name]) => name !== 'apiVersion' && name !== 'kind');
  return { apiVersion, kind, ...Object.fromEntries(fields) };
}

/** One document of `-o json`, indented, with a line end. Control characters are escaped, so a terminal can show it. */
export function jsonDocument(kind: string, value: object): string {
  return `${escapeUnprintable(JSON.stringify(document(kind, value), undefined, 2))}\n`;
}

/** One event of a stream: one JSON object on one line. */
export function jsonLine(kind: string, value: object): string {
  return `${escapeUnprintable(JSON.stringify(document(kind, value)))}\n`;
}

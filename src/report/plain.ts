/**
 * Text of a cluster as a page, a chart or a file for a CI system may hold it: without control characters, without marks that turn the
 * direction of writing, and without what XML 1.0 has no way to write. Escaping for the format at hand comes on top.
 */
export function plainLine(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, ' ')
    .replace(/[^\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');
}

/**
 * Makes text from a server fit for a terminal: control characters (C0, C1, DEL) and the Unicode
 * direction overrides become spaces, runs of blanks shrink to one, and what is too long is cut with an ellipsis.
 * A server may be hostile, and an escape sequence in an error message must not reach the terminal.
 */
export function cleanText(text: string, limit = 1000): string {
  // Cut before cleaning, so that a message of 100 MB costs nothing.
  const clean = text
    .slice(0, limit * 4)
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return clean.length > limit || text.length > limit * 4 ? `${clean.slice(0, limit)}…` : clean;
}

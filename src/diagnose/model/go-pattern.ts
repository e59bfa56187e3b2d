/** Longer patterns are not judged. */
const longest = 300;

/**
 * A pattern of Go (RE2) as one of JavaScript; undefined for one that is written otherwise there, or that could take long to match: other
 * people wrote it, and RE2 takes linear time where JavaScript goes back and forth. Names have at most 255 characters.
 */
export function goPattern(text: string): RegExp | undefined {
  const repeats = text.match(/[*+]|\{\d+,\d*\}/g) ?? [];
  // One repetition inside of another is what takes long; two in a row, begun anywhere, take 255³ steps at most.
  const nested = /\)[*+{]/.test(text);
  if (text.length > longest || repeats.length > 2 || nested) return undefined;
  const flags = text.startsWith('(?i)') ? 'i' : '';
  try {
    return new RegExp(text.replace(/^\(\?i\)/, '').replaceAll('(?P<', '(?<'), flags);
  } catch {
    return undefined;
  }
}

/**
 * The candidates that a mistyped word may have meant, best first, at most three: those with a small edit distance, or
 * that begin with it or hold it.
 */
export function nearNames(word: string, candidates: readonly string[]): readonly string[] {
  const wanted = word.toLowerCase().slice(0, 253);
  const allowed = Math.max(1, Math.ceil(wanted.length / 3));
  const found: { readonly name: string; readonly distance: number }[] = [];
  // A namespace can have tens of thousands of pods: what starts alike is enough then.
  for (const name of candidates.slice(0, 20_000)) {
    const whole = wanted !== '' && (name.startsWith(wanted) || wanted.startsWith(name));
    const distance = whole
      ? 0
      : Math.abs(name.length - wanted.length) > allowed
        ? Infinity
        : editDistance(wanted, name);
    if (distance <= allowed) found.push({ name, distance });
    else if (wanted.length > 2 && name.includes(wanted)) found.push({ name, distance: allowed });
  }
  return found
    .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Levenshtein distance: insertions, deletions and replacements of one character. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, replace));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

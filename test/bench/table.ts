/** One comparison. Lower is better unless the unit is a rate. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** Absent where kubectl has nothing of the kind. */
  readonly kubectl?: number;
  /** What the project wants to reach, in words. */
  readonly reach?: string;
}

/** A Markdown table of medians, with the ratio ours to kubectl's. */
export function markdown(rows: readonly Row[]): string {
  const head = ['what', 'ours', 'kubectl', 'ratio', 'wanted'];
  const body = rows.map(({ what, unit, ours, kubectl, reach }) => [
    what,
    `${round(ours)} ${unit}`,
    kubectl === undefined ? '' : `${round(kubectl)} ${unit}`,
    kubectl === undefined ? '' : (ours / kubectl).toFixed(2),
    reach ?? '',
  ]);
  const lines = [head, head.map((_, column) => (column === 0 || column === 4 ? '---' : '---:')), ...body];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

import Table from 'cli-table3';
import { sanitizeLine } from './sanitize.js';

const noBorders = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((name) => [name, '']),
);

/**
 * Rows under headings in kubectl's manner: columns three spaces apart, no borders, empty cells as `<none>`, a line end
 * after each row. Cells may come from a pod: they are sanitised here.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
): string {
  const columns = new Table({
    head: [...headings],
    chars: noBorders,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 3 },
  });
  for (const row of rows) columns.push(row.map((cell) => sanitizeLine(cell ?? '') || '<none>'));
  return `${columns
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

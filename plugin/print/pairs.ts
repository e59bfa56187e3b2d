import {
  byTone,
  cellWords,
  countMatrix,
  differenceHints,
  differenceWords,
  isBad,
  signOf,
  type MatrixCounts,
} from '../../src/matrix/reading.js';
import { namesOf, type MatrixNames } from '../../src/matrix/names.js';
import type { Matrix, MatrixCell } from '../../src/matrix/types.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';
import { table } from './table.js';

/** Most pairs that are listed where the matrix itself is too wide; `wide` lists all. */
const mostListed = 200;

type Names = Pick<MatrixNames, 'rows' | 'columns'>;

/** The matrix as text: a table where it fits into these columns, else what is not open; `wide`: every pair in words. */
export function pairsText(matrix: Matrix, columns: number, wide: boolean, colours: Colours): string {
  const names = shownNames(matrix);
  const counts = countMatrix(matrix);
  const body = wide
    ? listText(matrix, names, Infinity, false)
    : (gridText(matrix, names, columns, colours) ?? closedText(matrix, names));
  return `${body}${body === '' ? '' : '\n'}${pairsCountText(matrix, counts)}\n${findingsText(counts)}`;
}

/** `870 pairs: 860 open, 10 timed out` */
export function pairsCountText({ mode }: Matrix, { pairs, signs }: MatrixCounts): string {
  const parts = signs.map(({ sign, pairs: count }) => `${count} ${sign.words}`);
  const of = mode === 'static' ? ' (by policies alone, no packet was sent)' : '';
  return `${pairs} ${pairs === 1 ? 'pair' : 'pairs'}: ${parts.join(', ') || 'nothing to connect to'}${of}`;
}

/** The findings of a comparison; empty when model and packets agree. */
function findingsText(counts: MatrixCounts): string {
  const codes = ['ND215', 'ND090'] as const;
  return codes
    .filter((code) => counts[code] > 0)
    .map(
      (code) =>
        `${counts[code]} ${counts[code] === 1 ? 'pair' : 'pairs'}: ${differenceWords[code]}\n  ${differenceHints[code]}\n`,
    )
    .join('');
}

/** Fit for a terminal. */
function shownNames(matrix: Matrix): Names {
  const { rows, columns } = namesOf(matrix);
  return { rows: rows.map(sanitizeLine), columns: columns.map(sanitizeLine) };
}

/** Undefined when it does not fit, even with numbers instead of names. */
function gridText(matrix: Matrix, names: Names, width: number, colours: Colours): string | undefined {
  const first = Math.max(4, ...names.rows.map(({ length }) => length));
  const fits = (heads: readonly string[]): boolean =>
    heads.reduce((sum, head) => sum + head.length + 2, first) <= width;
  const numbers = names.columns.map((_, at) => String(at + 1).padEnd(2));
  const heads = [names.columns, numbers].find(fits);
  if (heads === undefined || heads.length === 0) return undefined;
  const lines = matrix.rows.map((cells, row) => {
    const texts = cells.map((cell, at) => {
      const text = textOf(cell, matrix);
      // Colour goes around the sign, not around the blanks that align it.
      return `${paint(cell, matrix, colours)(text)}${' '.repeat(Math.max(0, (heads[at]?.length ?? 0) - text.length))}`;
    });
    return [(names.rows[row] ?? '').padEnd(first), ...texts].join('  ').trimEnd();
  });
  const head = ['FROM'.padEnd(first), ...heads].join('  ').trimEnd();
  const list =
    heads === numbers
      ? `\n${names.columns.map((name, at) => `${String(at + 1).padStart(3)}  ${name}`).join('\n')}\n`
      : '';
  return `${head}\n${lines.join('\n')}\n${list}\n${legendText(matrix)}\n`;
}

/** Every sign that occurs, with its words. */
function legendText({ rows, mode }: Matrix): string {
  const cells = rows.flat();
  const signs = new Map(cells.map((cell) => signOf(cell, mode)).map((sign) => [sign.sign, sign] as const));
  const differs = cells.some((cell) => cell?.differs !== undefined);
  const words = [...signs.values()].sort(byTone).map((sign) => `${sign.sign} ${sign.words}`);
  return [...words, ...(differs ? ['! policies and packets differ'] : [])].join('   ');
}

function textOf(cell: MatrixCell | undefined, { mode }: Matrix): string {
  return `${signOf(cell, mode).sign}${cell?.differs === undefined ? '' : '!'}`;
}

function paint(cell: MatrixCell | undefined, { mode }: Matrix, colours: Colours): (text: string) => string {
  if (isBad(cell, mode)) return colours.bad;
  const { tone } = signOf(cell, mode);
  if (tone === 'good') return colours.good;
  return tone === 'unsure' ? colours.warning : colours.faint;
}

function closedText(matrix: Matrix, names: Names): string {
  return listText(matrix, names, mostListed, true);
}

/** Pairs in words, one a line. */
function listText(matrix: Matrix, names: Names, most: number, onlyClosed: boolean): string {
  const rows: string[][] = [];
  let left = 0;
  for (const [row, cells] of matrix.rows.entries()) {
    for (const [column, cell] of cells.entries()) {
      if (cell === undefined) continue;
      if (onlyClosed && !isBad(cell, matrix.mode) && signOf(cell, matrix.mode).tone !== 'unsure') continue;
      if (rows.length >= most) left++;
      else rows.push([names.rows[row] ?? '', names.columns[column] ?? '', cellWords(cell)]);
    }
  }
  if (rows.length === 0) return '';
  const more = left === 0 ? '' : `and ${left} more; -o wide lists all, -o html draws them\n`;
  return `${table(['FROM', 'TO', matrix.mode === 'static' ? 'POLICIES' : 'OUTCOME'], rows)}${more}`;
}

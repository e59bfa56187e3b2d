import { htmlEscape } from 'escape-goat';
import {
  byTone,
  cellWords,
  countMatrix,
  differenceHints,
  differenceWords,
  isBad,
  signOf,
  type MatrixCounts,
  type Sign,
} from '../matrix/reading.js';
import { namesOf } from '../matrix/names.js';
import { destinationName, sourceName, type Matrix, type MatrixCell } from '../matrix/types.js';
import { matrixStyle } from './matrix-style.js';

/** Pairs that are listed in words under the matrix. */
const mostListed = 500;
/** From this many columns on cells are small. */
const denseFrom = 40;

/** What stands above the matrix besides its counts. */
export interface PageFacts {
  /** What was asked for, e.g. `matrix -l app=web`. */
  readonly title: string;
  /** One sentence with all counts. */
  readonly counts: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** The matrix as one page that needs nothing else: no script, no font, no picture; it may be sent, archived and printed. */
export function matrixPage(matrix: Matrix, facts: PageFacts): string {
  const counts = countMatrix(matrix);
  const one = namesOf(matrix).namespace;
  const namespace = one === undefined ? '' : `namespace ${clean(one)} · `;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
${htmlEscape`<title>${clean(facts.title)}</title>`}
<style>${matrixStyle}</style>
</head>
<body>
<main>
<h1>Who reaches whom</h1>
${htmlEscape`<p>${clean(facts.counts)}</p>
<p class="faint">${clean(facts.title)} · ${namespace}${facts.createdAt} · ${modes[matrix.mode]}</p>`}
${findings(counts)}${failures(matrix)}${legend(matrix)}${grid(matrix)}${list(matrix)}</main>
</body>
</html>
`;
}

const modes = {
  live: 'packets, not policies',
  static: 'policies alone: no packet was sent',
  compare: 'packets, compared with what the policies say',
} as const;

function findings(counts: MatrixCounts): string {
  const codes = (['ND215', 'ND090'] as const).filter((code) => counts[code] > 0);
  return codes
    .map(
      (code) =>
        htmlEscape`<div class="findings"><p><strong>${counts[code]} ${counts[code] === 1 ? 'pair' : 'pairs'}</strong>: ${differenceWords[code]}</p><p>${differenceHints[code]}</p></div>\n`,
    )
    .join('');
}

function failures({ failed }: Matrix): string {
  const items = failed.map(
    ({ source, error }) =>
      htmlEscape`<li><strong>${clean(sourceName(source))}</strong>: ${clean(error.message)}</li>`,
  );
  if (items.length === 0) return '';
  return `<div class="findings"><p><strong>Could not be tested from</strong></p><ul>${items.join('')}</ul></div>\n`;
}

/** Every look that a cell has on this page: what is well first, what is wrong next. */
function legend(matrix: Matrix): string {
  const looks = new Map<string, { readonly sign: Sign; readonly item: string }>();
  for (const cell of matrix.rows.flat()) {
    const sign = signOf(cell, matrix.mode);
    const classes = classesOf(cell, matrix);
    const look = `${sign.words} ${classes}`;
    if (looks.has(look)) continue;
    const differs = cell?.differs === undefined ? '' : `: ${differenceWords[cell.differs]}`;
    looks.set(look, {
      sign,
      item: htmlEscape`<li><span class="cell ${classes}">${markOf(cell, matrix)}</span>${sign.words}${differs}</li>`,
    });
  }
  const items = [...looks.values()].sort((a, b) => byTone(a.sign, b.sign)).map(({ item }) => item);
  return `<ul class="legend" aria-label="Legend">${items.join('')}</ul>\n`;
}

function grid(matrix: Matrix): string {
  const { sources, destinations, rows, mode } = matrix;
  const names = namesOf(matrix);
  const bad = rows.map((cells) => cells.some((cell) => isBad(cell, mode)));
  const ends = destinations.map((to) => clean(destinationName(to)));
  const heads = names.columns.map(
    (name, at) => htmlEscape`<th scope="col" title="${ends[at]}"><span>${shortened(clean(name))}</span></th>`,
  );
  const lines = sources.map((source, row) => {
    const from = clean(sourceName(source));
    const cells = ends.map((to, column) => {
      const cell = rows[row]?.[column];
      const title = `${from} → ${to}: ${clean(cellWords(cell))}`;
      return htmlEscape`<td class="${classesOf(cell, matrix)}" title="${title}">${markOf(cell, matrix)}</td>`;
    });
    const head = htmlEscape`<th scope="row" title="${from}">${shortened(clean(names.rows[row] ?? ''))}</th>`;
    return `<tr${bad[row] === true ? '' : ' class="good"'}>${head}${cells.join('')}</tr>\n`;
  });
  const failing = bad.filter(Boolean).length;
  return `${htmlEscape`<input type="checkbox" id="failing"> <label class="filter" for="failing">Only rows in which something is wrong (${failing} of ${rows.length})</label>`}
<div class="scroll" role="region" aria-labelledby="caption" tabindex="0">
<table class="matrix${ends.length >= denseFrom ? ' dense' : ''}">
<caption id="caption">Rows connect, columns are connected to</caption>
<thead><tr><th class="corner" scope="col">from ↓ to →</th>${heads.join('')}</tr></thead>
<tbody>
${lines.join('')}</tbody>
</table>
</div>
`;
}

function markOf(cell: MatrixCell | undefined, { mode }: Matrix): string {
  return `${signOf(cell, mode).sign}${cell?.differs === undefined ? '' : '!'}`;
}

function classesOf(cell: MatrixCell | undefined, { mode }: Matrix): string {
  const { key } = signOf(cell, mode);
  return cell?.differs === undefined ? key : `${key} differs`;
}

/** What a header has room for. Names of pods differ at their ends: the middle is left out. The tooltip has all of it. */
function shortened(name: string): string {
  return name.length <= 24 ? name : `${name.slice(0, 10)}…${name.slice(-13)}`;
}

/** What is wrong, in words: for those who do not see the matrix, and to copy from. */
function list(matrix: Matrix): string {
  const names = namesOf(matrix);
  const lines: string[] = [];
  let left = 0;
  for (const [row, from] of names.rows.entries()) {
    for (const [column, to] of names.columns.entries()) {
      const cell = matrix.rows[row]?.[column];
      if (!isBad(cell, matrix.mode)) continue;
      if (lines.length >= mostListed) left++;
      else
        lines.push(
          htmlEscape`<tr><td>${clean(from)}</td><td>${clean(to)}</td><td>${clean(cellWords(cell))}</td></tr>\n`,
        );
    }
  }
  if (lines.length === 0) return '';
  const more = left === 0 ? '' : htmlEscape`<p class="faint">and ${left} more, in the matrix above</p>\n`;
  return `<h2 id="wrong">What is wrong</h2>
<table class="closed" aria-labelledby="wrong"><thead><tr><th scope="col">From</th><th scope="col">To</th><th scope="col">What</th></tr></thead>
<tbody>
${lines.join('')}</tbody></table>
${more}`;
}

/** Without control characters and marks that turn the direction of text: what comes from a pod may hold them. */
function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '');
}

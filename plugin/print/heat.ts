import type { Heat, HeatRow, OddOne } from '../../src/diagnose/intermittent/heat.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';
import { table } from './table.js';
import { joined } from '../../src/diagnose/probes/task.js';

const shades = ['·', '░', '▒', '▓', '█'];
const plainShades = ['.', '-', '+', '*', '#'];

/**
 * A small heat map: a row for each place, the share of connections that succeeded over time (`█` all, `·` none), and the odd one out in
 * words. Empty when nothing was tried more than once.
 */
export function heatText(
  heat: Heat,
  { colours, ascii }: { readonly colours: Colours; readonly ascii: boolean },
): string {
  if (heat.rows.length === 0) return '';
  const some = (pick: (row: HeatRow) => string | undefined): boolean =>
    heat.rows.some((row) => pick(row) !== undefined);
  const columns: readonly (readonly [string, (row: HeatRow) => string | undefined])[] = [
    ['FROM', ({ from }) => (from === 'here' ? 'this machine' : from)],
    ['TO', joined],
    ['NODE', ({ node }) => node],
    ['ENDPOINT', ({ endpoint }) => endpoint],
    ['OVER TIME', ({ cells }) => cells.map((cell) => shadeOf(cell, ascii)).join('')],
    ['OK', ({ attempts, succeeded }) => `${succeeded}/${attempts}`],
    ['ELSE', ({ failures }) => failures.map(({ outcome, count }) => `${count} ${outcome}`).join(', ') || '-'],
  ];
  const shown = columns.filter(([, pick]) => some(pick));
  const rows = heat.rows.map((row) => shown.map(([, pick]) => pick(row)));
  const odd = heat.odd.map((one) => colours.warning(sanitizeLine(oddText(one))));
  return [
    table(
      shown.map(([name]) => name),
      rows,
    ).trimEnd(),
    ...odd,
    '',
  ].join('\n');
}

/** `node b is the odd one out: 0 of 10 connections, all others 19 of 20`. */
function oddText({ dimension, value, attempts, succeeded, others }: OddOne): string {
  const what = dimension === 'family' || dimension === 'endpoint' ? value : `${dimension} ${value}`;
  return `${what} is the odd one out: ${succeeded} of ${attempts} connections, all others ${others.succeeded} of ${others.attempts}`;
}

/** Only what succeeded or failed wholly gets the outer shades. */
function shadeOf(share: number, ascii: boolean): string {
  const scale = ascii ? plainShades : shades;
  const index = share === 0 ? 0 : share === 1 ? 4 : Math.min(3, Math.max(1, Math.round(share * 4)));
  return scale[index] ?? '';
}

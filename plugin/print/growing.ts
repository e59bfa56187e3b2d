import type { Clock } from '../../src/debugger/types.js';
import { sanitizeLine } from './sanitize.js';

/** Writes text to stdout, behind what was written before. Only where text is wanted: with `-o json` and `-o yaml` it does nothing. */
export type Show = (text: string | Promise<string>) => void;

/** A table whose rows are printed as they become known. */
export interface GrowingTable {
  /** `order`: rows that come at about the same time are put in this order. Cells may come from a pod: they are sanitised here. */
  readonly add: (order: number, cells: readonly (string | undefined)[]) => void;
  /** Prints at once what is left. */
  readonly end: () => void;
}

/** Answers that come within this are put in order; what takes longer is printed when it comes. */
const togetherMs = 150;

/**
 * Like `table`, but for rows that are not known yet: the widths are given (a longer cell moves the rest of its row), the last column has none.
 * The headings are printed with the first row.
 */
export function growingTable(
  headings: readonly string[],
  widths: readonly number[],
  show: Show,
  clock: Clock,
): GrowingTable {
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, at) => (at === cells.length - 1 ? cell : `${cell.padEnd(widths[at] ?? 0)}   `))
      .join('')
      .trimEnd()}\n`;
  let rows: { readonly order: number; readonly text: string }[] = [];
  let begun = false;
  let wait: AbortController | undefined;
  const flush = (): void => {
    wait?.abort();
    wait = undefined;
    if (rows.length === 0) return;
    const text = [...rows].sort((a, b) => a.order - b.order).map((row) => row.text);
    rows = [];
    show([...(begun ? [] : [line(headings)]), ...text].join(''));
    begun = true;
  };
  return {
    add(order, cells) {
      rows.push({ order, text: line(cells.map((cell) => sanitizeLine(cell ?? '') || '<none>')) });
      if (wait !== undefined) return;
      const { signal } = (wait = new AbortController());
      void clock.sleep(togetherMs, signal).then(() => {
        if (!signal.aborted) flush();
      });
    },
    end: flush,
  };
}

import type { Environment } from '../environment.js';
import { sanitizeLine } from './sanitize.js';

/** What stderr shows while something goes on: lines that stay, and under them, on a terminal, one line that is redrawn. */
export interface StatusLine {
  /** A line that stays. */
  note(text: string): void;
  /**
   * What is going on now. A terminal shows it at once, in place; elsewhere it becomes a line of its own when it is the first,
   * when `kind` is new, or when `plainEveryMs` have passed since the last.
   */
  show(kind: string, text: string, plainEveryMs?: number): void;
  /** Takes the redrawn line away. */
  clear(): void;
}

const eraseLine = '\r\u001b[2K';

/** The status line on stderr. With `quiet` nothing is shown at all. */
export function createStatusLine(
  environment: Pick<Environment, 'stderr' | 'isTTY' | 'columns' | 'clock' | 'env'>,
  quiet: boolean,
): StatusLine {
  const { stderr, clock } = environment;
  const redraws = environment.isTTY.stderr && environment.env.TERM !== 'dumb';
  let shown = '';
  let lastKind: string | undefined;
  let lastAt = -Infinity;

  function draw(text: string): void {
    if (shown !== '') stderr.write(eraseLine);
    shown = text;
    if (text !== '') stderr.write(text);
  }

  return {
    note(text) {
      if (quiet) return;
      const under = shown;
      draw('');
      stderr.write(`${sanitizeLine(text)}\n`);
      draw(under);
    },
    show(kind, text, plainEveryMs = 5000) {
      if (quiet) return;
      const line = sanitizeLine(text);
      if (redraws) {
        // A line that wraps cannot be redrawn in place.
        draw(line.slice(0, Math.max(10, environment.columns() - 1)));
        return;
      }
      if (kind === lastKind && clock.now() - lastAt < plainEveryMs) return;
      lastKind = kind;
      lastAt = clock.now();
      stderr.write(`${line}\n`);
    },
    clear() {
      lastKind = undefined;
      draw('');
    },
  };
}

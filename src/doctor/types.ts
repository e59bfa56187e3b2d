import type { ExitCode } from '../errors.js';

/** `missing`: what was asked for cannot work until something is done. `warning`: it works, but not all of it, or something else does not. */
export type CheckState = 'ok' | 'warning' | 'missing' | 'unknown';

/** What a check is about, in the order in which they are printed. */
export const checkAreas = ['cluster', 'rights', 'target', 'here'] as const;
export type CheckArea = (typeof checkAreas)[number];

/** One line of `doctor`. */
export interface Check {
  /** Stable name for programs, e.g. `server-version`. */
  readonly id: string;
  readonly area: CheckArea;
  readonly state: CheckState;
  /** One clause: what was found. */
  readonly message: string;
  /** Further facts, one line each: the server's words, refused fields. */
  readonly details?: readonly string[];
  /** What to do about it: a sentence or a command a line. */
  readonly advice?: string | undefined;
  /** An `unknown` that leaves nothing open that the commands depend on. */
  readonly minor?: boolean;
  /** The check ended what can be checked, with this exit code. */
  readonly stops?: ExitCode;
}

/**
 * Exit codes of every command; fixed by the command-line grammar (docs/exit-codes.md).
 * `exec` and `shell` return the remote command's own code instead.
 */
export const ExitCode = {
  ok: 0,
  found: 1,
  usage: 2,
  undetermined: 3,
  unreachable: 4,
  notAllowed: 5,
  target: 6,
  container: 7,
  incomplete: 8,
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export interface NetdebugErrorOptions {
  readonly exitCode: ExitCode;
  /** What the person can do next: one sentence or one command a line. */
  readonly hint?: string | undefined;
  /** Further lines of fact (refused fields, events, the server's own words), printed under the sentence. */
  readonly details?: readonly string[] | undefined;
  readonly cause?: unknown;
}

/**
 * A failure that a person can meet: one sentence, what to do next, and the exit code.
 * Printed in one place only (plugin/print/error.ts); a stack trace never reaches the terminal.
 */
export class NetdebugError extends Error {
  override readonly name = 'NetdebugError';
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly details: readonly string[];

  constructor(sentence: string, options: NetdebugErrorOptions) {
    super(sentence, { cause: options.cause });
    this.exitCode = options.exitCode;
    this.hint = options.hint;
    this.details = options.details ?? [];
  }
}

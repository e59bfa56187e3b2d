import { NetdebugError, ExitCode } from '../../src/errors.js';
import type { Colours } from './colour.js';
import { sanitizeLine } from './sanitize.js';

/**
 * A failure as text for stderr: `error: sentence`, the facts indented under it, `hint: ` with what to do next. A failure that
 * nobody foresaw becomes one sentence that asks for a report. Never a stack trace, unless `verbose` asks for causes.
 */
export function errorText(error: unknown, colours: Colours, verbose: boolean): string {
  const known = error instanceof NetdebugError ? error : unforeseen(error);
  const lines = [`${colours.bad('error:')} ${sanitizeLine(known.message)}`];
  for (const detail of known.details)
    for (const line of detail.split('\n')) lines.push(`  ${sanitizeLine(line)}`);
  for (const [index, line] of (known.hint?.split('\n') ?? []).entries()) {
    lines.push(
      index === 0 ? `${colours.strong('hint:')} ${sanitizeLine(line)}` : `      ${sanitizeLine(line)}`,
    );
  }
  // A sentence was meant as it stands; what it came from is of interest.
  if (verbose)
    lines.push(
      ...causes(error instanceof NetdebugError ? error.cause : error).map((line) =>
        colours.faint(sanitizeLine(line)),
      ),
    );
  return `${lines.join('\n')}\n`;
}

/** The exit code of a failure. One that nobody foresaw leaves the question open; 1 would say that a network fault was found. */
export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof NetdebugError ? error.exitCode : ExitCode.undetermined;
}

function unforeseen(error: unknown): NetdebugError {
  const message = error instanceof Error ? error.message : String(error);
  return new NetdebugError(`something unexpected went wrong: ${message.split('\n')[0] ?? ''}`, {
    exitCode: ExitCode.undetermined,
    hint: 'this is a fault of kubectl-netdebug: please report it, with what the same command prints with -v',
    cause: error,
  });
}

function causes(error: unknown): string[] {
  const lines: string[] = [];
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 8; depth++) {
    lines.push(...(at instanceof Error ? (at.stack ?? at.message) : safeText(at)).split('\n'));
    at = at instanceof Error ? at.cause : undefined;
    if (at !== undefined) lines.push('caused by:');
  }
  return lines;
}

function safeText(value: unknown): string {
  try {
    return typeof value === 'string' ? value : JSON.stringify(value);
  } catch {
    return String(value);
  }
}

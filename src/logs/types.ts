/** How bad a line is: `error` failed something, `warning` may have been mended by a retry. */
export type LogSeverity = 'error' | 'warning';

/** A named way in which programs speak of network trouble. */
export interface LogPattern {
  /** Stable, e.g. `connection-refused`. */
  readonly name: string;
  /** What it means, a phrase. */
  readonly meaning: string;
  readonly severity: LogSeverity;
  /** The finding codes that the line proves or points at, the likeliest first; see docs/findings. */
  readonly codes: readonly string[];
  /** ASCII words of five characters or more, one of which is in every such line, in capitals or not. */
  readonly words: readonly string[];
  /** Holds for the line. Group `peer` is who could not be reached, where the line says so in a way of its own. */
  readonly expression: RegExp;
  /** Lines that the expression holds for and that are harmless. */
  readonly unless?: RegExp | undefined;
}

/** Whom a line speaks of. */
export interface LogPeer {
  /** An IP address or a name, without brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

/** A line that speaks of network trouble. */
export interface LogMatch {
  readonly pattern: LogPattern;
  readonly peer: LogPeer | undefined;
}

/** A match and where it stood. */
export interface LogHit extends LogMatch {
  /** The line as it was written, without time stamp; cut when it is long. */
  readonly line: string;
  /** Milliseconds since 1970 by the node's clock; undefined where the log carries no time stamps. */
  readonly timeMs: number | undefined;
  /** Lines around it, when they were asked for. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

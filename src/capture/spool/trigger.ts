/** What ends a capture of which only the last seconds before it are wanted. */
export type Trigger =
  /** A packet that this pcap-filter(7) expression matches. */
  | { readonly kind: 'packet'; readonly filter: string }
  /** A container of the pod restarts. */
  | { readonly kind: 'restart' }
  /** A line of the log: this text is in it; `*` stands for any run of characters. */
  | { readonly kind: 'log'; readonly pattern: string }
  /** Ctrl-C only. */
  | { readonly kind: 'interrupt' };

/** For messages. */
export const triggerForms = 'packet:FILTER, restart, log:PATTERN or interrupt';

const LONGEST = 10_000;

/** Reads `packet:FILTER`, `restart`, `log:PATTERN`, `interrupt`. A string says what is wrong with it. Pure. */
export function parseTrigger(text: string): Trigger | string {
  const [, kind = '', value] = /^([^:]*)(?::([^]*))?$/.exec(text) ?? [];
  switch (kind) {
    case 'restart':
    case 'interrupt':
      return value === undefined ? { kind } : `${kind} takes nothing after it`;
    case 'packet':
    case 'log': {
      const what = kind === 'packet' ? 'a filter' : 'a pattern';
      if (value === undefined || value.trim() === '') return `${kind} needs ${what}: ${kind}:...`;
      if (value.length > LONGEST || /[\0\r\n]/.test(value)) return `what follows ${kind}: is not ${what}`;
      if (kind === 'packet') return { kind, filter: value.trim() };
      return value.replaceAll('*', '') === '' ? 'log: would match every line' : { kind, pattern: value };
    }
    default:
      return `${JSON.stringify(text.slice(0, 60))} is not a trigger`;
  }
}

/**
 * Whether a line holds a pattern, anywhere in it. Its parts are looked for one after the other, so that no line, however hostile, takes
 * more than one pass for each of them.
 */
export function matchesPattern(line: string, pattern: string): boolean {
  let at = 0;
  for (const part of pattern.split('*')) {
    const found = line.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}

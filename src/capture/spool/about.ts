import { printable } from '../../tools/text.js';
import type { CaptureSource } from '../source.js';

/** What a spool is told about itself, for who takes it up again. */
export interface SpoolAbout {
  readonly interface: string;
  readonly filter: string | undefined;
}

/** One line of JSON. */
export function describeAbout({ interface: name, filter }: CaptureSource): string {
  return JSON.stringify({ interface: name, filter });
}

/** Reads that line back; it comes from a pod, so whatever is not as it should be is left out. */
export function readAbout(text: string): SpoolAbout {
  const shown = (value: unknown): string | undefined =>
    typeof value === 'string' && value.length <= 10_000 ? printable(value) : undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    const { interface: name, filter } = (parsed ?? {}) as { interface?: unknown; filter?: unknown };
    return { interface: shown(name) ?? '?', filter: shown(filter) };
  } catch {
    return { interface: '?', filter: undefined };
  }
}

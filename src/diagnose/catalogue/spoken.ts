import { checks } from '../checks/all.js';

/** Codes that name gaps instead of faults: they stand beside what was not checked. */
const gaps: Readonly<Record<string, string>> = {
  ND001: 'what was not checked',
  ND002: 'what was not checked',
  ND003: 'what was not checked',
  ND004: 'what was not checked',
  ND005: 'what was not checked',
  ND006: 'what was not checked',
  ND007: 'what was not checked',
  ND009: 'what was not checked',
};

/** Codes that are spoken where objects and packets are laid beside each other (src/diagnose/agree.ts). */
const disagreements: ReadonlySet<string> = new Set(['ND090', 'ND215']);

/** What can speak a code: checks by name, and the places besides them. */
export interface Speakers {
  /** Checks that need nothing but objects. */
  readonly objects: readonly string[];
  /** Checks of what probes and logs told. */
  readonly live: readonly string[];
  /** It is spoken where the objects and the packets disagree. */
  readonly disagreement: boolean;
  /** Beside what it stands, where it names a gap. */
  readonly gap?: string;
}

/** Which parts of `diagnose` can speak a code in this version; undefined when none can. */
export function speakersOf(code: string): Speakers | undefined {
  const own = checks.filter(({ codes }) => codes.includes(code));
  const disagreement = disagreements.has(code);
  const gap = gaps[code];
  if (own.length === 0 && !disagreement && gap === undefined) return undefined;
  return {
    objects: own.filter(({ live }) => live !== true).map(({ name }) => name),
    live: own.filter(({ live }) => live === true).map(({ name }) => name),
    disagreement,
    ...(gap === undefined ? {} : { gap }),
  };
}

/** The same as a phrase: `check policy`, `checks containers and live-binds`, `what was not checked`. */
export function spokenBy(code: string): string | undefined {
  const speakers = speakersOf(code);
  if (speakers === undefined) return undefined;
  const names = [...speakers.objects, ...speakers.live];
  if (names.length > 0) return `${names.length === 1 ? 'check' : 'checks'} ${names.join(' and ')}`;
  return speakers.disagreement ? 'objects and probes where they disagree' : speakers.gap;
}
